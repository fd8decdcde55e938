"""Catalogue 交易目录: which transactions there are, where they go, and what a refusal leaves behind."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dbgate.changes import NOTHING
from dbgate.records import AccountKey, AuditEntry, DaySlice, Identity
from dbgate.work import Moment, Needs
from dbgate.working_set import WorkingSet
from handlers.catalogue import HANDLERS
from handlers.terms import Context, Rules
from protocol.canonical.codes import KeyKind
from protocol.canonical.messages import Answer, Request
from protocol.canonical.reconciliation import Totals
from protocol.response_codes import ResponseCode
from protocol.transactions import BANK_BUSINESS, FILE_TRANSACTIONS, Transaction
from tests.support.ledger import PaperLedger, Utility
from tests.support.records import (
    ACCOUNT,
    BANK,
    NOW,
    TODAY,
    account,
    cancel_request,
    deposit_request,
    detail_request,
    invoice_request,
    payments_request,
    query_request,
    reverse_request,
    status_request,
    terms,
    totals_request,
)
from tests.support.replies import code_of

ONE, TWO, THREE = (Identity(BANK, TODAY, f"00000000000{n}") for n in (1, 2, 3))


def test_complete() -> None:
    """Every transaction has a handler, but for those that manage the link and those that move files."""
    assert set(BANK_BUSINESS) - FILE_TRANSACTIONS == set(HANDLERS)
    assert all(handler.transaction is transaction for transaction, handler in HANDLERS.items())


def test_lanes() -> None:
    """What locks or stores goes with the money work, the rest are reads."""
    money = {transaction for transaction, handler in HANDLERS.items() if handler.money}
    assert money == {Transaction.PAY, Transaction.CANCEL, Transaction.REVERSE, Transaction.INVOICE}


@pytest.mark.parametrize(
    ("request_", "needs"),
    [
        (deposit_request(1), Needs(BANK, account_no=ACCOUNT, own=ONE, serial=True)),
        (deposit_request(1, channel=4), Needs(BANK, account_no=ACCOUNT, own=ONE, limit_channel=4, serial=True)),
        (
            deposit_request(1, print_invoice=True),
            Needs(BANK, account_no=ACCOUNT, own=ONE, serial=True, invoice=True),
        ),
        (cancel_request(1, 1), Needs(BANK, account_no=ACCOUNT, own=TWO, original=ONE, serial=True)),
        (reverse_request(1, 1), Needs(BANK, account_no=ACCOUNT, own=THREE, original=ONE, serial=True)),
        (reverse_request(1, 1, account_no=""), Needs(BANK, own=THREE, original=ONE, serial=True)),
        (status_request(1), Needs(BANK, routed_by=ACCOUNT, original=ONE, reconciled=True)),
        (query_request(), Needs(BANK, account_no=ACCOUNT)),
        (query_request("DM1", KeyKind.METER_NO), Needs(BANK, account_key=AccountKey("meter_no", "DM1"))),
        (totals_request(TODAY, Totals()), Needs(BANK, totals_of=TODAY, reconciliation_of=TODAY)),
        (detail_request(TODAY, 3), Needs(BANK, details=DaySlice(TODAY, 40, 20))),
        (
            invoice_request(1, serial=2),
            Needs(BANK, account_no=ACCOUNT, original=ONE, invoice_print=TWO, invoice=True),
        ),
        (
            invoice_request(1, serial=2, page=2),
            Needs(BANK, account_no=ACCOUNT, original=ONE, invoice_print=TWO),
        ),
        (payments_request(), Needs(BANK, account_no=ACCOUNT, payments_since=TODAY.replace(month=8, day=1))),
    ],
    ids=lambda value: value.transaction.label if isinstance(value, Request) else "",
)
def test_needs(request_: Request, needs: Needs) -> None:
    """A request needs just the records that its decision looks at, and draws just the numbers it may use."""
    handler = HANDLERS[request_.transaction]
    assert needs == handler.needs(request_, terms(daily_limit_fen={4: 1}), TODAY)


def test_refused_money_request_is_audited() -> None:
    """A refused money request is in the audit trail with who asked for what, and nowhere else."""
    ledger = PaperLedger(Utility((account(),)))
    journal = ledger.journal()
    ledger.ask(deposit_request(-7, serial=2, channel=3))
    expected = AuditEntry(NOW, TWO, "pay", ACCOUNT, -7, "2012", "010200000001", "T0000001", 3)
    assert ledger.audit == [expected]
    assert ledger.journal() == journal


@pytest.mark.parametrize(
    ("request_", "label"),
    [(cancel_request(7, 5), "cancel"), (reverse_request(3, 5), "reverse")],
    ids=["cancel", "reverse"],
)
def test_refused_undo_is_audited(request_: Request, label: str) -> None:
    """Refused undos are in the audit trail too."""
    ledger = PaperLedger(Utility((account(),)))
    assert code_of(ledger.ask(request_)) != "0000"
    assert [(entry.transaction, entry.amount_fen) for entry in ledger.audit] == [(label, 5)]


@pytest.mark.parametrize("request_", [query_request("9"), invoice_request(7)], ids=["query", "invoice"])
def test_other_refusals_leave_nothing(request_: Request) -> None:
    """A refusal of what moves no money leaves nothing at all."""
    ledger = PaperLedger(Utility((account(),)))
    assert code_of(ledger.ask(request_)) != "0000"
    assert ledger.audit == []


def test_refused_then_corrected() -> None:
    """A refusal does not block the serial: the corrected request is decided anew."""
    ledger = PaperLedger(Utility((account(),)))
    assert code_of(ledger.ask(deposit_request(0, serial=1))) == "2012"
    assert code_of(ledger.ask(deposit_request(500, serial=1))) == "0000"


def test_clearing_date_of_refusals() -> None:
    """A refusal carries the present clearing date, a repeat that of its first reply."""
    ledger = PaperLedger(Utility((account(),)))
    ledger.ask(deposit_request(500, serial=1))
    ledger.close_day(BANK, TODAY + timedelta(days=1))
    assert ledger.ask(deposit_request(0, serial=2)).clearing_date == TODAY + timedelta(days=1)
    assert ledger.ask(deposit_request(500, serial=1)).clearing_date == TODAY


def test_bank_without_a_day() -> None:
    """A read of a bank without a clearing day is answered without one, and has no totals."""
    context = Context(terms(), Rules(), Moment(NOW, None, None, None))
    decision = HANDLERS[Transaction.STATUS].decide(status_request(1), WorkingSet(), context)
    assert isinstance(decision.answer, Answer)
    assert (decision.answer.code, decision.answer.clearing_date) == (ResponseCode.APPROVED, None)
    request = totals_request(TODAY, Totals())
    decision = HANDLERS[Transaction.RECON_TOTALS].decide(request, WorkingSet(), context)
    assert (decision.answer, decision.changes) == (Answer(ResponseCode.NO_SUCH_DATE), NOTHING)


def test_money_without_its_numbers() -> None:
    """A payment for which the gate drew no number is our bug and is never answered."""
    records = WorkingSet()
    records.add_accounts([account()])
    context = Context(terms(), Rules(), Moment(NOW, TODAY, None, None))
    with pytest.raises(AssertionError, match="no fep_serial"):
        HANDLERS[Transaction.PAY].decide(deposit_request(1), records, context)
    with pytest.raises(AssertionError, match="no clearing date"):
        HANDLERS[Transaction.PAY].decide(
            deposit_request(1), records, replace(context, moment=Moment(NOW, None, 1, None))
        )
