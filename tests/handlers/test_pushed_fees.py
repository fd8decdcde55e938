"""The late fee that was pushed holds for the bank that pays it over channel 02."""

from datetime import timedelta
from typing import Any

import pytest

from dbgate.books.states import PushState
from dbgate.work import Decision
from handlers.catalogue import HANDLERS
from handlers.terms import BankTerms
from protocol.canonical.business import PayReply
from protocol.canonical.codes import PayMode
from protocol.canonical.messages import Answer, Request
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction
from tests.handlers.pushing import BILL, context, records, sent
from tests.support.records import BANK, NOW, TODAY, bill, pay_request

PUSHED_FEN = 100
"""Of long ago: today it would be 684."""


def paid(amount_fen: int, *pushes: Any, channel: int = 2, bills: Any = (BILL,), **changes: Any) -> Decision:
    """Return the decision on a PAY of the bank."""
    request: Request = pay_request(amount_fen, channel=channel, **changes)
    handler = HANDLERS[Transaction.PAY]
    assert handler.needs(request, BankTerms(BANK), TODAY).pushing is (channel == 2)
    return handler.decide(request, records(*pushes, bills=bills), context())


def reply_of(decision: Decision) -> PayReply:
    assert isinstance(decision.answer, Answer)
    assert isinstance(decision.answer.body, PayReply), decision.answer
    return decision.answer.body


@pytest.mark.parametrize("state", [PushState.ACCEPTED, PushState.WAITING])
@pytest.mark.parametrize("mode", PayMode)
def test_it_holds_for_what_was_accepted_or_not_yet_answered(state: PushState, mode: PayMode) -> None:
    """In both modes; the push is over with it."""
    pushed = sent(state=state, late_fee_fen=PUSHED_FEN, pushed_at=NOW - timedelta(days=30))
    decision = paid(12_100, pushed, mode=mode)
    reply = reply_of(decision)
    assert (reply.settled_late_fee_fen, reply.balance_change_fen, reply.due_after_fen) == (PUSHED_FEN, 0, 0)
    (after,) = decision.changes.pushes
    assert after.state is PushState.SETTLED


@pytest.mark.parametrize(
    "pushed",
    [
        sent(state=PushState.REFUSED, late_fee_fen=PUSHED_FEN),
        sent(state=PushState.EXPIRED, late_fee_fen=PUSHED_FEN),
        sent(tries=0, owner="", late_fee_fen=None),
        sent(bank_code="0103", late_fee_fen=PUSHED_FEN, state=PushState.ACCEPTED),
    ],
    ids=["refused", "expired", "never sent", "another bank's"],
)
def test_otherwise_todays_late_fee_is_due(pushed: Any) -> None:
    """A push that the bank does not owe changes nothing."""
    decision = paid(12_100, pushed, mode=PayMode.SETTLE)
    assert isinstance(decision.answer, Answer)
    assert decision.answer.code is ResponseCode.AMOUNT_DIFFERS
    assert reply_of(paid(12_684, pushed, mode=PayMode.SETTLE)).settled_late_fee_fen == 684


def test_other_channels_do_not_ask_for_pushes() -> None:
    """At the counter today's late fee is due, whatever was pushed."""
    pushed = sent(state=PushState.ACCEPTED, late_fee_fen=PUSHED_FEN)
    decision = paid(12_684, pushed, channel=1, mode=PayMode.SETTLE)
    assert reply_of(decision).settled_late_fee_fen == 684
    assert decision.changes.pushes == ()


def test_other_bills_have_todays_late_fee() -> None:
    """Only the pushed one keeps its own."""
    older = bill("B0", 12_000, month=202609, due_date=BILL.due_date)
    pushed = sent(state=PushState.ACCEPTED, late_fee_fen=PUSHED_FEN)
    assert reply_of(paid(12_684 + 12_100, pushed, bills=(older, BILL))).settled_late_fee_fen == 784
