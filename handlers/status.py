"""STATUS 交易结果查询: what became of a money request."""

from datetime import date

from dbgate.books.states import DifferenceState
from dbgate.records import Movement, Payment
from dbgate.work import Decision, Needs
from dbgate.working_set import WorkingSet
from handlers.answers import approved
from handlers.bank_view import MONEY_REQUESTS, ORIGINAL_STATES
from handlers.errors import Refusal
from handlers.requests import body_of, original_of
from handlers.terms import BankTerms, Context
from protocol.canonical.business import StatusReply, StatusRequest
from protocol.canonical.codes import OriginalState, Reconciled
from protocol.canonical.messages import Request
from protocol.response_codes import ResponseCode

_STANDING = frozenset({DifferenceState.OPEN, DifferenceState.PROPOSED})


def needs(request: Request, _terms: BankTerms, _today: date) -> Needs:
    """Return the original, which stands with the account that it names."""
    body = body_of(request, StatusRequest)
    return Needs(
        request.head.bank_code, routed_by=body.account_no, original=original_of(request, body), reconciled=True
    )


def decide(request: Request, records: WorkingSet, context: Context) -> Decision:
    """Return the state of the original. UNKNOWN is an answer too, and not final: only REVERSE makes it final."""
    body = body_of(request, StatusRequest)
    original = records.payment(original_of(request, body))
    if original is None:
        return approved(_unknown(body), context)
    if original.account_no != body.account_no:
        raise Refusal(ResponseCode.ORIGINAL_DIFFERS)
    return approved(_known(original, _reconciled(original, records)), context)


def _unknown(body: StatusRequest) -> StatusReply:
    return StatusReply(
        original_txn=None,
        state=OriginalState.UNKNOWN,
        account_no=body.account_no,
        amount_fen=0,
        original_fep_serial=None,
        clearing_date=None,
        reconciled=Reconciled.NO,
    )


def _reconciled(original: Payment, records: WorkingSet) -> Reconciled:
    """Return what the books say; what is carried to the other side's day is not reconciled yet."""
    states = records.books.difference_states(original.identity)
    if not _STANDING.isdisjoint(states):
        return Reconciled.DIFFERENCE
    batch_no = records.books.batch_no(original.identity.bank_code, original.counted_date)
    return Reconciled.NO if batch_no is None or DifferenceState.CARRIED in states else Reconciled.YES


def _known(original: Payment, reconciled: Reconciled) -> StatusReply:
    """Return the original as it stands; what never arrived was never cleared, so a tombstone shows no clearing date."""
    return StatusReply(
        original_txn=MONEY_REQUESTS[original.movement],
        state=ORIGINAL_STATES[original.state],
        account_no=original.account_no,
        amount_fen=original.amount_fen,
        original_fep_serial=original.fep_serial,
        clearing_date=None if original.movement is Movement.TOMBSTONE else original.clearing_date,
        reconciled=Reconciled.NO if original.movement is Movement.TOMBSTONE else reconciled,
    )
