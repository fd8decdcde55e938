"""Ending 停机: how long a daemon may take to end, step by step, and what becomes of one that takes longer.

Each step has a bound of its own, and together they are the whole's. Behind all of them stands a thread: a loop that
does not turn any more, a time limit that nobody enforces, or a thread that does not come back must not keep a process
from ending, which its service manager would kill without a word. Nothing is lost by it: what was committed and not
answered is what STATUS tells of, and what was not committed has not happened.
"""

from collections.abc import Callable
from threading import Timer

import structlog

from fep.audit.sealing import RECORD_S
from fep.audit.writer import CLOSE_LIMIT_S
from fep.config.settings import Settings
from fep.exits import EXIT_CANNOT_RUN

AUDIT_S = CLOSE_LIMIT_S + RECORD_S
"""For the last lines of the audit log: the disk, and the database that is told of their seal."""

GATE_S = 5.0
"""Longer than ``db_timeout``: what a gate may take to end the batches that wait for a database."""

REST_S = 2.0
"""For what is left when all is drained: threads that roll clearing dates, look for pushes or read a configuration. Each
of their transactions is whole or did not happen, and whoever runs next does the same again."""

_log = structlog.get_logger()


def pushes_limit_s(settings: Settings) -> float:
    """Return how long banks may take to answer what was pushed; what they do not answer is pushed again later."""
    return settings.link.partner_timeout


def links_limit_s(settings: Settings) -> float:
    """Return how long links may take: what is in work is answered, replies are taken or not, the peer closes or not."""
    return max(settings.billing.db_timeout + settings.link.drain_timeout, settings.link.partner_timeout)


def gate_limit_s(settings: Settings) -> float:
    """Return how long the gate may take to finish what waits and runs, when nothing more can come."""
    return settings.billing.db_timeout + GATE_S


def limit_s(settings: Settings) -> float:
    """Return how long a daemon takes to end, at most."""
    return pushes_limit_s(settings) + links_limit_s(settings) + gate_limit_s(settings) + AUDIT_S + REST_S


class Ending:
    """The bound of one daemon's end.

    Args:
        end_at_once: ends the process with an exit code, from any thread, and waits for nothing.
    """

    def __init__(self, end_at_once: Callable[[int], None]) -> None:
        self._end_at_once = end_at_once
        self._step = ""
        self._timer: Timer | None = None

    def begin(self, within_s: float) -> None:
        """Give up in so many seconds, whatever the loop does; a second call changes nothing. Called by signals too."""
        if self._timer is None:
            self._timer = self._after(within_s, self._overdue)

    def step(self, name: str) -> None:
        """Say what is being waited for, for whoever reads that it took too long."""
        self._step = name

    def drained(self, exit_code: int) -> None:
        """All that banks wait for is done: what threads still look at is waited for a little, and then left."""
        self.over()
        self._timer = self._after(REST_S, self._leave, exit_code)

    def over(self) -> None:
        """All has ended in time."""
        if self._timer is not None:
            self._timer.cancel()

    def _after(self, seconds: float, function: Callable[..., None], *arguments: object) -> Timer:
        timer = Timer(seconds, function, (seconds, *arguments))
        timer.daemon = True
        timer.start()
        return timer

    def _overdue(self, waited_s: float) -> None:
        _log.error("drain_overdue", waited_s=waited_s, step=self._step)
        self._end_at_once(EXIT_CANNOT_RUN)

    def _leave(self, waited_s: float, exit_code: int) -> None:
        _log.warning("threads_left", waited_s=waited_s)
        self._end_at_once(exit_code)
