"""APPLY: the utility settles open bills from a balance, and no bank can take it back."""

from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import pytest

from dbgate.records import (
    Account,
    AccountState,
    Allocation,
    Bill,
    BillState,
    CollectMode,
    Identity,
    Movement,
    PaymentState,
)
from dbgate.work import Work
from handlers import apply_balance
from handlers.apply_balance import NOTHING_APPLIED, Applied
from handlers.terms import LateFeeRates
from protocol.canonical.business import ConsumptionReply, PaymentsReply, UndoReply
from protocol.canonical.codes import UndoOutcome
from tests.support.ledger import Utility
from tests.support.ledger_gate import WorkLedger
from tests.support.records import (
    ACCOUNT,
    NOW,
    TODAY,
    account,
    bill,
    cancel_request,
    consumption_request,
    deposit_request,
    payments_request,
    reverse_request,
)
from tests.support.replies import code_of, reply_in

# Due 2026-09-25, on 2026-11-21: 57 days, 684.
OVERDUE = bill("B1", 12_000, month=202608, due_date=date(2026, 9, 25))
LATER = bill("B2", 5_000, month=202609)
LAST = bill("B3", 300, month=202610)


def ledger_of(loaded: Account, *bills: Bill) -> WorkLedger:
    return WorkLedger(Utility((loaded,), bills))


def applied(ledger: WorkLedger, account_no: str = ACCOUNT) -> object:
    """Apply the balance of one account; what was answered."""
    decide = partial(apply_balance.decide, account_no, LateFeeRates())
    return ledger.run([Work(apply_balance.needs(account_no), decide, True, 0.0, lambda _: None)])[0]


def settled_bills(ledger: WorkLedger) -> list[str]:
    return [each.bill_no for each in ledger.bills_of(ACCOUNT) if each.state is BillState.SETTLED]


@pytest.mark.parametrize(
    ("balance_fen", "bill_nos", "left_fen"),
    [
        (12_683, [], 12_683),
        (12_684, ["B1"], 0),
        (17_683, ["B1"], 4_999),  # the second does not fit, and ends it: the third would
        (17_684, ["B1", "B2"], 0),
        (20_000, ["B1", "B2", "B3"], 2_016),
    ],
)
def test_whole_bills_oldest_first(balance_fen: int, bill_nos: list[str], left_fen: int) -> None:
    """Each with its late fee of today, as far as the balance reaches; the first that does not fit ends it."""
    ledger = ledger_of(account(balance_fen=balance_fen), LAST, LATER, OVERDUE)
    answer = applied(ledger)
    assert answer == Applied(len(bill_nos), balance_fen - left_fen)
    assert (settled_bills(ledger), ledger.account(ACCOUNT).balance_fen) == (bill_nos, left_fen)


def test_the_movement(ledger_and_serial: tuple[WorkLedger, int]) -> None:
    """Its identity is no bank's; what it took from the balance is what it settled."""
    ledger, serial = ledger_and_serial
    [movement] = [row for row in ledger.journal() if row.movement is Movement.APPLY]
    assert movement.identity == Identity("0000", TODAY, f"apply{serial:012d}")
    assert (movement.state, movement.clearing_date, movement.created_at) == (PaymentState.POSTED, TODAY, NOW)
    assert (movement.amount_fen, movement.settled_principal_fen, movement.settled_late_fee_fen) == (12_684, 12_000, 684)
    assert (movement.balance_change_fen, movement.balance_after_fen, movement.due_after_fen) == (-12_684, 316, 5_000)
    assert (movement.settled_count, movement.first_month, movement.last_month) == (1, 202608, 202608)
    assert ledger.allocations() == [Allocation(serial, "B1", 12_000, 684)]


@pytest.fixture
def ledger_and_serial() -> tuple[WorkLedger, int]:
    """A ledger in which the first of two bills was settled from a balance of 13,000, and by what."""
    ledger = ledger_of(account(balance_fen=13_000), OVERDUE, LATER)
    assert applied(ledger) == Applied(1, 12_684)
    [serial] = [row.fep_serial for row in ledger.journal() if row.movement is Movement.APPLY]
    assert serial is not None
    return ledger, serial


def test_again(ledger_and_serial: tuple[WorkLedger, int]) -> None:
    """A second run on the same day finds nothing to do, for the rest does not reach."""
    ledger, _ = ledger_and_serial
    before = len(ledger.journal())
    assert applied(ledger) is NOTHING_APPLIED
    assert len(ledger.journal()) == before


def test_a_bill_in_a_debit_batch() -> None:
    """The account is left alone: the bank may be debiting it right now."""
    ledger = ledger_of(account(balance_fen=50_000), OVERDUE, bill("B2", 5_000, state=BillState.IN_DEBIT))
    assert applied(ledger) is NOTHING_APPLIED
    assert settled_bills(ledger) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"state": AccountState.SUSPENDED},
        {"state": AccountState.CLOSED},
        {"collect_mode": CollectMode.CARD},
        {"collect_mode": CollectMode.DEBIT},
        {"pay_at_utility": True},
    ],
    ids=str,
)
def test_accounts_that_banks_may_not_collect(changes: dict[str, Any]) -> None:
    """The money is the customer's, and here for this: what keeps banks from collecting does not keep it from use."""
    ledger = ledger_of(account(balance_fen=5_000, **changes), LATER)
    assert applied(ledger) == Applied(1, 5_000)


@pytest.mark.parametrize("balance_fen", [0, 100])
def test_nothing_to_do(balance_fen: int) -> None:
    """No balance or no bill, or no such account any more: nothing is answered and nothing changed."""
    assert applied(ledger_of(account(balance_fen=balance_fen))) is NOTHING_APPLIED
    assert applied(ledger_of(account(balance_fen=balance_fen), LATER)) is NOTHING_APPLIED
    assert applied(ledger_of(account()), "0100000077") is NOTHING_APPLIED


def test_banks_see_it_rightly(ledger_and_serial: tuple[WorkLedger, int]) -> None:
    """PAYMENTS has no row for it; CONSUMPTION shows the balance before and after it."""
    ledger, _ = ledger_and_serial
    assert reply_in(ledger.ask(payments_request()), PaymentsReply).rows == ()
    rows = reply_in(ledger.ask(consumption_request(months=12)), ConsumptionReply).rows
    shown = [(row.month, row.balance_before_fen, row.balance_after_fen) for row in rows]
    assert shown == [(202609, 316, 316), (202608, 13_000, 316)]


@pytest.mark.parametrize("build", [cancel_request, reverse_request], ids=["cancel", "reverse"])
def test_no_bank_can_undo_it(ledger_and_serial: tuple[WorkLedger, int], build: Any) -> None:
    """Whatever a bank names stands under its own code: CANCEL finds nothing, REVERSE bars what never comes."""
    ledger, serial = ledger_and_serial
    for number, named in enumerate((f"{serial:012d}", f"apply{serial:012d}"), 10):
        request = build(0, 12_684, serial=number)
        request = replace(request, body=replace(request.body, original_serial=named))
        answer = ledger.ask(request)
        if build is cancel_request:
            assert code_of(answer) == "2007"
        else:
            assert reply_in(answer, UndoReply).outcome is UndoOutcome.NEVER_ARRIVED
    assert settled_bills(ledger) == ["B1"]
    assert ledger.account(ACCOUNT).balance_fen == 316


def test_a_payment_whose_money_was_applied() -> None:
    """It cannot be undone any more (2016): its money has paid a bill."""
    ledger = ledger_of(account(), bill("B4", 700, due_date=date(2026, 11, 20)))
    ledger.ask(deposit_request(750, serial=1))  # the fee's floor is 100: 800
    ledger.set_bill(bill("B4", 700))
    assert applied(ledger) == Applied(1, 700)
    assert code_of(ledger.ask(cancel_request(1, 750))) == "2016"
    assert code_of(ledger.ask(reverse_request(1, 750))) == "2016"
