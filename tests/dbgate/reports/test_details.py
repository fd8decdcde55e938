"""Every transaction of a period."""

from dbgate.records import Movement, PaymentState, UserClass
from dbgate.reports.criteria import Criteria, Period
from dbgate.reports.details import details
from dbgate.reports.snapshots import Snapshot
from tests.dbgate.fixtures import account_no
from tests.support.report_ledger import DAY, DAY_BEFORE, TEN


def test_the_rows_of_a_day(snapshots: list[Snapshot]) -> None:
    """Payments and whatever came to undo them, by bank and FEP serial; what stands for no request is left out."""
    found = list(details(snapshots, Period(DAY, DAY), Criteria()))
    assert [(row.bank_code, row.fep_serial) for row in found] == [
        *(("0102", serial) for serial in (1, 2, 3, 4, 13, 14, 15, 16)),
        ("0103", 5),
    ]
    third, cancel = found[2], found[4]
    assert (third.state, third.amount_fen, third.account_no) == (PaymentState.CANCELLED, 700, account_no(2))
    assert (third.created_at, third.account_name, third.teller, third.channel) == (TEN, "用户2", "T2", 4)
    assert (cancel.movement, cancel.outcome, cancel.original_serial) == (Movement.CANCEL, 1, "000000000003")


def test_narrowed_by_account(snapshots: list[Snapshot]) -> None:
    """What stands in the account narrows the list as it does the sums."""
    others = list(details(snapshots, Period(DAY_BEFORE, DAY), Criteria(classes=(UserClass.OTHER,))))
    assert [row.fep_serial for row in others] == [5]
