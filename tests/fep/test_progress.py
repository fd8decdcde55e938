"""The progress bar."""

import io
import sys
import time

import pytest

from fep import progress
from fep.progress import ProgressBar, Waiting


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands where its last element says."""
    moments = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: moments[-1])
    return moments


def test_long_work_shows_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    """After a second of work, on stderr."""
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with ProgressBar("accounts.csv", 100) as bar:
        clock.append(101.5)
        bar.at(50)
    assert "accounts.csv" in terminal.getvalue()


def test_short_work_shows_nothing(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    """Most files are loaded before anybody could read a bar."""
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with ProgressBar("accounts.csv", 100) as bar:
        clock.append(100.5)
        bar.at(50)
    assert terminal.getvalue() == ""


def test_nothing_is_shown_in_a_pipe(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    """A log file gets no control characters."""
    monkeypatch.setattr(sys, "stderr", pipe := io.StringIO())
    with ProgressBar("accounts.csv", 100) as bar:
        clock.append(200.0)
        bar.at(50)
    assert pipe.getvalue() == ""


def test_a_long_statement_shows_that_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread waits for a database, so the bar moves in another."""
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setattr(progress, "QUIET_S", 0.01)
    with Waiting("adding up"):
        deadline = time.monotonic() + 10
        while "adding up" not in terminal.getvalue():
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_a_short_statement_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does one in a pipe, however long it takes."""
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with Waiting("adding up"):
        pass
    assert terminal.getvalue() == ""
