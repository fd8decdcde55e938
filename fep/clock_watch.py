"""Clock watch 时钟监视: notes that the system's clock was set, which no clock of this machine says by itself.

Nothing of ours waits by that clock, and clearing dates never go back; but a bank's sign-in is held against it, the
late fees of an embedded database follow it, and whoever reads the log wonders why it goes back an hour.
"""

from collections import Counter
from collections.abc import Callable
from time import monotonic, time

import structlog

STEP_S = 1.0
"""A clock that is only put right, by NTP, moves by half a millisecond a second."""

_log = structlog.get_logger()


class ClockWatch:
    """Compares the wall clock with the monotonic one.

    Args:
        events: counts the steps as ``clock_stepped``.
        wall_s: seconds since 1970.
        steady_s: monotonic seconds.
    """

    def __init__(
        self, events: Counter[str], wall_s: Callable[[], float] = time, steady_s: Callable[[], float] = monotonic
    ) -> None:
        self._events = events
        self._wall_s = wall_s
        self._steady_s = steady_s
        self._offset_s = wall_s() - steady_s()

    def check(self) -> None:
        """Say by how much the clock was set since the last look; the loop calls this several times a second."""
        offset_s = self._wall_s() - self._steady_s()
        step_s, self._offset_s = offset_s - self._offset_s, offset_s
        if abs(step_s) > STEP_S:
            self._events["clock_stepped"] += 1
            _log.warning("clock_stepped", by_s=round(step_s, 3))
