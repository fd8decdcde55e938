"""What the tests of the gate share: a database on disk whose clock the test moves, accounts and bills in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dbgate import schema
from dbgate.database import Database
from tests.dbgate.fixtures import Clock, fill


@pytest.fixture
def clock() -> Clock:
    """A database clock that stands at ten in the morning of 22 November 2026."""
    return Clock()


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The URL of a database file that does not exist yet."""
    return f"sqlite:///{tmp_path}/fep.db"


@pytest.fixture
def empty(url: str, clock: Clock) -> Iterator[Database]:
    """A database with the schema and nothing in it."""
    database = Database(url, clock=clock)
    schema.upgrade(database.money_engine)
    yield database
    database.dispose()


@pytest.fixture
def database(empty: Database) -> Database:
    """A database with ten accounts, each with two open bills of 100 and 200 fen."""
    fill(empty)
    return empty
