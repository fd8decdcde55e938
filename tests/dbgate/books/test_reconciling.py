"""A day's result is stored once and whole, whoever else reconciles at the same time."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from dbgate.books.differences import Difference, Side, listed
from dbgate.books.reconciliations import Reconciliation, carried_to, reconciliations_of
from dbgate.books.reconciling import Result, Settled, Superseded, store
from dbgate.books.states import DifferenceState
from dbgate.database import Database
from tests.dbgate.fixtures import BANK, DAY, account_no, identity
from tests.support.databases import stored

NEXT = DAY + timedelta(days=1)
ONLY_BANK, IN_FLIGHT = 4, 6


def result(day: date = DAY, differences: tuple[Difference, ...] = (), **changed: object) -> Result:
    """What a day came to: ten rows, all matched but for the differences."""
    counts = dict.fromkeys(("amount_differs_count", "state_differs_count", "only_bank_count", "only_fep_count"), 0)
    figures = {"bank_row_count": 10, "bank_total_fen": 1000, "fep_row_count": 10, "fep_total_fen": 1000}
    of_day = Reconciliation(
        bank_code=BANK,
        clearing_date=day,
        batch_no=0,
        file_name="DZ",
        file_digest="0" * 64,
        **figures,
        matched_count=10 - len(differences),
        **counts,
        in_flight_count=len(differences),
        done_at=datetime.min,  # noqa: DTZ901
    )
    return replace(Result(of_day, differences, (), {}, "wang"), **changed)  # type: ignore[arg-type]


def carried(serial: int) -> Difference:
    """A row of the bank's that our journal has on the next day."""
    side = Side(account_no(1), 2002, 500, 1)
    return Difference(0, identity(serial), DAY, IN_FLIGHT, side, None, None, NEXT, None, DifferenceState.CARRIED)


def read(database: Database) -> list[Difference]:
    with database.connect(money=False) as connection, connection.begin():
        return listed(connection)


def test_what_is_stored_is_read_again(database: Database) -> None:
    """With numbers of its own, and the operator's act."""
    kept = store(database, result(differences=(carried(1), carried(2))))
    found = read(database)
    assert [replace(each, difference_no=0) for each in found] == [carried(1), carried(2)]
    assert [each.difference_no for each in found] == [10_000_000_001, 10_000_000_002]
    with database.connect(money=False) as connection, connection.begin():
        assert reconciliations_of(connection, BANK, [DAY]) == {DAY: kept}
        assert carried_to(connection, BANK, NEXT) == found
    assert stored(database, "SELECT operator, act, subject FROM operator_acts") == [("wang", "reconcile", "2026-11-22")]


def test_a_day_is_stored_once(database: Database) -> None:
    """Whoever comes second changes nothing, and is told."""
    store(database, result())
    with pytest.raises(Superseded):
        store(database, result(differences=(carried(1),)))
    assert read(database) == []


def test_a_day_beside_it_was_reconciled_meanwhile(database: Database) -> None:
    """What that day has carried here has not been looked for, so the day is read again."""
    store(database, result(differences=(carried(1),)))
    with pytest.raises(Superseded):
        store(database, result(NEXT))
    assert stored(database, "SELECT count(*) FROM reconciliations") == [(1,)]


def test_what_was_carried_is_settled(database: Database) -> None:
    """Found or not, it leaves the state of being carried, and the counts of its day move."""
    kept = store(database, result(differences=(carried(1), carried(2))))
    found, missed = read(database)
    settled = (Settled(found, None), Settled(missed, ONLY_BANK))
    store(database, result(NEXT, settled=settled, seen={DAY: kept.batch_no}))
    assert [(each.state, each.matching) for each in read(database)] == [
        (DifferenceState.MATCHED, IN_FLIGHT),
        (DifferenceState.OPEN, ONLY_BANK),
    ]
    counts = "SELECT matched_count, only_bank_count, in_flight_count FROM reconciliations ORDER BY clearing_date"
    assert stored(database, counts) == [(9, 1, 0), (10, 0, 0)]


def test_what_was_carried_has_moved_meanwhile(database: Database) -> None:
    """Then nothing of the day is stored."""
    kept = store(database, result(differences=(carried(1),)))
    [found] = read(database)
    with database.money_engine.begin() as connection:
        connection.exec_driver_sql("UPDATE differences SET state = 'matched'")
    with pytest.raises(Superseded):
        store(database, result(NEXT, settled=(Settled(found, ONLY_BANK),), seen={DAY: kept.batch_no}))
    assert stored(database, "SELECT count(*) FROM reconciliations") == [(1,)]
