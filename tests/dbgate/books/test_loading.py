"""What the gate loads and stores of the books: mandates, debits, pushes under way; on every engine."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from dbgate.batch import MoneyLane
from dbgate.books.records import Debit, Mandate
from dbgate.books.states import DebitState, MandateState, PushState
from dbgate.changes import Changes
from dbgate.clearing import ClearingDates
from dbgate.database import Database
from dbgate.errors import StatementFailed
from dbgate.work import Decision, Moment, Work
from dbgate.working_set import WorkingSet
from tests.dbgate.fixtures import BANK, DAY, Clock, account_no, answers, work
from tests.support.databases import driver_connection, stored

pytestmark = pytest.mark.engine("sqlite", "postgresql", "oracle")


@pytest.fixture
def lane(database: Database) -> Iterator[MoneyLane]:
    """A money lane of the database with ten accounts."""
    lane = MoneyLane(database, ClearingDates())
    yield lane
    lane.close()


def mandate(number: int, **changes: Any) -> Mandate:
    """An active mandate without a name or a passbook, which Oracle would store as NULL anyway."""
    plain = Mandate(account_no(number), BANK, "", "", MandateState.ACTIVE, DAY, Clock()().replace(microsecond=123_000))
    return replace(plain, **changes)


def debit(number: int, batch_no: int = 7, **changes: Any) -> Debit:
    """A row of a debit batch that is not numbered."""
    bill_no = f"DB{number:06d}A"
    plain = Debit(batch_no, bill_no, account_no(number), None, "", "6222", 202609, 1, 100, 9, DebitState.LISTED)
    return replace(plain, **changes)


def change(number: int, *mandates: Mandate, debits: tuple[Debit, ...] = ()) -> Work:
    """Work that stores these."""
    return asking(number, lambda *_: Decision("done", Changes(mandates=mandates, debits=debits)))


def look(number: int, batch_no: int = 7) -> Work:
    """Work that answers what the books have of an account."""

    def _decide(records: WorkingSet, _: Moment) -> Decision:
        own = account_no(number)
        return Decision((records.books.mandate(own), records.books.debits_of(batch_no, own)))

    return asking(number, _decide, batch_no)


def asking(number: int, decide: Any, batch_no: int = 7) -> Work:
    """Work that needs all books of an account."""
    return work(decide, account_no=account_no(number), mandate=True, debit_batch=batch_no, pushing=True)


def test_what_is_stored_is_loaded_again(lane: MoneyLane) -> None:
    """Every field comes back, and a second decision of the same batch sees what the first one has changed."""
    done = replace(
        debit(1), state=DebitState.SETTLED, result="00", debited_fen=109, debit_date=DAY, debit_serial="1", fep_serial=5
    )
    first = lane.run([change(1, mandate(1), debits=(debit(1),)), look(1)])
    assert answers(first) == ["done", (mandate(1), [debit(1)])]
    ended = mandate(1, state=MandateState.ENDED, name="王", passbook="6222")
    assert answers(lane.run([change(1, ended, debits=(done,)), look(2), look(1, 8)])) == [
        "done",
        (None, []),
        (ended, []),
    ]
    assert answers(lane.run([look(1)])) == [(ended, [done])]


def test_what_has_moved_meanwhile_is_not_overwritten(lane: MoneyLane, database: Database) -> None:
    """A row that is no longer in the state that was loaded is not found by its update: nothing of the batch stays."""
    lane.run([change(1, mandate(1), debits=(debit(1),))])

    def _decide(records: WorkingSet, _: Moment) -> Decision:
        loaded = records.books.debit(7, "DB000001A")
        assert loaded is not None
        # As if another had moved the row after it was read.
        records.books.add_debits([replace(loaded, state=DebitState.RELEASED)])
        return Decision("done", Changes(debits=(replace(loaded, state=DebitState.REFUSED),)))

    answer = answers(lane.run([asking(1, _decide)]))[0]
    assert isinstance(answer, StatementFailed)
    assert stored(database, "SELECT state FROM debit_rows") == [("listed",)]


@pytest.mark.parametrize(
    ("state", "tries", "owner", "is_pushing"),
    [
        (PushState.WAITING, 0, "", False),  # nobody has sent it: it may go into a debit batch instead
        (PushState.WAITING, 1, "", True),
        (PushState.WAITING, 0, "host/1", True),
        (PushState.ACCEPTED, 1, "", True),
        (PushState.REFUSED, 1, "", False),
    ],
)
def test_pushes_under_way(
    lane: MoneyLane, database: Database, state: PushState, tries: int, owner: str, is_pushing: bool
) -> None:
    """A push is under way from when somebody takes it on to send it until it is answered for good."""
    columns = "bill_no, account_no, bank_code, state, created_at, due_at, tries, owner, is_reported"
    owner_text = f"'{owner}'" if owner else "NULL"
    at = 20261122100000000
    values = f"'DB000001A', '{account_no(1)}', '{BANK}', '{state.value}', {at}, {at}, {tries}, {owner_text}, 0"
    with driver_connection(database.money_engine.url) as connection:
        connection.execute(f"INSERT INTO pushes ({columns}) VALUES ({values})")

    def _ask(number: int) -> Work:
        return asking(number, lambda records, _: Decision(records.books.is_pushing(account_no(number))))

    assert answers(lane.run([_ask(1), _ask(2)])) == [is_pushing, False]
