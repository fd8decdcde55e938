"""What keeps a database from being used, in Chinese."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dbgate import schema
from dbgate.connect_reasons import CONNECT_REASONS
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable, SchemaMismatch
from dbgate.oracle_errors import ORACLE_REASONS
from fep.database_reasons import database_reason_text
from fep.language import choose


@pytest.mark.parametrize(
    ("url", "chinese"),
    [
        ("mysql://fep@db/x", "不支持 mysql; 本版本支持 SQLite、PostgreSQL 和 Oracle"),
        (
            "postgresql+psycopg://fep:geheim/billing",
            "数据库地址格式错误: 应为 postgresql+psycopg://user@host:5432/name",
        ),
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


@pytest.mark.parametrize("reason", [*CONNECT_REASONS, *(f"{reason} (Error ORA-00001)" for reason in ORACLE_REASONS)])
def test_why_a_server_is_not_to_be_had(reason: str) -> None:
    """Each reason stands alone or after what it kept from being done, and nothing of it is left in English."""
    said = reason.format("db.example", 5432, "fep", "billing")
    choose("zh")
    alone, after = database_reason_text(said), database_reason_text(f"the schema cannot be read: {said}")
    choose(None)

    assert alone != said
    assert after == f"无法读取表结构: {alone}"


def test_schemas_have_their_chinese(tmp_path: Path) -> None:
    """A schema that does not fit is told in Chinese, with the command that helps on a line of its own."""
    choose("zh")
    said = []
    for make in ("", "CREATE TABLE alembic_version (version_num)", "INSERT INTO alembic_version VALUES ('9999')"):
        with closing(sqlite3.connect(tmp_path / "billing.db")) as connection, connection:
            connection.execute(make)
        with pytest.raises(SchemaMismatch) as raised:
            schema.check(Database(f"sqlite:///{tmp_path}/billing.db").read_engine)
        said.append(database_reason_text(str(raised.value)).split("\n"))
    with pytest.raises(SchemaMismatch) as raised:
        schema.check(Database(f"sqlite:///{tmp_path}/other.db").read_engine)
    missing = database_reason_text(str(raised.value))
    choose(None)

    assert [lines[0].rpartition(" ")[0] for lines in said[:2]] == ["数据库没有表结构, 本程序需要"] * 2
    assert said[2][0] == "数据库表结构 9999 比本程序新: 请在本机也安装新版程序, 必要时用新版"
    assert [lines[1:] for lines in said] == [["请执行 fep db upgrade"]] * 3
    assert missing == f"数据库文件 {tmp_path}/other.db 不存在\n请执行 fep db upgrade"
