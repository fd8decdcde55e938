"""Accept pace 接入节奏: how much of the loop's time a listening port may take.

Twisted accepts more connections in each round the more there are, twenty more each time, without an end. A flood of
strangers, each closed unread, would so hold up all that is signed in. Who is not accepted yet waits in the kernel's
queue, where it costs nothing; what comes when that is full is told to try again by TCP itself.
"""

from collections.abc import Callable
from time import perf_counter
from typing import Any

ACCEPTS_MAX = 32
"""In one round of the loop: a millisecond or two."""

SHARE = 0.15
"""Of the loop's time: still some thousands of strangers a second."""

CREDIT_S = 0.2
"""Time that may be saved up: all the links that there may be are accepted at once after a start."""


class AcceptPace:
    """Stands before ``doRead`` of a port of Twisted's.

    Args:
        port: that listens.
        call_later: has a function called so many seconds later.
        seconds: a clock.
    """

    def __init__(
        self, port: Any, call_later: Callable[..., object], seconds: Callable[[], float] = perf_counter
    ) -> None:
        self._port = port
        self._accept = port.doRead
        self._call_later = call_later
        self._seconds = seconds
        self._rests_until_s = 0.0
        self.is_resting = False
        port.doRead = self._read

    def _read(self) -> None:
        port = self._port
        port.numberAccepts = min(port.numberAccepts, ACCEPTS_MAX)
        begun_s = self._seconds()
        self._accept()
        now = self._seconds()
        self._rests_until_s = max(self._rests_until_s, now - CREDIT_S) + (now - begun_s) / SHARE
        rest_s = self._rests_until_s - now
        if rest_s > 0 and port.connected:
            self.is_resting = True
            port.stopReading()
            self._call_later(rest_s, self._resume)

    def _resume(self) -> None:
        self.is_resting = False
        if self._port.connected:
            self._port.startReading()
