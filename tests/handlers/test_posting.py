"""Posting 入账: the row of money that came in adds up, and its changes are those of its row."""

from datetime import date

from dbgate.records import Allocation, BillState, Identity, Invoice
from dbgate.work import Moment
from handlers.dues import Due
from handlers.posting import changes_of, posted
from tests.support.records import BANK, NOW, TODAY, account, bill

MOMENT = Moment(NOW, TODAY, 77, None)
IDENTITY = Identity(BANK, date(2026, 11, 20), "000000000009")


def test_amount_is_what_is_settled_and_what_goes_to_the_balance() -> None:
    """Bills are paid whole with their late fees, the rest changes the balance, whichever sign it has."""
    items = [Due(bill("B1", 10_000, month=202609), 300), Due(bill("B2", 5_000, month=202610), 0)]
    before = account(balance_fen=400)
    payment = posted(before, 15_000, items, 70, MOMENT, identity=IDENTITY, channel=10, instrument=2, digest="d")

    sums = (payment.settled_principal_fen, payment.settled_late_fee_fen, payment.balance_change_fen)
    assert sums == (15_000, 300, -300)
    assert sum(sums) == payment.amount_fen
    assert (payment.balance_after_fen, payment.due_after_fen, payment.settled_count) == (100, 70, 2)
    assert (payment.first_month, payment.last_month) == (202609, 202610)
    assert (payment.identity, payment.fep_serial, payment.clearing_date) == (IDENTITY, 77, TODAY)

    changes = changes_of(payment, before, items)
    assert [each.balance_fen for each in changes.accounts] == [100]
    assert [(each.state, each.settled_by) for each in changes.bills] == [(BillState.SETTLED, 77)] * 2
    assert changes.allocations == (Allocation(77, "B1", 10_000, 300), Allocation(77, "B2", 5_000, 0))
    assert changes.invoices == ()


def test_money_that_settles_nothing() -> None:
    """It all goes to the balance, no bill moves, and an invoice is over the amount."""
    payment = posted(
        account(), 500, (), 9, MOMENT, identity=IDENTITY, channel=1, instrument=1, digest="d", invoice_no="7"
    )
    changes = changes_of(payment, account(), ())
    assert (payment.balance_change_fen, payment.first_month, payment.last_month) == (500, None, None)
    assert (changes.bills, changes.allocations, changes.invoices) == ((), (), (Invoice("7", 77, 1),))
