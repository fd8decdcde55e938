"""Fixtures of all tests: databases on one real PostgreSQL server that the whole run shares. 公共测试环境"""

from collections.abc import Iterator

import pytest

from tests.support.shared_postgresql import SharedPostgres, sharing


@pytest.fixture(scope="session")
def postgresql() -> Iterator[SharedPostgres]:
    """The run's PostgreSQL server, started when the first test asks for it."""
    with sharing() as shared:
        yield shared


@pytest.fixture
def postgresql_url(postgresql: SharedPostgres) -> Iterator[str]:
    """The URL of a database with the schema and nothing in it, of this test alone."""
    with postgresql.database() as url:
        yield url


@pytest.fixture
def empty_postgresql_url(postgresql: SharedPostgres) -> Iterator[str]:
    """The URL of a database without the schema, of this test alone."""
    with postgresql.database(migrated=False) as url:
        yield url
