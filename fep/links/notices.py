"""Notices 频次受限的日志: lines that anybody can cause are written a few at a time; of the others the number is.

A storm of strangers would else write a gigabyte of log an hour, and cost more for its lines than for its connections.
Counters and metrics have every one.
"""

from collections import Counter

import structlog

LINES_MAX = 20
"""Of one kind in a period: enough to see who it is."""

PERIOD_S = 10.0

_log = structlog.get_logger()


class Notices:
    """Counts such lines; of the loop's thread. Kinds are few: nothing that a stranger wrote is part of one."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._begun_s: float | None = None

    def takes(self, event: str, reason: str = "") -> bool:
        """Tell whether one more line of this kind is to be written in this period; it is counted if not."""
        self._counts[event, reason] += 1
        return self._counts[event, reason] <= LINES_MAX

    def check(self, now: float) -> None:
        """End the period when it is over at ``now`` (monotonic seconds), and tell how many lines were left out."""
        if self._begun_s is None:
            self._begun_s = now
        if now - self._begun_s < PERIOD_S:
            return
        seconds = round(now - self._begun_s)
        for (event, reason), count in self._counts.items():
            if count > LINES_MAX:
                about = {"reason": reason} if reason else {}
                _log.warning("lines_left_out", of=event, count=count - LINES_MAX, seconds=seconds, **about)
        self._counts.clear()
        self._begun_s = now
