"""What was collected, against sums by hand and against the totals that banks are told."""

from datetime import date

import pytest
from sqlalchemy import delete

from dbgate.batch import ReadLane
from dbgate.clearing import ClearingDates
from dbgate.database import Database
from dbgate.records import DayTotals, Movement, UserClass
from dbgate.reports.collected import Collected, Undone, clearing_days, collected, total, undone
from dbgate.reports.criteria import Criteria, Dimension, Period
from dbgate.reports.snapshots import Snapshot, snapshot
from dbgate.tables import payments
from tests.conftest import NewDatabase
from tests.dbgate.fixtures import Clock, answers, read
from tests.support.databases import open_database
from tests.support.report_ledger import DAY, DAY_BEFORE, OTHER_BRANCH, keep, row

ALL = Criteria()
THE_DAY = Period(DAY, DAY)
BOTH_DAYS = Period(DAY_BEFORE, DAY)
BANK = Collected(4, 2400, 1, 700, 1, 900, 600, 0, 200)
OTHER_BANK = Collected(1, 1100, 0, 0, 0, 0, 1000, 100, 0)


def test_totals_of_banks(snapshots: list[Snapshot]) -> None:
    """Payments, undos apart, and what became of the money that stands; what stands adds up."""
    found = collected(snapshots, THE_DAY, ALL, (Dimension.BANK,))
    assert found == {("0102",): BANK, ("0103",): OTHER_BANK}
    assert (BANK.net_count, BANK.net_fen, BANK.undone_count, BANK.undone_fen) == (2, 800, 2, 1600)
    assert BANK.net_fen == BANK.principal_fen + BANK.late_fee_fen + BANK.balance_change_fen


def test_totals_are_those_that_banks_are_told(books: Database, snapshots: list[Snapshot]) -> None:
    """The day report and RECON_TOTALS (3001) never tell two stories."""
    lane = ReadLane(books, ClearingDates())
    try:
        works = [
            read(lambda ws, _, bank=bank: ws.totals(bank, DAY), bank, totals_of=DAY)  # type: ignore[misc]
            for bank in ("0102", "0103")
        ]
        told = answers(lane.run(works))
    finally:
        lane.close()
    sums = collected(snapshots, THE_DAY, ALL, (Dimension.BANK,)).values()
    assert told == [DayTotals(*one[:6]) for one in sums]


@pytest.mark.parametrize(
    ("by", "counts"),
    [
        ((), {(): (5, 3500)}),
        (
            (Dimension.BANK, Dimension.OUTLET),
            {("0102", "0001"): (3, 1500), ("0102", "0002"): (1, 900), ("0103", "0001"): (1, 1100)},
        ),
        (
            (Dimension.BANK, Dimension.OUTLET, Dimension.TELLER),
            {
                ("0102", "0001", "T1"): (2, 800),
                ("0102", "0001", "T2"): (1, 700),
                ("0102", "0002", "T1"): (1, 900),
                ("0103", "0001", "T1"): (1, 1100),
            },
        ),
        ((Dimension.CHANNEL,), {(1,): (4, 2800), (4,): (1, 700)}),
        ((Dimension.BRANCH,), {("0101",): (4, 2400), (OTHER_BRANCH,): (1, 1100)}),
        ((Dimension.CLASS,), {(UserClass.OTHER,): (1, 1100), (UserClass.RESIDENTIAL,): (4, 2400)}),
    ],
)
def test_any_dimension(
    snapshots: list[Snapshot], by: tuple[Dimension, ...], counts: dict[tuple[object, ...], tuple[int, int]]
) -> None:
    """A payment counts where it was made; groups come in the order of their values."""
    found = collected(snapshots, THE_DAY, ALL, by)
    assert {key: sums[:2] for key, sums in found.items()} == counts
    assert list(found) == list(counts)
    assert total(list(found.values())) == total([BANK, OTHER_BANK])


def test_days_and_months(snapshots: list[Snapshot]) -> None:
    """By clearing date; a month is YYYYMM."""
    by_day = collected(snapshots, BOTH_DAYS, ALL, (Dimension.DAY,))
    assert {key: sums[:2] for key, sums in by_day.items()} == {(DAY_BEFORE,): (1, 50), (DAY,): (5, 3500)}
    by_month = collected(snapshots, BOTH_DAYS, ALL, (Dimension.MONTH,))
    assert {key: sums[:2] for key, sums in by_month.items()} == {(202611,): (6, 3550)}
    assert collected(snapshots, Period(date(2026, 1, 1), date(2026, 1, 31)), ALL, ()) == {}


@pytest.mark.parametrize(
    ("criteria", "count"),
    [
        (Criteria(banks=("0103",)), 1),
        (Criteria(banks=("0102", "0103")), 5),
        (Criteria(outlets=("0002",)), 1),
        (Criteria(tellers=("T2",)), 1),
        (Criteria(channels=(1,)), 4),
        (Criteria(branches=(OTHER_BRANCH,)), 1),
        (Criteria(classes=(UserClass.RESIDENTIAL,)), 4),
        (Criteria(banks=("0103",), classes=(UserClass.RESIDENTIAL,)), 0),
    ],
)
def test_narrowed(snapshots: list[Snapshot], criteria: Criteria, count: int) -> None:
    """All that is asked for must hold."""
    found = collected(snapshots, THE_DAY, criteria, ())
    assert total(list(found.values())).pay_count == count


def test_undos_by_their_own_rows(books: Database, snapshots: list[Snapshot]) -> None:
    """Reversals that found nothing are none; a row that is missing is missed."""
    assert undone(snapshots, BOTH_DAYS, ALL) == {("0102", DAY): Undone(1, 700, 1, 900)}
    assert undone(snapshots, BOTH_DAYS, Criteria(banks=("0103",))) == {}
    with books.money_engine.begin() as connection:
        connection.execute(delete(payments).where(payments.c.movement == Movement.CANCEL))
    with snapshot(books) as later:
        assert undone([later], BOTH_DAYS, ALL) == {("0102", DAY): Undone(0, 0, 1, 900)}


def test_databases_add_up(snapshots: list[Snapshot], new_database_url: NewDatabase, clock: Clock) -> None:
    """A bank's sums are those of all branches; its day is over when the last has rolled."""
    with new_database_url() as url:
        county = open_database(url, clock, database_no=2)
        keep(county)
        with snapshot(county) as second:
            both = [*snapshots, second]
            assert collected(both, THE_DAY, ALL, (Dimension.BANK,))["0102",] == total([BANK, BANK])
            assert undone(both, THE_DAY, ALL) == {("0102", DAY): Undone(2, 1400, 2, 1800)}
            assert clearing_days(both) == {"0102": DAY, "0103": DAY}
        county.dispose()


def test_a_snapshot_stands_still(books: Database, snapshots: list[Snapshot]) -> None:
    """What is paid while a report is written is in none of its tables."""
    before = collected(snapshots, THE_DAY, ALL, ())
    with books.money_engine.begin() as connection:
        connection.execute(payments.insert(), row(50, 8, 10))
    assert collected(snapshots, THE_DAY, ALL, ()) == before
    with snapshot(books) as later:
        assert collected([later], THE_DAY, ALL, ())[()].pay_count == before[()].pay_count + 1
