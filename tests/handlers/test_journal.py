"""Journal 交费流水: what stands under an own identity is answered again, before every later check."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dbgate.records import AccountState
from handlers.journal import reply_of
from protocol.canonical.business import UndoReply
from protocol.canonical.messages import Request
from protocol.response_codes import ResponseCode
from tests.support.ledger import PaperLedger, Utility
from tests.support.records import (
    ACCOUNT,
    TODAY,
    account,
    bill,
    cancel_request,
    deposit_request,
    opening,
    pay_request,
    reverse_request,
    terms,
)
from tests.support.replies import code_of, reply_in

PAY = pay_request(5_000, serial=1, print_invoice=True)
CANCEL = cancel_request(1, 5_000, serial=2)
REVERSE = reverse_request(1, 5_000, serial=3)


@pytest.fixture
def ledger() -> PaperLedger:
    return PaperLedger(Utility((account(),), (bill(principal_fen=5_000),)))


@pytest.mark.parametrize("requests", [[PAY], [PAY, CANCEL], [PAY, REVERSE], [REVERSE], [PAY, CANCEL, REVERSE]], ids=len)
def test_repeat(ledger: PaperLedger, requests: list[Request]) -> None:
    """A repeat gets the first reply again, with its number and clearing date, and does nothing."""
    first = [ledger.ask(request) for request in requests][-1]
    journal, balance_fen = ledger.journal(), ledger.account(ACCOUNT).balance_fen
    ledger.now += timedelta(days=400)
    ledger.close_day("0102", ledger.today())
    ledger.set_account(replace(ledger.account(ACCOUNT), name="李红", state=AccountState.CLOSED))

    again = ledger.ask(requests[-1])

    assert again == replace(first, repeat=True)
    assert again.clearing_date == TODAY
    assert (ledger.journal(), ledger.account(ACCOUNT).balance_fen) == (journal, balance_fen)
    assert ledger.audit == []


@pytest.mark.parametrize(
    "changes",
    [
        {"transactions": frozenset()},
        {"is_suspended": True},
        {"default_single_limit_fen": 1},
        {"daily_limit_fen": {1: 0}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_repeat_before_later_checks(ledger: PaperLedger, changes: dict[str, Any]) -> None:
    """A stored identity is answered though the transaction has been disabled, or would be refused today."""
    first = ledger.ask(PAY)
    assert ledger.ask(PAY, terms(**changes)) == replace(first, repeat=True)


def test_repeat_in_one_batch(ledger: PaperLedger) -> None:
    """Two copies of a request in one batch are one payment."""
    first, second = ledger.submit([(PAY, terms()), (PAY, terms())])
    assert second == replace(first, repeat=True)
    assert len(ledger.journal()) == 2  # OPEN and one PAY


def test_header_is_no_content(ledger: PaperLedger) -> None:
    """A repeat from another teller over another channel is still a repeat."""
    first = ledger.ask(PAY)
    other_head = replace(PAY.head, teller_id="T0000009", channel=3, branch_code="")
    assert ledger.ask(replace(PAY, head=other_head)) == replace(first, repeat=True)


@pytest.mark.parametrize(
    "request_",
    [
        pay_request(5_001, serial=1),
        deposit_request(5_000, serial=1),
        cancel_request(1, 5_000, serial=1),
        reverse_request(1, 5_000, serial=1),
        cancel_request(7, 5_000, serial=1),
    ],
    ids=["amount", "mode", "cancel of itself", "reverse of itself", "cancel"],
)
def test_other_content(ledger: PaperLedger, request_: Request) -> None:
    """A serial that was used for other content is refused, and the refusal is in the audit trail alone."""
    ledger.ask(PAY)
    journal = ledger.journal()
    assert code_of(ledger.ask(request_)) == "2006"
    assert ledger.journal() == journal
    assert [entry.response_code for entry in ledger.audit] == ["2006"]


@pytest.mark.parametrize("undo", [CANCEL, REVERSE], ids=["cancelled", "reversed"])
@pytest.mark.parametrize("late", [PAY, pay_request(7, serial=1)], ids=["same content", "other content"])
def test_pay_undone_since(ledger: PaperLedger, undo: Request, late: Request) -> None:
    """A PAY under the identity of one that has been undone is refused, whatever its content."""
    ledger.ask(PAY)
    ledger.ask(undo)
    assert code_of(ledger.ask(late)) == "2010"


@pytest.mark.parametrize("late", [PAY, pay_request(7, serial=1)], ids=["same content", "other content"])
def test_pay_on_a_tombstone(ledger: PaperLedger, late: Request) -> None:
    """A PAY that comes after its REVERSE is refused for ever, whatever its content."""
    ledger.ask(REVERSE)
    assert code_of(ledger.ask(late)) == "2010"
    assert [entry.response_code for entry in ledger.audit] == ["2010"]


@pytest.mark.parametrize("build", [cancel_request, reverse_request])
def test_undo_on_a_tombstone(ledger: PaperLedger, build: Any) -> None:
    """A tombstone's serial is used: a CANCEL or REVERSE of its own cannot have it."""
    ledger.ask(REVERSE)
    assert code_of(ledger.ask(build(7, 5_000, serial=1))) == "2006"


@pytest.mark.parametrize("used", [CANCEL, REVERSE], ids=["cancel", "reverse"])
def test_pay_on_the_serial_of_an_undo(ledger: PaperLedger, used: Request) -> None:
    """A PAY under the serial of an undo is a duplicate serial, not a payment that was reversed."""
    ledger.ask(PAY)
    ledger.ask(used)
    assert code_of(ledger.ask(deposit_request(100, serial=int(used.head.bank_serial)))) == "2006"


def test_row_without_outcome() -> None:
    """A row that answers no request of a bank has no reply."""
    with pytest.raises(AssertionError, match="no outcome"):
        reply_of(opening(account(), 1))


def test_repeat_of_an_undo_keeps_its_outcome(ledger: PaperLedger) -> None:
    """An undo repeated with its own serial says what it did, not that its original was undone before."""
    ledger.ask(PAY)
    ledger.ask(CANCEL)
    again = ledger.ask(CANCEL)
    assert (again.code, again.repeat) == (ResponseCode.APPROVED, True)
    assert reply_in(again, UndoReply).outcome == 1
