"""Pulse 事件循环节拍: whether the event loop turns, seen from any thread."""

from time import monotonic

from dbgate.histogram import Histogram

TICK_INTERVAL_S = 0.25
"""How often the loop proves that it turns: as often as it looks at time limits, which is what a stall delays first."""

LATENESS_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Pulse:
    """Beaten by the loop every ``TICK_INTERVAL_S``; read from any thread.

    Attributes:
        lateness: seconds that each beat came too late.
    """

    def __init__(self) -> None:
        self.lateness = Histogram(LATENESS_BOUNDS_S)
        self._beaten_s = monotonic()

    def beat(self) -> None:
        """Note that the loop turns."""
        now = monotonic()
        self.lateness.note(max(0.0, now - self._beaten_s - TICK_INTERVAL_S))
        self._beaten_s = now

    @property
    def lag_s(self) -> float:
        """Seconds that the next beat is late by now; it grows while the loop stands still."""
        return max(0.0, monotonic() - self._beaten_s - TICK_INTERVAL_S)
