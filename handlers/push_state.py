"""Push state 划拨状态: the state machine of a pushed bill, all of it, as a table.

Rule 1: what the bank has debited is posted, whatever was believed before; DEAD alone moves by operators only.
Rule 2: only what WAITS is pushed; every other state is one that a bank's answer, the bill or the time has decided.

::

                 ┌─ PUSHED, no answer
                 ▼  │        ACCEPTED
    (loaded) ─▶ WAITING ───────────────────▶ ACCEPTED
                 │ │ │ DEBITED                │ │ DEBITED
                 │ │ └────────▶ DEBITED ◀─────┼─┘
                 │ │ REFUSED                  │
                 │ └──────────▶ REFUSED       │
                 │ BILL_SETTLED, ENDED        │ BILL_SETTLED, ENDED
                 └────────────▶ SETTLED, EXPIRED ◀┘

DEBITED leads from every state but DEAD to DEBITED: the money has come. DOUBTED leads from every state to DEAD. From
there operators lead on (``push_acts``): RETRIED to WAITING, DROPPED to DROPPED.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from types import MappingProxyType
from typing import Any

from dbgate.books.records import Push
from dbgate.books.states import PushState


class PushEvent(Enum):
    """What can happen to a push."""

    PUSHED = "pushed"
    ACCEPTED = "accepted"  # the bank will pay by itself
    DEBITED = "debited"
    REFUSED = "refused"
    BILL_SETTLED = "bill_settled"  # otherwise
    ENDED = "ended"  # it is not to be pushed any more
    DOUBTED = "doubted"  # a person must look at it
    RETRIED = "retried"  # by an operator
    DROPPED = "dropped"  # by operators


_S, _E = PushState, PushEvent

STEPS: Mapping[tuple[PushState, PushEvent], PushState] = MappingProxyType(
    {
        (_S.WAITING, _E.PUSHED): _S.WAITING,
        (_S.WAITING, _E.ACCEPTED): _S.ACCEPTED,
        (_S.WAITING, _E.REFUSED): _S.REFUSED,
        (_S.WAITING, _E.BILL_SETTLED): _S.SETTLED,
        (_S.WAITING, _E.ENDED): _S.EXPIRED,
        (_S.ACCEPTED, _E.BILL_SETTLED): _S.SETTLED,
        (_S.ACCEPTED, _E.ENDED): _S.EXPIRED,
        (_S.DEAD, _E.RETRIED): _S.WAITING,
        (_S.DEAD, _E.DROPPED): _S.DROPPED,
    }
    | {(state, _E.DEBITED): _S.DEBITED for state in PushState if state is not _S.DEAD}
    | {(state, _E.DOUBTED): _S.DEAD for state in PushState if state is not _S.DEAD}
)
"""For each state and event where it leads; what has no row changes nothing."""


def moved(push: Push, event: PushEvent, **changes: Any) -> Push:
    """Return ``push`` after ``event`` with ``changes``, owned by nobody; itself when the event changes nothing."""
    state = STEPS.get((push.state, event))
    if state is None:
        return push
    return replace(push, **{"state": state, "owner": "", **changes})
