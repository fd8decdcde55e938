"""Any sequence of payments, undos and repeats keeps the promises 不变式 through the gate, as it does on paper."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import NewDatabase
from tests.support.databases import delete_rows, open_database
from tests.support.histories import (
    UTILITY,
    History,
    check_batches_alike,
    check_promises,
    check_undone_exactly,
    histories,
)
from tests.support.sql_ledger import SqlLedger, clock

NewLedgers = Callable[[int], list[SqlLedger]]

# Each example commits some twenty times to the disk.
unhurried = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def new_ledgers(new_database_url: NewDatabase) -> Iterator[NewLedgers]:
    """Make ledgers, each in a database of its own; those that were made before are closed, and their databases used."""
    urls: list[str] = []
    ledgers: list[SqlLedger] = []
    with ExitStack() as stack:

        def _new(count: int) -> list[SqlLedger]:
            for ledger in ledgers:
                ledger.close()
            ledgers.clear()
            urls.extend(stack.enter_context(new_database_url()) for _ in range(count - len(urls)))
            for url in urls[:count]:
                delete_rows(url)
                ledgers.append(SqlLedger(open_database(url, clock), UTILITY))
            return list(ledgers)

        yield _new
        _new(0)


@unhurried
@given(history=histories())
def test_promises(new_ledgers: NewLedgers, history: History) -> None:
    """After every request the books add up, repeats get the first reply, and refusals leave nothing."""
    [ledger] = new_ledgers(1)
    check_promises(ledger, history)


@unhurried
@given(history=histories())
def test_undone_exactly(new_ledgers: NewLedgers, history: History) -> None:
    """Reversing all that is posted puts every bill and balance back to what was loaded."""
    [ledger] = new_ledgers(1)
    check_undone_exactly(ledger, history)


@unhurried
@given(history=histories(), size=st.integers(2, 24))
def test_batches_alike(new_ledgers: NewLedgers, history: History, size: int) -> None:
    """A request is answered alike alone and in the middle of a batch."""
    alone, together = new_ledgers(2)
    check_batches_alike(alone, together, history, size)
