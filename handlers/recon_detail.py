"""RECON_DETAIL 对明细: what counts in a closed clearing date, a page at a time."""

from datetime import date

from dbgate.records import DaySlice, DetailRow
from dbgate.work import Decision, Needs
from dbgate.working_set import WorkingSet
from handlers.answers import approved
from handlers.bank_view import MONEY_REQUESTS, ORIGINAL_STATES
from handlers.errors import Refusal
from handlers.recon_day import is_closed
from handlers.requests import body_of
from handlers.terms import BankTerms, Context
from protocol.canonical import reconciliation
from protocol.canonical.messages import Request
from protocol.canonical.reconciliation import DetailReply, DetailRequest
from protocol.response_codes import ResponseCode


def needs(request: Request, _terms: BankTerms, _today: date) -> Needs:
    """Return the page's slice of the day; all rows of a day may be too many for one answer."""
    return Needs(request.head.bank_code, details=_slice(body_of(request, DetailRequest)))


def decide(request: Request, records: WorkingSet, context: Context) -> Decision:
    """Return the rows of the page; a day that is still open has none yet, for they would move from page to page."""
    body = body_of(request, DetailRequest)
    bank_code = request.head.bank_code
    if not is_closed(body.clearing_date, bank_code, records):
        raise Refusal(ResponseCode.DATE_STILL_OPEN)
    details = records.details(bank_code, _slice(body))
    assert details is not None, "a closed day has details"
    rows = tuple(map(_row, details.rows))
    return approved(DetailReply(body.clearing_date, details.row_count, body.page.number, rows), context)


def _slice(body: DetailRequest) -> DaySlice:
    return DaySlice(body.clearing_date, body.page.first_row, body.page.rows_max)


def _row(stored: DetailRow) -> reconciliation.DetailRow:
    return reconciliation.DetailRow(
        bank_date=stored.identity.bank_date,
        bank_serial=stored.identity.bank_serial,
        fep_serial=stored.fep_serial,
        account_no=stored.account_no,
        amount_fen=stored.amount_fen,
        transaction=MONEY_REQUESTS[stored.movement],
        state=ORIGINAL_STATES[stored.state],
    )
