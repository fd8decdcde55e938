"""Databases on one PostgreSQL server that a whole run of the tests shares. 共享测试数据库

``FEP_TEST_DATABASE_URL`` names the database of a server that somebody else runs: it is used instead of a server of our
own, one test after the other; a test that needs two at once is skipped. All that it holds is dropped.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import Protocol

import pytest

from tests.support.databases import driver_connection, migrate
from tests.support.postgresql_server import WHEEL_VERSION, PostgresServer, binaries, running_server, why_missing

ENVIRONMENT = "FEP_TEST_DATABASE_URL"
_TEMPLATE = "fep_template"


class SharedPostgres(Protocol):
    """A server that hands out databases, each of them fresh.

    Attributes:
        server: the server, for tests that look at it; None when it is not ours. Stop or kill only a server of your own.
    """

    server: PostgresServer | None

    def database(self, *, migrated: bool = True) -> AbstractContextManager[str]:
        """Yield the URL of a fresh database with or without the schema, and drop it afterwards."""


@contextmanager
def sharing(version: int = WHEEL_VERSION) -> Iterator[SharedPostgres]:
    """Run a server until all tests have ended, or use the one that the environment names; skip when there is none."""
    if version == WHEEL_VERSION and (foreign := os.environ.get(ENVIRONMENT)):
        yield _ForeignDatabase(foreign)
        return
    if binaries(version) is None:
        pytest.skip(why_missing(version))
    with running_server(version=version, max_connections="200") as server:
        migrate(server.create_database(_TEMPLATE))
        yield _OwnServer(server)


class _OwnServer:
    def __init__(self, server: PostgresServer) -> None:
        self.server: PostgresServer | None = server
        self._numbers = count(1)

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        assert self.server is not None
        name = f"test_{next(self._numbers)}"
        # A copy of a migrated database takes a tenth of the time that the migrations do.
        url = self.server.create_database(name, _TEMPLATE if migrated else "template1")
        try:
            yield url
        finally:
            self.server.drop_database(name)


class _ForeignDatabase:
    def __init__(self, url: str) -> None:
        self.server: PostgresServer | None = None
        self._url = url
        self._in_use = False

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        if self._in_use:
            pytest.skip(f"{ENVIRONMENT} names one database, this test needs two at once")
        with driver_connection(self._url) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        if migrated:
            migrate(self._url)
        self._in_use = True
        try:
            yield self._url
        finally:
            self._in_use = False
