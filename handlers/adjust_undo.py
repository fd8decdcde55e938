"""Undo by adjustment 冲销: a payment of a day that is over, which the bank does not have, is taken back.

As CANCEL does it, but on a later clearing date: its bills open again, and what it left as balance is taken off.
"""

from dataclasses import replace

from dbgate.changes import Changes
from dbgate.work import Decide, Decision, Moment
from dbgate.working_set import WorkingSet
from handlers.adjustment import (
    CHANNEL,
    Adjusted,
    Adjustment,
    Hindered,
    Hindrance,
    context_of,
    done_before,
    hindrance_of,
)
from handlers.errors import Refusal
from handlers.payment_state import STEPS, Event, Step
from handlers.requests import promised
from handlers.terms import Rules
from handlers.undo import taken_back, undo_row
from handlers.versions import in_state
from protocol.canonical.business import UndoRequest
from protocol.canonical.messages import Head, Request
from protocol.transactions import Transaction

_NO_REASON = 0
"""Of the wire; the operators' reason stands with the difference."""


def undo(adjustment: Adjustment, rules: Rules) -> Decide:
    """Return the decision that takes the payment back; it answers ``Adjusted`` or ``Hindered``."""

    def decide(records: WorkingSet, moment: Moment) -> Decision:
        before = done_before(adjustment, records)
        if before is not None:
            return Decision(before)
        hindered = hindrance_of(adjustment, records)
        return Decision(hindered) if hindered is not None else _undone(adjustment, records, rules, moment)

    return decide


def _undone(adjustment: Adjustment, records: WorkingSet, rules: Rules, moment: Moment) -> Decision:
    original = promised(records.payment(adjustment.bank_identity), "payment that stands")
    step = STEPS[original.state, Event.ADJUST]
    assert isinstance(step, Step), "what stands may be undone"
    context = context_of(adjustment, rules, moment)
    try:
        effect = taken_back(original, records, context)
    except Refusal:  # the one reason that is left: the balance would be negative
        return Decision(Hindered(Hindrance.BALANCE_USED, original.fep_serial))
    request, body = _request(adjustment, moment)
    outcome = promised(step.outcome, "outcome of an undo")
    row = undo_row(Event.ADJUST, request, body, original, outcome, effect, records, context)
    row = replace(row, mends_date=adjustment.mends_date)
    accounts = (effect.account,) if effect.account is not None and effect.balance_change_fen else ()
    changes = Changes(accounts, effect.reopened, (row, in_state(original, step.state)))
    return Decision(Adjusted(row.fep_serial, row.clearing_date), changes)


def _request(adjustment: Adjustment, moment: Moment) -> tuple[Request, UndoRequest]:
    """Return the undo as a bank would have asked for it, under an identity of its own."""
    bank_code, bank_date, bank_serial = adjustment.own_identity
    original = adjustment.bank_identity
    head = Head(bank_code, "", "", bank_date, moment.now.time(), CHANNEL, bank_serial)
    body = UndoRequest(
        original.bank_date, original.bank_serial, adjustment.account_no, adjustment.amount_fen, _NO_REASON
    )
    return Request(Transaction.CANCEL, head, body, adjustment.digest), body
