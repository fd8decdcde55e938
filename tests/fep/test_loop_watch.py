"""The loop watch: a loop that stands still is told of while it does, with the place, and once more when it is over."""

import threading
import time
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from fep import loop_watch
from fep.loop_watch import LoopWatch
from fep.metrics.pulse import Pulse


def until(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_where_a_loop_stands_still() -> None:
    """One line names the place in the program, however long it lasts; one says how long it was."""
    pulse = Pulse()
    watch = LoopWatch(pulse, watchdog_s=0.2)
    with capture_logs() as logs:
        watch.start()
        until(lambda: logs)  # nobody beats the pulse: this thread, which is the loop's, waits here
        time.sleep(0.2)
        assert [line["event"] for line in logs] == ["loop_stalled"]
        pulse.beat()
        until(lambda: len(logs) > 1)
        watch.close()

    assert any(frame.endswith("test_where_a_loop_stands_still") for frame in logs[0]["frames"])
    assert logs[0]["lag_s"] > 0.1
    assert (logs[1]["event"], logs[1]["stalled_s"] > 0.2) == ("loop_resumed", True)


def test_a_process_that_was_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the watch itself did not run, the loop is not blamed."""
    pulse = Pulse()
    watch = LoopWatch(pulse)
    moments = iter([100.0, 160.0])
    waits = iter([False, True])
    monkeypatch.setattr(loop_watch, "monotonic", lambda: next(moments))
    monkeypatch.setattr(watch._closed, "wait", lambda _s: next(waits))
    with capture_logs() as logs:
        thread = threading.Thread(target=watch._run)
        thread.start()
        thread.join(10)

    assert [(line["event"], line["paused_s"]) for line in logs] == [("process_paused", 60 - loop_watch.STALL_S / 4)]


def test_said_before_the_service_manager_kills() -> None:
    """A short watchdog makes the watch look sooner; without one it is five seconds."""
    assert LoopWatch(Pulse(), 1.5)._stall_s == 0.75
    assert LoopWatch(Pulse(), 30.0)._stall_s == LoopWatch(Pulse())._stall_s == 5.0
