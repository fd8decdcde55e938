"""Two batches at the same time: one in a thread of its own that can be held, and a look at who waits for a lock."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dbgate.lane import Lane
from dbgate.work import Decision, Moment, Work
from dbgate.working_set import WorkingSet
from tests.support.databases import driver_connection

WAIT_S = 20.0


class Running:
    """A batch that runs on a lane, in a thread of its own."""

    def __init__(self, lane: Lane, works: Sequence[Work]) -> None:
        self._results: list[tuple[Work, object]] = []
        self._thread = threading.Thread(target=lambda: self._results.extend(lane.run(works)), daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        return not self._thread.is_alive()

    def answers(self) -> list[Any]:
        """Wait for the end and return what was answered."""
        self._thread.join(WAIT_S)
        assert self.is_done
        return [answer for _, answer in self._results]


class Hold:
    """Holds a work in its first decision: its batch has its locks and has read, and has stored nothing."""

    def __init__(self, work: Work) -> None:
        self._inner, work.decide = work.decide, self._decide
        self.began, self._go = threading.Event(), threading.Event()

    def _decide(self, working_set: WorkingSet, moment: Moment) -> Decision:
        self.began.set()
        assert self._go.wait(WAIT_S)
        return self._inner(working_set, moment)

    def __enter__(self) -> "Hold":
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go()

    def wait(self) -> None:
        """Wait until the work is being decided."""
        assert self.began.wait(WAIT_S)

    def let_go(self) -> None:
        """Let it be decided."""
        self._go.set()


def wait_until(condition: Callable[[], object]) -> None:
    """Wait for what another thread or process is about to do."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


@contextmanager
def session(url: str) -> Iterator[Any]:
    """Somebody's own program in the middle of a transaction, which is rolled back in the end."""
    with driver_connection(url) as connection:
        connection.execute("BEGIN")
        yield connection
        connection.execute("ROLLBACK")


def wait_for_waiting(url: str, count: int) -> None:
    """Wait until so many sessions of the database wait for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with driver_connection(url) as connection:
        wait_until(lambda: connection.execute(query).fetchone() == (count,))
