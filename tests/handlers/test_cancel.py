"""CANCEL 撤销: where it is stricter than REVERSE."""

import pytest

from dbgate.records import PaymentState
from tests.support.ledger import PaperLedger, Utility
from tests.support.records import ACCOUNT, account, cancel_request, deposit_request, reverse_request
from tests.support.replies import code_of

PAY = deposit_request(500, serial=1)


@pytest.fixture
def ledger() -> PaperLedger:
    return PaperLedger(Utility((account(),)))


def test_cancels(ledger: PaperLedger) -> None:
    """The payment's state says by what it was undone."""
    ledger.ask(PAY)
    ledger.ask(cancel_request(1, 500))
    assert ledger.row(PAY).state is PaymentState.CANCELLED


def test_original_missing(ledger: PaperLedger) -> None:
    """A teller cannot cancel what is not there, and nothing is left behind."""
    assert code_of(ledger.ask(cancel_request(1, 500))) == "2007"
    assert code_of(ledger.ask(PAY)) == "0000"


@pytest.mark.parametrize("undo", [cancel_request(1, 500, serial=2), reverse_request(1, 500, serial=3)], ids=str)
def test_undone_before(ledger: PaperLedger, undo: object) -> None:
    """A payment is cancelled once."""
    ledger.ask(PAY)
    ledger.ask(undo)  # type: ignore[arg-type]
    assert code_of(ledger.ask(cancel_request(1, 500, serial=9))) == "2008"
    assert ledger.account(ACCOUNT).balance_fen == 0


def test_tombstone(ledger: PaperLedger) -> None:
    """What was reversed before it arrived counts as undone; another amount than its REVERSE gave differs first."""
    ledger.ask(reverse_request(1, 500))
    assert code_of(ledger.ask(cancel_request(1, 500))) == "2008"
    assert code_of(ledger.ask(cancel_request(1, 501))) == "2013"
