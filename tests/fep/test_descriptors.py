"""Descriptors: connections leave enough for the rest, and are closed when there is none; told once, and once more."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from fep import descriptors as module
from fep.descriptors import RESERVE, STEADY_S, Descriptors


@pytest.fixture
def refused() -> list[int]:
    """How many connections were told of, each time."""
    return []


@pytest.fixture
def descriptors(refused: list[int]) -> Iterator[Descriptors]:
    """Descriptors of this process, with the spare one."""
    descriptors = Descriptors(refused.append)
    descriptors.keep_spare()
    yield descriptors
    assert descriptors._spare is not None
    os.close(descriptors._spare)


def test_the_reserve_is_kept(descriptors: Descriptors, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are short as soon as a new file would be one of the reserve."""
    number = os.dup(0)
    os.close(number)
    for left, is_short in ((RESERVE + 1, False), (RESERVE, True), (1, True)):
        monkeypatch.setattr(module, "_limit", lambda left=left: number + left)
        assert descriptors.are_short() is is_short
    assert not descriptors.are_none()


def test_where_nobody_listens_they_are_not_short(refused: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not listen for banks accepts nobody, and asks nothing of the system."""
    monkeypatch.setattr(module, "_limit", lambda: 0)
    assert not Descriptors(refused.append).are_short()


def test_told_once_and_once_that_it_is_over(
    descriptors: Descriptors, refused: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many connections are refused, it is one line; over when there have been enough for a while."""
    is_short = [True]
    monkeypatch.setattr(Descriptors, "are_short", lambda _self: is_short[0])
    with capture_logs() as logs:
        for second in range(20):
            descriptors.refused(100.0 + second)
            descriptors.check(100.0 + second)
        descriptors.check(119.0 + STEADY_S)
        is_short[0] = False
        descriptors.check(120.0 + STEADY_S)
        assert len(logs) == 1  # enough for a second only
        descriptors.check(119.0 + 2 * STEADY_S)
        descriptors.check(500.0)

    assert [line["event"] for line in logs] == ["file_descriptors_short", "file_descriptors_enough"]
    assert logs[0]["reserve"] == RESERVE
    assert (logs[1]["refused_count"], logs[1]["lasted_s"]) == (20, 19 + STEADY_S)
    assert refused == [1] * 20


WITHOUT_ANY = """
import resource, socket
from fep.descriptors import Descriptors
refused = []
descriptors = Descriptors(refused.append)
listening = socket.create_server(("127.0.0.1", 0))
listening.setblocking(False)
descriptors.keep_spare()
clients = [socket.create_connection(listening.getsockname()) for _ in range(3)]
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors._spare + 1, hard))
while not descriptors.are_none():
    socket.socket().detach()
assert descriptors.turn_away(listening, 1.0)
assert [client.recv(1) for client in clients] == [b""] * 3
assert refused == [3]
assert descriptors.are_none() and descriptors._spare is not None
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
waiting = socket.create_connection(listening.getsockname())
resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors._spare, hard))
assert not descriptors.turn_away(listening, 2.0)  # the spare one's number is above the limit too
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
assert not descriptors.are_none()
print("done")
"""


def test_who_waits_is_closed_when_there_is_none() -> None:
    """With the spare one's number each is accepted and closed; where that is not possible either, it is said."""
    done = subprocess.run([sys.executable, "-c", WITHOUT_ANY], capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout.splitlines()[-1:] == ["done"], done.stdout + done.stderr
