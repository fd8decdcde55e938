"""A snapshot of the small ledger on each engine."""

from collections.abc import Iterator

import pytest

from dbgate.database import Database
from dbgate.reports.snapshots import Snapshot, snapshot
from tests.support.report_ledger import keep


@pytest.fixture
def books(empty: Database) -> Database:
    """A database with the ledger."""
    keep(empty)
    return empty


@pytest.fixture
def snapshots(books: Database) -> Iterator[list[Snapshot]]:
    """The ledger as a report reads it: a list of one snapshot."""
    with snapshot(books) as connection:
        yield [connection]
