"""A group of lanes tells how long work waited, how much of it was done together, and how long that took."""

import threading
import time
from typing import Any

from dbgate.lane_group import LaneGroup
from dbgate.work import Decision, Needs, Work
from dbgate.work_queue import WorkQueue


class Lane:
    """A lane whose batches last until a test lets them end."""

    money = True

    def __init__(self) -> None:
        self.about: dict[str, Any] = {}
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)

    def run(self, works: list[Work]) -> list[tuple[Work, object]]:
        self.begun.release()
        assert self.may_end.acquire(timeout=10)
        return [(work, "done") for work in works]

    def close(self) -> None:
        pass


class Up:
    is_up = True


def work() -> Work:
    return Work(Needs("0102"), lambda _records, _moment: Decision("done"), True, time.monotonic() + 10, lambda _: None)


def test_waits_sizes_and_durations():
    """Work that came while the lane was busy had to wait for it, and is then done together."""
    lane, delivered = Lane(), threading.Semaphore(0)
    queue = WorkQueue(7, has_exclusive_accounts=True)
    group = LaneGroup("money", queue, Up(), lambda results: delivered.release(), batch_max=64)  # type: ignore[arg-type]
    group.start([lane])  # type: ignore[list-item]
    group.submit(work())
    assert lane.begun.acquire(timeout=10)
    for _ in range(3):
        group.submit(work())
    busy = group.reading()
    assert (busy.kind, busy.waiting, busy.waiting_max, busy.lanes, busy.busy) == ("money", 3, 7, 1, 1)
    time.sleep(0.06)  # how long they wait is what is measured
    lane.may_end.release(2)
    assert delivered.acquire(timeout=10)
    assert delivered.acquire(timeout=10)
    group.close()
    assert group.join(time.monotonic() + 10)

    idle = group.reading()
    assert (idle.waiting, idle.busy) == (0, 0)
    assert idle.sizes.counts[:3] == [1, 0, 1]  # 1 and 3: up to 1, up to 2, up to 4
    assert idle.sizes.total == 4
    assert sum(idle.waits.counts) == 4
    assert sum(idle.waits.counts[6:]) == 3  # more than 50 ms
    assert sum(idle.durations.counts) == 2
    assert idle.durations.total >= 0.05
