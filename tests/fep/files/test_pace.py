"""Pace: work on files gives way to the event loop."""

from contextlib import closing
from threading import Lock

import pytest

from fep.files import pace as module
from fep.files.pace import Interrupted, Pace


def test_the_turn_is_held_while_a_piece_is_worked_on(monkeypatch):
    """And not while the next one is read, nor in the rest after it, which is as long as the work was."""
    turn, clock, slept, seen = Lock(), [100.0], [], []
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(module.time, "sleep", lambda seconds: slept.append((seconds, turn.locked())))

    def read():
        for piece in (b"one", b"two"):
            seen.append(turn.locked())
            yield piece

    for piece in Pace(turn).resting(read()):
        assert turn.locked()
        clock[0] += 0.002 if piece == b"one" else 0.001
    assert slept == [(pytest.approx(0.002), False), (pytest.approx(0.001), False)]
    assert seen == [False, False]


def test_the_turn_is_given_back_when_work_fails():
    """A file that is wrong in its first piece holds nobody up."""
    turn = Lock()
    with closing(Pace(turn).resting([b"x"])) as pieces:
        next(pieces)
        assert turn.locked()
    assert not turn.locked()


def test_the_end_of_the_daemon_interrupts():
    """Between two pieces, in both ways of work."""
    for way in (Pace.resting, Pace.interruptible):
        turn, ending = Lock(), [True, False]
        pieces = way(Pace(turn, ending.pop), [b"one", b"two", b"three"])
        assert next(pieces) == b"one"
        with pytest.raises(Interrupted):
            next(pieces)
        assert not turn.locked()
