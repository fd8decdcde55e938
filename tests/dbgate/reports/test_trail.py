"""The trail of a day: movements, refusals and acts of operators in order of time."""

# ruff: noqa: DTZ001 - the database clock is naive Asia/Shanghai by contract

import re
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Select
from sqlalchemy.dialects import oracle

from dbgate.books.acts import Act, record_act
from dbgate.database import Database
from dbgate.records import Movement
from dbgate.reports.snapshots import snapshot
from dbgate.reports.trail import Step, TrailEntry, acts_statement, movements_statement, refusals_statement, trail
from dbgate.tables import payments
from tests.support.report_ledger import DAY, DAY_BEFORE, TEN, row

LAST_MOMENT = datetime(2026, 11, 22, 23, 59, 59, 999000)


def trail_of(database: Database, day: date = DAY) -> list[TrailEntry]:
    with snapshot(database) as connection:
        return list(trail([connection], day))


@pytest.fixture
def acted(books: Database) -> Database:
    """The ledger, with two acts of an operator, and movements of the utility's own and of the next clearing date."""
    own = {"bank_code": "0000", "fep_serial": 30, "movement": Movement.APPLY, "balance_change_fen": -300}
    with books.money_engine.begin() as connection:
        record_act(connection, Act("zhang", "day_close", "0102", "2026-11-21"), TEN - timedelta(minutes=2))
        record_act(connection, Act("li", "difference_propose", "0102", "7", "the bank's file"), TEN - timedelta(days=1))
        connection.execute(payments.insert(), row(30, 1, 300, **own, created_at=TEN + timedelta(minutes=1)))
        next_day = DAY + timedelta(days=1)
        connection.execute(payments.insert(), row(31, 1, 5, clearing_date=next_day, created_at=LAST_MOMENT))
    return books


def test_in_order_of_time(acted: Database) -> None:
    """From all three sources; after the cut-off too, which belongs to the next clearing date; nothing of other days."""
    told = trail_of(acted)
    assert [one.at for one in told] == sorted(one.at for one in told)
    assert [(one.step, one.fep_serial or one.bank_serial[-2:] or one.what) for one in told] == [
        (Step.MOVEMENT, 16),
        (Step.MOVEMENT, "98"),
        (Step.REFUSAL, "21"),
        (Step.ACT, "day_close"),
        *((Step.MOVEMENT, serial) for serial in (1, 2, 3, 4, 5, 15)),
        (Step.MOVEMENT, "99"),
        (Step.REFUSAL, "20"),
        (Step.REFUSAL, "22"),
        (Step.REFUSAL, "23"),
        (Step.MOVEMENT, 30),
        (Step.MOVEMENT, 14),
        (Step.MOVEMENT, 13),
        (Step.MOVEMENT, 31),
    ]


def test_what_each_says(acted: Database) -> None:
    """Who, what, when and why, and no customer's name."""
    told = {one.fep_serial or one.bank_serial[-2:] or one.what: one for one in trail_of(acted)}
    act, refused, undo = told["day_close"], told["20"], told[13]
    assert (act.who, act.bank_code, act.subject, act.amount_fen) == ("zhang", "0102", "2026-11-21", None)
    assert (refused.what, refused.response_code, refused.amount_fen, refused.who) == ("pay", "2003", 300, "T1")
    assert (undo.movement, undo.original_serial, undo.outcome, undo.who) == (Movement.CANCEL, "000000000003", 1, "T9")
    assert told[30].balance_change_fen == -300
    assert "用户" not in repr(told)


def test_another_day(acted: Database) -> None:
    """Only what was done on that day of the calendar."""
    assert [(one.step, one.fep_serial, one.reason) for one in trail_of(acted, DAY_BEFORE)] == [
        (Step.ACT, None, "the bank's file"),
        (Step.MOVEMENT, 6, ""),
    ]


@pytest.mark.parametrize(
    "statement",
    [movements_statement(DAY, ["0102"]), refusals_statement(DAY), acts_statement(DAY)],
    ids=["movements", "refusals", "acts"],
)
def test_nothing_that_oracle_lacks(statement: Select[tuple[object, ...]]) -> None:
    """No booleans, no LIMIT, and names of at most 30 characters."""
    words = set(re.findall(r"[A-Za-z_0-9]+", str(statement.compile(dialect=oracle.dialect()))))
    assert not words & {"true", "false", "LIMIT"}
    assert max(len(word) for word in words if not word.startswith("POSTCOMPILE")) <= 30
