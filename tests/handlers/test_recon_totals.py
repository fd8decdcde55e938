"""RECON_TOTALS 对总账: which days exist, what counts, and how totals compare."""

from datetime import date, timedelta

import pytest

from protocol.canonical.codes import TotalsResult
from protocol.canonical.reconciliation import Totals, TotalsReply
from tests.support.ledger import PaperLedger, Utility
from tests.support.records import (
    BANK,
    TODAY,
    account,
    cancel_request,
    deposit_request,
    reverse_request,
    terms,
    totals_request,
)
from tests.support.replies import code_of, reply_in

TOMORROW = TODAY + timedelta(days=1)
# Three payments; one cancelled, one reversed; a REVERSE without and one after its original are not counted.
DAY = Totals(
    pay_count=3, pay_amount_fen=700, cancel_count=1, cancel_amount_fen=200, reverse_count=1, reverse_amount_fen=400
)


@pytest.fixture
def ledger() -> PaperLedger:
    ledger = PaperLedger(Utility((account(),)))
    for serial, amount_fen in ((1, 100), (2, 200), (3, 400)):
        ledger.ask(deposit_request(amount_fen, serial=serial))
    ledger.ask(cancel_request(2, 200, serial=4))
    ledger.ask(reverse_request(3, 400, serial=5))
    ledger.ask(reverse_request(3, 400, serial=6))
    ledger.ask(reverse_request(9, 800, serial=7))
    return ledger


def test_open_day(ledger: PaperLedger) -> None:
    """The open day shows what it has so far and is not compared."""
    reply = reply_in(ledger.ask(totals_request(TODAY, DAY)), TotalsReply)
    assert reply == TotalsReply(TODAY, TotalsResult.STILL_OPEN, DAY, 0)


@pytest.mark.parametrize("field", list(Totals.__dataclass_fields__))
def test_each_group_counts(ledger: PaperLedger, field: str) -> None:
    """A closed day is balanced when all six figures agree, and not when any one differs."""
    ledger.close_day(BANK, TOMORROW)
    assert reply_in(ledger.ask(totals_request(TODAY, DAY)), TotalsReply).result is TotalsResult.BALANCED
    theirs = {name: getattr(DAY, name) + (name == field) for name in Totals.__dataclass_fields__}
    reply = reply_in(ledger.ask(totals_request(TODAY, Totals(**theirs))), TotalsReply)
    assert reply == TotalsReply(TODAY, TotalsResult.NOT_BALANCED, DAY, 0)


def test_day_that_was_jumped_over(ledger: PaperLedger) -> None:
    """A day without a movement exists, closed and empty."""
    ledger.close_day(BANK, TOMORROW + timedelta(days=1))
    assert reply_in(ledger.ask(totals_request(TOMORROW, Totals())), TotalsReply).result is TotalsResult.BALANCED


@pytest.mark.parametrize("day", [TODAY - timedelta(days=1), TOMORROW, date(1999, 1, 1)])
def test_no_such_day(ledger: PaperLedger, day: date) -> None:
    """A day before the first or after the present clearing date does not exist."""
    assert code_of(ledger.ask(totals_request(day, Totals()))) == "3001"


def test_of_another_bank(ledger: PaperLedger) -> None:
    """A bank's totals are its own."""
    request = totals_request(TODAY, Totals(), bank_code="0103")
    assert reply_in(ledger.ask(request, terms(bank_code="0103")), TotalsReply).totals == Totals()
