"""Payment state 交易状态: the state machine of a payment, all of it, as a table.

Rule 1: a payment's state moves as this table says and nowhere else; it never moves back.
Rule 2: what stands under an identity decides, not what the bank believes: REVERSE is safe before, after and without its
original, and a PAY that comes after its REVERSE is refused for ever.
Rule 3: ADJUST is an undo that two operators have agreed on (调账), of a day that is over; banks cannot ask for it.

::

                 PAY             CANCEL, ADJUST
    (absent) ───────────▶ POSTED ───────────────▶ CANCELLED
        │                   │  ◀─ PAY: a repeat
        │ REVERSE           │ REVERSE
        ▼                   ▼
    REVERSED_BEFORE_     REVERSED
    ARRIVAL

The three states at the ends are final: PAY is refused there (2010), CANCEL too (2008), REVERSE is answered with
outcome 3 and changes nothing. CANCEL of what is absent is refused (2007). ADJUST is refused where CANCEL is.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from dbgate.records import PaymentState
from protocol.canonical.codes import UndoOutcome
from protocol.response_codes import ResponseCode


class Event(Enum):
    """What can happen to a payment."""

    PAY = "pay"
    CANCEL = "cancel"
    REVERSE = "reverse"
    ADJUST = "adjust"


class Step(NamedTuple):
    """Where an event leads; ``outcome`` is that of the undo, which a bank is told of its own, None for a PAY."""

    state: PaymentState
    outcome: UndoOutcome | None


ABSENT = None
"""The state of a payment of which nothing is in the journal."""

_POSTED = PaymentState.POSTED
_CANCELLED = PaymentState.CANCELLED
_REVERSED = PaymentState.REVERSED
_BEFORE_ARRIVAL = PaymentState.REVERSED_BEFORE_ARRIVAL

STEPS: Mapping[tuple[PaymentState | None, Event], Step | ResponseCode] = MappingProxyType(
    {
        (ABSENT, Event.PAY): Step(_POSTED, None),
        (_POSTED, Event.PAY): Step(_POSTED, None),
        (_CANCELLED, Event.PAY): ResponseCode.REVERSED,
        (_REVERSED, Event.PAY): ResponseCode.REVERSED,
        (_BEFORE_ARRIVAL, Event.PAY): ResponseCode.REVERSED,
        (ABSENT, Event.CANCEL): ResponseCode.ORIGINAL_NOT_FOUND,
        (_POSTED, Event.CANCEL): Step(_CANCELLED, UndoOutcome.UNDONE),
        (_CANCELLED, Event.CANCEL): ResponseCode.ALREADY_UNDONE,
        (_REVERSED, Event.CANCEL): ResponseCode.ALREADY_UNDONE,
        (_BEFORE_ARRIVAL, Event.CANCEL): ResponseCode.ALREADY_UNDONE,
        (ABSENT, Event.REVERSE): Step(_BEFORE_ARRIVAL, UndoOutcome.NEVER_ARRIVED),
        (_POSTED, Event.REVERSE): Step(_REVERSED, UndoOutcome.UNDONE),
        (_CANCELLED, Event.REVERSE): Step(_CANCELLED, UndoOutcome.UNDONE_BEFORE),
        (_REVERSED, Event.REVERSE): Step(_REVERSED, UndoOutcome.UNDONE_BEFORE),
        (_BEFORE_ARRIVAL, Event.REVERSE): Step(_BEFORE_ARRIVAL, UndoOutcome.UNDONE_BEFORE),
        (ABSENT, Event.ADJUST): ResponseCode.ORIGINAL_NOT_FOUND,
        (_POSTED, Event.ADJUST): Step(_CANCELLED, UndoOutcome.UNDONE),
        (_CANCELLED, Event.ADJUST): ResponseCode.ALREADY_UNDONE,
        (_REVERSED, Event.ADJUST): ResponseCode.ALREADY_UNDONE,
        (_BEFORE_ARRIVAL, Event.ADJUST): ResponseCode.ALREADY_UNDONE,
    }
)
"""For each state and event where it leads, or the code with which it is refused."""
