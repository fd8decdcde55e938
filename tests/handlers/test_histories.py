"""Any sequence of payments, undos and repeats keeps the promises 不变式, on paper; the gate's tests run the same."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.histories import (
    UTILITY,
    History,
    check_batches_alike,
    check_promises,
    check_undone_exactly,
    histories,
)
from tests.support.ledger import PaperLedger

# The machine that runs the tests may be busy, and an example is quick anyway.
unhurried = settings(deadline=None, max_examples=150)


@unhurried
@given(history=histories(), generous=st.booleans())
def test_promises(history: History, generous: bool) -> None:
    """After every request the books add up, repeats get the first reply, and refusals leave nothing.

    It is so whether the gate loads what is needed or more.
    """
    check_promises(PaperLedger(UTILITY, generous=generous), history)


@unhurried
@given(history=histories())
def test_undone_exactly(history: History) -> None:
    """Reversing all that is posted puts every bill and balance back to what was loaded."""
    check_undone_exactly(PaperLedger(UTILITY), history)


@unhurried
@given(history=histories(), size=st.integers(2, 24))
def test_batches_alike(history: History, size: int) -> None:
    """A request is answered alike alone and in the middle of a batch."""
    check_batches_alike(PaperLedger(UTILITY), PaperLedger(UTILITY), history, size)
