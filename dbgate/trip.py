"""Trip 一次往返: statements that need nothing of each other's results, sent to the database together.

PostgreSQL runs them one after the other, each with a snapshot of its own, as if they had been sent singly; only the
waits between them are gone. Other engines have no such way, or no such wait.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from dbgate.forms import FORMS
from dbgate.prepared import Prepared

Step = Callable[[Any], None]
"""Executes one statement on a driver's cursor."""


class Reply:
    """What one statement of a trip has given; empty until the trip has been made.

    Attributes:
        rows: of a SELECT.
        count: how many rows were inserted or updated.
    """

    __slots__ = ("count", "rows")

    rows: list[Any]
    count: int


class Trip:
    """Gather statements with ``ask``, then ``go``; used once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._steps: list[tuple[str, Step, Reply, bool]] = []

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been asked."""
        return not self._steps

    def ask(self, statement: Prepared, *arguments: Any) -> Reply:
        """Add a statement, with the arguments that it takes."""
        dialect = self._connection.dialect
        return self._add(
            statement.name,
            lambda cursor: statement.execute(cursor, dialect, arguments),
            has_rows=statement.has_rows,
        )

    def ask_text(self, text: str) -> Reply:
        """Add a SELECT of the engine's own, without parameters."""
        return self._add(text, lambda cursor: cursor.execute(text), has_rows=True)

    def go(self) -> None:
        """Run all statements in their order.

        Raises:
            sqlalchemy.exc.DBAPIError: one of them failed; those after it have not been run.
        """
        if not self._steps:
            return
        driver: Any = self._connection.connection.dbapi_connection
        is_one = len(self._steps) == 1
        form = FORMS[self._connection.dialect.name]
        with translated(self._connection):
            cursors = []
            with nullcontext() if is_one else form.together(driver):
                for name, step, _, _ in self._steps:
                    cursor = form.cursor(driver, name)
                    cursors.append(cursor)
                    step(cursor)
            for cursor, (name, _, reply, has_rows) in zip(cursors, self._steps, strict=True):
                reply.rows = cursor.fetchall() if has_rows else []
                reply.count = cursor.rowcount
                form.done(driver, name, cursor)

    def _add(self, name: str, step: Step, *, has_rows: bool) -> Reply:
        reply = Reply()
        self._steps.append((name, step, reply, has_rows))
        return reply


def run(connection: Connection, statement: Prepared, *arguments: Any) -> Reply:
    """Run one statement at once; raises as ``Trip.go`` does."""
    trip = Trip(connection)
    reply = trip.ask(statement, *arguments)
    trip.go()
    return reply


def stream(connection: Connection, statement: Prepared, rows_max: int, *arguments: Any) -> Iterator[list[Any]]:
    """Run one SELECT and yield its rows as they come, at most ``rows_max`` together; raises as ``Trip.go`` does."""
    driver: Any = connection.connection.dbapi_connection
    with (
        translated(connection),
        closing(FORMS[connection.dialect.name].stream_cursor(driver, statement.name)) as cursor,
    ):
        cursor.arraysize = rows_max
        statement.execute(cursor, connection.dialect, arguments)
        while found := cursor.fetchmany(rows_max):
            yield found


@contextmanager
def translated(connection: Connection) -> Iterator[None]:
    """Raise a driver's error as SQLAlchemy does."""
    assert connection.dialect.dbapi is not None
    error_type = connection.dialect.dbapi.Error
    try:
        yield
    except error_type as error:
        raise DBAPIError.instance(None, None, error, error_type, hide_parameters=True) from None
