"""Databases of any engine, as a test sees them: opened with the test's clock, read beside the gate. 测试数据库"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
from sqlalchemy import URL, make_url

from dbgate import schema
from dbgate.books.tables import metadata
from dbgate.clock import SystemClock
from dbgate.database import Database
from tests.support.oracle_emulation import PREFIX
from tests.support.oracle_server import OracleConnection

ENGINES = ("sqlite", "postgresql")
"""What the tests of the gate run on; those of ``tests/dbgate/backends`` on Oracle too, mostly emulated."""


def open_database(url: str, clock: SystemClock, *, database_no: int = 1) -> Database:
    """Open a database whose clock is the test's, even where the engine has one of its own."""
    database = Database(url, database_no=database_no, clock=clock)
    database.backend = replace(database.backend, clock_statement=None)
    return database


def migrate(url: str) -> None:
    """Give a database the schema."""
    database = Database(url)
    schema.upgrade(database.money_engine)
    database.dispose()


def is_emulated(url: URL) -> bool:
    """Tell whether an Oracle is one of ``tests.support.oracle_emulation``."""
    return url.render_as_string(hide_password=False).startswith(PREFIX)


@contextmanager
def driver_connection(url: str | URL) -> Iterator[Any]:
    """Connect by the engine's own driver, without any of the product; each statement commits."""
    parsed = make_url(url)
    if is_emulated(parsed) or parsed.get_backend_name() == "sqlite":
        path = parsed.query.get("service_name", parsed.database)  # an emulated Oracle is a file too
        connection: Any = sqlite3.connect(str(path), isolation_level=None, check_same_thread=False)
    elif parsed.get_backend_name() == "oracle":
        connection = OracleConnection(parsed)
    else:
        plain = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = psycopg.connect(plain, autocommit=True)
    try:
        yield connection
    finally:
        connection.close()


def delete_rows(url: str) -> None:
    """Delete every row of a database, which is quicker than to make another."""
    with driver_connection(url) as connection:
        for table in metadata.tables:
            connection.execute(f"DELETE FROM {table}")


def stored(database: Database, query: str) -> list[tuple[Any, ...]]:
    """Return rows as the engine's own driver reads them."""
    with driver_connection(database.money_engine.url) as connection:
        rows: list[tuple[Any, ...]] = connection.execute(query).fetchall()
        return rows
