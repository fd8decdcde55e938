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


# What tells a database of the schema from one that a test has altered: each object and when it was last changed.
_FINGERPRINT = """
    SELECT (SELECT string_agg(oid || ':' || xmin, ',' ORDER BY oid) FROM pg_class WHERE oid >= 16384),
           (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_event_trigger),
           (SELECT count(*) FROM pg_db_role_setting), (SELECT version_num FROM alembic_version)"""
_TABLES = """
    SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"""
_SEQUENCES = "SELECT setval(sequencename::regclass, 1, false) FROM pg_sequences WHERE schemaname = 'public'"
# Far more than a test of some hundred rows leaves; who has filled a database leaves a bloated one.
_REUSED_BYTES_MAX = 15_000_000


class _OwnServer:
    def __init__(self, server: PostgresServer) -> None:
        self.server: PostgresServer | None = server
        self._numbers = count(1)
        self._free: list[str] = []
        with server.connect(_TEMPLATE) as connection:
            self._fingerprint = connection.execute(_FINGERPRINT).fetchone()

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        assert self.server is not None
        if migrated and self._free:
            name = self._free.pop()
        else:
            name = f"test_{next(self._numbers)}"
            # A copy of a migrated database takes a tenth of the time that the migrations do.
            self.server.create_database(name, _TEMPLATE if migrated else "template1")
        try:
            yield self.server.url(name)
        finally:
            # To delete some rows takes a tenth of the time, again, that a copy does.
            if migrated and self._emptied(name):
                self._free.append(name)
            else:
                self.server.drop_database(name)

    def _emptied(self, name: str) -> bool:
        """Delete all rows of a database; False when it is no more as it was made."""
        assert self.server is not None
        with self.server.connect(name) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            if connection.execute(_FINGERPRINT).fetchone() != self._fingerprint:
                return False
            tables = [table for (table,) in connection.execute(_TABLES)]
            connection.execute("; ".join(f"DELETE FROM {table}" for table in tables).encode())
            connection.execute(_SEQUENCES)
            size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        return size is not None and int(size[0]) < _REUSED_BYTES_MAX


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
