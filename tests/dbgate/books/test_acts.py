"""Acts of operators 操作记录: kept with what they did, or not at all; on every engine."""

# ruff: noqa: DTZ001 - the database clock is naive Asia/Shanghai by contract

from datetime import datetime

import pytest

from dbgate.books.acts import Act, record_act
from dbgate.books.transactions import transaction
from dbgate.database import Database
from tests.support.databases import stored

pytestmark = pytest.mark.engine("sqlite", "postgresql", "oracle")

NOW = datetime(2026, 11, 22, 10, 0, 0, 123_000)
ROWS = "SELECT created_at, operator, act, bank_code, subject, reason FROM operator_acts ORDER BY id"


def test_what_is_kept(empty: Database) -> None:
    """When, who, what, whose books, of what, and why; in the order in which it was done."""
    with transaction(empty) as connection:
        record_act(connection, Act("li", "difference_propose", "0102", "10000000007 post", "客户有回单"), NOW)
        record_act(connection, Act("wang", "balances_apply"), NOW)
    assert stored(empty, ROWS) == [
        (20261122100000123, "li", "difference_propose", "0102", "10000000007 post", "客户有回单"),
        (20261122100000123, "wang", "balances_apply", None, None, None),
    ]


def test_nothing_is_kept_of_what_was_not_done(empty: Database) -> None:
    """An act goes with the transaction that does it."""

    def fail() -> None:
        with transaction(empty) as connection:
            record_act(connection, Act("li", "day_close", "0102", "2026-11-22"), NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert stored(empty, ROWS) == []


def test_a_reason_that_is_too_long(empty: Database) -> None:
    """It is cut to what the column holds, by characters; a command refuses it before."""
    with transaction(empty) as connection:
        record_act(connection, Act("li", "day_close", reason="长" * 201), NOW)
    [(reason,)] = stored(empty, "SELECT reason FROM operator_acts")
    assert reason == "长" * 200
