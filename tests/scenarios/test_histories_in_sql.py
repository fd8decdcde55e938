"""Any sequence of payments, undos and repeats keeps the promises 不变式 through the gate, as it does on paper."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbgate import schema
from tests.support.histories import (
    UTILITY,
    History,
    check_batches_alike,
    check_promises,
    check_undone_exactly,
    histories,
)
from tests.support.sql_ledger import SqlLedger, open_database

# Each example makes a database and commits some twenty times to the disk.
unhurried = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the schema and nothing in it."""
    path = tmp_path_factory.mktemp("template") / "fep.db"
    database = open_database(f"sqlite:///{path}")
    schema.upgrade(database.money_engine)
    database.dispose()
    return path


@pytest.fixture
def new_ledger(template: Path) -> Iterator[Callable[[], SqlLedger]]:
    """Make ledgers, each in a database of its own; all are gone after the test."""
    ledgers: list[SqlLedger] = []
    with TemporaryDirectory() as directory:

        def _new() -> SqlLedger:
            path = Path(directory) / f"{len(ledgers)}.db"
            shutil.copy(template, path)
            ledgers.append(SqlLedger(open_database(f"sqlite:///{path}"), UTILITY))
            return ledgers[-1]

        yield _new
        for ledger in ledgers:
            ledger.close()


@unhurried
@given(history=histories())
def test_promises(new_ledger: Callable[[], SqlLedger], history: History) -> None:
    """After every request the books add up, repeats get the first reply, and refusals leave nothing."""
    check_promises(new_ledger(), history)


@unhurried
@given(history=histories())
def test_undone_exactly(new_ledger: Callable[[], SqlLedger], history: History) -> None:
    """Reversing all that is posted puts every bill and balance back to what was loaded."""
    check_undone_exactly(new_ledger(), history)


@unhurried
@given(history=histories(), size=st.integers(2, 24))
def test_batches_alike(new_ledger: Callable[[], SqlLedger], history: History, size: int) -> None:
    """A request is answered alike alone and in the middle of a batch."""
    check_batches_alike(new_ledger(), new_ledger(), history, size)
