"""Whether the books say that a request is reconciled, as STATUS and 3001 read it; with several databases too."""

from datetime import datetime

import pytest
from sqlalchemy import insert

from dbgate.batch import MoneyLane, ReadLane
from dbgate.books.states import DifferenceState
from dbgate.books.tables import differences, reconciliations
from dbgate.clearing import ClearingDates
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable
from dbgate.records import Identity
from dbgate.work import Moment, Work
from dbgate.working_set import WorkingSet
from tests.dbgate.fixtures import BANK, DAY, account_no, answers, deposit, identity, read
from tests.dbgate.three_branches import Utility

BATCH_NO = 110_000_000_007
DONE_AT = datetime(2026, 11, 23)  # noqa: DTZ001 - the database clock is naive by contract
OPEN, DONE = DifferenceState.OPEN, DifferenceState.DONE


def keep_books(database: Database, states: dict[Identity, DifferenceState]) -> None:
    """Let the day be reconciled, with differences in these states."""
    about = {"bank_code": BANK, "clearing_date": DAY}
    counts = {column.name: 0 for column in reconciliations.c if column.name.endswith(("_count", "_fen"))}
    day = {"batch_no": BATCH_NO, "file_name": "DZ", "file_digest": "0" * 64, "done_at": DONE_AT}
    with database.money_engine.begin() as connection:
        connection.execute(insert(reconciliations), about | counts | day)
        for number, (of, state) in enumerate(states.items(), 1):
            row = {"difference_no": number, "bank_date": of.bank_date, "bank_serial": of.bank_serial, "matching": 5}
            connection.execute(insert(differences), about | row | {"state": state})


def asked(serial: int, number: int = 1) -> Work:
    """A read as STATUS makes it: batch number of the original's day, and states of its differences."""
    original = identity(serial)

    def _answer(records: WorkingSet, _moment: Moment) -> object:
        row = records.payment(original)
        if row is None:
            return None
        return records.books.batch_no(BANK, row.counted_date), set(records.books.difference_states(original))

    return read(_answer, routed_by=account_no(number), original=original, reconciled=True)


def test_in_one_database(database: Database) -> None:
    """The day of each original and what stands of its differences, in the snapshot of its batch."""
    money, reads = MoneyLane(database, ClearingDates()), ReadLane(database, ClearingDates())
    money.run([deposit(1, 1, 5), deposit(2, 2, 5)])
    assert answers(reads.run([asked(1)])) == [(None, set())]
    keep_books(database, {identity(2): OPEN, identity(3): DONE})
    totals = read(lambda records, _: records.books.batch_no(BANK, DAY), totals_of=DAY, reconciliation_of=DAY)
    works = [asked(1), asked(2, 2), asked(3, 3), totals]
    assert answers(reads.run(works)) == [(BATCH_NO, set()), (BATCH_NO, {OPEN}), None, BATCH_NO]
    money.close()
    reads.close()


@pytest.mark.engine("sqlite")
def test_in_several_databases(utility: Utility) -> None:
    """The books stand in the first database, whichever has the payment and whichever its account is said to be in."""
    utility.ask(deposit(1, 1, 5), deposit(101, 2, 5), deposit(201, 3, 5))
    keep_books(utility.branches[0].database, {identity(2): OPEN})
    everywhere = read(lambda records, _: records.books.batch_no(BANK, DAY), totals_of=DAY, reconciliation_of=DAY)
    works = [asked(1, 1), asked(2, 101), asked(3, 101), asked(4, 101), everywhere]
    assert utility.ask(*works) == [(BATCH_NO, set()), (BATCH_NO, {OPEN}), (BATCH_NO, set()), None, BATCH_NO]


@pytest.mark.engine("sqlite")
def test_a_payment_is_told_without_the_books(utility: Utility) -> None:
    """When the first database is down, what became of a payment of another branch is answered all the same."""
    utility.ask(deposit(101, 2, 5))
    keep_books(utility.branches[0].database, {identity(2): OPEN})
    utility.take_away(0)
    [told, missing] = utility.ask(asked(2, 101), asked(9, 101))
    assert told == (None, set())
    assert isinstance(missing, DatabaseUnavailable)
