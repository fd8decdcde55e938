"""The payment's state machine 交易状态机: the full product of states and events."""

from itertools import product

import pytest

from dbgate.records import PaymentState
from handlers.payment_state import ABSENT, STEPS, Event
from protocol.canonical.codes import UndoOutcome
from protocol.response_codes import ResponseCode

# By hand from the wire specification, 2002, 2003, 2004 and section 5: where it leads and the outcome, or the refusal.
# An adjustment of operators may do what a teller's CANCEL may.
EXPECTED = {
    ("absent", "pay"): ("posted", None),
    ("absent", "cancel"): "2007",
    ("absent", "reverse"): ("reversed_before_arrival", 2),
    ("absent", "adjust"): "2007",
    ("posted", "pay"): ("posted", None),
    ("posted", "cancel"): ("cancelled", 1),
    ("posted", "reverse"): ("reversed", 1),
    ("posted", "adjust"): ("cancelled", 1),
    ("cancelled", "pay"): "2010",
    ("cancelled", "cancel"): "2008",
    ("cancelled", "reverse"): ("cancelled", 3),
    ("cancelled", "adjust"): "2008",
    ("reversed", "pay"): "2010",
    ("reversed", "cancel"): "2008",
    ("reversed", "reverse"): ("reversed", 3),
    ("reversed", "adjust"): "2008",
    ("reversed_before_arrival", "pay"): "2010",
    ("reversed_before_arrival", "cancel"): "2008",
    ("reversed_before_arrival", "reverse"): ("reversed_before_arrival", 3),
    ("reversed_before_arrival", "adjust"): "2008",
}
STATES = (ABSENT, *PaymentState)


@pytest.mark.parametrize(("state", "event"), list(product(STATES, Event)), ids=str)
def test_every_state_and_event(state: PaymentState | None, event: Event) -> None:
    """Whatever happens to a payment in whatever state leads where the specification says."""
    step = STEPS[state, event]
    actual = step.value if isinstance(step, ResponseCode) else (step.state.value, step.outcome)
    assert EXPECTED["absent" if state is ABSENT else state.value, event.value] == actual


def test_whole() -> None:
    """The table has the full product and nothing else."""
    assert set(product(STATES, Event)) == set(STEPS)


def test_never_back() -> None:
    """No event leads out of a final state, and only an undo that takes effect says so."""
    for (state, event), step in STEPS.items():
        if isinstance(step, ResponseCode):
            continue
        if state not in {ABSENT, PaymentState.POSTED}:
            assert step.state is state
        is_undone = state is PaymentState.POSTED and event is not Event.PAY
        assert (step.outcome is UndoOutcome.UNDONE) is is_undone
