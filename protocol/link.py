"""State machine of a link 链路状态机: which requests a connection accepts, and when it ends.

    Rule 1: everything that decides about the state of a link lives in this file, as much as possible in the table.
    Rule 2: no keys, no I/O, no clock. The rim reports what happened, in the past tense, and carries out the actions.
    Rule 3: CLOSED is final, and the only state in which the session keys are gone: they belong to one connection.
    Rule 4: nothing is ever sent on the link's own account before the bank has proven that it holds the session keys.

                 SIGNED_IN                 SIGNED_OUT, DRAIN_ORDERED, PEER_FINISHED
    CONNECTED ─────────────▶ SIGNED_IN ───────────────────────────────────────────▶ DRAINING
        │                     │     ▲                                                  │
        │                     └─────┘ MAK_VERIFIED, AK_VERIFIED, IDLE_TIMED_OUT        │ LAST_REPLY_SENT
        │                     │                                                        │
        └─────────────────────┴──▶ CLOSED ◀────────────────────────────────────────────┘
             time-outs, third MAC failure in a row, length field out of bounds, connection lost

Requests are not events: :meth:`Link.refusal` says whether the present state serves one. When everything in flight has
been answered the link is CLOSED at once; CLOSE_GENTLY leaves it to the rim to half-close, read on for at most 5 s
(so that the last replies are not destroyed by a reset) and then close.
"""

from enum import Enum, auto
from types import MappingProxyType

from protocol.errors import EventUnexpected
from protocol.response_codes import ResponseCode
from protocol.transactions import LINK_TRANSACTIONS, Transaction

MAC_FAILURES_MAX = 3
"""The third in a row ends the connection: a line error is rare and passes, a wrong key or an attacker stays."""


class LinkState(Enum):
    """Where a connection stands."""

    __hash__ = object.__hash__  # by identity, as members compare; Enum's own is written in Python

    CONNECTED = "connected"  # 已连接: nobody is signed in
    SIGNED_IN = "signed_in"  # 已签到: session keys are given out
    DRAINING = "draining"  # 停止接入: what has begun is answered, no new business is taken
    CLOSED = "closed"  # 已关闭: nothing is answered any more


class LinkEvent(Enum):
    """What the rim reports."""

    __hash__ = object.__hash__  # by identity, as members compare; Enum's own is written in Python

    SIGNED_IN = auto()  # a sign-in has been approved
    AK_VERIFIED = auto()  # a sign-in or key exchange has verified, whatever is answered to it
    MAK_VERIFIED = auto()  # a frame of the bank has verified under a session MAK
    MAC_FAILED = auto()  # a MAC was wrong, or another bank's code was used
    SIGNED_OUT = auto()  # a sign-out has been approved
    DRAIN_ORDERED = auto()  # the operator, or the daemon that stops
    LAST_REPLY_SENT = auto()  # nothing is in flight any more; also reported when nothing was as DRAINING began
    PEER_FINISHED = auto()  # the bank has half-closed: it sends no more, but may still read
    SIGN_IN_TIMED_OUT = auto()  # 10 s after connecting
    FRAME_TIMED_OUT = auto()  # 10 s after a frame has begun
    IDLE_TIMED_OUT = auto()  # 60 s without a frame that verifies
    ECHO_TIMED_OUT = auto()  # 10 s more without one
    LENGTH_INVALID = auto()  # a length field out of bounds
    CONNECTION_LOST = auto()  # the transport has gone
    # made of the above by Link itself
    LAST_MAC_FAILED = auto()  # MAC_FAILED for the third time in a row
    UNPROVEN_AK_VERIFIED = auto()  # AK_VERIFIED before the bank has proven its keys
    UNPROVEN_IDLE = auto()  # IDLE_TIMED_OUT before the bank has proven its keys


class LinkAction(Enum):
    """What the rim has to do."""

    __hash__ = object.__hash__  # by identity, as members compare; Enum's own is written in Python

    STOP_SIGN_IN_TIMER = auto()
    RESTART_IDLE_TIMER = auto()  # and forget that an ECHO waits for its reply
    START_ECHO_TIMER = auto()
    STOP_TIMERS = auto()  # of sign-in, idleness and ECHO; that of a begun frame belongs to the frame
    SEND_ECHO = auto()
    RAISE_SECURITY_EVENT = auto()
    DISCARD_KEYS = auto()
    CLOSE = auto()  # after what has been written
    CLOSE_GENTLY = auto()  # half-close, read on and drop for at most 5 s, then close


_S, _E, _A = LinkState, LinkEvent, LinkAction

_CLOSE = (_S.CLOSED, (_A.STOP_TIMERS, _A.DISCARD_KEYS, _A.CLOSE))
_CLOSE_GENTLY = (_S.CLOSED, (_A.STOP_TIMERS, _A.DISCARD_KEYS, _A.CLOSE_GENTLY))
_CLOSE_ALARMED = (_S.CLOSED, (_A.STOP_TIMERS, _A.DISCARD_KEYS, _A.RAISE_SECURITY_EVENT, _A.CLOSE))
_GONE = (_S.CLOSED, (_A.STOP_TIMERS, _A.DISCARD_KEYS))
_DRAIN = (_S.DRAINING, (_A.STOP_TIMERS,))

TRANSITIONS = MappingProxyType(
    {
        # CONNECTED: nothing can be in flight, so an orderly end is an end at once
        (_S.CONNECTED, _E.SIGNED_IN): (_S.SIGNED_IN, (_A.STOP_SIGN_IN_TIMER, _A.RESTART_IDLE_TIMER)),
        (_S.CONNECTED, _E.UNPROVEN_AK_VERIFIED): (_S.CONNECTED, ()),
        (_S.CONNECTED, _E.MAC_FAILED): (_S.CONNECTED, ()),
        (_S.CONNECTED, _E.LAST_MAC_FAILED): _CLOSE_ALARMED,
        (_S.CONNECTED, _E.LAST_REPLY_SENT): (_S.CONNECTED, ()),
        (_S.CONNECTED, _E.DRAIN_ORDERED): _CLOSE_GENTLY,
        (_S.CONNECTED, _E.PEER_FINISHED): _CLOSE,
        (_S.CONNECTED, _E.SIGN_IN_TIMED_OUT): _CLOSE,
        (_S.CONNECTED, _E.FRAME_TIMED_OUT): _CLOSE,
        (_S.CONNECTED, _E.LENGTH_INVALID): _CLOSE,
        (_S.CONNECTED, _E.CONNECTION_LOST): _GONE,
        # SIGNED_IN: an unproven link sends no ECHO and nothing restarts its timer: closed 60 + 10 s after sign-in
        (_S.SIGNED_IN, _E.AK_VERIFIED): (_S.SIGNED_IN, (_A.RESTART_IDLE_TIMER,)),
        (_S.SIGNED_IN, _E.MAK_VERIFIED): (_S.SIGNED_IN, (_A.RESTART_IDLE_TIMER,)),
        (_S.SIGNED_IN, _E.UNPROVEN_AK_VERIFIED): (_S.SIGNED_IN, ()),
        (_S.SIGNED_IN, _E.IDLE_TIMED_OUT): (_S.SIGNED_IN, (_A.START_ECHO_TIMER, _A.SEND_ECHO)),
        (_S.SIGNED_IN, _E.UNPROVEN_IDLE): (_S.SIGNED_IN, (_A.START_ECHO_TIMER,)),
        (_S.SIGNED_IN, _E.ECHO_TIMED_OUT): _CLOSE,
        (_S.SIGNED_IN, _E.MAC_FAILED): (_S.SIGNED_IN, ()),
        (_S.SIGNED_IN, _E.LAST_MAC_FAILED): _CLOSE_ALARMED,
        (_S.SIGNED_IN, _E.LAST_REPLY_SENT): (_S.SIGNED_IN, ()),
        (_S.SIGNED_IN, _E.SIGNED_OUT): _DRAIN,
        (_S.SIGNED_IN, _E.DRAIN_ORDERED): _DRAIN,
        (_S.SIGNED_IN, _E.PEER_FINISHED): _DRAIN,
        (_S.SIGNED_IN, _E.FRAME_TIMED_OUT): _CLOSE,
        (_S.SIGNED_IN, _E.LENGTH_INVALID): _CLOSE,
        (_S.SIGNED_IN, _E.CONNECTION_LOST): _GONE,
        # DRAINING: bounded by the deadlines of what is in flight, so it needs no timer of its own
        (_S.DRAINING, _E.AK_VERIFIED): (_S.DRAINING, ()),
        (_S.DRAINING, _E.MAK_VERIFIED): (_S.DRAINING, ()),
        (_S.DRAINING, _E.UNPROVEN_AK_VERIFIED): (_S.DRAINING, ()),
        (_S.DRAINING, _E.MAC_FAILED): (_S.DRAINING, ()),
        (_S.DRAINING, _E.LAST_MAC_FAILED): _CLOSE_ALARMED,
        (_S.DRAINING, _E.LAST_REPLY_SENT): _CLOSE_GENTLY,
        (_S.DRAINING, _E.SIGNED_OUT): (_S.DRAINING, ()),
        (_S.DRAINING, _E.DRAIN_ORDERED): (_S.DRAINING, ()),
        (_S.DRAINING, _E.PEER_FINISHED): (_S.DRAINING, ()),
        (_S.DRAINING, _E.FRAME_TIMED_OUT): _CLOSE,
        (_S.DRAINING, _E.LENGTH_INVALID): _CLOSE,
        (_S.DRAINING, _E.CONNECTION_LOST): _GONE,
        # CLOSED: the transport reports what we have done ourselves, and a drain may be ordered of all links at any time
        (_S.CLOSED, _E.CONNECTION_LOST): (_S.CLOSED, ()),
        (_S.CLOSED, _E.DRAIN_ORDERED): (_S.CLOSED, ()),
        (_S.CLOSED, _E.PEER_FINISHED): (_S.CLOSED, ()),
        (_S.CLOSED, _E.LAST_REPLY_SENT): (_S.CLOSED, ()),
    }
)
"""Next state and actions. What is not here cannot happen, or the rim reports it wrongly: EventUnexpected."""


class Link:
    """The state of one connection.

    Attributes:
        state: where it stands.
        is_proven: a frame of the bank has verified under its session MAK.
    """

    __slots__ = ("_mac_failures", "is_proven", "state")

    def __init__(self) -> None:
        self.state = LinkState.CONNECTED
        self.is_proven = False
        self._mac_failures = 0

    @property
    def may_send(self) -> bool:
        """The FEP may send requests of its own."""
        return self.state is LinkState.SIGNED_IN and self.is_proven

    def refusal(self, transaction: Transaction) -> ResponseCode | None:
        """Return why the present state does not serve ``transaction``, or None when it does.

        1001 belongs before the MAC is verified, the others after the fields (order of checks, interface document).

        Raises:
            EventUnexpected: the link is closed; a frame that is still read is dropped.
        """
        if self.state is LinkState.CLOSED:
            raise EventUnexpected("a request on a closed link")
        if self.state is LinkState.CONNECTED:
            return None if transaction is Transaction.SIGN_IN else ResponseCode.NOT_SIGNED_IN
        if transaction is Transaction.SIGN_IN:
            return ResponseCode.ALREADY_SIGNED_IN
        if self.state is LinkState.DRAINING and transaction not in LINK_TRANSACTIONS:
            return ResponseCode.BUSY
        return None

    def handle(self, event: LinkEvent) -> tuple[LinkAction, ...]:
        """Move to the next state and return what is to be done, in this order.

        Raises:
            EventUnexpected: the state has no transition for ``event``; it is left as it was.
        """
        refined = self._refined(event)
        transition = TRANSITIONS.get((self.state, refined))
        if transition is None:
            raise EventUnexpected(f"{refined.name} while {self.state.value}")
        self._count(event)
        self.state, actions = transition
        return actions

    def _refined(self, event: LinkEvent) -> LinkEvent:
        """Return the event that the table knows: some depend on what came before."""
        if event is LinkEvent.MAC_FAILED and self._mac_failures + 1 >= MAC_FAILURES_MAX:
            return LinkEvent.LAST_MAC_FAILED
        return event if self.is_proven else _UNPROVEN.get(event, event)

    def _count(self, event: LinkEvent) -> None:
        if event is LinkEvent.MAC_FAILED:
            self._mac_failures += 1
        elif event in {LinkEvent.AK_VERIFIED, LinkEvent.MAK_VERIFIED}:
            self._mac_failures = 0
        if event is LinkEvent.MAK_VERIFIED:
            self.is_proven = True


_UNPROVEN = MappingProxyType(
    {LinkEvent.AK_VERIFIED: LinkEvent.UNPROVEN_AK_VERIFIED, LinkEvent.IDLE_TIMED_OUT: LinkEvent.UNPROVEN_IDLE}
)
