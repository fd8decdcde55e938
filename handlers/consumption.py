"""CONSUMPTION 用电信息: the bills of an account in the last months, newest first."""

from datetime import date

from dbgate.records import Account, Bill
from dbgate.work import Decision, Needs
from dbgate.working_set import WorkingSet
from handlers.answers import approved
from handlers.bank_view import BILL_STATES
from handlers.history import account_of, loaded_since, month_of, shown_since
from handlers.requests import body_of
from handlers.terms import BankTerms, Context
from protocol.canonical.business import ConsumptionReply, ConsumptionRow, HistoryRequest
from protocol.canonical.messages import Request


def needs(request: Request, _terms: BankTerms, today: date) -> Needs:
    """Return the account and all its bills since then, with the movements that settled them."""
    body = body_of(request, HistoryRequest)
    since = month_of(loaded_since(body, today))
    return Needs(request.head.bank_code, account_no=body.account_no, bills_since=since)


def decide(request: Request, records: WorkingSet, context: Context) -> Decision:
    """Return one row for each bill, with the balance before and after the movement that settled it."""
    body = body_of(request, HistoryRequest)
    since = month_of(shown_since(body, context.moment.now.date()))
    account = account_of(body, records)
    newest_first = reversed(records.bills_of(account.account_no))
    rows = [_row(bill, account, records) for bill in newest_first if bill.month >= since]
    return approved(ConsumptionReply(account.account_no, account.name, body.page, tuple(rows)), context)


def _row(bill: Bill, account: Account, records: WorkingSet) -> ConsumptionRow:
    before_fen, after_fen = _balances_fen(bill, account, records)
    return ConsumptionRow(
        month=bill.month,
        seq=bill.seq,
        energy_centikwh=bill.energy_centikwh,
        amount_fen=bill.principal_fen,
        balance_before_fen=before_fen,
        balance_after_fen=after_fen,
        state=BILL_STATES[bill.state],
    )


def _balances_fen(bill: Bill, account: Account, records: WorkingSet) -> tuple[int, int]:
    """Return the balance before and after the bill was settled; both are the present one while it is not."""
    movement = None if bill.settled_by is None else records.payment_by_serial(bill.settled_by)
    if movement is None:
        return account.balance_fen, account.balance_fen
    return movement.balance_after_fen - movement.balance_change_fen, movement.balance_after_fen
