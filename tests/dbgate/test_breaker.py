"""The breaker: when it says that the database is down, and how it finds out that it is up again."""

import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
import structlog

from dbgate import breaker as breaker_module
from dbgate.breaker import Breaker
from dbgate.errors import DatabaseUnavailable, StatementFailed

WAIT_S = 10.0


class Probe:
    """A lane whose database is up or down as the test says."""

    def __init__(self) -> None:
        self.error: Exception | None = DatabaseUnavailable("away")
        self.tried_at: list[float] = []
        self.close_count = 0
        self.hangs = threading.Event()
        self.hangs.set()
        self._changed = threading.Condition()

    def prove(self, deadline: float) -> None:
        assert self.hangs.wait(WAIT_S)
        with self._changed:
            self.tried_at.append(time.monotonic())
            self._changed.notify_all()
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        self.close_count += 1

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.tried_at) >= count, WAIT_S)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker_module, "PAUSE_S_MIN", 0.01)
    monkeypatch.setattr(breaker_module, "PAUSE_S_MAX", 0.08)


@pytest.fixture
def probe() -> Probe:
    return Probe()


@pytest.fixture
def downs() -> list[str]:
    """Grows each time that whatever waits is to be refused."""
    return []


@pytest.fixture
def breaker(probe: Probe, downs: list[str]) -> Iterator[Breaker]:
    breaker = Breaker(probe, lambda: downs.append("down"), database_no=3)  # type: ignore[arg-type]
    yield breaker
    breaker.close()
    assert breaker.join(time.monotonic() + WAIT_S)


@pytest.fixture
def logs() -> Iterator[list[dict[str, object]]]:
    with structlog.testing.capture_logs() as logs:
        yield logs  # type: ignore[misc]


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def told(logs: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(line["event"], line.get("reason")) for line in logs]


def test_down_until_it_is_proved(
    breaker: Breaker, probe: Probe, downs: list[str], logs: list[dict[str, object]]
) -> None:
    """However many notice it, the database goes down once, is tried with growing pauses, and comes up once."""
    breaker.trip("cannot connect")
    breaker.trip("cannot connect either")
    assert not breaker.is_up
    probe.wait_for(6)
    assert not breaker.is_up
    probe.error = None
    wait_until(lambda: breaker.is_up)

    wait_until(lambda: len(logs) == 2)
    assert told(logs) == [("database_down", "cannot connect"), ("database_up", None)]
    assert [line["database_no"] for line in logs] == [3, 3]
    assert downs == ["down"]
    pauses = [later - earlier for earlier, later in pairwise(probe.tried_at[:6])]
    assert [pause >= least for pause, least in zip(pauses, (0.02, 0.04, 0.08, 0.08, 0.08), strict=True)] == [True] * 5
    assert probe.close_count == len(probe.tried_at)


def test_down_again(breaker: Breaker, probe: Probe, logs: list[dict[str, object]]) -> None:
    """Each outage is told anew."""
    for _ in range(2):
        probe.error = DatabaseUnavailable("away")
        breaker.trip("away")
        probe.error = None
        wait_until(lambda: breaker.is_up)
    wait_until(lambda: len(logs) == 4)

    assert [event for event, _ in told(logs)] == ["database_down", "database_up"] * 2


def test_one_that_answers_the_probe_and_nothing_else(breaker: Breaker, probe: Probe) -> None:
    """When it fails again right after coming up, the pauses go on growing: the log is not flooded."""
    probe.error = None
    lasted = []
    for _ in range(5):
        began = time.monotonic()
        breaker.trip("away")
        wait_until(lambda: breaker.is_up)
        lasted.append(time.monotonic() - began)

    assert [each >= least for each, least in zip(lasted, (0.01, 0.02, 0.04, 0.08, 0.08), strict=True)] == [True] * 5


@pytest.mark.parametrize("error", [StatementFailed("numbers used up"), KeyError("bug")])
def test_any_answer_proves_it(breaker: Breaker, probe: Probe, error: Exception) -> None:
    """A database that refuses the probe for a reason of its own is up."""
    probe.error = error
    breaker.trip("away")

    wait_until(lambda: breaker.is_up)


def test_a_suspicion_that_is_wrong(
    breaker: Breaker, probe: Probe, downs: list[str], logs: list[dict[str, object]]
) -> None:
    """A batch that had too little time does not stop anybody's work: the database proves that it is up."""
    probe.error = None
    breaker.suspect("no answer")
    probe.wait_for(1)
    assert breaker.join(time.monotonic() + WAIT_S)

    assert (breaker.is_up, downs, logs, len(probe.tried_at)) == (True, [], [], 1)


def test_a_suspicion_that_is_right(
    breaker: Breaker, probe: Probe, downs: list[str], logs: list[dict[str, object]]
) -> None:
    """A database that does not answer the probe either is down, until it does."""
    breaker.suspect("no answer")
    breaker.suspect("no answer")
    wait_until(lambda: not breaker.is_up)
    probe.error = None
    wait_until(lambda: breaker.is_up)

    assert told(logs)[0] == ("database_down", "no answer")
    assert downs == ["down"]


def test_down_while_it_is_suspected(breaker: Breaker, probe: Probe, logs: list[dict[str, object]]) -> None:
    """One thread at most asks the database, and it goes on until the database is up."""
    probe.hangs.clear()
    breaker.suspect("no answer")
    breaker.trip("cannot connect")
    assert sum(thread.name == "probe" for thread in threading.enumerate()) == 1
    probe.hangs.set()
    probe.wait_for(2)
    probe.error = None
    wait_until(lambda: breaker.is_up)

    assert told(logs)[0] == ("database_down", "cannot connect")


def test_closing(breaker: Breaker, probe: Probe) -> None:
    """A breaker that is closed tries no more, even while the database is down."""
    breaker.trip("away")
    probe.wait_for(1)
    breaker.close()

    assert breaker.join(time.monotonic() + WAIT_S)
    count = len(probe.tried_at)
    breaker.trip("away")
    assert breaker.join(time.monotonic() + WAIT_S)
    assert len(probe.tried_at) == count


def test_no_thread_is_left_to_probe(
    breaker: Breaker, probe: Probe, logs: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would find out that the database is up again, so it is not taken for down; once there is one, it is."""

    def refused(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refused)
        breaker.trip("away")
        breaker.suspect("late")
    assert breaker.is_up
    assert [line["event"] for line in logs] == ["probe_not_started"] * 2
    breaker.trip("away")
    assert not breaker.is_up
    probe.error = None
    probe.wait_for(1)
