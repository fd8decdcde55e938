"""The machine's clock 系统时钟: Asia/Shanghai without a time zone database; the clock of engines that have none."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8))
"""Asia/Shanghai: no daylight saving time since 1991."""

SystemClock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the machine's wall clock in Asia/Shanghai, naive."""
    return datetime.now(SHANGHAI).replace(tzinfo=None)
