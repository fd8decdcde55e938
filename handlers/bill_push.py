"""BILL_PUSH 实时划拨, the FEP's side: whether a bill is pushed now, later or not at all, and what is sent.

A push is claimed under the lock of its account, and belongs to the daemon that claims it until its ``due_at``: so two
daemons never push the same bill at the same time, and those of one that is killed are taken over.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from dbgate.books.records import Mandate, Push
from dbgate.books.states import MandateState, PushReason, PushState
from dbgate.changes import Changes
from dbgate.record import record
from dbgate.records import Account, AccountState, Bill, BillState, CollectMode
from dbgate.work import Decision, Needs
from dbgate.working_set import WorkingSet
from handlers.late_fee import late_fee
from handlers.push_state import PushEvent, moved
from handlers.requests import promised
from handlers.terms import Context
from protocol.canonical.push import PushRequest

LEASE = timedelta(seconds=60)
"""How long a claimed push is nobody else's: the bank has 30 s to answer, and its answer is posted within 10 s."""

LONGEST_WAIT = timedelta(hours=1)
"""A push that is not answered is pushed again after a minute, then after twice as long each time, up to this."""

PUT_OFF = timedelta(minutes=10)
"""When a push is looked at again that must wait: for a debit batch, or for the hours in which banks may collect."""

ACCEPTED_LOOK = timedelta(hours=1)
"""How often it is looked whether an accepted bill has been paid."""


@record
class Claimed:
    """A push to be sent now, under ``push.fep_serial``; ``before`` is what it was."""

    request: PushRequest
    push: Push
    before: Push


@record
class Ended:
    """A push that is not pushed any more, and why."""

    push: Push


def needs(bank_code: str, account_no: str, *, is_numbered: bool = True) -> Needs:
    """Return the account with its unsettled bills, its mandate and its pushes, and a number if it has none yet."""
    return Needs(bank_code, account_no=account_no, mandate=True, pushing=True, serial=not is_numbered)


def claim(bill_no: str, owner: str, records: WorkingSet, context: Context) -> Decision:
    """Return ``Claimed`` or ``Ended`` as the answer, None when there is nothing to be done now."""
    push, now = records.books.push(bill_no), context.moment.now
    if push is None or push.state not in (PushState.WAITING, PushState.ACCEPTED) or push.due_at > now:
        return Decision(None)
    bill = records.bill(bill_no)
    if bill is None or bill.state is BillState.SETTLED:
        return _ended(moved(push, PushEvent.BILL_SETTLED))
    if _begun_at(push) <= now - context.bank.push_age:
        return _ended(moved(push, PushEvent.ENDED, reason=PushReason.TOO_OLD))
    if push.state is PushState.ACCEPTED:
        return _put_off(push, now + ACCEPTED_LOOK)
    account, mandate = records.account(push.account_no), records.books.mandate(push.account_no)
    if mandate is None or mandate.state is not MandateState.ACTIVE or mandate.bank_code != push.bank_code:
        return _ended(moved(push, PushEvent.ENDED, reason=PushReason.MANDATE_ENDED))
    if account is None or not _is_payable(account):
        return _ended(moved(push, PushEvent.ENDED, reason=PushReason.NOT_PAYABLE))
    if _must_wait(account, records.unsettled_bills(push.account_no), context):
        return _put_off(push, now + PUT_OFF)
    return _claimed(push, bill, account, mandate, owner, context)


def release(claimed: Claimed, records: WorkingSet, context: Context) -> Decision:
    """Give a claimed push back that was certainly not sent, unless it has moved since."""
    if records.books.push(claimed.push.bill_no) != claimed.push:
        return Decision(None)
    due_at = context.moment.now + LEASE
    return Decision(None, Changes(pushes=(replace(claimed.before, owner="", due_at=due_at),)))


def doubt(claimed: Claimed, reason: PushReason, records: WorkingSet, _context: Context) -> Decision:
    """Leave a claimed push to a person."""
    push = records.books.push(claimed.push.bill_no)
    if push != claimed.push:
        return Decision(None)
    return _ended(moved(push, PushEvent.DOUBTED, reason=reason))


def _begun_at(push: Push) -> datetime:
    """Return since when its time runs: the bank that has accepted it has as long again."""
    return push.pushed_at if push.state is PushState.ACCEPTED and push.pushed_at is not None else push.created_at


def _is_payable(account: Account) -> bool:
    return (
        account.state is AccountState.ACTIVE
        and account.collect_mode is not CollectMode.CARD
        and not account.pay_at_utility
    )


def _must_wait(account: Account, unsettled: Sequence[Bill], context: Context) -> bool:
    window = context.rules.pay_windows.get(account.supply_branch)
    is_outside = window is not None and not window.contains(context.moment.now)
    return is_outside or any(bill.state is BillState.IN_DEBIT for bill in unsettled)


def _ended(push: Push) -> Decision:
    return Decision(Ended(push), Changes(pushes=(push,)))


def _put_off(push: Push, due_at: datetime) -> Decision:
    return Decision(None, Changes(pushes=(replace(push, owner="", due_at=due_at),)))


def _claimed(push: Push, bill: Bill, account: Account, mandate: Mandate, owner: str, context: Context) -> Decision:
    now = context.moment.now
    fee_fen = push.late_fee_fen
    is_first = fee_fen is None
    if fee_fen is None:
        fee_fen = late_fee(bill.principal_fen, account.user_class, bill.due_date, now.date(), context.rules.late_fee)
    claimed = moved(
        push,
        PushEvent.PUSHED,
        fep_serial=push.fep_serial or promised(context.moment.fep_serial, "fep_serial"),
        late_fee_fen=fee_fen,
        name=mandate.name or account.name if is_first else push.name,
        passbook=mandate.passbook if is_first else push.passbook,
        pushed_at=now,
        due_at=now + min(LEASE * 2 ** min(push.tries, 10), LONGEST_WAIT),
        tries=push.tries + 1,
        owner=owner,
    )
    return Decision(Claimed(_request(claimed, bill), claimed, push), Changes(pushes=(claimed,)))


def _request(push: Push, bill: Bill) -> PushRequest:
    return PushRequest(
        account_no=push.account_no,
        name=push.name,
        passbook=push.passbook,
        month=bill.month,
        seq=bill.seq,
        bill_no=bill.bill_no,
        principal_fen=bill.principal_fen,
        late_fee_fen=promised(push.late_fee_fen, "late fee of a claimed push"),
        due_date=bill.due_date,
    )
