"""What a bank has debited because it was pushed is posted once, or left to a person."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from dbgate.books.states import PushReason, PushState
from dbgate.changes import LimitUse
from dbgate.records import Allocation, BillState, Identity, LimitKey, Movement, PaymentState
from dbgate.work import Decision
from handlers import push_reply
from handlers.terms import AMOUNT_CEILING_FEN
from protocol.canonical.codes import PushOutcome
from protocol.canonical.push import PushReply
from tests.handlers.pushing import (
    BILL,
    DUE_FEN,
    SERIAL,
    account_after,
    context,
    only_push,
    push,
    records,
    sent,
)
from tests.support.records import ACCOUNT, BANK, NOW, TODAY, bill

DEBITED = PushReply(PushOutcome.DEBITED, "", TODAY, "000000000042", DUE_FEN)
IDENTITY = Identity(BANK, TODAY, "000000000042")


def answered(*pushes: Any, reply: PushReply = DEBITED, stored: Any = None, **changes: Any) -> Decision:
    """Return the decision on the bank's answer to the first of ``pushes``."""
    pushes = pushes or (sent(),)
    terms = changes.pop("terms", {})
    loaded = records(*pushes, **changes)
    if stored is not None:
        loaded.add_journal([stored])
    return push_reply.decide(pushes[0].bill_no, reply, loaded, context(**terms))


def payment_of(decision: Decision) -> Any:
    """Return the one journal row of a decision."""
    (payment,) = decision.changes.journal
    return payment


def test_what_is_needed() -> None:
    """The debit's identity is one of the bank's own; only a debit needs a number."""
    needs = push_reply.needs(sent(), DEBITED)
    assert (needs.own, needs.serial, needs.account_no, needs.pushing) == (IDENTITY, True, ACCOUNT, True)
    refused = push_reply.needs(sent(), PushReply(PushOutcome.REFUSED, "0062"))
    assert (refused.own, refused.serial) == (None, False)


def test_a_debit_settles_the_bill_as_it_was_pushed() -> None:
    """With the late fee of then, though it would be more today; the older bill beside it stays."""
    older = bill("B0", 500, month=202609)
    decision = answered(sent(late_fee_fen=100), reply=replace(DEBITED, amount_fen=12_100), bills=(older, BILL))
    payment = payment_of(decision)
    assert (payment.identity, payment.movement, payment.channel, payment.digest) == (IDENTITY, Movement.PAY, 2, "")
    assert (payment.settled_principal_fen, payment.settled_late_fee_fen, payment.balance_change_fen) == (12_000, 100, 0)
    assert (payment.due_after_fen, payment.settled_count, payment.clearing_date) == (500, 1, TODAY)
    (settled,) = decision.changes.bills
    assert (settled.bill_no, settled.state, settled.settled_by) == ("B1", BillState.SETTLED, SERIAL)
    assert decision.changes.allocations == (Allocation(SERIAL, "B1", 12_000, 100),)
    after = only_push(decision)
    assert (after.state, after.posted_serial, after.debited_fen) == (PushState.DEBITED, SERIAL, 12_100)
    assert (after.debit_date, after.debit_serial, after.is_reported, after.owner) == (TODAY, IDENTITY[2], False, "")


@pytest.mark.parametrize(
    ("changes", "amount_fen", "balance_fen"),
    [
        ({}, DUE_FEN + 5, 5),
        ({}, DUE_FEN - 1, DUE_FEN - 1),
        ({"balance_fen": 10}, DUE_FEN - 1, DUE_FEN - 1),  # a balance does not help to cover it
        ({"bills": ()}, DUE_FEN, DUE_FEN),
        ({"bills": (replace(BILL, state=BillState.IN_DEBIT),)}, DUE_FEN, DUE_FEN),
    ],
    ids=["more", "less", "less beside a balance", "settled meanwhile", "in a batch meanwhile"],
)
def test_what_does_not_settle_the_bill_goes_to_the_balance(
    changes: dict[str, Any], amount_fen: int, balance_fen: int
) -> None:
    """And is reported."""
    decision = answered(reply=replace(DEBITED, amount_fen=amount_fen), **changes)
    assert payment_of(decision).balance_change_fen == balance_fen
    assert account_after(decision).balance_fen == balance_fen + changes.get("balance_fen", 0)
    assert only_push(decision).is_reported


@pytest.mark.parametrize("state", [PushState.ACCEPTED, PushState.REFUSED, PushState.SETTLED, PushState.EXPIRED])
def test_a_debit_is_posted_whatever_was_believed(state: PushState) -> None:
    """The money has come."""
    decision = answered(sent(state=state))
    assert payment_of(decision).amount_fen == DUE_FEN
    assert only_push(decision).state is PushState.DEBITED


def test_the_same_answer_again_changes_nothing() -> None:
    """Neither while the push is debited nor once it is dead."""
    done = sent(state=PushState.DEBITED, debit_date=TODAY, debit_serial=IDENTITY[2], debited_fen=DUE_FEN)
    for before in (done, sent(state=PushState.DEAD)):
        decision = answered(before)
        assert (decision.changes.journal, only_push(decision)) == ((), before)
        assert not decision.answer.is_news  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "reply",
    [
        replace(DEBITED, debit_serial="000000000043"),
        replace(DEBITED, amount_fen=1),
        replace(DEBITED, debit_date=date(2026, 11, 20)),
    ],
)
def test_a_second_debit_is_left_to_a_person(reply: PushReply) -> None:
    """It is not posted; what was posted for the push before stays in its row."""
    done = sent(
        state=PushState.DEBITED, debit_date=TODAY, debit_serial=IDENTITY[2], debited_fen=DUE_FEN, posted_serial=5
    )
    decision = answered(done, reply=reply)
    after = only_push(decision)
    assert decision.changes.journal == ()
    assert (after.state, after.reason, after.debit_serial, after.posted_serial) == (
        PushState.DEAD,
        PushReason.DEBITED_TWICE,
        IDENTITY[2],
        5,
    )


def stored_payment(**changes: Any) -> Any:
    """Return a payment of the account that stands under the debit's identity."""
    return replace(payment_of(answered()), fep_serial=4711, **changes)


def test_an_identity_that_is_there_is_that_payment() -> None:
    """With the same account and amount nothing is posted; one that was undone since is reported."""
    decision = answered(stored=stored_payment())
    after = only_push(decision)
    assert decision.changes.journal == ()
    assert (after.state, after.posted_serial, after.is_reported) == (PushState.DEBITED, 4711, False)
    undone = only_push(answered(stored=stored_payment(state=PaymentState.REVERSED)))
    assert (undone.state, undone.is_reported) == (PushState.DEBITED, True)


@pytest.mark.parametrize(
    "changes",
    [{"amount_fen": 1}, {"account_no": "0100000009"}, {"movement": Movement.TOMBSTONE}, {"movement": Movement.CANCEL}],
)
def test_an_identity_of_another_content_is_left_to_a_person(changes: dict[str, Any]) -> None:
    """The push keeps what the bank said."""
    decision = answered(stored=stored_payment(**changes))
    after = only_push(decision)
    assert decision.changes.journal == ()
    assert (after.state, after.reason, after.posted_serial) == (PushState.DEAD, PushReason.IDENTITY_TAKEN, None)
    assert (after.debit_date, after.debit_serial, after.debited_fen) == (TODAY, IDENTITY[2], DUE_FEN)


def test_one_debit_does_not_pay_two_bills() -> None:
    """A serial that was posted for another push of the account is not this one's, though account and amount agree."""
    other = sent(bill_no="B2", state=PushState.DEBITED, posted_serial=4711)
    decision = answered(sent(), other, stored=stored_payment())
    assert only_push(decision).reason is PushReason.IDENTITY_TAKEN


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (replace(DEBITED, debit_date=date(2026, 11, 18)), PushReason.DATE_IMPLAUSIBLE),
        (replace(DEBITED, debit_date=TODAY + timedelta(2)), PushReason.DATE_IMPLAUSIBLE),
        (replace(DEBITED, passbook="6223"), PushReason.OTHER_ACCOUNT),
        (replace(DEBITED, amount_fen=AMOUNT_CEILING_FEN + 1), PushReason.AMOUNT_IMPLAUSIBLE),
    ],
)
def test_what_cannot_be_this_debit_is_left_to_a_person(reply: PushReply, reason: PushReason) -> None:
    """A day before the bill was loaded or after tomorrow, another bank account, more than a balance may be."""
    decision = answered(reply=reply)
    assert (decision.changes.journal, decision.changes.accounts) == ((), ())
    assert (only_push(decision).state, only_push(decision).reason) == (PushState.DEAD, reason)


@pytest.mark.parametrize("day", [date(2026, 11, 19), TODAY, TODAY + timedelta(1)])
def test_days_that_may_be(day: date) -> None:
    """From the day before the bill was loaded to tomorrow, however long the answer took; and the account asked for."""
    decision = answered(reply=replace(DEBITED, debit_date=day, passbook="6222"))
    assert payment_of(decision).identity.bank_date == day


def test_it_counts_where_the_channel_is_counted() -> None:
    """A daily limit of the channel does not refuse what has been debited, but its counter moves."""
    assert answered().changes.limit_uses == ()
    counted = answered(terms={"daily_limit_fen": {2: 1}})
    assert counted.changes.limit_uses == (LimitUse(LimitKey(BANK, 2, TODAY), DUE_FEN, None),)


def test_accepted_and_refused() -> None:
    """An accepted bill is looked at again in an hour, a refused one keeps the bank's code; both only while it waits."""
    accepted = only_push(answered(reply=PushReply(PushOutcome.ACCEPTED)))
    assert (accepted.state, accepted.due_at, accepted.owner) == (PushState.ACCEPTED, NOW + timedelta(hours=1), "")
    refused = only_push(answered(reply=PushReply(PushOutcome.REFUSED, "0062")))
    assert (refused.state, refused.refusal) == (PushState.REFUSED, "0062")
    over = sent(state=PushState.SETTLED)
    for outcome in (PushOutcome.ACCEPTED, PushOutcome.REFUSED):
        assert only_push(answered(over, reply=PushReply(outcome))) == over


def test_an_answer_to_a_push_that_is_not_there_is_a_bug() -> None:
    """It fails instead of being dropped."""
    with pytest.raises(AssertionError, match="push that was answered"):
        push_reply.decide("B9", DEBITED, records(push()), context())
