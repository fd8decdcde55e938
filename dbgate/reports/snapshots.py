"""Snapshots 只读快照: one read-only transaction of a report, in which its totals and its lists agree."""

import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import Connection, Row, Select
from sqlalchemy.exc import DBAPIError

from dbgate.backends.base import LOCK_WAIT_S
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable
from dbgate.faults import label_of

Snapshot = Connection
"""A connection that stands in one; what is above ``dbgate`` hands it on and calls nothing of it."""

ROWS_AT_ONCE = 1000
"""Rows of a list fetched together, which bounds what a report holds of a database of any size."""


@contextmanager
def snapshot(database: Database, within_s: float | None = None) -> Iterator[Connection]:
    """Yield a connection that stands in one read-only snapshot until the end of the block.

    Args:
        database: which one.
        within_s: how long it may wait for the database; None: as long as a report takes.

    Raises:
        DatabaseUnavailable: it is not to be had, or it was lost on the way.
    """
    try:
        with (
            database.connect(money=False) as connection,
            database.begin(connection, time.monotonic() + (within_s or LOCK_WAIT_S)),
        ):
            if within_s is None:
                database.backend.read_at_length(connection)
            yield connection
    except DBAPIError as error:
        raise DatabaseUnavailable(f"the report was not made: {label_of(error)}") from None


def stream(connection: Connection, statement: Select[Any]) -> Generator[Row[Any]]:
    """Yield the rows of ``statement`` as the server sends them."""
    with connection.execute(statement, execution_options={"yield_per": ROWS_AT_ONCE}) as result:
        yield from result


def tuples(connection: Connection, statement: Select[Any]) -> Generator[tuple[Any, ...]]:
    """Yield the rows of ``statement`` likewise, as plain tuples of whatever length."""
    with closing(stream(connection, statement)) as rows:
        for row in rows:
            yield tuple(row)
