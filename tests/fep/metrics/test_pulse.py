"""The pulse tells from any thread whether the event loop turns."""

import pytest

from fep.metrics import pulse as module
from fep.metrics.pulse import TICK_INTERVAL_S, Pulse


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the time, in a list of one, to be moved by a test."""
    now = [100.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    return now


def test_a_loop_that_turns_does_not_lag(clock):
    """A beat in time is not late, and until the next one is due there is no lag."""
    pulse = Pulse()
    clock[0] += TICK_INTERVAL_S
    pulse.beat()
    clock[0] += TICK_INTERVAL_S / 2
    assert pulse.lag_s == 0
    assert pulse.lateness.total == 0
    assert sum(pulse.lateness.counts) == 1


def test_a_loop_that_stands_still_lags_more_and_more(clock):
    """Nobody beats: the lag grows by itself, and the beat that comes at last was as late as that."""
    pulse = Pulse()
    clock[0] += TICK_INTERVAL_S + 3
    assert pulse.lag_s == 3
    clock[0] += 4
    assert pulse.lag_s == 7
    pulse.beat()
    assert pulse.lag_s == 0
    assert pulse.lateness.total == 7
    assert pulse.lateness.counts[-1] == 1
