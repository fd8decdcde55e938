"""Adjustments 调账: posting and undoing for a day that is over, and what keeps an operator from it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from dbgate.books.states import DifferenceAct
from dbgate.records import AccountState, BillState, CollectMode, Identity, Movement, PaymentState
from dbgate.work import Decide
from handlers.adjust_post import post
from handlers.adjust_record import record_only
from handlers.adjust_undo import undo
from handlers.adjustment import Adjusted, Adjustment, Hindered, Hindrance, needs_of
from handlers.terms import AMOUNT_CEILING_FEN, Rules
from protocol.canonical.business import InvoiceReply, PaymentsReply, PayReply, StatusReply, UndoReply
from protocol.canonical.codes import OriginalState, UndoOutcome
from protocol.canonical.reconciliation import Totals, TotalsReply
from tests.support.ledger import PaperLedger, Utility
from tests.support.records import (
    ACCOUNT,
    BANK,
    TODAY,
    account,
    bill,
    cancel_request,
    deposit_request,
    invoice_request,
    pay_request,
    payments_request,
    reverse_request,
    status_request,
    totals_request,
)
from tests.support.replies import code_of, reply_in

NUMBER = 10000000007
BANKS = Identity(BANK, TODAY, "000000000001")
OWN = Identity(BANK, TODAY, "adjust10000000007")
NEXT_DAY = TODAY + timedelta(days=1)
# Due 2026-09-25; on 2026-11-22 that is 58 days: 12,000 x 0.1 % x 58 = 696.
OVERDUE = bill("B1", 12_000, month=202608, due_date=date(2026, 9, 25))
LATER = bill("B2", 5_000, month=202610)


@pytest.fixture
def ledger() -> PaperLedger:
    """An account with two bills, on the day before the one on which operators work."""
    return PaperLedger(Utility((account(balance_fen=500),), (OVERDUE, LATER)))


def adjustment(act: DifferenceAct, amount_fen: int, **changes: Any) -> Adjustment:
    """What is to be done about the payment with serial 1 of the bank."""
    stands = act in {DifferenceAct.UNDO, DifferenceAct.CLAIM}
    plain = Adjustment(NUMBER, act, BANKS, ACCOUNT, amount_fen, amount_fen, stands, False, TODAY)
    return replace(plain, **changes)


def roll(ledger: PaperLedger) -> None:
    """Let the day be over."""
    assert ledger.clearing_date(BANK) <= NEXT_DAY
    ledger.now += timedelta(days=1)
    ledger.close_day(BANK, NEXT_DAY)


def work(ledger: PaperLedger, decision: Callable[[Adjustment, Rules], Decide], given: Adjustment) -> Any:
    return ledger.run(needs_of(given), decision(given, Rules()))


def posting(ledger: PaperLedger, amount_fen: int = 13_000, **changes: Any) -> Any:
    return work(ledger, post, adjustment(DifferenceAct.POST, amount_fen, **changes))


def undoing(ledger: PaperLedger, amount_fen: int, **changes: Any) -> Any:
    return work(ledger, undo, adjustment(DifferenceAct.UNDO, amount_fen, **changes))


# --- post


def test_posts_whole_bills_and_the_rest_as_balance(ledger: PaperLedger) -> None:
    """Under the bank's identity, on the present clearing date, by the fees of today, for the day that it mends."""
    roll(ledger)
    done = posting(ledger)
    row = next(each for each in ledger.journal() if each.identity == BANKS)
    assert done == Adjusted(row.fep_serial, NEXT_DAY)
    assert (row.movement, row.state, row.channel, row.instrument) == (Movement.PAY, PaymentState.POSTED, 10, None)
    assert (row.clearing_date, row.mends_date) == (NEXT_DAY, TODAY)
    assert (row.settled_principal_fen, row.settled_late_fee_fen, row.balance_change_fen) == (12_000, 696, 304)
    assert (row.balance_after_fen, row.due_after_fen, row.settled_count) == (804, 5_000, 1)
    assert [each.state for each in ledger.bills_of(ACCOUNT)] == [BillState.SETTLED, BillState.OPEN]
    assert ledger.account(ACCOUNT).balance_fen == 804


def test_posts_once(ledger: PaperLedger) -> None:
    """Said again, what was posted is found, on whatever day that is."""
    first = posting(ledger)
    roll(ledger)
    assert posting(ledger) == replace(first, is_repeat=True)
    assert ledger.account(ACCOUNT).balance_fen == 500 + 13_000 - 12_684


def test_no_limit_and_no_window(ledger: PaperLedger) -> None:
    """Operators are held to no amount but the one that no account may exceed."""
    assert isinstance(posting(ledger, AMOUNT_CEILING_FEN), Adjusted)
    again = posting(ledger, AMOUNT_CEILING_FEN, difference_no=8, bank_identity=BANKS._replace(bank_serial="2"))
    assert again == Hindered(Hindrance.BALANCE_TOO_LARGE)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"state": AccountState.SUSPENDED}, Hindrance.ACCOUNT_NOT_ACTIVE),
        ({"state": AccountState.CLOSED}, Hindrance.ACCOUNT_NOT_ACTIVE),
        ({"collect_mode": CollectMode.CARD}, Hindrance.PAY_AT_UTILITY),
        ({"pay_at_utility": True}, Hindrance.PAY_AT_UTILITY),
    ],
)
def test_accounts_that_take_no_money(ledger: PaperLedger, changes: dict[str, Any], why: Hindrance) -> None:
    """Nothing is posted to them, and it is said why."""
    ledger.set_account(replace(ledger.account(ACCOUNT), **changes))
    before = ledger.journal()
    assert posting(ledger) == Hindered(why)
    assert ledger.journal() == before


def test_an_account_that_does_not_exist(ledger: PaperLedger) -> None:
    """The bank took money for a number that is nobody's."""
    assert posting(ledger, account_no="0100000099") == Hindered(Hindrance.ACCOUNT_MISSING)


def test_bills_in_a_debit_batch(ledger: PaperLedger) -> None:
    """Only the debit's result settles them."""
    ledger.set_bill(replace(LATER, state=BillState.IN_DEBIT))
    assert posting(ledger) == Hindered(Hindrance.IN_DEBIT)


def test_a_payment_that_arrived_late(ledger: PaperLedger) -> None:
    """The bank sent it on another day after all: posting it would double it."""
    paid = ledger.ask(deposit_request(13_000))
    long_ago = TODAY - timedelta(days=3)
    assert posting(ledger, mends_date=long_ago) == Hindered(Hindrance.ARRIVED_SINCE, paid.fep_serial)
    refund = adjustment(DifferenceAct.REFUND, 13_000, mends_date=long_ago)
    assert work(ledger, record_only, refund) == Hindered(Hindrance.ARRIVED_SINCE, paid.fep_serial)


def test_a_payment_that_the_bank_lists_twice(ledger: PaperLedger) -> None:
    """It stands on that very day: what the bank has once more it refunds, for one serial is posted once."""
    paid = ledger.ask(deposit_request(13_000))
    roll(ledger)
    assert posting(ledger) == Hindered(Hindrance.LISTED_TWICE, paid.fep_serial)
    assert work(ledger, record_only, adjustment(DifferenceAct.REFUND, 13_000)) == Adjusted(None, NEXT_DAY)


def test_a_payment_that_arrived_late_and_was_undone(ledger: PaperLedger) -> None:
    """The bank has taken it back itself: it may be refunded, and not posted."""
    ledger.ask(deposit_request(13_000))
    ledger.ask(cancel_request(1, 13_000))
    assert posting(ledger) == Hindered(Hindrance.UNDONE_SINCE)
    assert isinstance(work(ledger, record_only, adjustment(DifferenceAct.REFUND, 13_000)), Adjusted)


def test_a_payment_that_was_reversed_before_it_arrived(ledger: PaperLedger) -> None:
    """A tombstone keeps it out for ever, for operators too."""
    ledger.ask(reverse_request(1, 13_000))
    assert posting(ledger) == Hindered(Hindrance.REVERSED_BEFORE_ARRIVAL)
    assert isinstance(work(ledger, record_only, adjustment(DifferenceAct.REFUND, 13_000)), Adjusted)


def test_an_identity_that_holds_something_else(ledger: PaperLedger) -> None:
    """It is posted under an identity of its own."""
    ledger.ask(deposit_request(700))
    done = posting(ledger)
    row = next(each for each in ledger.journal() if each.identity == OWN)
    assert (row.fep_serial, row.amount_fen) == (done.fep_serial, 13_000)
    assert posting(ledger) == replace(done, is_repeat=True)


def test_a_payment_that_is_undone_here_alone(ledger: PaperLedger) -> None:
    """It stands at the bank: it is posted again, beside the undone one."""
    ledger.ask(deposit_request(13_000))
    ledger.ask(cancel_request(1, 13_000))
    roll(ledger)
    done = posting(ledger, may_be_undone=True)
    rows = {each.identity: each for each in ledger.journal()}
    assert rows[BANKS].state is PaymentState.CANCELLED
    assert (rows[OWN].fep_serial, rows[OWN].state) == (done.fep_serial, PaymentState.POSTED)
    assert posting(ledger, may_be_undone=True) == replace(done, is_repeat=True)


# --- undo


def test_takes_a_payment_of_a_day_that_is_over_back(ledger: PaperLedger) -> None:
    """Bills open again, balance taken off, the original cancelled; on the present clearing date for the day mended."""
    paid = ledger.ask(deposit_request(13_000))
    roll(ledger)
    done = undoing(ledger, 13_000)
    rows = {each.identity: each for each in ledger.journal()}
    row = rows[OWN]
    assert done == Adjusted(row.fep_serial, NEXT_DAY)
    assert (row.movement, row.outcome, row.channel, row.original) == (Movement.CANCEL, 1, 10, BANKS)
    assert (row.original_fep_serial, row.amount_fen, row.balance_change_fen) == (paid.fep_serial, 13_000, -316)
    assert (row.clearing_date, row.mends_date) == (NEXT_DAY, TODAY)
    assert (row.balance_after_fen, row.due_after_fen) == (500, 12_696 + 5_000)
    assert rows[BANKS].state is PaymentState.CANCELLED
    assert ledger.bills_of(ACCOUNT) == [OVERDUE, LATER]
    assert ledger.account(ACCOUNT).balance_fen == 500


def test_undoes_once(ledger: PaperLedger) -> None:
    """Said again, what was undone is found."""
    ledger.ask(deposit_request(13_000))
    roll(ledger)
    first = undoing(ledger, 13_000)
    roll_again = ledger.account(ACCOUNT)
    assert undoing(ledger, 13_000) == replace(first, is_repeat=True)
    assert ledger.account(ACCOUNT) == roll_again


def test_balance_that_is_used_already(ledger: PaperLedger) -> None:
    """An account never owes its balance: the bank is to be asked for the money."""
    paid = ledger.ask(deposit_request(300))
    ledger.set_account(replace(ledger.account(ACCOUNT), balance_fen=299))
    roll(ledger)
    assert undoing(ledger, 300) == Hindered(Hindrance.BALANCE_USED, paid.fep_serial)
    assert isinstance(work(ledger, record_only, adjustment(DifferenceAct.CLAIM, 300)), Adjusted)


@pytest.mark.parametrize("act", [DifferenceAct.UNDO, DifferenceAct.CLAIM])
@pytest.mark.parametrize(
    "changes", [{}, {"payment_fen": 299}, {"account_no": "0100000002"}, {"bank_identity": OWN}], ids=str
)
def test_a_payment_that_does_not_stand(ledger: PaperLedger, act: DifferenceAct, changes: dict[str, Any]) -> None:
    """Undone, of another amount or account, or not there: nothing is undone, nothing is claimed."""
    ledger.ask(deposit_request(300))
    if not changes:
        ledger.ask(cancel_request(1, 300))
    roll(ledger)
    decision = undo if act is DifferenceAct.UNDO else record_only
    assert work(ledger, decision, adjustment(act, 300, **changes)) == Hindered(Hindrance.NOT_STANDING)


def test_nothing_is_recorded_of_what_was_mended(ledger: PaperLedger) -> None:
    """A refund is not recorded beside a payment that was posted for the same difference."""
    done = posting(ledger)
    refund = work(ledger, record_only, adjustment(DifferenceAct.REFUND, 13_000))
    assert refund == replace(done, is_repeat=True)


# --- what banks see


def test_a_posted_adjustment_as_banks_see_it(ledger: PaperLedger) -> None:
    """STATUS tells it by the bank's identity, PAYMENTS lists it, INVOICE prints it, no totals count it."""
    roll(ledger)
    done = posting(ledger)
    status = reply_in(ledger.ask(status_request(1)), StatusReply)
    assert (status.state, status.clearing_date, status.original_fep_serial) == (
        OriginalState.POSTED,
        NEXT_DAY,
        done.fep_serial,
    )
    listed = reply_in(ledger.ask(payments_request()), PaymentsReply).rows
    assert [(row.fep_serial, row.channel, row.amount_fen) for row in listed] == [(done.fep_serial, 10, 13_000)]
    assert reply_in(ledger.ask(invoice_request()), InvoiceReply).amount_fen == 13_000
    for day in (TODAY, NEXT_DAY):
        told = reply_in(ledger.ask(totals_request(day, Totals())), TotalsReply)
        assert told.totals == Totals()


def test_a_bank_cannot_undo_an_adjustment(ledger: PaperLedger) -> None:
    """It belongs to a day that is over, which two operators have settled."""
    posting(ledger)
    assert code_of(ledger.ask(cancel_request(1, 13_000))) == "2009"
    assert code_of(ledger.ask(reverse_request(1, 13_000))) == "2009"


def test_a_payment_that_comes_after_it_was_posted(ledger: PaperLedger) -> None:
    """The bank sends it at last: its serial is used, and nothing is paid twice."""
    posting(ledger)
    assert code_of(ledger.ask(deposit_request(13_000, serial=1))) == "2006"
    assert len([row for row in ledger.journal() if row.movement is Movement.PAY]) == 1


def test_an_undone_payment_as_banks_see_it(ledger: PaperLedger) -> None:
    """It is cancelled; a REVERSE that comes late is told so, and the bills can be paid anew."""
    ledger.ask(deposit_request(13_000))
    roll(ledger)
    undoing(ledger, 13_000)
    assert reply_in(ledger.ask(status_request(1)), StatusReply).state is OriginalState.CANCELLED
    late = reply_in(ledger.ask(reverse_request(1, 13_000, bank_date=NEXT_DAY)), UndoReply)
    assert late.outcome is UndoOutcome.UNDONE_BEFORE
    paid = reply_in(ledger.ask(pay_request(17_196, serial=9, bank_date=NEXT_DAY)), PayReply)
    assert paid.settled_count == 2
    told = reply_in(ledger.ask(totals_request(TODAY, Totals())), TotalsReply).totals
    assert (told.pay_count, told.cancel_count) == (1, 0)
