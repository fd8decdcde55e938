"""What is not paid: ten residential accounts with bills of 100 and 200, one of another class with 12,000."""

from datetime import date

from sqlalchemy import update

from dbgate.database import Database
from dbgate.records import BillState, UserClass
from dbgate.reports.arrears import Arrears, OverdueBills, arrears, arrears_bills, overdue_bills
from dbgate.reports.criteria import Criteria, Dimension, Period
from dbgate.reports.snapshots import Snapshot, snapshot
from dbgate.tables import bills
from tests.dbgate.fixtures import account_no
from tests.support.report_ledger import OTHER_BRANCH

ALL = Criteria()
ON = date(2026, 10, 1)


def test_sums_and_households(books: Database) -> None:
    """Settled bills are none; a debit batch's are shown apart; overdue is what was due before the day."""
    with books.money_engine.begin() as connection:
        for bill_no, state in (("DB000000A", BillState.SETTLED), ("DB000001A", BillState.IN_DEBIT)):
            connection.execute(update(bills).where(bills.c.bill_no == bill_no).values(state=state))
    with snapshot(books) as now:
        assert arrears([now], ON, None, ALL, ()) == {(): Arrears(11, 20, 14_900, 10, 12_900, 100)}
        by = (Dimension.BRANCH, Dimension.CLASS)
        assert arrears([now], ON, None, ALL, by) == {
            ("0101", UserClass.RESIDENTIAL): Arrears(10, 19, 2_900, 9, 900, 100),
            (OTHER_BRANCH, UserClass.OTHER): Arrears(1, 1, 12_000, 1, 12_000, 0),
        }


def test_a_household_with_two_months_counts_once_in_all(snapshots: list[Snapshot]) -> None:
    """So the total is no sum of the groups."""
    by_month = arrears(snapshots, ON, None, ALL, (Dimension.BILL_MONTH,))
    assert {key: sums.households for key, sums in by_month.items()} == {(202511,): 1, (202609,): 10, (202610,): 10}
    assert arrears(snapshots, ON, None, ALL, ())[()].households == 11


def test_by_due_date(snapshots: list[Snapshot]) -> None:
    """Only what fell due in the time, by day and month of the due date."""
    due = Period(date(2026, 9, 1), date(2026, 9, 25))
    assert arrears(snapshots, ON, due, ALL, (Dimension.DAY, Dimension.MONTH)) == {
        (date(2026, 9, 25), 202609): Arrears(10, 10, 1000, 10, 1000, 0)
    }
    assert arrears(snapshots, ON, due, Criteria(classes=(UserClass.OTHER,)), ()) == {}


def test_the_last_day_is_not_overdue(snapshots: list[Snapshot]) -> None:
    """A bill may be paid on its due date without a late fee."""
    due = date(2026, 9, 25)
    assert arrears(snapshots, due, None, Criteria(branches=("0101",)), ())[()].overdue_count == 0
    [other] = overdue_bills(snapshots, due, None, ALL, ())
    assert other.user_class is UserClass.OTHER


def test_equal_bills_are_counted(snapshots: list[Snapshot]) -> None:
    """The late fee is asked once for bills that are equal in all it depends on."""
    found = sorted(overdue_bills(snapshots, ON, None, ALL, (Dimension.BRANCH,)), key=lambda equal: equal.key)
    assert found == [
        OverdueBills(("0101",), UserClass.RESIDENTIAL, date(2026, 9, 25), 100, 10),
        OverdueBills((OTHER_BRANCH,), UserClass.OTHER, date(2025, 12, 1), 12_000, 1),
    ]


def test_the_list(snapshots: list[Snapshot]) -> None:
    """By account, oldest bill first, with whose it is."""
    found = list(arrears_bills(snapshots, None, ALL))
    assert len(found) == 21
    assert [(bill.account_no, bill.month) for bill in found[:3]] == [
        (account_no(0), 202609),
        (account_no(0), 202610),
        (account_no(1), 202609),
    ]
    assert (found[-1].name, found[-1].bill_no, found[-1].principal_fen) == ("用户10", "DB000010A", 12_000)
