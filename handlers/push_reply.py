"""BILL_PUSH 实时划拨, the bank's answer: accepted, debited or refused, and what becomes of the push."""

from dbgate.books.records import Push
from dbgate.changes import Changes
from dbgate.record import record
from dbgate.records import Identity, Payment
from dbgate.work import Decision, Needs
from dbgate.working_set import WorkingSet
from handlers import pushed_debit
from handlers.bill_push import ACCEPTED_LOOK
from handlers.push_state import PushEvent, moved
from handlers.requests import promised
from handlers.terms import Context
from protocol.canonical.codes import PushOutcome
from protocol.canonical.push import PushReply


@record
class Answered:
    """What has become of a push by the bank's answer.

    Attributes:
        is_news: this answer has moved it.
        posted: the payment that it has brought, None where it has brought none.
    """

    push: Push
    is_news: bool
    posted: Payment | None = None


def needs(push: Push, reply: PushReply) -> Needs:
    """Return the account, its pushes and, of a debit, its identity and the number of its payment."""
    own = debit_identity(push, reply) if reply.outcome is PushOutcome.DEBITED else None
    return Needs(push.bank_code, account_no=push.account_no, own=own, pushing=True, serial=own is not None)


def debit_identity(push: Push, reply: PushReply) -> Identity:
    """Return what names the bank's debit: it shares the space of the bank's own payments."""
    return Identity(push.bank_code, promised(reply.debit_date, "date of a debit"), reply.debit_serial)


def decide(bill_no: str, reply: PushReply, records: WorkingSet, context: Context) -> Decision:
    """Return ``Answered``, and what the answer changes."""
    push = promised(records.books.push(bill_no), "push that was answered")
    if reply.outcome is PushOutcome.DEBITED:
        changes = pushed_debit.changes_by(push, debit_identity(push, reply), reply, records, context)
    elif reply.outcome is PushOutcome.ACCEPTED:
        due_at = context.moment.now + ACCEPTED_LOOK
        changes = Changes(pushes=(moved(push, PushEvent.ACCEPTED, due_at=due_at),))
    else:
        changes = Changes(pushes=(moved(push, PushEvent.REFUSED, refusal=reply.refusal),))
    (now,) = changes.pushes
    return Decision(Answered(now, now != push, next(iter(changes.journal), None)), changes)
