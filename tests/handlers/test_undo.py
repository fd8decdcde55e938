"""Undo 撤销与冲正: what CANCEL and REVERSE have in common, and the order of their checks."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from dbgate.records import AccountState, BillState, Identity, LimitKey, Movement, Payment, PaymentState
from protocol.canonical.business import PayReply, UndoReply
from protocol.canonical.codes import UndoOutcome
from protocol.canonical.messages import Request
from tests.support.ledger import PaperLedger, Utility
from tests.support.records import (
    ACCOUNT,
    BANK,
    NOW,
    TODAY,
    account,
    bill,
    cancel_request,
    deposit_request,
    pay_request,
    reverse_request,
    terms,
)
from tests.support.replies import code_of, reply_in

Build = Callable[..., Request]
OTHER = "0100000002"
# Due 2026-09-25, paid 2026-11-21: 57 days, 684.
OVERDUE = bill("B1", 12_000, month=202608, due_date=date(2026, 9, 25))
PAY = pay_request(12_684, serial=1)

both = pytest.mark.parametrize("build", [cancel_request, reverse_request], ids=["cancel", "reverse"])


@pytest.fixture
def ledger() -> PaperLedger:
    return PaperLedger(Utility((account(), account(OTHER)), (OVERDUE,)))


@both
def test_puts_everything_back(ledger: PaperLedger, build: Build) -> None:
    """An undo reopens the bills and takes the money back, under a number of its own."""
    paid = ledger.ask(PAY)
    undo = build(1, 12_684, serial=2)
    answer = ledger.ask(undo)

    assert reply_in(answer, UndoReply) == UndoReply(ACCOUNT, 12_684, paid.fep_serial, 0, 12_684, UndoOutcome.UNDONE)
    assert answer.fep_serial not in {None, paid.fep_serial}
    assert answer.clearing_date == TODAY
    assert ledger.bills_of(ACCOUNT) == [OVERDUE]
    assert ledger.account(ACCOUNT) == account()
    assert len(ledger.allocations()) == 1, "what was paid of which bill stays on record"


@both
def test_journal_row(ledger: PaperLedger, build: Build) -> None:
    """The undo's own row names its original, takes back its balance change, and settles nothing."""
    paid = ledger.ask(deposit_request(13_000))
    undo = build(1, 13_000, serial=2, channel=4, reason=7)
    answer = ledger.ask(undo)
    assert ledger.row(undo) == Payment(
        identity=Identity(BANK, TODAY, "000000000002"),
        fep_serial=answer.fep_serial,
        movement=Movement(undo.transaction.label),
        state=PaymentState.POSTED,
        account_no=ACCOUNT,
        account_name="王建国",
        amount_fen=13_000,
        settled_principal_fen=0,
        settled_late_fee_fen=0,
        balance_change_fen=-316,
        balance_after_fen=0,
        due_after_fen=12_684,
        settled_count=0,
        first_month=None,
        last_month=None,
        invoice_no="",
        original=Identity(BANK, TODAY, "000000000001"),
        original_fep_serial=paid.fep_serial,
        outcome=1,
        branch_code="010200000001",
        teller_id="T0000001",
        channel=4,
        instrument=None,
        reason=7,
        clearing_date=TODAY,
        created_at=NOW,
        digest=undo.digest,
    )


@both
def test_gives_back_used_balance(build: Build) -> None:
    """Balance that a payment used up is there again after its undo."""
    ledger = PaperLedger(Utility((account(balance_fen=684),), (OVERDUE,)))
    ledger.ask(pay_request(12_000))
    assert reply_in(ledger.ask(build(1, 12_000)), UndoReply).balance_after_fen == 684
    assert ledger.account(ACCOUNT).balance_fen == 684


@both
def test_late_fee_of_the_new_day(ledger: PaperLedger, build: Build) -> None:
    """A reopened bill costs the late fee of the day on which it was reopened."""
    ledger.ask(PAY)
    ledger.now += timedelta(days=1)
    assert reply_in(ledger.ask(build(1, 12_684)), UndoReply).due_after_fen == 12_000 + 696


@both
def test_paid_again(ledger: PaperLedger, build: Build) -> None:
    """After an undo the same bills can be paid under a new serial."""
    ledger.ask(PAY)
    ledger.ask(build(1, 12_684))
    assert reply_in(ledger.ask(pay_request(12_684, serial=9)), PayReply).settled_count == 1


@both
def test_other_bills_count(build: Build) -> None:
    """What is due after an undo includes bills that were never paid."""
    ledger = PaperLedger(Utility((account(),), (OVERDUE, bill("B2", 5_000))))
    ledger.ask(deposit_request(12_684))
    assert reply_in(ledger.ask(build(1, 12_684)), UndoReply).due_after_fen == 17_684


@both
def test_whatever_became_of_the_account(ledger: PaperLedger, build: Build) -> None:
    """An undo asks neither for the account's state nor for amount limits."""
    ledger.ask(PAY)
    ledger.set_account(replace(ledger.account(ACCOUNT), state=AccountState.CLOSED))
    assert code_of(ledger.ask(build(1, 12_684), terms(default_single_limit_fen=1))) == "0000"


@both
def test_own_identity_as_original(ledger: PaperLedger, build: Build) -> None:
    """An undo of itself is malformed."""
    assert code_of(ledger.ask(build(2, 12_684, serial=2))) == "1003"


@both
@pytest.mark.parametrize(
    "changes", [{"account_no": OTHER}, {"amount_fen": 12_683}, {"account_no": ""}], ids=["account", "amount", "empty"]
)
def test_other_than_the_original(ledger: PaperLedger, build: Build, changes: dict[str, object]) -> None:
    """An undo that differs from its original is refused, even when that is undone already."""
    undo = build(**{"original": 1, "amount_fen": 12_684, "serial": 2, **changes})
    ledger.ask(PAY)
    assert code_of(ledger.ask(undo)) == "2013"
    ledger.ask(cancel_request(1, 12_684, serial=8))
    assert code_of(ledger.ask(undo)) == "2013"


@both
def test_undo_of_an_undo(ledger: PaperLedger, build: Build) -> None:
    """Only a PAY can be undone."""
    ledger.ask(PAY)
    ledger.ask(cancel_request(1, 12_684, serial=8))
    assert code_of(ledger.ask(build(8, 12_684, serial=9))) == "2013"


@both
def test_other_clearing_date(ledger: PaperLedger, build: Build) -> None:
    """A payment of a closed clearing date cannot be undone by the bank, though its balance is used too."""
    ledger.ask(deposit_request(100))
    ledger.set_account(replace(ledger.account(ACCOUNT), balance_fen=0))
    ledger.close_day(BANK, TODAY + timedelta(days=1))
    assert code_of(ledger.ask(build(1, 100))) == "2009"


@both
def test_balance_used(ledger: PaperLedger, build: Build) -> None:
    """A deposit that later payments have used up cannot be undone before they are."""
    ledger.ask(deposit_request(684, serial=1))
    ledger.ask(deposit_request(12_000, serial=4))
    assert code_of(ledger.ask(build(1, 684, serial=5))) == "2016"
    assert code_of(ledger.ask(build(4, 12_000, serial=6))) == "0000"
    assert code_of(ledger.ask(build(1, 684, serial=5))) == "0000"


@both
def test_gives_back_the_daily_limit(ledger: PaperLedger, build: Build) -> None:
    """An undo gives back what the original's channel used of its daily limit, whatever the undo's own channel."""
    bank = terms(daily_limit_fen={4: 20_000, 1: 5})
    ledger.ask(replace(PAY, head=replace(PAY.head, channel=4)), bank)
    assert ledger.limit_used(LimitKey(BANK, 4, TODAY)) == 12_684
    ledger.ask(build(1, 12_684, channel=1), bank)
    assert ledger.limit_used(LimitKey(BANK, 4, TODAY)) == 0
    assert ledger.limit_used(LimitKey(BANK, 1, TODAY)) == 0


@both
def test_in_one_batch(ledger: PaperLedger, build: Build) -> None:
    """An undo in the same batch as its original finds it."""
    answers = ledger.submit([(PAY, terms()), (build(1, 12_684), terms())])
    assert reply_in(answers[1], UndoReply).original_fep_serial == answers[0].fep_serial
    assert ledger.bills_of(ACCOUNT) == [OVERDUE]
    assert {row.state for row in ledger.journal() if row.movement is Movement.PAY} != {PaymentState.POSTED}


@both
def test_bill_of_another_movement(ledger: PaperLedger, build: Build) -> None:
    """A bill that something else is found to have settled is never reopened: that would be a bug of ours."""
    ledger.ask(PAY)
    ledger.set_bill(replace(OVERDUE, state=BillState.SETTLED, settled_by=7))
    with pytest.raises(AssertionError, match="not settled by movement"):
        ledger.ask(build(1, 12_684))
