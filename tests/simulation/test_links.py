"""Banks that behave badly, a gate that fails and a clock that jumps: whatever happens, the promises hold."""

import pytest
from structlog.testing import capture_logs

from tests.simulation.simulator import Simulation

SEEDS = 40
STEPS = 1500


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_day(seed):
    """At most one reply to a request, none after the end, none invented; bounds, books and endings hold."""
    with capture_logs():
        Simulation(seed).run(STEPS)
