"""REVERSE 冲正: the bank's system wants a payment of unknown outcome not to have been.

It is safe before, after and without its original: one that never arrived is kept out by a tombstone for ever.
"""

from dbgate.work import Decision
from dbgate.working_set import WorkingSet
from handlers import undo
from handlers.payment_state import Event
from handlers.terms import Context
from protocol.canonical.messages import Request

needs = undo.needs


def decide(request: Request, records: WorkingSet, context: Context) -> Decision:
    """Return that the payment is undone, never arrived or was undone before; refuse only what cannot be taken back."""
    return undo.decide(Event.REVERSE, request, records, context)
