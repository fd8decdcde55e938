"""Statements as the engine itself sees them, whatever way they were sent; and a hand on one of them. 语句旁观"""

import re
import sqlite3
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event

from tests.support.databases import is_emulated

# What PostgreSQL writes before a statement: "statement: BEGIN", "execute <unnamed>: SELECT …", "execute _pg3_0: …".
_PREFIXES = ("statement: ", "execute ")
_PARAMETER = re.compile(r"\$\d+ = (NULL|'(?:[^']|'')*')")


class Sent(str):
    """A statement that an engine ran.

    Attributes:
        parameters: literals in the order of ``$1``, ``$2`` …; none on SQLite, which writes them into the text.
    """

    parameters: tuple[str, ...] = ()


def watch(engine: Engine) -> list[Sent]:
    """Return a list that grows by every statement that runs on connections opened from now on.

    SQLite traces each; PostgreSQL writes each to its log, which the connection gets a copy of.
    """
    _require_reach(engine)
    statements: list[Sent] = []

    def _said(diagnostic: psycopg.errors.Diagnostic) -> None:
        message = diagnostic.message_primary or ""
        if message.startswith(_PREFIXES):
            sent = Sent(message.partition(": ")[2])
            # "Parameters: $1 = '{1,2}', $2 = NULL"; before version 16 in lower case.
            sent.parameters = tuple(_PARAMETER.findall(diagnostic.message_detail or ""))
            statements.append(sent)

    def _connected(connection: Any, _record: object) -> None:
        if engine.dialect.name == "sqlite":
            connection.set_trace_callback(lambda text: statements.append(Sent(text)))
            return
        if engine.dialect.name == "oracle":
            connection.around.append(("", lambda: statements.append(Sent(connection.emulation.texts[-1])), bool))
            return
        connection.add_notice_handler(_said)
        as_superuser(connection, "SET log_statement = 'all'", "SET client_min_messages = 'log'")

    event.listen(engine, "connect", _connected)
    return statements


def _require_reach(engine: Engine) -> None:
    if engine.dialect.name == "oracle" and not is_emulated(engine.url):
        pytest.skip("a real Oracle does not let a test into its statements")


def as_superuser(connection: psycopg.Connection[Any], *statements: str) -> None:
    """Run on a new connection what only a superuser may, or skip the test."""
    try:
        for statement in statements:
            connection.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege as error:
        pytest.skip(f"the role of the test's database is no superuser: {error}")
    connection.commit()


def limit_statements(engine: Engine, duration: str) -> None:
    """Let statements and their waits for locks end after ``duration`` on PostgreSQL connections opened from now on."""

    def _connected(connection: Any, _record: object) -> None:
        connection.execute(f"SET statement_timeout = '{duration}'; SET lock_timeout = '{duration}'".encode())
        connection.commit()

    event.listen(engine, "connect", _connected)


def on_statement(
    engine: Engine, fragment: str, *, before: Callable[[], object] = bool, after: Callable[[], object] = bool
) -> None:
    """Run ``before`` and ``after`` around each statement that contains ``fragment``, on connections opened from now on.

    What they raise is raised where the statement was sent. So that they stand between statements, these connections
    send each by itself.
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
        connection.pipeline = nullcontext

    if engine.dialect.name == "sqlite":
        _around_sqlite(engine, fragment, before, after)
    elif engine.dialect.name == "oracle":
        _require_reach(engine)
        event.listen(engine, "connect", lambda connection, _: connection.around.append((fragment, before, after)))
    else:
        event.listen(engine, "connect", _connected)


class _Wrapped:
    """A connection of SQLite's, whose class cannot be told of another cursor once it is open."""

    def __init__(self, connection: sqlite3.Connection, cursor_type: type[sqlite3.Cursor]) -> None:
        self._connection = connection
        self._cursor_type = cursor_type

    def cursor(self) -> sqlite3.Cursor:
        return self._connection.cursor(self._cursor_type)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def _around_sqlite(engine: Engine, fragment: str, before: Callable[[], object], after: Callable[[], object]) -> None:
    class _Cursor(sqlite3.Cursor):
        def execute(self, query: str, *arguments: Any) -> Any:
            return self._around(super().execute, query, *arguments)

        def executemany(self, query: str, *arguments: Any) -> Any:
            return self._around(super().executemany, query, *arguments)

        def _around(self, run: Callable[..., Any], query: str, *arguments: Any) -> Any:
            if fragment not in query:
                return run(query, *arguments)
            before()
            result = run(query, *arguments)
            after()
            return result

    pool: Any = engine.pool
    connect = pool._creator
    pool._creator = lambda: _Wrapped(connect(), _Cursor)
