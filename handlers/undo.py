"""Undo 撤销与冲正: what CANCEL and REVERSE share; ``handlers.payment_state`` says where they differ.

A tombstone stands for a PAY that was undone before it arrived, with the account and amount that its REVERSE gave. So
it meets the checks of any original, in their order: another account or amount is 2013, else it is undone before.
"""

from dataclasses import replace
from datetime import date
from typing import NamedTuple

from dbgate.changes import Changes, LimitUse
from dbgate.records import Account, Bill, Identity, LimitKey, Movement, Payment, PaymentState
from dbgate.work import Decision, Needs
from dbgate.working_set import WorkingSet
from handlers.dues import dues_on
from handlers.errors import Refusal
from handlers.journal import answer_of, serial_of
from handlers.payment_state import ABSENT, STEPS, Event
from handlers.requests import body_of, identity_of, original_of, promised
from handlers.terms import BankTerms, Context
from handlers.versions import in_state, reopened, with_balance
from protocol.canonical.business import UndoRequest
from protocol.canonical.codes import UndoOutcome
from protocol.canonical.messages import Request
from protocol.response_codes import ResponseCode

_MOVEMENTS = {Event.CANCEL: Movement.CANCEL, Event.REVERSE: Movement.REVERSE, Event.ADJUST: Movement.CANCEL}


class Effect(NamedTuple):
    """What an undo does to the account; the account is as it stands afterwards, None when there is none."""

    account: Account | None
    balance_change_fen: int = 0
    reopened: tuple[Bill, ...] = ()
    limit_uses: tuple[LimitUse, ...] = ()


def needs(request: Request, _terms: BankTerms, _today: date) -> Needs:
    """Return the account as the request names it, own identity, original and a number.

    An original of another account is refused, so the account that is locked is the one that is touched.
    """
    body = body_of(request, UndoRequest)
    return Needs(
        request.head.bank_code,
        account_no=body.account_no or None,
        own=identity_of(request),
        original=original_of(request, body),
        serial=True,
    )


def decide(event: Event, request: Request, records: WorkingSet, context: Context) -> Decision:
    """Return what ``event`` does to its original, or refuse it for the first reason in the specified order."""
    body = body_of(request, UndoRequest)
    named = original_of(request, body)
    if named == identity_of(request):
        raise Refusal(ResponseCode.FORMAT_ERROR)
    original = records.payment(named)
    if original is not None:
        _require_same(original, body)
    step = STEPS[ABSENT if original is None else original.state, event]
    if isinstance(step, ResponseCode):
        raise Refusal(step)
    effect = Effect(records.account(body.account_no))
    if original is not None and step.outcome is UndoOutcome.UNDONE:
        _require_same_day(original, context)
        effect = taken_back(original, records, context)
    outcome = promised(step.outcome, "outcome of an undo")
    row = undo_row(event, request, body, original, outcome, effect, records, context)
    journal: tuple[Payment, ...] = (row,)
    if original is None:
        journal = (row, _tombstone(named, row, step.state))
    elif original.state is not step.state:
        journal = (row, in_state(original, step.state))
    accounts = (effect.account,) if effect.account is not None and effect.balance_change_fen else ()
    return Decision(answer_of(row), Changes(accounts, effect.reopened, journal, limit_uses=effect.limit_uses))


def _require_same(original: Payment, body: UndoRequest) -> None:
    """Refuse an original that is no PAY, or one of another account or amount."""
    is_pay = original.movement in {Movement.PAY, Movement.TOMBSTONE}
    if not is_pay or (original.account_no, original.amount_fen) != (body.account_no, body.amount_fen):
        raise Refusal(ResponseCode.ORIGINAL_DIFFERS)


def _require_same_day(original: Payment, context: Context) -> None:
    """Refuse what belongs to another clearing date; an adjustment belongs to the day that it mends, which is over."""
    if original.clearing_date != context.moment.clearing_date or original.mends_date is not None:
        raise Refusal(ResponseCode.OTHER_CLEARING_DATE)


def taken_back(original: Payment, records: WorkingSet, context: Context) -> Effect:
    """Return the account and its bills as they were without ``original``.

    Raises:
        Refusal: BALANCE_USED when the balance would be negative.
    """
    account = promised(records.account(original.account_no), "account of the original")
    balance_fen = account.balance_fen - original.balance_change_fen
    if balance_fen < 0:
        raise Refusal(ResponseCode.BALANCE_USED)
    serial = serial_of(original)
    bills = [_settled_bill(allocation.bill_no, serial, records) for allocation in records.allocations(serial)]
    return Effect(
        with_balance(account, balance_fen),
        -original.balance_change_fen,
        tuple([reopened(bill) for bill in bills]),
        _limit_uses(original, context),
    )


def _settled_bill(bill_no: str, serial: int, records: WorkingSet) -> Bill:
    """Return the bill, which only the original can have settled: anything else would reopen what another one paid."""
    bill = promised(records.bill(bill_no), "bill of the original")
    if bill.settled_by != serial:
        raise AssertionError(f"bill {bill_no} is not settled by movement {serial}")
    return bill


def _limit_uses(original: Payment, context: Context) -> tuple[LimitUse, ...]:
    """Return what the original's daily limit gets back, if its channel has one."""
    if original.channel not in context.bank.daily_limit_fen:
        return ()
    key = LimitKey(original.identity.bank_code, original.channel, original.clearing_date)
    return (LimitUse(key, -original.amount_fen, None),)


def _due_after_fen(effect: Effect, body: UndoRequest, records: WorkingSet, context: Context) -> int:
    """Return all that is unsettled afterwards, reopened bills with the late fee of today; 0 without an account."""
    if effect.account is None:
        return 0
    unsettled = [*records.unsettled_bills(body.account_no), *effect.reopened]
    dues = dues_on(context.moment.now.date(), unsettled, effect.account.user_class, context.rules.late_fee)
    return dues.total_fen


def undo_row(
    event: Event,
    request: Request,
    body: UndoRequest,
    original: Payment | None,
    outcome: UndoOutcome,
    effect: Effect,
    records: WorkingSet,
    context: Context,
) -> Payment:
    """Return the undo's own row; account and amount stand in it as they were given."""
    head, moment = request.head, context.moment
    return Payment(
        identity=identity_of(request),
        fep_serial=promised(moment.fep_serial, "fep_serial"),
        movement=_MOVEMENTS[event],
        state=PaymentState.POSTED,
        account_no=body.account_no,
        account_name="" if effect.account is None else effect.account.name,
        amount_fen=body.amount_fen,
        settled_principal_fen=0,
        settled_late_fee_fen=0,
        balance_change_fen=effect.balance_change_fen,
        balance_after_fen=0 if effect.account is None else effect.account.balance_fen,
        due_after_fen=_due_after_fen(effect, body, records, context),
        settled_count=0,
        first_month=None,
        last_month=None,
        invoice_no="",
        original=original_of(request, body),
        original_fep_serial=None if original is None else original.fep_serial,
        outcome=int(outcome),
        branch_code=head.branch_code,
        teller_id=head.teller_id,
        channel=head.channel,
        instrument=None,
        clearing_date=promised(moment.clearing_date, "clearing date"),
        created_at=moment.now,
        digest=request.digest,
        reason=body.reason,
    )


def _tombstone(named: Identity, reverse: Payment, state: PaymentState) -> Payment:
    """Return the row that keeps the original of ``reverse`` from ever being posted."""
    return replace(
        reverse,
        identity=named,
        fep_serial=None,
        movement=Movement.TOMBSTONE,
        state=state,
        original=None,
        outcome=None,
        digest="",
        reason=None,
    )
