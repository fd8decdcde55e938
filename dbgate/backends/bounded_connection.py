"""A connection that does not wait for ever 限时连接: psycopg's, over a network or to a server that may never answer.

Every wait of psycopg's, for a statement, a pipeline or a COMMIT, goes through ``Connection.wait``, which wakes up ten
times a second. What ends a wait here closes the connection: nobody knows what the server makes of what was sent.
"""

import logging
from collections import defaultdict
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg.generators import send

Result = TypeVar("Result")

# What it warns of is answered and logged by the lane, and the server's texts may quote a customer's values.
logging.getLogger("psycopg").setLevel(logging.CRITICAL)

# How a pipeline sends is psycopg's own business (3.2 to 3.3). Should that change, a pipeline works psycopg's way: each
# statement is sent alone, and the clock of unheard transactions stands still.
_KNOWS_HOW_TO_SEND = all(
    hasattr(psycopg.Pipeline, name)
    for name in ("_exit_gen", "_enqueue_sync", "_sync_gen", "_communicate_gen", "_fetch_gen")
)


SPARE_ROWS_MAX = 1000
"""A cursor holds its last results until it is used again; with more rows than this it is not kept."""


class AnswerOverdue(psycopg.OperationalError):
    """The server has not answered in time; the connection is closed.

    That is a suspicion only: the time may have been too short for what it had to wait for.
    """

    is_suspicion = True
    sqlstate = "08006"  # connection_failure


class BoundedConnection(psycopg.Connection[Any]):
    """A connection whose waits end.

    Attributes:
        stall_s: how long the server may give no sign of life while it is waited for.
        trip_stall_s: the same for a pipeline, of which it says nothing before its end.
        answer_by: ``time.monotonic()`` seconds at which every wait ends; another thread may set it, to end a wait.
    """

    stall_s = float("inf")
    trip_stall_s = float("inf")
    answer_by = float("inf")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._spare_cursors: defaultdict[str, list[psycopg.Cursor[Any]]] = defaultdict(list)

    def spare_cursor(self, name: str) -> psycopg.Cursor[Any]:
        """Return a cursor that is spare, if possible one that has run the statement called ``name`` before.

        It knows the statement's parameters and columns already: a tenth of the time of a single payment.
        """
        spare = self._spare_cursors[name]
        return spare.pop() if spare else self.cursor()

    def spare(self, name: str, cursor: psycopg.Cursor[Any]) -> None:
        """Keep ``cursor`` for the statement called ``name``; it must not be used by anybody until it is returned."""
        if cursor.rowcount <= SPARE_ROWS_MAX:
            self._spare_cursors[name].append(cursor)

    def wait(self, gen: Generator[Any, Any, Result], *args: Any, **kwargs: Any) -> Result:
        """Wait for the answer that ``gen`` reads.

        Raises:
            AnswerOverdue: it did not come in time.
        """
        try:
            return super().wait(self._bounded(gen), *args, **kwargs)
        except AnswerOverdue:
            self.close()
            raise

    @contextmanager
    def pipeline(self) -> Iterator[psycopg.Pipeline]:
        """Send the statements of the block together, at its end, and await their results there; none is a COMMIT.

        psycopg's own pipeline awaits BEGIN, and sends each statement by itself: the server wakes up for each. It also
        ends with Sync and then Flush; after Sync there is nothing to flush, and as PostgreSQL has it (12 to 18), the
        Flush stops the clock of ``idle_in_transaction_session_timeout``, which Sync has just started.
        """
        stall_s, self.stall_s = self.stall_s, self.trip_stall_s
        try:
            with super().pipeline() as pipeline:
                if _KNOWS_HOW_TO_SEND:
                    hand_over = partial(_hand_over, pipeline)
                    pipeline._communicate_gen = hand_over  # type: ignore[method-assign]
                    pipeline._sync_gen = hand_over  # type: ignore[method-assign]
                    pipeline._exit_gen = partial(_send_and_fetch, pipeline)  # type: ignore[method-assign]
                yield pipeline
        finally:
            self.stall_s = stall_s

    def _bounded(self, gen: Generator[Any, Any, Result]) -> Generator[Any, Any, Result]:
        """Hand on what ``gen`` waits for, until time is up; nothing being ready is a falsy value."""
        try:
            waits_for = next(gen)
            stalled_at = monotonic() + self.stall_s
            while True:
                ready = yield waits_for
                if ready:
                    stalled_at = monotonic() + self.stall_s
                elif monotonic() >= min(stalled_at, self.answer_by):
                    raise AnswerOverdue("the server did not answer in time")
                waits_for = gen.send(ready)
        except StopIteration as stop:
            result: Result = stop.value
            return result


def _hand_over(pipeline: psycopg.Pipeline) -> Generator[Any, Any, None]:
    """Hand what is queued to libpq, which keeps up to 64 KiB to itself: for ``_communicate_gen`` and ``_sync_gen``."""
    while pipeline.command_queue:
        pipeline.command_queue.popleft()()
    yield from ()


def _send_and_fetch(pipeline: psycopg.Pipeline) -> Generator[Any, Any, None]:
    """Send everything with a Sync behind it and fetch all results, in place of ``Pipeline._exit_gen``.

    Raises:
        psycopg.Error: the first; what comes after it only says that nothing was run any more.
    """
    failure = None
    try:
        pipeline._enqueue_sync()
        yield from _hand_over(pipeline)
        # To the last byte, and reading meanwhile: a socket takes no megabytes at once.
        yield from send(pipeline.pgconn)
    except psycopg.Error as error:
        failure = error
    try:
        yield from pipeline._fetch_gen(flush=False)
    except psycopg.Error as error:
        failure = failure or error
    if failure is not None:
        raise failure
