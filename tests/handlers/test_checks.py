"""Checks 检查 before a transaction's own: enabled, service hours, suspension, bank_date, and their order."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from handlers.terms import BankTerms, Hours
from protocol.canonical.messages import Request
from protocol.canonical.reconciliation import Totals
from protocol.transactions import Transaction
from tests.support.ledger import PaperLedger, Utility
from tests.support.records import (
    TODAY,
    account,
    cancel_request,
    consumption_request,
    deposit_request,
    invoice_request,
    payments_request,
    query_request,
    reverse_request,
    status_request,
    terms,
    totals_request,
)
from tests.support.replies import code_of

# Each would be answered with the code beside it if nothing stood before it.
REQUESTS = [
    (query_request(), "0000"),
    (deposit_request(100, serial=8), "0000"),
    (cancel_request(1, 500), "0000"),
    (reverse_request(1, 500), "0000"),
    (status_request(1), "0000"),
    (payments_request(), "0000"),
    (consumption_request(), "0000"),
    (invoice_request(1), "0000"),
    (totals_request(TODAY, Totals()), "0000"),
]
AT_ANY_HOUR = {Transaction.STATUS, Transaction.REVERSE}
MONEY = {Transaction.PAY, Transaction.CANCEL, Transaction.REVERSE}

every = pytest.mark.parametrize(("request_", "code"), REQUESTS, ids=[r.transaction.label for r, _ in REQUESTS])


@pytest.fixture
def ledger() -> PaperLedger:
    ledger = PaperLedger(Utility((account(),)))
    ledger.ask(deposit_request(500, serial=1))
    return ledger


@every
def test_nothing_in_the_way(ledger: PaperLedger, request_: Request, code: str) -> None:
    """Every business transaction is answered."""
    assert code_of(ledger.ask(request_)) == code


@every
def test_disabled(ledger: PaperLedger, request_: Request, code: str) -> None:
    """A transaction that is not enabled for the bank is refused."""
    others = frozenset(Transaction) - {request_.transaction}
    assert code_of(ledger.ask(request_, terms(transactions=others))) == "1004"
    assert code_of(ledger.ask(request_, terms(transactions=frozenset({request_.transaction})))) == code


@every
@pytest.mark.parametrize(
    "bank", [terms(is_suspended=True), terms(service_hours=Hours(time(0), time(1)))], ids=["suspended", "hours"]
)
def test_out_of_service(ledger: PaperLedger, bank: BankTerms, request_: Request, code: str) -> None:
    """A suspended bank, or one outside its hours, can only ask what became of a payment and reverse it."""
    expected = code if request_.transaction in AT_ANY_HOUR else "1012"
    assert code_of(ledger.ask(request_, bank)) == expected


@every
@pytest.mark.parametrize(("days", "near"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_bank_date(ledger: PaperLedger, days: int, near: bool, request_: Request, code: str) -> None:
    """A money request more than one day from our calendar date is malformed; of other requests the date may be any."""
    dated = replace(request_, head=replace(request_.head, bank_date=TODAY + timedelta(days=days)))
    expected = code if near or request_.transaction not in MONEY else "1003"
    assert code_of(ledger.ask(dated)) == expected


def test_order(ledger: PaperLedger) -> None:
    """Disabled goes before out of service, that before the date, and that before the transaction's own checks."""
    request = deposit_request(0, serial=8, bank_date=date(2020, 1, 1))
    assert code_of(ledger.ask(request, terms(transactions=frozenset(), is_suspended=True))) == "1004"
    assert code_of(ledger.ask(request, terms(is_suspended=True))) == "1012"
    assert code_of(ledger.ask(request)) == "1003"
    assert code_of(ledger.ask(replace(request, head=replace(request.head, bank_date=TODAY)))) == "2012"
