"""Pushes as the gate loads and stores them, the outbox that a load writes, what a look finds; on every engine."""

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from dbgate.batch import MoneyLane
from dbgate.books.due_pushes import DuePush, aged_pushes, due_pushes, push_counts
from dbgate.books.outbox import Outbox, PushTargets
from dbgate.books.records import Push
from dbgate.books.states import PushReason, PushState
from dbgate.books.tables import mandates
from dbgate.changes import Changes
from dbgate.clearing import ClearingDates
from dbgate.column_types import clock_number
from dbgate.database import Database
from dbgate.errors import DecisionFailed, StatementFailed
from dbgate.prepared import InsertRows
from dbgate.trip import run
from dbgate.work import Decision, Moment, Work
from dbgate.working_set import WorkingSet
from tests.dbgate.fixtures import BANK, DAY, account_no, answers, bill_rows, work
from tests.support.databases import stored

pytestmark = pytest.mark.engine("sqlite", "postgresql", "oracle")

LOADED_AT = datetime(2026, 11, 20, 8, 0, 0, 5000)  # noqa: DTZ001 - naive by contract
OTHER = "0103"
_INSERT = InsertRows("t_insert_mandates", mandates)


@pytest.fixture
def lane(database: Database) -> Iterator[MoneyLane]:
    """A money lane of the database with ten accounts."""
    lane = MoneyLane(database, ClearingDates())
    yield lane
    lane.close()


def issue(
    database: Database, given: dict[int, tuple[str, str]], *, banks: tuple[str, ...] = (BANK,), delay_s: int = 0
) -> int:
    """Write the pushes of the first bill of accounts 0 to 4; ``given``: bank and state of mandates by account."""
    rows = [(account_no(n), bank, "王", "6222", state, 20261101, 1) for n, (bank, state) in given.items()]
    with database.connect(money=True) as connection, database.begin(connection, 1e9):
        run(connection, _INSERT, rows)
        outbox = Outbox(connection, PushTargets(banks, timedelta(seconds=delay_s)), LOADED_AT)
        outbox.add([bill_rows(number)[0] for number in range(5)])
        return outbox.count


def one_push(database: Database, number: int = 1) -> str:
    """Write the push of one bill and return its number."""
    assert issue(database, {number: (BANK, "active")}) == 1
    return f"DB{number:06d}A"


def moving(number: int, **changes: Any) -> Work:
    """Work that moves the push of an account's first bill, and answers what it had loaded."""

    def _decide(records: WorkingSet, _: Moment) -> Decision:
        push = records.books.push(f"DB{number:06d}A")
        assert push is not None
        return Decision(push, Changes(pushes=(replace(push, **changes),)))

    return work(_decide, account_no=account_no(number), pushing=True)


def test_the_outbox_takes_new_bills_of_active_mandates_alone(database: Database) -> None:
    """Of five bills those whose account has an active mandate at a bank that is pushed to; due when they are loaded."""
    given = {0: (BANK, "active"), 1: (BANK, "ended"), 2: (OTHER, "active"), 3: (BANK, "active")}
    assert issue(database, given) == 2
    columns = "bill_no, account_no, bank_code, state, created_at, due_at, tries, is_reported, fep_serial"
    at = clock_number(LOADED_AT)
    assert stored(database, f"SELECT {columns} FROM pushes ORDER BY bill_no") == [
        (f"DB{number:06d}A", account_no(number), BANK, "waiting", at, at, 0, 0, None) for number in (0, 3)
    ]


def test_the_outbox_may_wait_for_balances(database: Database) -> None:
    """What is applied first is due later; without a bank nothing is written at all."""
    assert issue(database, {0: (BANK, "active")}, banks=()) == 0
    assert issue(database, {1: (BANK, "active")}, delay_s=600) == 2
    assert stored(database, "SELECT DISTINCT due_at FROM pushes") == [(20261120081000005,)]


def test_a_push_is_stored_and_loaded_again(database: Database, lane: MoneyLane) -> None:
    """Every field that moves comes back as it was decided."""
    bill_no = one_push(database)
    changes: dict[str, Any] = {
        "fep_serial": 10_000_000_042,
        "state": PushState.DEAD,
        "late_fee_fen": 7,
        "pushed_at": LOADED_AT + timedelta(minutes=1),
        "due_at": LOADED_AT + timedelta(minutes=2),
        "tries": 3,
        "owner": "host:1",
        "name": "王",
        "passbook": "6222",
        "debit_date": DAY,
        "debit_serial": "000000000009",
        "debited_fen": 107,
        "posted_serial": 10_000_000_043,
        "refusal": "0062",
        "reason": PushReason.IDENTITY_TAKEN,
        "is_reported": True,
    }
    (first,) = answers(lane.run([moving(1, **changes)]))
    assert first == Push(bill_no, None, account_no(1), BANK, PushState.WAITING, None, LOADED_AT, None, LOADED_AT, 0)
    (second,) = answers(lane.run([moving(1)]))
    assert second == replace(first, **changes)
    assert {field.name for field in fields(Push)} - changes.keys() == {
        "bill_no",
        "account_no",
        "bank_code",
        "created_at",
    }


def test_a_push_that_moved_meanwhile_is_not_overwritten(database: Database, lane: MoneyLane) -> None:
    """A push that is no longer as it was loaded is not found by its update: nothing of the batch stays."""
    bill_no = one_push(database)

    def _decide(records: WorkingSet, _: Moment) -> Decision:
        push = records.books.push(bill_no)
        assert push is not None
        records.books.add_pushes([replace(push, due_at=push.due_at + timedelta(1))])  # as if another had claimed it
        return Decision("done", Changes(pushes=(replace(push, tries=9),)))

    (answer,) = answers(lane.run([work(_decide, account_no=account_no(1), pushing=True)]))
    assert isinstance(answer, StatementFailed)
    assert stored(database, "SELECT tries FROM pushes") == [(0,)]


def test_a_push_that_was_not_loaded_cannot_be_changed(database: Database, lane: MoneyLane) -> None:
    """A decision that changes one without having asked for it fails instead of losing the change."""
    one_push(database)
    (push,) = answers(lane.run([moving(1)]))
    assert isinstance(push, Push)
    stranger = work(lambda *_: Decision("done", Changes(pushes=(push,))), account_no=account_no(2), pushing=True)
    (answer,) = answers(lane.run([stranger]))
    assert isinstance(answer, DecisionFailed)


def test_whether_a_push_is_under_way(database: Database, lane: MoneyLane) -> None:
    """Once it may have reached the bank, until that is over; a bill not yet sent may join a debit batch."""

    def _is_pushing() -> object:
        decide = lambda records, _: Decision(records.books.is_pushing(account_no(1)))  # noqa: E731
        return answers(lane.run([work(decide, account_no=account_no(1), pushing=True)]))[0]

    one_push(database)
    assert _is_pushing() is False
    for tries, state, is_under_way in (
        (1, PushState.WAITING, True),
        (1, PushState.ACCEPTED, True),
        (1, PushState.REFUSED, False),
        (2, PushState.EXPIRED, False),
    ):
        lane.run([moving(1, tries=tries, state=state)])
        assert _is_pushing() is is_under_way


def test_a_look_finds_what_is_due(database: Database, lane: MoneyLane) -> None:
    """Waiting and accepted pushes whose time has come, of the banks that are asked for."""
    issue(
        database, {n: (bank, "active") for n, bank in enumerate([BANK, BANK, OTHER, BANK, BANK])}, banks=(BANK, OTHER)
    )
    later = datetime(2099, 1, 1)  # noqa: DTZ001
    lane.run([moving(1, state=PushState.ACCEPTED, fep_serial=10_000_000_001), moving(3, state=PushState.REFUSED)])
    lane.run([moving(4, due_at=later)])
    found = due_pushes(database, [BANK])
    assert found == [
        DuePush("DB000000A", account_no(0), BANK, is_numbered=False),
        DuePush("DB000001A", account_no(1), BANK, is_numbered=True),
    ]
    assert [each.bill_no for each in due_pushes(database, [OTHER])] == ["DB000002A"]
    assert due_pushes(database, []) == []
    assert push_counts(database, [BANK, OTHER]) == {
        BANK: {PushState.WAITING: 2, PushState.ACCEPTED: 1},
        OTHER: {PushState.WAITING: 1},
    }


def test_a_look_for_what_is_too_old(database: Database, lane: MoneyLane) -> None:
    """By the age limit of each bank; one that somebody has claimed just now is left to him."""
    issue(database, {0: (BANK, "active"), 1: (BANK, "active")})
    lane.run([moving(1, due_at=datetime(2099, 1, 1))])  # noqa: DTZ001
    assert [each.bill_no for each in aged_pushes(database, {BANK: timedelta(0)})] == ["DB000000A"]
    assert aged_pushes(database, {BANK: timedelta(36_500)}) == []
