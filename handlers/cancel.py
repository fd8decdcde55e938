"""CANCEL 撤销: a teller takes back a payment that is known to be posted."""

from dbgate.work import Decision
from dbgate.working_set import WorkingSet
from handlers import undo
from handlers.payment_state import Event
from handlers.terms import Context
from protocol.canonical.messages import Request

needs = undo.needs


def decide(request: Request, records: WorkingSet, context: Context) -> Decision:
    """Return the cancelled payment, or refuse: an original that is missing or already undone is the teller's error."""
    return undo.decide(Event.CANCEL, request, records, context)
