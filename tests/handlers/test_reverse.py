"""REVERSE 冲正: safe before, after and without its original."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from dbgate.records import Identity, Movement, PaymentState
from protocol.canonical.business import UndoReply
from protocol.canonical.codes import UndoOutcome
from tests.support.ledger import PaperLedger, Utility
from tests.support.records import (
    ACCOUNT,
    BANK,
    TODAY,
    account,
    bill,
    cancel_request,
    deposit_request,
    reverse_request,
    terms,
)
from tests.support.replies import code_of, reply_in

PAY = deposit_request(500, serial=1)


@pytest.fixture
def ledger() -> PaperLedger:
    return PaperLedger(Utility((account(balance_fen=70),), (bill(principal_fen=4_000),)))


def test_reverses(ledger: PaperLedger) -> None:
    """The payment's state says by what it was undone."""
    ledger.ask(PAY)
    ledger.ask(reverse_request(1, 500))
    assert ledger.row(PAY).state is PaymentState.REVERSED


def test_never_arrived(ledger: PaperLedger) -> None:
    """Without an original it is approved with outcome 2, and shows the account as it stands."""
    answer = ledger.ask(reverse_request(1, 500))
    assert reply_in(answer, UndoReply) == UndoReply(ACCOUNT, 500, None, 70, 4_000, UndoOutcome.NEVER_ARRIVED)
    assert answer.fep_serial is not None
    assert ledger.account(ACCOUNT).balance_fen == 70


def test_tombstone_row(ledger: PaperLedger) -> None:
    """The tombstone stands under the original's identity, without a number, with account and amount as given."""
    reverse = reverse_request(1, 500)
    ledger.ask(reverse)
    tombstone, own = ledger.row(PAY), ledger.row(reverse)
    assert (tombstone.movement, tombstone.state) == (Movement.TOMBSTONE, PaymentState.REVERSED_BEFORE_ARRIVAL)
    assert (tombstone.fep_serial, tombstone.digest, tombstone.original) == (None, "", None)
    assert (tombstone.account_no, tombstone.amount_fen, tombstone.balance_change_fen) == (ACCOUNT, 500, 0)
    assert (own.movement, own.state, own.balance_change_fen) == (Movement.REVERSE, PaymentState.POSTED, 0)
    assert own.original == tombstone.identity


@pytest.mark.parametrize("original_date", [date(1999, 1, 1), date(2099, 1, 1)])
def test_never_arrived_of_any_date(ledger: PaperLedger, original_date: date) -> None:
    """A tombstone may stand under any date."""
    assert code_of(ledger.ask(reverse_request(1, 500, original_date=original_date))) == "0000"
    assert Identity(BANK, original_date, "000000000001") in {row.identity for row in ledger.journal()}


@pytest.mark.parametrize("account_no", ["0100000009", ""])
def test_never_arrived_of_no_account(ledger: PaperLedger, account_no: str) -> None:
    """A tombstone's account need not exist and its amount may be anything."""
    reply = reply_in(ledger.ask(reverse_request(1, -500, account_no=account_no)), UndoReply)
    assert reply == UndoReply(account_no, -500, None, 0, 0, UndoOutcome.NEVER_ARRIVED)


def test_tombstone_again(ledger: PaperLedger) -> None:
    """A second REVERSE of what never arrived has outcome 3, unless it differs from the first."""
    ledger.ask(reverse_request(1, 500, serial=3))
    reply = reply_in(ledger.ask(reverse_request(1, 500, serial=4)), UndoReply)
    assert (reply.outcome, reply.original_fep_serial) == (UndoOutcome.UNDONE_BEFORE, None)
    assert code_of(ledger.ask(reverse_request(1, 501, serial=5))) == "2013"


def test_undone_before(ledger: PaperLedger) -> None:
    """Of a payment that was cancelled it is approved with outcome 3 and a number of its own, and changes nothing."""
    paid = ledger.ask(PAY)
    cancelled = ledger.ask(cancel_request(1, 500))
    answer = ledger.ask(reverse_request(1, 500))
    expected = UndoReply(ACCOUNT, 500, paid.fep_serial, 70, 4_000, UndoOutcome.UNDONE_BEFORE)
    assert reply_in(answer, UndoReply) == expected
    assert answer.fep_serial not in {None, paid.fep_serial, cancelled.fep_serial}
    assert ledger.row(PAY).state is PaymentState.CANCELLED
    assert ledger.account(ACCOUNT).balance_fen == 70


def test_undone_before_on_an_earlier_day(ledger: PaperLedger) -> None:
    """That it was undone is told even after the clearing date."""
    ledger.ask(PAY)
    ledger.ask(cancel_request(1, 500))
    ledger.close_day(BANK, TODAY + timedelta(days=1))
    assert reply_in(ledger.ask(reverse_request(1, 500)), UndoReply).outcome == UndoOutcome.UNDONE_BEFORE


def test_tombstone_and_its_pay_in_one_batch(ledger: PaperLedger) -> None:
    """A PAY right behind its REVERSE is refused, and the books are as if it had never been sent."""
    answers = ledger.submit([(reverse_request(1, 500), terms()), (PAY, terms())])
    assert [code_of(answer) for answer in answers] == ["0000", "2010"]
    assert ledger.account(ACCOUNT).balance_fen == 70


def test_own_serial_of_another_bank(ledger: PaperLedger) -> None:
    """The original is looked for among the asking bank's own requests only."""
    ledger.ask(PAY)
    reverse = reverse_request(1, 500)
    foreign = replace(reverse, head=replace(reverse.head, bank_code="0103"))
    assert reply_in(ledger.ask(foreign, terms(bank_code="0103")), UndoReply).outcome == UndoOutcome.NEVER_ARRIVED
    assert ledger.row(PAY).state is PaymentState.POSTED
