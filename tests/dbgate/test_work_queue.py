"""The work queue: order, bounds, and no account in two running batches."""

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
