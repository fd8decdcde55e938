"""Accept pace 接入节奏: how much of the loop's time a listening port may take.

Twisted accepts more connections in each round the more there are, twenty more each time, without an end. A flood of
strangers, each closed unread, would so hold up all that is signed in. Who is not accepted yet waits in the kernel's
queue, where it costs nothing; what comes when that is full is told to try again by TCP itself.
"""

from collections.abc import Callable
from time import perf_counter
from typing import Any

from fep.links.time_share import TimeShare

ACCEPTS_MAX = 32
"""In one round of the loop: a millisecond or two."""

SHARE = 0.1
"""Of the loop's time: still a thousand strangers a second and more."""

CREDIT_S = 0.2
"""Time that may be saved up: all the links that there may be are accepted at once after a start."""


def accept_time(seconds: Callable[[], float] = perf_counter) -> TimeShare:
    """Return what all ports of one daemon may take together."""
    return TimeShare(SHARE, CREDIT_S, seconds)


class AcceptPace:
    """Stands before ``doRead`` of a port of Twisted's.

    Args:
        port: that listens.
        time: of all ports.
        call_later: has a function called so many seconds later.
    """

    def __init__(self, port: Any, time: TimeShare, call_later: Callable[..., object]) -> None:
        self._port = port
        self._accept = port.doRead
        self._time = time
        self._call_later = call_later
        self.is_resting = False
        port.doRead = self._read

    def _read(self) -> None:
        port = self._port
        port.numberAccepts = min(port.numberAccepts, ACCEPTS_MAX)
        begun_s = self._time.seconds()
        self._accept()
        self._time.spent(self._time.seconds() - begun_s)
        rest_s = self._time.rest_s
        if rest_s > 0 and port.connected:
            self.is_resting = True
            port.stopReading()
            self._call_later(rest_s, self._resume)

    def _resume(self) -> None:
        self.is_resting = False
        if self._port.connected:
            self._port.startReading()
