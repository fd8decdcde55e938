"""Journal 交费流水: what stands under a request's own identity is answered again, whatever else has changed since.

The reply to a money request is a function of its row alone, the first time as well as every later one, so that a
repeat cannot differ from the first reply.
"""

from dbgate.records import Movement, Payment
from dbgate.work import Decision
from dbgate.working_set import WorkingSet
from handlers.errors import Refusal
from handlers.payment_state import STEPS, Event
from handlers.requests import identity_of, promised
from handlers.terms import Context
from protocol.canonical.business import PayReply, UndoReply
from protocol.canonical.codes import UndoOutcome
from protocol.canonical.messages import Answer, Request
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction

_PAYMENT_OR_TOMBSTONE = frozenset({Movement.PAY, Movement.TOMBSTONE})


def replayed(request: Request, records: WorkingSet, _context: Context) -> Decision | None:
    """Return the first reply again if ``request`` is a repeat, None if its identity is unused.

    Raises:
        Refusal: REVERSED when it is a PAY and the PAY under its identity has been undone since, or a tombstone stands
            there, whatever its content; DUPLICATE_SERIAL when the identity holds any other content.
    """
    own = records.payment(identity_of(request))
    if own is None:
        return None
    if request.transaction is Transaction.PAY and own.movement in _PAYMENT_OR_TOMBSTONE:
        step = STEPS[own.state, Event.PAY]
        if isinstance(step, ResponseCode):
            raise Refusal(step)
    if own.digest != request.digest:
        raise Refusal(ResponseCode.DUPLICATE_SERIAL)
    return Decision(answer_of(own, repeat=True))


def answer_of(payment: Payment, *, repeat: bool = False) -> Answer:
    """Return the answer to the money request that made this row, with its own number and clearing date."""
    return Answer(ResponseCode.APPROVED, reply_of(payment), repeat, payment.fep_serial, payment.clearing_date)


def reply_of(payment: Payment) -> PayReply | UndoReply:
    """Return the reply that this row of PAY, CANCEL or REVERSE stands for; no other row answers a request."""
    if payment.movement is Movement.PAY:
        return _pay_reply(payment)
    return UndoReply(
        account_no=payment.account_no,
        amount_fen=payment.amount_fen,
        original_fep_serial=payment.original_fep_serial,
        balance_after_fen=payment.balance_after_fen,
        due_after_fen=payment.due_after_fen,
        outcome=UndoOutcome(promised(payment.outcome, "outcome of an undo")),
    )


def serial_of(payment: Payment) -> int:
    """Return the number of a row that is no tombstone."""
    return promised(payment.fep_serial, "fep_serial of a posted row")


def _pay_reply(payment: Payment) -> PayReply:
    return PayReply(
        account_no=payment.account_no,
        name=payment.account_name,
        amount_fen=payment.amount_fen,
        settled_principal_fen=payment.settled_principal_fen,
        settled_late_fee_fen=payment.settled_late_fee_fen,
        balance_change_fen=payment.balance_change_fen,
        balance_after_fen=payment.balance_after_fen,
        due_after_fen=payment.due_after_fen,
        settled_count=payment.settled_count,
        invoice_no=payment.invoice_no,
        first_month=payment.first_month,
        last_month=payment.last_month,
    )
