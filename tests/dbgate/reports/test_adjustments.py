"""Adjustments 调账 in reports: apart from what was collected, which stays what banks were told."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import update

from dbgate.batch import ReadLane
from dbgate.clearing import ClearingDates
from dbgate.database import Database
from dbgate.records import DayTotals, Movement, PaymentState
from dbgate.reports.adjustments import AdjustmentDay, Adjustments, adjustments
from dbgate.reports.collected import collected, undone
from dbgate.reports.criteria import Criteria, Dimension, Period
from dbgate.reports.details import details
from dbgate.reports.doubtful import Doubt, Limits, doubtful
from dbgate.reports.snapshots import Snapshot, snapshot
from dbgate.tables import payments
from tests.dbgate.fixtures import answers, read
from tests.support.report_ledger import DAY, DAY_BEFORE, TEN, row, undo

ALL = Criteria()
BOTH_DAYS = Period(DAY_BEFORE, DAY)
BY = (Dimension.BANK, Dimension.DAY)

ADJUSTED = (
    row(30, 7, 80, channel=10, instrument=None, branch_code=None, teller_id=None, mends_date=DAY_BEFORE),
    # Serial 6 of the day before: 50, all of it principal.
    undo(
        *(31, 6, 4, 50),
        movement=Movement.CANCEL,
        bank_serial="adjust10000000007",
        original_bank_date=DAY_BEFORE,
        created_at=TEN + timedelta(hours=1),
        channel=10,
        branch_code=None,
        teller_id=None,
        mends_date=DAY_BEFORE,
    ),
)


def adjust(books: Database) -> None:
    """Post 80 and undo the 50 of the day before, on the present day."""
    with books.money_engine.begin() as connection:
        for each in ADJUSTED:
            connection.execute(payments.insert(), each)
        its = payments.c.fep_serial == 6
        connection.execute(update(payments).where(its).values(state=PaymentState.CANCELLED))


@pytest.fixture
def before(books: Database) -> dict[str, object]:
    """What was collected before anything was adjusted."""
    with snapshot(books) as connection:
        return _collected([connection])


@pytest.fixture
def adjusted(books: Database, before: dict[str, object]) -> Iterator[list[Snapshot]]:
    """The ledger with two adjustments."""
    adjust(books)
    with snapshot(books) as connection:
        yield [connection]


def _collected(snapshots: list[Snapshot]) -> dict[str, object]:
    return {
        "by day": collected(snapshots, BOTH_DAYS, ALL, BY),
        "by branch and class": collected(snapshots, BOTH_DAYS, ALL, (Dimension.BRANCH, Dimension.CLASS)),
        "of a teller": collected(snapshots, BOTH_DAYS, Criteria(tellers=("T1",), branches=("0101",)), ()),
        "undone": undone(snapshots, BOTH_DAYS, ALL),
    }


def test_collections_stay_what_they_were(adjusted: list[Snapshot], before: dict[str, object]) -> None:
    """A finished day is told as it was committed, and the present one without what mends another."""
    assert _collected(adjusted) == before


def test_collections_are_what_banks_are_told(books: Database, adjusted: list[Snapshot]) -> None:
    """The day report and RECON_TOTALS (3001) never tell two stories, of the mended day neither."""
    lane = ReadLane(books, ClearingDates())
    try:
        works = [read(lambda ws, _, on=day: ws.totals("0102", on), totals_of=day) for day in (DAY_BEFORE, DAY)]  # type: ignore[misc]
        told = answers(lane.run(works))
    finally:
        lane.close()
    found = collected(adjusted, BOTH_DAYS, ALL, BY)
    assert told == [DayTotals(*found["0102", day][:6]) for day in (DAY_BEFORE, DAY)]


def test_adjustments_stand_apart(adjusted: list[Snapshot]) -> None:
    """By bank, the day on which they were made, and the day that they mend."""
    found = adjustments(adjusted, BOTH_DAYS, ALL)
    assert found == {AdjustmentDay("0102", DAY, DAY_BEFORE): Adjustments(1, 80, 1, 50)}
    assert next(iter(found.values())).net_fen == 30
    assert adjustments(adjusted, Period(DAY_BEFORE, DAY_BEFORE), ALL) == {}
    assert adjustments(adjusted, BOTH_DAYS, Criteria(banks=("0103",))) == {}
    assert len(adjustments(adjusted, BOTH_DAYS, Criteria(branches=("0101",)))) == 1


def test_details_mark_them(adjusted: list[Snapshot]) -> None:
    """They are listed on the day on which they were made, with the day that they mend."""
    marked = [(each.fep_serial, each.mends_date) for each in details(adjusted, Period(DAY, DAY), ALL)]
    assert [pair for pair in marked if pair[1] is not None] == [(30, DAY_BEFORE), (31, DAY_BEFORE)]


def test_they_are_no_undos_of_tellers(adjusted: list[Snapshot]) -> None:
    """Two operators have agreed on them: they are neither late undos nor those of a teller who undoes much."""
    found = list(doubtful(adjusted, BOTH_DAYS, Limits(undo_count=1, harmless_codes=("2002",))))
    assert not [each for each in found if each.fep_serial == 6 and each.doubt is Doubt.LATE_UNDO]
    assert {each.teller for each in found if each.doubt is Doubt.MANY_UNDOS} == {"T9", "T1"}


def test_a_posted_one_makes_a_refusal_good(books: Database, adjusted: list[Snapshot]) -> None:
    """Who was refused and has been posted since needs to pay no more."""
    codes = [each.response_code for each in doubtful(adjusted, BOTH_DAYS, Limits()) if each.doubt is Doubt.REFUSED]
    assert codes == ["2003"], "account 7, refused with 2002, was posted"
