"""The work queue: order, bounds, and no account in two running batches."""

import threading
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest

from dbgate.errors import GateBusy, GateClosed
from dbgate.work import Work
from dbgate.work_queue import WorkQueue
from tests.dbgate.fixtures import deposit


@pytest.mark.parametrize("is_exclusive", [True, False])
def test_account_of_a_running_batch_waits(is_exclusive: bool) -> None:
    """Money work of an account that is in a running batch is passed over until that batch is done; reads are not."""
    queue = WorkQueue(10, has_exclusive_accounts=is_exclusive)
    first, second, third, other = (deposit(number, serial, 5) for serial, number in enumerate((1, 1, 1, 2)))
    queue.put(first)
    running = queue.take(10)
    for work in (second, third, other):
        queue.put(work)

    beside = queue.take(10)
    assert (running, beside) == ([first], [other] if is_exclusive else [second, third, other])

    queue.release(running)
    queue.close()
    assert queue.take(10) == ([second, third] if is_exclusive else [])


def test_bounds() -> None:
    """A full queue takes nothing more, a closed one neither; what is abandoned is handed back."""
    queue = WorkQueue(2, has_exclusive_accounts=True)
    works: list[Work] = [deposit(1, serial, 5) for serial in range(3)]
    queue.put(works[0])
    queue.put(works[1])

    with pytest.raises(GateBusy):
        queue.put(works[2])
    assert queue.take(1) == works[:1]
    queue.close()
    with pytest.raises(GateClosed):
        queue.put(works[2])
    assert queue.abandon() == works[1:2]
    assert queue.take(1) == []


def test_one_lane_is_woken_for_what_is_put(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last lane to have worked is woken and takes all of it; the next one, when more is left than it may take."""
    queue = WorkQueue(10, has_exclusive_accounts=True)
    woken: list[str] = []
    lanes = [SimpleNamespace(notify=partial(woken.append, name)) for name in ("first", "second", "third")]
    monkeypatch.setattr(queue, "_waiting", lanes)
    works = [deposit(number, number, 5) for number in range(3)]
    for work in works:
        queue.put(work)
    assert woken == ["third"]

    assert queue.take(2) == works[:2]
    assert woken == ["third", "second"]
    assert queue.take(2) == works[2:]
    queue.put(deposit(3, 3, 5))
    assert woken == ["third", "second", "first"]


def test_a_lane_is_woken_for_what_waited_for_an_account() -> None:
    """Work that was passed over runs as soon as its account is free, whoever waits."""
    queue = WorkQueue(10, has_exclusive_accounts=True)
    first, second = deposit(1, 1, 5), deposit(1, 2, 5)
    queue.put(first)
    running = queue.take(10)
    queue.put(second)
    taken: list[Work] = []
    lane = threading.Thread(target=lambda: taken.extend(queue.take(10)))
    lane.start()
    queue.release(running)
    lane.join(10)

    assert taken == [second]


def test_all_lanes_end_when_the_queue_is_closed_and_drained() -> None:
    """Lanes that wait for nothing but an account end too, however many there are."""
    queue = WorkQueue(10, has_exclusive_accounts=True)
    queue.put(deposit(1, 1, 5))
    running = queue.take(10)
    queue.put(deposit(1, 2, 5))

    def serve() -> None:
        while works := queue.take(10):
            queue.release(works)

    lanes = [threading.Thread(target=serve) for _ in range(3)]
    for lane in lanes:
        lane.start()
    queue.close()
    queue.release(running)
    for lane in lanes:
        lane.join(10)

    assert not any(lane.is_alive() for lane in lanes)


def of_bank(bank_code: str, count: int) -> list[Work]:
    works = [deposit(number, number, 5) for number in range(count)]
    for work in works:
        work.needs = replace(work.needs, bank_code=bank_code, account_no=None)
    return works


def test_a_bank_with_much_work_leaves_the_others_their_places() -> None:
    """Thousands of requests of one bank wait for each other; a few of another bank are in the very next batch."""
    queue = WorkQueue(10_000, has_exclusive_accounts=True)
    flood, few = of_bank("0102", 4000), of_bank("0103", 3)
    for work in (*flood, *few):
        queue.put(work)
    assert queue.take(10) == [*flood[:7], *few]
    assert queue.take(10) == flood[7:17]
    assert len(queue) == 4003 - 20


def test_banks_that_have_too_much_have_the_same_part() -> None:
    """In order of arrival within it; what fits into one batch goes in order of arrival whosever it is."""
    queue = WorkQueue(100, has_exclusive_accounts=True)
    first, second, third = of_bank("0102", 20), of_bank("0103", 20), of_bank("0104", 1)
    for work in (*first, *second, *third):
        queue.put(work)
    assert queue.take(9) == [*first[:4], *second[:4], *third]
    queue.abandon()

    mixed = [work for pair in zip(of_bank("0102", 3), of_bank("0103", 3), strict=True) for work in pair]
    for work in mixed:
        queue.put(work)
    assert queue.take(6) == mixed


def test_places_of_a_bank_whose_accounts_are_busy_are_left_empty() -> None:
    """What cannot run now is passed over, and runs when its account is free; nothing is lost or counted twice."""
    queue = WorkQueue(100, has_exclusive_accounts=True)
    held = [deposit(1, serial, 5) for serial in range(5)]
    queue.put(held[0])
    running = queue.take(1)
    others = of_bank("0103", 5)
    for work in (*held[1:], *others):
        queue.put(work)
    assert queue.take(4) == others[:2]
    queue.release(running)
    assert queue.take(4) == [*held[1:3], *others[2:4]]
    queue.release(held[1:3])
    assert queue.take(4) == [*held[3:], *others[4:]]
