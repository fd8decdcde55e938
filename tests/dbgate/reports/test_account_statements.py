"""What a statement of account has: what counts in a day, and the adjustments made on it, apart."""

from typing import Any

import pytest

from dbgate.batch import ReadLane
from dbgate.clearing import ClearingDates
from dbgate.database import Database
from dbgate.records import DayTotals, Movement
from dbgate.reports.account_statements import Entries, Turnover, entries_of, first_days, turnovers
from dbgate.reports.collected import collected, total
from dbgate.reports.criteria import Criteria, Dimension, Period
from dbgate.reports.snapshots import Snapshot, snapshot
from dbgate.tables import clearing_dates, payments
from tests.dbgate.fixtures import answers, read
from tests.support.report_ledger import DAY, DAY_BEFORE, row, undo

ADJUSTMENTS: tuple[dict[str, Any], ...] = (
    row(31, 6, 1000, channel=10, mends_date=DAY_BEFORE),
    row(32, 7, 400, mends_date=DAY_BEFORE),
    undo(33, 6, 4, 50, movement=Movement.CANCEL, mends_date=DAY_BEFORE),
    undo(34, 99, 4, 50, outcome=2, mends_date=DAY_BEFORE),
)


@pytest.fixture
def mended(books: Database) -> Database:
    """The ledger with adjustments that mend the day before."""
    with books.money_engine.begin() as connection:
        for values in ADJUSTMENTS:
            connection.execute(payments.insert(), values)
    return books


def test_sums_are_those_of_the_totals(snapshots: list[Snapshot]) -> None:
    """Payments are credits, undone or not, undos debits; a reversal that found nothing moved no money."""
    found = turnovers(snapshots, DAY, Entries.COUNTED)
    assert found == {"0102": Turnover(4, 2400, 2, 1600), "0103": Turnover(1, 1100)}
    by_bank = collected(snapshots, Period(DAY, DAY), Criteria(), (Dimension.BANK,))
    assert sum(sums.net_fen for sums in found.values()) == total(list(by_bank.values())).net_fen == 1900
    assert turnovers(snapshots, DAY, Entries.ADJUSTING) == {}


def test_sums_are_those_that_banks_are_told(mended: Database) -> None:
    """RECON_TOTALS (3001) and the statement never tell two stories, whatever was adjusted."""
    lane = ReadLane(mended, ClearingDates())
    try:
        [told] = answers(lane.run([read(lambda ws, _: ws.totals("0102", DAY), "0102", totals_of=DAY)]))
    finally:
        lane.close()
    assert isinstance(told, DayTotals)
    with snapshot(mended) as connection:
        stated = turnovers([connection], DAY, Entries.COUNTED)["0102"]
    assert (stated.credit_count, stated.credit_fen) == (told.pay_count, told.pay_amount_fen)
    assert stated.debit_count == told.cancel_count + told.reverse_count
    assert stated.debit_fen == told.cancel_amount_fen + told.reverse_amount_fen


def test_adjustments_stand_apart(mended: Database) -> None:
    """They belong to the day on which they were made, and leave its own sums alone."""
    with snapshot(mended) as connection:
        assert turnovers([connection], DAY, Entries.COUNTED)["0102"] == Turnover(4, 2400, 2, 1600)
        assert turnovers([connection], DAY, Entries.ADJUSTING) == {"0102": Turnover(2, 1400, 1, 50)}
        entries = list(entries_of([connection], "0102", DAY, Entries.ADJUSTING))
    assert [(entry.fep_serial, entry.mends_date) for entry in entries] == [(n, DAY_BEFORE) for n in (31, 32, 33)]


def test_the_entries_of_one_bank(snapshots: list[Snapshot]) -> None:
    """In the order of their FEP serials; their sums are those of the turnover."""
    entries = list(entries_of(snapshots, "0102", DAY, Entries.COUNTED))
    assert [entry.fep_serial for entry in entries] == [1, 2, 3, 4, 13, 14]
    added = Turnover()
    for entry in entries:
        added = added.with_row(entry.movement, 1, entry.amount_fen)
    assert added == turnovers(snapshots, DAY, Entries.COUNTED)["0102"]


def test_first_days(books: Database) -> None:
    """Of several databases the one in which the bank came first."""
    with snapshot(books) as connection:
        assert first_days([connection]) == dict.fromkeys(("0102", "0103"), DAY_BEFORE)
    with books.money_engine.begin() as connection:
        connection.execute(clearing_dates.update().values(first_date=DAY))
    with snapshot(books) as connection:
        assert first_days([connection]) == dict.fromkeys(("0102", "0103"), DAY)
