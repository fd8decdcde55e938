"""PAY 交费: settle all that is owed, exactly, or deposit and settle whole bills, oldest first."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from dbgate.books.records import Push
from dbgate.changes import LimitUse
from dbgate.records import Account, CollectMode, LimitKey, Payment
from dbgate.work import Decision, Needs
from dbgate.working_set import WorkingSet
from handlers import pushed_debit
from handlers.checks import payable_account
from handlers.dues import Due, Dues, dues_on
from handlers.errors import Refusal
from handlers.journal import answer_of
from handlers.posting import changes_of, posted
from handlers.pushed_fees import settled_pushes, with_pushed_fees
from handlers.requests import body_of, identity_of, promised
from handlers.terms import AMOUNT_CEILING_FEN, BankTerms, Context
from protocol.canonical.business import ListedBill, PayRequest
from protocol.canonical.codes import PayMode
from protocol.canonical.messages import Request
from protocol.response_codes import ResponseCode


def needs(request: Request, terms: BankTerms, _today: date) -> Needs:
    """Return the account with its bills, the own identity, and the numbers to be drawn."""
    body = body_of(request, PayRequest)
    head = request.head
    return Needs(
        head.bank_code,
        account_no=body.account_no,
        own=identity_of(request),
        limit_channel=head.channel if head.channel in terms.daily_limit_fen else None,
        serial=True,
        invoice=body.print_invoice,
        pushing=head.channel == pushed_debit.CHANNEL,
    )


def decide(request: Request, records: WorkingSet, context: Context) -> Decision:
    """Return the payment, or refuse it for the first reason in the order of the wire specification."""
    body = body_of(request, PayRequest)
    if body.reference is not None:
        _check_reference(request, body.reference, context)
    unsettled = records.unsettled_bills(body.account_no)
    account = payable_account(
        records.account(body.account_no), unsettled, body.amount_fen, request.head.channel, context
    )
    dues = dues_on(context.moment.now.date(), unsettled, account.user_class, context.rules.late_fee)
    pushes: Sequence[Push] = ()
    if request.head.channel == pushed_debit.CHANNEL:
        pushes = records.books.pushes_of(body.account_no)
        dues = with_pushed_fees(dues, pushes, request.head.bank_code)
    payable_fen = dues.payable_fen(account.balance_fen)
    if 0 <= body.expected_payable_fen != payable_fen or not _lists_what_is_due(body.bills, dues):
        raise _amount_differs(body, payable_fen)
    items: Sequence[Due]
    if body.mode is PayMode.SETTLE:
        if payable_fen == 0:
            raise Refusal(ResponseCode.NOTHING_TO_PAY)
        if body.amount_fen != payable_fen:
            raise _amount_differs(body, payable_fen)
        items = dues.items
    else:
        items = dues.reached_by(account.balance_fen + body.amount_fen)
    payment = _payment(request, body, account, dues, items, context)
    if payment.balance_after_fen > AMOUNT_CEILING_FEN:
        raise Refusal(ResponseCode.AMOUNT_OUTSIDE_LIMITS)
    uses = _limit_uses(request, body.amount_fen, payment.clearing_date, records, context)
    changes = changes_of(payment, account, items, uses)
    if pushes:
        changes = replace(changes, pushes=settled_pushes(pushes, items))
    return Decision(answer_of(payment), changes)


def _check_reference(request: Request, reference: int, context: Context) -> None:
    """Refuse what goes back to no query of late: the amounts may have changed since."""
    body, references = body_of(request, PayRequest), context.rules.query_references
    if not references.is_current(reference, request.head.bank_code, body.account_no, context.moment.now):
        raise Refusal(ResponseCode.AMOUNT_DIFFERS)


def _amount_differs(body: PayRequest, payable_fen: int) -> Refusal:
    return Refusal(ResponseCode.AMOUNT_DIFFERS, is_short=body.amount_fen < payable_fen)


def _lists_what_is_due(listed: Sequence[ListedBill] | None, dues: Dues) -> bool:
    """Tell whether a list, if there is one, is exactly what is unsettled, with the late fees of today."""
    if listed is None or not dues.items:
        return True
    unsettled = sorted((bill.bill_no, bill.principal_fen + fee) for bill, fee in dues.items)
    return sorted((bill.bill_no, bill.amount_fen) for bill in listed) == unsettled


def _payment(
    request: Request, body: PayRequest, account: Account, dues: Dues, items: Sequence[Due], context: Context
) -> Payment:
    head = request.head
    settled_fen = sum([bill.principal_fen + fee for bill, fee in items])
    return posted(
        account,
        body.amount_fen,
        items,
        dues.total_fen - settled_fen,
        context.moment,
        identity=identity_of(request),
        channel=head.channel,
        instrument=int(body.instrument),
        digest=request.digest,
        branch_code=head.branch_code,
        teller_id=head.teller_id,
        invoice_no=_invoice_no(body, account, context),
    )


def _invoice_no(body: PayRequest, account: Account, context: Context) -> str:
    """Return the invoice number if the bank is to print at once; of direct debits the utility prints."""
    if not body.print_invoice or account.collect_mode is CollectMode.DEBIT:
        return ""
    return promised(context.moment.invoice_no, "invoice number")


def _limit_uses(
    request: Request, amount_fen: int, clearing_date: date, records: WorkingSet, context: Context
) -> tuple[LimitUse, ...]:
    """Return the use of the channel's daily limit, if it has one and it is not exceeded."""
    channel = request.head.channel
    limit_fen = context.bank.daily_limit_fen.get(channel)
    if limit_fen is None:
        return ()
    key = LimitKey(request.head.bank_code, channel, clearing_date)
    if records.limit_used(key) + amount_fen > limit_fen:
        raise Refusal(ResponseCode.AMOUNT_OUTSIDE_LIMITS)
    return (LimitUse(key, amount_fen, limit_fen),)
