"""What the tests of the gate share: a database on each engine whose clock the test moves, accounts and bills in it."""

from collections.abc import Iterator

import pytest

from dbgate.database import Database
from tests.conftest import NewDatabase
from tests.dbgate.fixtures import Clock, fill
from tests.dbgate.three_branches import Utility
from tests.support.databases import open_database


@pytest.fixture
def clock() -> Clock:
    """A database clock that stands at ten in the morning of 22 November 2026."""
    return Clock()


@pytest.fixture
def url(request: pytest.FixtureRequest, new_database_url: NewDatabase) -> Iterator[str]:
    """The URL of the test's own database: without the schema, unless the test asks for ``empty`` or ``database``.

    A database of SQLite without the schema is a file that does not exist yet.
    """
    with new_database_url(migrated="empty" in request.fixturenames) as url:
        yield url


@pytest.fixture
def empty(url: str, clock: Clock) -> Iterator[Database]:
    """A database with the schema and nothing in it."""
    database = open_database(url, clock)
    yield database
    database.dispose()


@pytest.fixture
def database(empty: Database) -> Database:
    """A database with ten accounts, each with two open bills of 100 and 200 fen."""
    fill(empty)
    return empty


@pytest.fixture
def utility(new_database_url: NewDatabase, clock: Clock) -> Iterator[Utility]:
    """A utility of three branches, each with a database of its own."""
    with new_database_url() as first, new_database_url() as second, new_database_url() as third:
        utility = Utility([first, second, third], clock)
        yield utility
        utility.close()
