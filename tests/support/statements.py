"""Statements as the engine itself sees them, whatever way they were sent; and a hand on one of them. 语句旁观"""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event

# What PostgreSQL writes before a statement: "statement: BEGIN", "execute <unnamed>: SELECT …", "execute _pg3_0: …".
_PREFIXES = ("statement: ", "execute ")


def watch(engine: Engine) -> list[str]:
    """Return a list that grows by every statement that runs on connections opened from now on.

    SQLite traces each; PostgreSQL writes each to its log, which the connection gets a copy of.
    """
    statements: list[str] = []

    def _said(diagnostic: psycopg.errors.Diagnostic) -> None:
        message = diagnostic.message_primary or ""
        if message.startswith(_PREFIXES):
            statements.append(message.partition(": ")[2])

    def _connected(connection: Any, _record: object) -> None:
        if engine.dialect.name == "sqlite":
            connection.set_trace_callback(statements.append)
            return
        connection.add_notice_handler(_said)
        as_superuser(connection, "SET log_statement = 'all'", "SET client_min_messages = 'log'")

    event.listen(engine, "connect", _connected)
    return statements


def as_superuser(connection: psycopg.Connection[Any], *statements: str) -> None:
    """Run on a new connection what only a superuser may, or skip the test."""
    try:
        for statement in statements:
            connection.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege as error:
        pytest.skip(f"the role of the test's database is no superuser: {error}")
    connection.commit()


def on_statement(
    engine: Engine, fragment: str, *, before: Callable[[], object] = bool, after: Callable[[], object] = bool
) -> None:
    """Run ``before`` and ``after`` around each statement that contains ``fragment``, on connections opened from now on.

    What they raise is raised where the statement was sent.
    """

    class _Cursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
            return self._around(super().execute, query, *arguments, **options)

        def executemany(self, query: Any, *arguments: Any, **options: Any) -> None:
            self._around(super().executemany, query, *arguments, **options)

        def _around(self, run: Callable[..., Any], query: Any, *arguments: Any, **options: Any) -> Any:
            text = query.decode() if isinstance(query, bytes) else str(query)
            if fragment not in text:
                return run(query, *arguments, **options)
            before()
            result = run(query, *arguments, **options)
            after()
            return result

    def _connected(connection: Any, _record: object) -> None:
        connection.cursor_factory = _Cursor

    def _executing(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if fragment in statement:
            before()

    def _executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if fragment in statement:
            after()

    if engine.dialect.name == "sqlite":
        event.listen(engine, "before_cursor_execute", _executing)
        event.listen(engine, "after_cursor_execute", _executed)
    else:
        event.listen(engine, "connect", _connected)
