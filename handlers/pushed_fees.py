"""Pushed late fees 划拨违约金: what a bank was asked for is what it pays, however long it takes to."""

from collections.abc import Iterable, Sequence

from dbgate.books.records import Push
from handlers.dues import Due, Dues
from handlers.push_state import PushEvent, moved


def with_pushed_fees(dues: Dues, pushes: Iterable[Push], bank_code: str) -> Dues:
    """Return ``dues`` with the late fees as they were pushed to the bank that now pays.

    They hold for what it has accepted, and for what it was sent and has not answered: its payment is its answer.
    """
    pushed = {
        push.bill_no: push.late_fee_fen
        for push in pushes
        if push.bank_code == bank_code and push.is_under_way and push.late_fee_fen is not None
    }
    if not pushed:
        return dues
    items = tuple([Due(bill, pushed.get(bill.bill_no, fee)) for bill, fee in dues.items])
    return Dues(items, dues.principal_fen, sum([fee for _, fee in items]))


def settled_pushes(pushes: Iterable[Push], items: Sequence[Due]) -> tuple[Push, ...]:
    """Return the pushes whose bills ``items`` settle, as settled; those that were decided before stay as they are."""
    settled = {bill.bill_no for bill, _ in items}
    return tuple([moved(push, PushEvent.BILL_SETTLED) for push in pushes if push.bill_no in settled])
