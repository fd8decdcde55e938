"""Ending 停机: how long a daemon may take to end, step by step, and what becomes of one that takes longer.

Each step has a bound of its own, and together they are the whole's. Behind all of them stands a thread: a loop that does
not turn any more, a time limit that nobody enforces, or a thread that does not come back must not keep a process from
ending, which its service manager would kill without a word. Nothing is lost by it: what was committed and not answered
is what STATUS tells of, and what was not committed has not happened.
"""

from collections.abc import Callable
from threading import Timer

import structlog

from fep.config.settings import Settings

GATE_S = 5.0
"""Longer than ``db_timeout``: what a gate may take to end the batches that wait for a database."""

REST_S = 5.0
"""For what is left then: threads that look at a database or read a configuration, and the metrics' own."""

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
    return pushes_limit_s(settings) + links_limit_s(settings) + gate_limit_s(settings) + REST_S


class Ending:
    """The bound of one daemon's end.

    Args:
        give_up: ends the process at once, from any thread.
    """

    def __init__(self, give_up: Callable[[], None]) -> None:
        self._give_up = give_up
        self._step = ""
        self._timer: Timer | None = None

    def begin(self, within_s: float) -> None:
        """Give up in so many seconds, whatever the loop does; a second call changes nothing. Called by signals too."""
        if self._timer is None:
            self._timer = Timer(within_s, self._overdue, (within_s,))
            self._timer.daemon = True
            self._timer.start()

    def step(self, name: str) -> None:
        """Say what is being waited for, for whoever reads that it took too long."""
        self._step = name

    def over(self) -> None:
        """All has ended in time."""
        if self._timer is not None:
            self._timer.cancel()

    def _overdue(self, within_s: float) -> None:
        _log.error("drain_overdue", waited_s=within_s, step=self._step)
        self._give_up()
