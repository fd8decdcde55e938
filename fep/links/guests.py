"""Guests 未签到的连接: connections on which nobody has signed in yet, and the part of the loop's time that they get.

Whoever may connect may send sign-ins without end, and none of them is worth a payment of a bank that is signed in. So
the frames of guests are taken for a ``SHARE`` of the time only; those of one bank's addresses take turns with those of
another's, and among them the one that came last goes first: under a storm it is the one whose bank still waits for it.
A place is never refused for want of a sign-in: the guest that has been there longest leaves for the one that comes.
"""

from collections.abc import Callable
from typing import Protocol

import structlog

from fep.links.time_share import TimeShare

SHARE = 0.1
"""Of the loop's time. A sign-in takes some 0.2 ms, so it is five hundred a second; all the links that there may be are
signed in within two seconds of a start."""

CREDIT_S = 0.1
"""Time that may be saved up: a hundred sign-ins at once are not held up at all."""

PLACES_MIN = 16
"""Of each owner, however few connections there may be in all."""

PLACES_PART = 4
"""Each owner has one in four of all places: as many as a bank may have links."""

_log = structlog.get_logger()

CallLater = Callable[[float, Callable[[], object]], object]


class Guest(Protocol):
    """A connection on which nobody has signed in."""

    def take_turn(self) -> None:
        """Take the frames that wait."""
        ...

    def evict(self) -> None:
        """End at once: the place is needed."""
        ...


class _Owner:
    """The guests that come from one bank's addresses, in the order in which they came, and those that wait."""

    __slots__ = ("guests", "waiting")

    def __init__(self) -> None:
        self.guests: dict[Guest, None] = {}
        self.waiting: dict[Guest, None] = {}


def places(connections_max: int) -> int:
    """Return how many guests one owner may have."""
    return max(PLACES_MIN, connections_max // PLACES_PART)


def _never(_delay_s: float, _function: Callable[[], object]) -> None:
    """Nothing has to wait while no time is counted."""


class Guests:
    """All guests of one daemon; of the loop's thread.

    Args:
        call_later: has a function called so many seconds later.
        seconds: a clock that counts what guests cost; without one they cost nothing.

    Attributes:
        time: that all guests may take together; whoever takes a frame of one counts it there.
    """

    def __init__(self, call_later: CallLater = _never, seconds: Callable[[], float] = float) -> None:
        self._call_later = call_later
        self.time = TimeShare(SHARE, CREDIT_S, seconds)
        self._owners: dict[str, _Owner] = {}
        self._owner_of: dict[Guest, _Owner] = {}
        self._is_scheduled = False

    def __len__(self) -> int:
        return len(self._owner_of)

    def enter(self, guest: Guest, owner_code: str, connections_max: int) -> bool:
        """Give ``guest`` a place among those of its owner; True when another had to leave for it."""
        owner = self._owners.setdefault(owner_code, _Owner())
        must_leave = next(iter(owner.guests)) if len(owner.guests) >= places(connections_max) else None
        owner.guests[guest] = None
        self._owner_of[guest] = owner
        if must_leave is not None:
            self._evict(must_leave)
        return must_leave is not None

    def make_room(self, owner_code: str) -> bool:
        """Let a guest leave for one of another owner; False when no owner has more guests than that one."""
        most = max(self._owners.values(), key=lambda owner: len(owner.guests), default=None)
        own = self._owners.get(owner_code)
        if most is None or len(most.guests) <= (len(own.guests) if own is not None else 0):
            return False
        self._evict(next(iter(most.guests)))
        return True

    def leave(self, guest: Guest) -> None:
        """Forget a guest that has signed in, or has gone."""
        owner = self._owner_of.pop(guest, None)
        if owner is not None:
            del owner.guests[guest]
            owner.waiting.pop(guest, None)

    def _evict(self, guest: Guest) -> None:
        self.leave(guest)
        guest.evict()

    # --- turns

    def takes(self, guest: Guest) -> bool:
        """Tell whether a frame of ``guest`` may be taken now; else ``take_turn`` is called later."""
        if self.time.rest_s <= 0 or guest not in self._owner_of:
            return True
        self._owner_of[guest].waiting[guest] = None
        self._schedule()
        return False

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self._call_later(max(0.0, self.time.rest_s), self._serve)

    def _serve(self) -> None:
        """Let one guest of each owner that has some waiting take its turn, until the time is used up."""
        self._is_scheduled = False
        codes = [code for code, owner in self._owners.items() if owner.waiting]
        for code in codes:
            if self.time.rest_s > 0:
                break
            owner = self._owners.pop(code)
            self._owners[code] = owner  # the last in turn from now on
            if owner.waiting:
                guest, _ = owner.waiting.popitem()
                try:
                    guest.take_turn()
                except Exception as error:  # noqa: BLE001 - a bug of ours must cost one connection, not all that wait
                    _log.error("turn_failed", error=error)
                    self._evict(guest)
        if any(owner.waiting for owner in self._owners.values()):
            self._schedule()
