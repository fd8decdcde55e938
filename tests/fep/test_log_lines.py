"""Lines of the log: their form, their moment, and the way around structlog."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from fep import log_lines
from fep.log_lines import json_lines, threshold, timestamp
from fep.log_setup import set_up_logging


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Leave structlog as it was."""
    yield
    structlog.reset_defaults()


def test_the_moment_is_now_in_shanghai():
    """Milliseconds and the offset, so that lines of several machines can be put in order."""
    moment = datetime.fromisoformat(timestamp())

    assert moment.utcoffset() == timedelta(hours=8)
    assert abs(moment - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (1_795_276_799_999_999_999, "2026-11-21T23:59:59.999+08:00"),
        (1_795_276_800_000_000_000, "2026-11-22T00:00:00.000+08:00"),
        (1_795_276_800_001_000_000, "2026-11-22T00:00:00.001+08:00"),
        (1_795_276_799_000_000_000, "2026-11-21T23:59:59.000+08:00"),  # the clock was set back
    ],
)
def test_moments_are_told_exactly(monkeypatch, nanoseconds, text):
    """Milliseconds are cut, not rounded into a second that has not come; a clock that is set back is followed."""
    monkeypatch.setattr(log_lines, "time_ns", lambda: nanoseconds)

    assert timestamp() == text


def test_finished_lines_go_where_events_go():
    """Whoever asks how the log is written gets its stream and level; a log for people, or none yet, gives nothing."""
    assert json_lines() is None
    stream = io.StringIO()
    set_up_logging("info", "json", stream)
    structlog.get_logger().info("started")
    lines = json_lines()
    assert lines is not None
    lines.write("finished\n")

    assert stream.getvalue().splitlines()[1:] == ["finished"]
    first = threshold()
    assert first is not None
    assert first.level == 20
    set_up_logging("info", "console", stream)
    assert json_lines() is None


def test_a_value_that_is_no_json_is_shown_as_python_shows_it():
    """An event is never lost for a value in it."""
    stream = io.StringIO()
    set_up_logging("info", "json", stream)
    structlog.get_logger().info("started", since=timedelta(seconds=1))

    assert '"since": "datetime.timedelta(seconds=1)"' in stream.getvalue()
