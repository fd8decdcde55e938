"""The clocks of this machine."""

from datetime import UTC, datetime, timedelta
from time import monotonic

from fep.clock import SHANGHAI, SteadyClock, shanghai_now


def test_the_wall_clock_is_shanghais():
    """Naive, eight hours before UTC, whatever the machine's own zone."""
    expected = (datetime.now(UTC) + timedelta(hours=8)).replace(tzinfo=None)
    assert shanghai_now().tzinfo is None
    assert abs(shanghai_now() - expected) < timedelta(seconds=5)
    assert SHANGHAI.utcoffset(shanghai_now()) == timedelta(hours=8)


def test_the_steady_clock_is_monotonic():
    """It is the clock that the gate's deadlines are in."""
    before = monotonic()
    assert before <= SteadyClock().seconds() <= monotonic()
