"""The clock watch: a clock that is set is told of once, one that runs a little fast is not."""

from collections import Counter

from structlog.testing import capture_logs

from fep.clock_watch import ClockWatch


def test_a_clock_that_was_set() -> None:
    """An hour back and two hours on are told of, once each, by how much; a drift of half a second is not."""
    wall_s, steady_s, events = [1_000_000.0], [50.0], Counter[str]()
    watch = ClockWatch(events, lambda: wall_s[0], lambda: steady_s[0])

    with capture_logs() as logs:
        for moved_s in (0.25, 0.75, 0.25 - 3600, 0.25, 0.25 + 7200, 0.25):
            wall_s[0] += moved_s
            steady_s[0] += 0.25
            watch.check()

    assert [(line["event"], line["by_s"]) for line in logs] == [("clock_stepped", -3600), ("clock_stepped", 7200)]
    assert events == {"clock_stepped": 2}
