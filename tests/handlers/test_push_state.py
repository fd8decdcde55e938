"""The state machine of a pushed bill: every state with every event."""

import pytest

from dbgate.books.states import PushState
from handlers.push_state import STEPS, PushEvent, moved
from tests.handlers.pushing import sent

W, A, D, R, S, E, X, P = (
    PushState.WAITING,
    PushState.ACCEPTED,
    PushState.DEBITED,
    PushState.REFUSED,
    PushState.SETTLED,
    PushState.EXPIRED,
    PushState.DEAD,
    PushState.DROPPED,
)
# Rows: states; columns in the order of PushEvent, from PUSHED to DROPPED; None: nothing changes.
TABLE = {
    W: (W, A, D, R, S, E, X, None, None),
    A: (None, None, D, None, S, E, X, None, None),
    D: (None, None, D, None, None, None, X, None, None),
    R: (None, None, D, None, None, None, X, None, None),
    S: (None, None, D, None, None, None, X, None, None),
    E: (None, None, D, None, None, None, X, None, None),
    X: (*(None,) * 7, W, P),
    P: (None, None, D, None, None, None, X, None, None),
}


@pytest.mark.parametrize("state", PushState)
@pytest.mark.parametrize("event", PushEvent)
def test_every_step(state: PushState, event: PushEvent) -> None:
    """The table says it all; an event that changes nothing leaves the push as it is, its owner too."""
    expected = TABLE[state][list(PushEvent).index(event)]
    assert STEPS.get((state, event)) is expected
    before = sent(state=state)
    after = moved(before, event, refusal="0001")
    if expected is None:
        assert after is before
    else:
        assert (after.state, after.owner, after.refusal) == (expected, "", "0001")
