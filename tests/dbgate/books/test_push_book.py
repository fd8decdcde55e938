"""The push book: an act on a dead push and the record of it are one, in one database or in two; on every engine."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from dbgate.books.acts import Act
from dbgate.books.push_book import PushBook
from dbgate.books.records import Push
from dbgate.books.rows import push_values
from dbgate.books.states import PushReason, PushState
from dbgate.books.tables import pushes
from dbgate.books.transactions import transaction
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable
from dbgate.prepared import InsertRows, UpdateRows
from dbgate.records import BillState
from dbgate.tables import bills
from dbgate.trip import run
from tests.dbgate.fixtures import BANK, DAY, Clock, account_no
from tests.support.databases import open_database, stored

pytestmark = pytest.mark.engine("sqlite", "postgresql", "oracle")

AT = datetime(2026, 11, 20, 8, 0, 0, 5000)  # noqa: DTZ001 - naive by contract
LATER = AT + timedelta(milliseconds=1)
SERIAL = 10_000_000_042
ACT = Act("wang", "push_drop", BANK, f"{SERIAL:012d}", "paid back")
DEAD = Push(
    "DB000001A",
    SERIAL,
    account_no(1),
    BANK,
    PushState.DEAD,
    684,
    AT,
    AT,
    AT,
    2,
    "li",
    "王",
    "6222",
    DAY,
    "000000000077",
    12_684,
    None,
    "",
    PushReason.IDENTITY_TAKEN,
    True,
)


_INSERT = InsertRows("t_insert_pushes", pushes)
_SETTLE = UpdateRows("t_settle_bills", bills, ["state"], ["bill_no"])


def keep(database: Database, push: Push = DEAD) -> None:
    with transaction(database) as connection:
        run(connection, _INSERT, [push_values(push)])


def states(database: Database) -> list[tuple[object, ...]]:
    return stored(database, "SELECT state, owner, fep_serial, debit_serial FROM pushes")


def test_a_dead_push_is_found_by_its_number(database: Database, clock: Clock) -> None:
    """Whole, with what has become of its bill; one of another bank, number or state is not."""
    keep(database)
    book = PushBook(database, database)
    found = book.find(SERIAL, ["0100", BANK])
    assert found is not None
    assert (found.push, found.is_bill_settled) == (DEAD, False)
    assert found.push.owner == "li"
    assert book.find(SERIAL, ["0199"]) is None
    assert book.find(SERIAL + 1, [BANK]) is None
    assert book.find(SERIAL, []) is None
    with transaction(database) as connection:
        run(connection, _SETTLE, [(BillState.SETTLED.value, DEAD.bill_no)])
    found = book.find(SERIAL, [BANK])
    assert found is not None
    assert found.is_bill_settled
    assert book.move(DEAD, replace(DEAD, state=PushState.DROPPED, owner=""), ACT)
    assert book.find(SERIAL, [BANK]) is None


def test_the_act_is_recorded_with_it(database: Database) -> None:
    """Everything else about the push stays, what the bank has said too."""
    keep(database)
    assert PushBook(database, database).move(DEAD, replace(DEAD, state=PushState.DROPPED, owner=""), ACT)
    assert states(database) == [("dropped", None, SERIAL, "000000000077")]
    assert stored(database, "SELECT operator, act, bank_code, subject, reason FROM operator_acts") == [
        ("wang", "push_drop", BANK, "010000000042", "paid back")
    ]


@pytest.mark.parametrize(
    "meanwhile",
    [{"owner": "zhao", "due_at": LATER}, {"state": PushState.WAITING}, {"state": PushState.DROPPED}],
    ids=str,
)
def test_what_has_moved_meanwhile_is_left_alone(database: Database, meanwhile: dict[str, object]) -> None:
    """Nobody approves what he has not looked at; nothing is recorded either."""
    keep(database, replace(DEAD, **meanwhile))  # type: ignore[arg-type]
    before = states(database)
    assert not PushBook(database, database).move(DEAD, replace(DEAD, state=PushState.DROPPED), ACT)
    assert states(database) == before
    assert stored(database, "SELECT act FROM operator_acts") == []


def test_without_a_record_nothing_is_done(database: Database, clock: Clock, tmp_path: object) -> None:
    """Where acts are recorded in another database, which is away, the push stays dead."""
    keep(database)
    away = open_database(f"sqlite:///{tmp_path}/none/away.db", clock)
    with pytest.raises(DatabaseUnavailable):
        PushBook(database, away).move(DEAD, replace(DEAD, state=PushState.DROPPED), ACT)
    away.dispose()
    assert states(database) == [("dead", "li", SERIAL, "000000000077")]
