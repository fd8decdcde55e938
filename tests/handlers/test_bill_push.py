"""Whether a bill is pushed now, later or not at all, and what is sent."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from dbgate.books.states import MandateState, PushReason, PushState
from dbgate.records import AccountState, BillState, CollectMode
from handlers import bill_push
from handlers.bill_push import Claimed, Ended
from handlers.terms import Hours, PayWindow, Rules
from protocol.canonical.push import PushRequest
from tests.handlers.pushing import BILL, FEE_FEN, LOADED_AT, SERIAL, context, mandate, only_push, push, records, sent
from tests.support.records import ACCOUNT, BANK, NOW, bill

OPEN = (PushState.WAITING, PushState.ACCEPTED)


def claimed(*pushes: Any, now: datetime = NOW, rules: Rules | None = None, **changes: Any) -> Any:
    """Return the decision on the first of ``pushes``."""
    return bill_push.claim(pushes[0].bill_no, "host:2", records(*pushes, **changes), context(now, rules))


def test_what_is_needed() -> None:
    """Account, mandate and pushes; a number is drawn once."""
    first = bill_push.needs(BANK, ACCOUNT, is_numbered=False)
    assert (first.account_no, first.mandate, first.pushing, first.serial) == (ACCOUNT, True, True, True)
    assert not bill_push.needs(BANK, ACCOUNT).serial


def test_the_first_push() -> None:
    """The bill with today's late fee, to the bank account of the mandate; claimed for a minute."""
    decision = claimed(push())
    answer = decision.answer
    assert isinstance(answer, Claimed)
    assert answer.request == PushRequest(
        account_no=ACCOUNT,
        name="王",
        passbook="6222",
        month=202610,
        seq=1,
        bill_no="B1",
        principal_fen=12_000,
        late_fee_fen=FEE_FEN,
        due_date=BILL.due_date,
    )
    assert only_push(decision) == answer.push
    assert answer.push == replace(
        push(),
        fep_serial=SERIAL,
        late_fee_fen=FEE_FEN,
        pushed_at=NOW,
        due_at=NOW + timedelta(seconds=60),
        tries=1,
        owner="host:2",
        name="王",
        passbook="6222",
    )
    assert claimed(push(), given=mandate(name="")).answer.request.name == "王建国"


def test_a_later_push_is_the_same() -> None:
    """Number, late fee, name and bank account stay as they were, though days pass and the mandate names another."""
    now = NOW + timedelta(days=3)
    decision = claimed(sent(fep_serial=5), now=now, given=mandate(passbook="9999", name="李"))
    answer = decision.answer
    assert (answer.push.fep_serial, answer.request.late_fee_fen, answer.push.tries) == (5, FEE_FEN, 2)
    assert (answer.request.name, answer.request.passbook) == ("王", "6222")
    assert answer.push.due_at == now + timedelta(seconds=120)


@pytest.mark.parametrize(("tries", "wait_s"), [(0, 60), (1, 120), (3, 480), (6, 3600), (500, 3600)])
def test_it_is_asked_less_and_less_often(tries: int, wait_s: int) -> None:
    """Twice as long each time, up to an hour."""
    assert only_push(claimed(sent(tries=tries))).due_at == NOW + timedelta(seconds=wait_s)


@pytest.mark.parametrize(
    "other",
    [
        sent(due_at=NOW + timedelta(seconds=1)),
        *(sent(state=state) for state in PushState if state not in OPEN),
    ],
    ids=lambda each: f"{each.state.value}",
)
def test_what_is_somebody_elses_or_over_is_left_alone(other: Any) -> None:
    """A push that another daemon has claimed, and one that is decided."""
    decision = claimed(other)
    assert (decision.answer, decision.changes.pushes) == (None, ())


def test_a_bill_that_has_no_push() -> None:
    """Nothing is done about it."""
    assert bill_push.claim("B9", "host:2", records(push()), context()).answer is None


@pytest.mark.parametrize(
    ("before", "changes", "reason"),
    [
        (push(created_at=NOW - timedelta(days=7)), {}, PushReason.TOO_OLD),
        (sent(state=PushState.ACCEPTED, pushed_at=NOW - timedelta(days=7)), {}, PushReason.TOO_OLD),
        (push(), {"given": mandate(state=MandateState.ENDED)}, PushReason.MANDATE_ENDED),
        (push(), {"given": mandate(bank_code="0103")}, PushReason.MANDATE_ENDED),
        (push(), {"state": AccountState.SUSPENDED}, PushReason.NOT_PAYABLE),
        (push(), {"state": AccountState.CLOSED}, PushReason.NOT_PAYABLE),
        (push(), {"collect_mode": CollectMode.CARD}, PushReason.NOT_PAYABLE),
        (push(), {"pay_at_utility": True}, PushReason.NOT_PAYABLE),
    ],
)
def test_what_is_not_pushed_any_more(before: Any, changes: dict[str, Any], reason: PushReason) -> None:
    """Too old, the mandate ended or given to another bank, an account that banks may not collect from."""
    decision = claimed(before, **changes)
    assert isinstance(decision.answer, Ended)
    assert (only_push(decision).state, only_push(decision).reason) == (PushState.EXPIRED, reason)


def test_the_bank_has_its_time_again_once_it_has_accepted() -> None:
    """An accepted bill ends by when it was pushed last, not by when it was loaded; it is looked at every hour."""
    decision = claimed(sent(state=PushState.ACCEPTED, created_at=NOW - timedelta(days=8)))
    assert decision.answer is None
    assert only_push(decision).due_at == NOW + timedelta(hours=1)
    assert only_push(decision).state is PushState.ACCEPTED


@pytest.mark.parametrize("state", [PushState.WAITING, PushState.ACCEPTED])
def test_a_bill_that_was_paid_otherwise(state: PushState) -> None:
    """Its push is over; settled bills are not even loaded."""
    decision = claimed(sent(state=state), bills=())
    assert only_push(decision).state is PushState.SETTLED


def test_it_waits_for_a_debit_batch_and_for_the_pay_window() -> None:
    """While any bill of the account is in a batch, or banks may not collect, it is looked at again in ten minutes."""
    held = bill("B2", state=BillState.IN_DEBIT)
    evening = Rules(pay_windows={"0101": PayWindow(hours=Hours(time(20), time(22)))})
    for decision in (claimed(push(), bills=(BILL, held)), claimed(push(), rules=evening)):
        assert decision.answer is None
        assert only_push(decision) == push(due_at=NOW + timedelta(minutes=10))


def test_what_was_not_sent_is_given_back() -> None:
    """As if it had never been claimed, in a minute; but not when it has moved since."""
    given = claimed(push()).answer
    back = bill_push.release(given, records(given.push), context())
    assert only_push(back) == push(due_at=NOW + timedelta(seconds=60))
    moved = replace(given.push, state=PushState.SETTLED)
    assert bill_push.release(given, records(moved), context()).changes.pushes == ()


def test_what_the_format_cannot_say_is_left_to_a_person() -> None:
    """It would be tried in vain for days; one that has moved since is left alone."""
    given = claimed(push()).answer
    doubted = bill_push.doubt(given, PushReason.NOT_SENDABLE, records(given.push), context())
    assert (only_push(doubted).state, only_push(doubted).reason) == (PushState.DEAD, PushReason.NOT_SENDABLE)
    moved = replace(given.push, due_at=LOADED_AT)
    assert bill_push.doubt(given, PushReason.NOT_SENDABLE, records(moved), context()).answer is None
