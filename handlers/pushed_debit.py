"""A pushed debit 划拨扣款: what a bank has debited because it was pushed is posted once, under the bank's own identity.

The money has left the customer's account, so it is never refused: what does not settle the bill goes to the balance and
is reported. Only what cannot be this debit, or cannot be told from another one, is left to a person.

| what the bank says                                          | what is done                                         |
|-------------------------------------------------------------|------------------------------------------------------|
| an identity that is free                                    | posted; the bill is settled if it is open and the    |
|                                                             | amount covers it with the late fee as pushed         |
| the identity of this push's own payment                     | nothing: it is that payment                          |
| one that is there with the same account and amount          | it is that payment, unless it is another push's      |
| one that is there otherwise                                 | DEAD, ``identity_taken``                             |
| another one than was posted for this push                   | DEAD, ``debited_twice``                              |
| another bank account than was asked for                     | DEAD, ``other_account``                              |
| a date before the bill was loaded, or later than tomorrow   | DEAD, ``date_implausible``                           |
| more than an amount or a balance may be                     | DEAD, ``amount_implausible``                         |
"""

from dataclasses import replace
from datetime import timedelta

from dbgate.books.records import Push
from dbgate.books.states import PushReason, PushState
from dbgate.changes import Changes, LimitUse
from dbgate.records import Account, Bill, BillState, Identity, LimitKey, Movement, Payment, PaymentState
from dbgate.working_set import WorkingSet
from handlers.dues import Due, dues_on
from handlers.posting import changes_of, posted
from handlers.push_state import PushEvent, moved
from handlers.requests import promised
from handlers.terms import AMOUNT_CEILING_FEN, Context
from protocol.canonical.codes import Instrument
from protocol.canonical.push import PushReply

CHANNEL = 2
"""Pushed debit."""

_DAY = timedelta(days=1)
"""A bank's accounting date may be a day behind ours, or ahead."""


def changes_by(push: Push, identity: Identity, reply: PushReply, records: WorkingSet, context: Context) -> Changes:
    """Return what ``reply``, a debit under ``identity``, changes; the push is always among it, moved or not."""
    if push.state is PushState.DEAD:
        return Changes(pushes=(push,))
    if push.state is PushState.DEBITED:
        is_same = (push.debit_date, push.debit_serial) == identity[1:] and push.debited_fen == reply.amount_fen
        return Changes(pushes=(push,)) if is_same else _doubted(push, PushReason.DEBITED_TWICE)
    stored = records.payment(identity)
    if stored is not None:
        return _found(push, stored, reply, records)
    account = records.account(push.account_no)
    reason = _doubt(push, identity, reply, account, context)
    if reason is not None:
        return _doubted(push, reason, identity, reply)
    return _posted(push, identity, reply, promised(account, "account of a push"), records, context)


def _found(push: Push, stored: Payment, reply: PushReply, records: WorkingSet) -> Changes:
    """The identity is there already: it is that payment, or another one's."""
    is_of_another = any(
        other.posted_serial == stored.fep_serial
        for other in records.books.pushes_of(push.account_no)
        if other.bill_no != push.bill_no
    )
    is_same = (stored.movement, stored.account_no, stored.amount_fen) == (
        Movement.PAY,
        push.account_no,
        reply.amount_fen,
    )
    if not is_same or is_of_another:
        return _doubted(push, PushReason.IDENTITY_TAKEN, stored.identity, reply)
    is_reported = stored.state is not PaymentState.POSTED
    return Changes(pushes=(_debited(push, stored, reply, is_reported=is_reported),))


def _doubt(
    push: Push, identity: Identity, reply: PushReply, account: Account | None, context: Context
) -> PushReason | None:
    """Return why this cannot be the debit of ``push``, None when it can."""
    if reply.passbook and push.passbook and reply.passbook != push.passbook:
        return PushReason.OTHER_ACCOUNT
    if not push.created_at.date() - _DAY <= identity.bank_date <= context.moment.now.date() + _DAY:
        return PushReason.DATE_IMPLAUSIBLE
    balance_fen = account.balance_fen if account is not None else 0
    if account is None or balance_fen + reply.amount_fen > AMOUNT_CEILING_FEN:
        return PushReason.AMOUNT_IMPLAUSIBLE
    return None


def _posted(
    push: Push, identity: Identity, reply: PushReply, account: Account, records: WorkingSet, context: Context
) -> Changes:
    bill = records.bill(push.bill_no)
    items = _settled(push, bill, reply.amount_fen)
    others = [other for other in records.unsettled_bills(push.account_no) if not items or other.bill_no != push.bill_no]
    moment = context.moment
    due_after = dues_on(moment.now.date(), others, account.user_class, context.rules.late_fee)
    payment = posted(
        account,
        reply.amount_fen,
        items,
        due_after.total_fen,
        moment,
        identity=identity,
        channel=CHANNEL,
        instrument=int(Instrument.TRANSFER),
        digest="",  # no request of the bank's: one under this identity is another one
    )
    push = _debited(push, payment, reply, is_reported=payment.balance_change_fen != 0)
    return replace(changes_of(payment, account, items, _limit_uses(payment, context)), pushes=(push,))


def _settled(push: Push, bill: Bill | None, amount_fen: int) -> tuple[Due, ...]:
    """Return the pushed bill with its late fee as pushed, if it is open and the amount covers it."""
    fee_fen = promised(push.late_fee_fen, "late fee of a push that was answered")
    if bill is None or bill.state is not BillState.OPEN or amount_fen < bill.principal_fen + fee_fen:
        return ()
    return (Due(bill, fee_fen),)


def _limit_uses(payment: Payment, context: Context) -> tuple[LimitUse, ...]:
    """Count the debit where the channel's payments are counted; the limit is the bank's and does not bind the FEP."""
    if CHANNEL not in context.bank.daily_limit_fen:
        return ()
    key = LimitKey(payment.identity.bank_code, CHANNEL, payment.clearing_date)
    return (LimitUse(key, payment.amount_fen, None),)


def _debited(push: Push, payment: Payment, reply: PushReply, *, is_reported: bool) -> Push:
    return moved(
        push,
        PushEvent.DEBITED,
        debit_date=payment.identity.bank_date,
        debit_serial=payment.identity.bank_serial,
        debited_fen=reply.amount_fen,
        posted_serial=payment.fep_serial,
        is_reported=is_reported,
    )


def _doubted(
    push: Push, reason: PushReason, identity: Identity | None = None, reply: PushReply | None = None
) -> Changes:
    """Leave the push to a person, with what the bank said; what was posted for it before stays."""
    said = {}
    if identity is not None and reply is not None:
        _, debit_date, debit_serial = identity
        said = {"debit_date": debit_date, "debit_serial": debit_serial, "debited_fen": reply.amount_fen}
    return Changes(pushes=(moved(push, PushEvent.DOUBTED, reason=reason, is_reported=True, **said),))
