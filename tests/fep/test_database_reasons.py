"""What keeps a database from being used, in Chinese."""

import pytest

from dbgate.connect_reasons import CONNECT_REASONS
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable
from fep.database_reasons import database_reason_text
from fep.language import choose


@pytest.mark.parametrize(
    ("url", "chinese"),
    [
        ("mysql://fep@db/x", "不支持 mysql; 本版本支持 SQLite、PostgreSQL 和 Oracle"),
        ("sqlite:////no/such/directory/fep.db", "无法连接: OperationalError SQLITE_CANTOPEN"),
    ],
)
def test_what_the_gate_says_has_its_chinese(url: str, chinese: str) -> None:
    """The words of the gate itself, so that neither changes without the other."""
    with pytest.raises(DatabaseUnavailable) as raised:
        Database(url).connect(money=True)
    choose("zh")
    assert database_reason_text(str(raised.value)) == chinese
    assert database_reason_text("something new") == "something new"
    choose("en")
    assert database_reason_text(str(raised.value)) == str(raised.value)
    choose(None)


@pytest.mark.parametrize("reason", CONNECT_REASONS)
def test_why_a_server_is_not_to_be_had(reason: str) -> None:
    """Each reason stands alone or after what it kept from being done, and nothing of it is left in English."""
    said = reason.format("db.example", 5432)
    choose("zh")
    alone, after = database_reason_text(said), database_reason_text(f"the schema cannot be read: {said}")
    choose(None)

    assert alone != said
    assert after == f"无法读取表结构: {alone}"
