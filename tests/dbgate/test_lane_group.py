"""Lane groups: what a watchdog is told of their threads."""

import threading
import time
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dbgate.lane import Lane
from dbgate.lane_group import LaneGroup
from dbgate.work import Decision, Needs, Work
from dbgate.work_queue import WorkQueue

WAIT_S = 5.0


class StuckLane:
    """A lane whose batches come back when they are let go."""

    money = False
    about: dict[str, Any] = {}  # noqa: RUF012 - nothing is said of it

    def __init__(self) -> None:
        self.has_begun, self.may_end = threading.Event(), threading.Event()

    def run(self, works: Sequence[Work]) -> list[tuple[Work, object]]:
        self.has_begun.set()
        assert self.may_end.wait(WAIT_S)
        return [(work, "answer") for work in works]

    def close(self) -> None:
        """Nothing to let go of."""


@pytest.fixture
def lane() -> Iterator[StuckLane]:
    """A lane that is let go in the end."""
    stuck = StuckLane()
    yield stuck
    stuck.may_end.set()


def test_a_lane_that_does_not_come_back(lane: StuckLane) -> None:
    """It ails from the moment on that its batch has taken too long, and is well when the batch has come back."""
    delivered = threading.Event()
    group = LaneGroup(
        "read",
        WorkQueue(8, has_exclusive_accounts=False),
        cast("Any", SimpleNamespace(is_up=True)),
        lambda _: delivered.set(),
        batch_max=4,
    )
    group.start([cast("Lane", lane)])
    assert list(group.ailments(0.0)) == []

    group.submit(Work(Needs("0102"), lambda *_: Decision(None), False, time.monotonic() + WAIT_S, lambda _: None))
    assert lane.has_begun.wait(WAIT_S)
    assert list(group.ailments(WAIT_S)) == []
    assert list(group.ailments(0.0)) == ["read-lane-0 has not come back from the database"]

    lane.may_end.set()
    assert delivered.wait(WAIT_S)
    assert list(group.ailments(0.0)) == []


def test_a_lane_that_has_ended(lane: StuckLane) -> None:
    """A thread that serves nobody any more is an ailment, however it came to that."""
    group = LaneGroup(
        "money",
        WorkQueue(8, has_exclusive_accounts=False),
        cast("Any", SimpleNamespace(is_up=True)),
        lambda _: None,
        batch_max=4,
    )
    group.start([cast("Lane", lane)])

    group.close()
    assert group.join(time.monotonic() + WAIT_S)

    assert list(group.ailments(WAIT_S)) == ["money-lane-0 has ended"]
