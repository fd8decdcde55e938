"""Dues 欠费: totals over unsettled bills."""

from datetime import date

from dbgate.records import UserClass
from handlers.dues import dues_on
from handlers.terms import LateFeeRates
from tests.support.records import TODAY, bill


def test_totals() -> None:
    """Dues are principal and late fee of every bill that was given, in its order."""
    overdue = bill("B1", 12_000, due_date=date(2026, 9, 25))
    dues = dues_on(TODAY, [overdue, bill("B2", 5_000)], UserClass.RESIDENTIAL, LateFeeRates())
    assert [(item.bill.bill_no, item.late_fee_fen) for item in dues.items] == [("B1", 684), ("B2", 0)]
    assert (dues.principal_fen, dues.late_fee_fen, dues.total_fen) == (17_000, 684, 17_684)


def test_payable() -> None:
    """The balance is used first, and never makes the payable amount negative."""
    dues = dues_on(TODAY, [bill(principal_fen=500)], UserClass.OTHER, LateFeeRates())
    assert [dues.payable_fen(balance_fen) for balance_fen in (0, 200, 500, 501)] == [500, 300, 0, 0]


def test_user_class_and_day_count() -> None:
    """The late fee follows the user class and the day that are given."""
    bills = [bill(principal_fen=100_000, due_date=date(2026, 12, 30))]
    assert dues_on(date(2027, 1, 1), bills, UserClass.OTHER, LateFeeRates()).late_fee_fen == 500
    assert dues_on(date(2027, 1, 1), bills, UserClass.RESIDENTIAL, LateFeeRates()).late_fee_fen == 200
