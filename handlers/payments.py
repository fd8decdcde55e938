"""PAYMENTS 交费记录: the payments of an account in the last months, newest first."""

from datetime import date

from dbgate.records import Payment
from dbgate.work import Decision, Needs
from dbgate.working_set import WorkingSet
from handlers.answers import approved
from handlers.bank_view import ORIGINAL_STATES
from handlers.history import account_of, loaded_since, shown_since
from handlers.journal import serial_of
from handlers.requests import body_of
from handlers.terms import BankTerms, Context
from protocol.canonical.business import HistoryRequest, PaymentRow, PaymentsReply
from protocol.canonical.messages import Request


def needs(request: Request, _terms: BankTerms, today: date) -> Needs:
    """Return the account and its payments since then."""
    body = body_of(request, HistoryRequest)
    return Needs(request.head.bank_code, account_no=body.account_no, payments_since=loaded_since(body, today))


def decide(request: Request, records: WorkingSet, context: Context) -> Decision:
    """Return one row for each PAY, undone ones with their state; what is no PAY has none."""
    body = body_of(request, HistoryRequest)
    since = shown_since(body, context.moment.now.date())
    account = account_of(body, records)
    rows = [_row(payment) for payment in records.payments_of(account.account_no) if payment.created_at.date() >= since]
    return approved(PaymentsReply(account.account_no, account.name, body.page, tuple(rows)), context)


def _row(payment: Payment) -> PaymentRow:
    return PaymentRow(
        date=payment.created_at.date(),
        time=payment.created_at.time(),
        channel=payment.channel,
        amount_fen=payment.amount_fen,
        fep_serial=serial_of(payment),
        bank_code=payment.identity.bank_code,
        state=ORIGINAL_STATES[payment.state],
        balance_after_fen=payment.balance_after_fen,
    )
