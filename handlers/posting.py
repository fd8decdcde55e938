"""Posting 入账: the journal row of money that came in, and all that it changes; payments and debits share it."""

from collections.abc import Sequence
from datetime import date

from dbgate.changes import Changes, LimitUse
from dbgate.records import Account, Allocation, Identity, Invoice, Movement, Payment, PaymentState
from dbgate.work import Moment
from handlers.dues import Due
from handlers.requests import promised
from handlers.versions import settled, with_balance


def posted(
    account: Account,
    amount_fen: int,
    items: Sequence[Due],
    due_after_fen: int,
    moment: Moment,
    *,
    identity: Identity,
    channel: int,
    instrument: int | None,
    digest: str,
    branch_code: str = "",
    teller_id: str = "",
    invoice_no: str = "",
    mends_date: date | None = None,
) -> Payment:
    """Return the PAY row of ``amount_fen`` that settles ``items`` whole; what is left of it changes the balance.

    Args:
        account: as it stands before.
        amount_fen: as the bank took it.
        items: the bills that it settles, oldest first, each with the late fee that it pays.
        due_after_fen: all that is unsettled afterwards.
        moment: whose number and clearing date the row gets.
        identity: what names it for ever.
        channel: of the bank.
        instrument: what it was paid with, None when nobody knows.
        digest: content of the request; empty where there was none, so that no request repeats it.
        branch_code: outlet of the bank.
        teller_id: of the outlet.
        invoice_no: when one is printed at once.
        mends_date: of an adjustment.
    """
    principal_fen = late_fee_fen = 0
    for bill, fee in items:
        principal_fen += bill.principal_fen
        late_fee_fen += fee
    change_fen = amount_fen - principal_fen - late_fee_fen
    return Payment(
        identity=identity,
        fep_serial=promised(moment.fep_serial, "fep_serial"),
        movement=Movement.PAY,
        state=PaymentState.POSTED,
        account_no=account.account_no,
        account_name=account.name,
        amount_fen=amount_fen,
        settled_principal_fen=principal_fen,
        settled_late_fee_fen=late_fee_fen,
        balance_change_fen=change_fen,
        balance_after_fen=account.balance_fen + change_fen,
        due_after_fen=due_after_fen,
        settled_count=len(items),
        first_month=items[0].bill.month if items else None,
        last_month=items[-1].bill.month if items else None,
        invoice_no=invoice_no,
        original=None,
        original_fep_serial=None,
        outcome=None,
        branch_code=branch_code,
        teller_id=teller_id,
        channel=channel,
        instrument=instrument,
        clearing_date=promised(moment.clearing_date, "clearing date"),
        created_at=moment.now,
        digest=digest,
        mends_date=mends_date,
    )


def changes_of(
    payment: Payment, account: Account, items: Sequence[Due], limit_uses: tuple[LimitUse, ...] = ()
) -> Changes:
    """Return what ``payment``, made by ``posted`` of the same account and items, changes."""
    serial = promised(payment.fep_serial, "fep_serial")
    return Changes(
        accounts=(with_balance(account, payment.balance_after_fen),),
        bills=tuple([settled(bill, serial) for bill, _ in items]),
        journal=(payment,),
        allocations=tuple([Allocation(serial, bill.bill_no, bill.principal_fen, fee) for bill, fee in items]),
        invoices=(Invoice(payment.invoice_no, serial, 1),) if payment.invoice_no else (),
        limit_uses=limit_uses,
    )
