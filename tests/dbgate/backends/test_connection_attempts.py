"""Connection attempts: a connect that never ends holds nobody up, and is not begun again and again."""

import threading

import pytest

from dbgate.backends.connection_attempts import ConnectionAttempts
from dbgate.errors import DatabaseUnavailable


def test_what_the_driver_returns_or_raises_comes_back() -> None:
    """The caller sees a connection, or the driver's own error, as if it had connected by itself."""
    attempts = ConnectionAttempts(5.0)

    def _refuse() -> object:
        raise ConnectionRefusedError("no listener")

    assert attempts.connect(lambda: "connection") == "connection"
    with pytest.raises(ConnectionRefusedError, match="no listener"):
        attempts.connect(_refuse)
    assert attempts.connect(lambda: "another") == "another"


def test_an_attempt_that_hangs_is_left_alone_and_used_when_it_ends() -> None:
    """While it hangs no second one is begun; the connection that it brings at last is the caller's."""
    attempts = ConnectionAttempts(0.05)
    answer = threading.Event()
    begun = []

    def _hang() -> object:
        begun.append(threading.current_thread())
        answer.wait(30)
        return "late"

    for _ in range(3):
        with pytest.raises(DatabaseUnavailable, match=r"cannot connect: no answer within 0\.05 s"):
            attempts.connect(_hang)
    assert len(begun) == 1
    answer.set()
    begun[0].join(30)
    assert attempts.connect(_hang) == "late"
    assert len(begun) == 1


def test_threads_do_not_wait_for_each_other_s_attempts() -> None:
    """A lane whose attempt hangs leaves the others free to connect."""
    attempts = ConnectionAttempts(0.05)
    answer = threading.Event()
    with pytest.raises(DatabaseUnavailable):
        attempts.connect(lambda: answer.wait(30))
    found: list[object] = []
    other = threading.Thread(target=lambda: found.append(attempts.connect(lambda: "connection")))
    other.start()
    other.join(30)
    answer.set()

    assert found == ["connection"]


def test_no_thread_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database counts as unavailable; the next attempt is a new one."""
    attempts = ConnectionAttempts(5.0)

    def refused(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refused)
        with pytest.raises(DatabaseUnavailable, match="no thread can be started"):
            attempts.connect(lambda: "connection")
    assert attempts.connect(lambda: "connection") == "connection"
