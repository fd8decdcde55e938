"""A connection that does not wait for ever 限时连接: psycopg's, over a network or to a server that may never answer.

Every wait of psycopg's, for a statement, a pipeline or a COMMIT, goes through ``Connection.wait``, which wakes up ten
times a second. What ends a wait here closes the connection: nobody knows what the server makes of what was sent.
"""

import logging
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import Any, TypeVar

import psycopg

Result = TypeVar("Result")

# What it warns of is answered and logged by the lane, and the server's texts may quote a customer's values.
logging.getLogger("psycopg").setLevel(logging.CRITICAL)

# What a pipeline is ended with is psycopg's own business (3.2 to 3.3). Should that change, a pipeline is ended its way,
# and only the clock of unheard transactions stands still.
_KNOWS_HOW_TO_EXIT = all(
    hasattr(psycopg.Pipeline, name) for name in ("_exit_gen", "_enqueue_sync", "_communicate_gen", "_fetch_gen")
)


class AnswerOverdue(psycopg.OperationalError):
    """The server has not answered in time; the connection is closed."""

    sqlstate = "08006"  # connection_failure


class BoundedConnection(psycopg.Connection[Any]):
    """A connection whose waits end.

    Attributes:
        stall_s: how long the server may give no sign of life while it is waited for.
        answer_by: ``time.monotonic()`` seconds at which every wait ends; another thread may set it, to end a wait.
    """

    stall_s = float("inf")
    answer_by = float("inf")

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
        """Send statements without awaiting their results, as psycopg does, but for the last message.

        It ends with Sync and then Flush; after Sync there is nothing to flush, and as PostgreSQL has it (12 to 18), the
        Flush stops the clock of ``idle_in_transaction_session_timeout``, which Sync has just started.
        """
        with super().pipeline() as pipeline:
            if _KNOWS_HOW_TO_EXIT:
                pipeline._exit_gen = partial(_exit_without_flush, pipeline)  # type: ignore[method-assign]
            yield pipeline

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


def _exit_without_flush(pipeline: psycopg.Pipeline) -> Generator[Any, Any, None]:
    """Send Sync and fetch what results are left, as ``Pipeline._exit_gen``."""
    try:
        pipeline._enqueue_sync()
        yield from pipeline._communicate_gen()
    finally:
        yield from pipeline._fetch_gen(flush=False)
