"""RECON_TOTALS 对总账: the bank's totals of a clearing date against ours."""

from datetime import date

from dbgate.records import DayTotals
from dbgate.work import Decision, Needs
from dbgate.working_set import WorkingSet
from handlers.answers import approved
from handlers.recon_day import is_closed
from handlers.requests import body_of
from handlers.terms import BankTerms, Context
from protocol.canonical.codes import TotalsResult
from protocol.canonical.messages import Request
from protocol.canonical.reconciliation import Totals, TotalsReply, TotalsRequest

_NO_BATCH = 0


def needs(request: Request, _terms: BankTerms, _today: date) -> Needs:
    """Return the totals of the clearing date, and whether it has been reconciled."""
    day = body_of(request, TotalsRequest).clearing_date
    return Needs(request.head.bank_code, totals_of=day, reconciliation_of=day)


def decide(request: Request, records: WorkingSet, context: Context) -> Decision:
    """Return our totals and how they compare; those of the open day are what it has so far, and not compared."""
    body = body_of(request, TotalsRequest)
    bank_code = request.head.bank_code
    was_closed = is_closed(body.clearing_date, bank_code, records)
    ours = _totals(records.totals(bank_code, body.clearing_date))
    if was_closed:
        result = TotalsResult.BALANCED if ours == body.totals else TotalsResult.NOT_BALANCED
    else:
        result = TotalsResult.STILL_OPEN
    batch_no = records.books.batch_no(bank_code, body.clearing_date)
    return approved(TotalsReply(body.clearing_date, result, ours, batch_no or _NO_BATCH), context)


def _totals(stored: DayTotals) -> Totals:
    return Totals(
        pay_count=stored.pay_count,
        pay_amount_fen=stored.pay_amount_fen,
        cancel_count=stored.cancel_count,
        cancel_amount_fen=stored.cancel_amount_fen,
        reverse_count=stored.reverse_count,
        reverse_amount_fen=stored.reverse_amount_fen,
    )
