"""Descriptors 文件描述符: that connections leave the process enough of them for its databases, files and commands.

A process that has none left (EMFILE) cannot connect to its database again, open a bank's file or answer an operator,
and an ``accept`` that fails leaves the connection in the queue, so that a loop would try again without end. So new
connections are closed while no more than ``RESERVE`` are left, and with a spare one when there is none at all.
"""

import os
import resource
from collections.abc import Callable
from contextlib import suppress
from socket import socket

import structlog

RESERVE = 64
"""Left to all that is no bank's connection: lanes and probes of two databases, files, operators, metrics."""

STEADY_S = 10.0
"""There are enough again when there have been for so long: banks connect again and again, and it is told once."""

TURNED_AWAY_MAX = 100
"""Connections that are closed in one round of the loop."""

_log = structlog.get_logger()


class Descriptors:
    """The file descriptors of this process; all belongs to the loop's thread.

    Args:
        refused: is told of connections that were closed for want of descriptors: how many.
    """

    def __init__(self, refused: Callable[[int], object]) -> None:
        self._refused = refused
        self._spare: int | None = None
        self._short_since_s: float | None = None
        self._last_short_s = 0.0
        self._refused_count = 0

    def keep_spare(self) -> None:
        """Open the spare one, while there are some: its number is a low one, below any limit that is set later."""
        if self._spare is None:
            with suppress(OSError):
                self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)

    def are_none(self) -> bool:
        """Tell whether not a single one is left."""
        return self._next() is None

    def are_short(self) -> bool:
        """Tell whether no more are left than the reserve; where nobody listens yet, they are not."""
        if self._spare is None:
            return False
        number = self._next()
        return number is None or number >= _limit() - RESERVE

    def refused(self, now: float, count: int = 1) -> None:
        """Note that connections were closed at ``now`` (monotonic seconds), and say so once."""
        self._refused(count)
        self._refused_count += count
        self._last_short_s = now
        if self._short_since_s is None:
            self._short_since_s = now
            _log.error("file_descriptors_short", limit=_limit(), reserve=RESERVE)

    def check(self, now: float) -> None:
        """Say that it is over, once it has been for a while at ``now`` (monotonic seconds)."""
        if self._short_since_s is None or now - self._last_short_s < STEADY_S:
            return
        if self.are_short():
            self._last_short_s = now
            return
        lasted_s = round(self._last_short_s - self._short_since_s, 3)
        _log.info("file_descriptors_enough", refused_count=self._refused_count, lasted_s=lasted_s)
        self._short_since_s, self._refused_count = None, 0

    def turn_away(self, listening: socket, now: float) -> bool:
        """Close who waits in the queue, with the number of the spare one; False when even that is not possible."""
        count = 0
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None
        try:
            while count < TURNED_AWAY_MAX:
                listening.accept()[0].close()
                count += 1
        except BlockingIOError:
            return True
        except OSError:
            return count > 0
        finally:
            self.keep_spare()
            self.refused(now, count)
        return True

    def _next(self) -> int | None:
        """Return the number that the next file would have, the lowest that is free; None when there is none."""
        try:
            number = os.dup(self._spare) if self._spare is not None else os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        os.close(number)
        return number


def _limit() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
