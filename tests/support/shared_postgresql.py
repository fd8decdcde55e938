"""Databases on one PostgreSQL server that a whole run of the tests shares. 共享测试数据库

``FEP_TEST_DATABASE_URL`` names the database of a server that somebody else runs: it is used instead of a server of our
own, one test after the other. All that it holds is dropped.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count

import pytest
from sqlalchemy import create_engine

from dbgate import schema
from dbgate.database import Database
from tests.support.postgresql_server import WHEEL_VERSION, PostgresServer, binaries, running_server, why_missing

ENVIRONMENT = "FEP_TEST_DATABASE_URL"
_TEMPLATE = "fep_template"


class SharedPostgres:
    """A server that hands out databases, each of them fresh.

    Attributes:
        server: the server, for tests that look at it; None when it is not ours. Stop or kill only a server of your own.
    """

    def __init__(self, server: PostgresServer | None, database: Callable[[bool], AbstractContextManager[str]]) -> None:
        self.server = server
        self._database = database

    def database(self, *, migrated: bool = True) -> AbstractContextManager[str]:
        """Yield the URL of a fresh database with or without the schema, and drop it afterwards."""
        return self._database(migrated)


@contextmanager
def sharing(version: int = WHEEL_VERSION) -> Iterator[SharedPostgres]:
    """Run a server until all tests have ended, or use the one that the environment names; skip when there is none."""
    if version == WHEEL_VERSION and (foreign := os.environ.get(ENVIRONMENT)):
        yield SharedPostgres(None, lambda migrated: _foreign_database(foreign, migrated))
        return
    if binaries(version) is None:
        pytest.skip(why_missing(version))
    with running_server(version=version, max_connections="200") as server:
        _migrate(server.create_database(_TEMPLATE))
        numbers = count(1)
        yield SharedPostgres(server, lambda migrated: _own_database(server, f"test_{next(numbers)}", migrated))


@contextmanager
def _own_database(server: PostgresServer, name: str, migrated: bool) -> Iterator[str]:
    # A copy of a migrated database takes a tenth of the time that the migrations do.
    url = server.create_database(name, _TEMPLATE if migrated else "template1")
    try:
        yield url
    finally:
        server.drop_database(name)


@contextmanager
def _foreign_database(url: str, migrated: bool) -> Iterator[str]:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    if migrated:
        _migrate(url)
    yield url


def _migrate(url: str) -> None:
    database = Database(url)
    schema.upgrade(database.money_engine)
    database.dispose()
