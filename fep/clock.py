"""Clocks 时钟 of this machine: monotonic for limits, Asia/Shanghai wall clock for what banks see."""

from datetime import datetime
from time import monotonic
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class SteadyClock:
    """Monotonic seconds; the reactor's own go back when the system's clock is set."""

    seconds = staticmethod(monotonic)


def shanghai_now() -> datetime:
    """Return the wall clock, naive, Asia/Shanghai."""
    return datetime.now(SHANGHAI).replace(tzinfo=None)
