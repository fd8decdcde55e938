"""What operators may do about a dead push, and what it is afterwards."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dbgate.books.records import Push
from dbgate.books.states import PushReason, PushState
from handlers.push_acts import (
    PushHindrance,
    drop_proposed,
    drop_rejected,
    dropped,
    is_unknown_to_bank,
    retried,
)
from tests.handlers.pushing import LOADED_AT, SERIAL, sent
from tests.support.records import NOW, TODAY

WEEK = timedelta(days=7)


def dead(**changes: Any) -> Push:
    """Return a push whose bank has named the serial of another payment."""
    said = {"debit_date": TODAY, "debit_serial": "000000000077", "debited_fen": 12_684, "is_reported": True}
    plain = sent(state=PushState.DEAD, reason=PushReason.IDENTITY_TAKEN, owner="", tries=3)
    return replace(plain, **{**said, **changes})


def unheard_of(**changes: Any) -> Push:
    """Return one that could not be said in the bank's format when it was first to be sent."""
    return sent(**{"state": PushState.DEAD, "reason": PushReason.NOT_SENDABLE, "owner": "", "tries": 1, **changes})


def retry(push: Push, *, is_bill_settled: bool = False) -> Push | PushHindrance:
    return retried(push, is_bill_settled=is_bill_settled, age_max=WEEK, now=NOW)


def test_a_retry_asks_the_same_under_the_same_number() -> None:
    """The bank knows number, late fee, name and account; what it said of the debit decides no more."""
    again = retry(dead())
    assert again == sent(state=PushState.WAITING, owner="", tries=3, due_at=NOW, is_reported=False)


def test_what_the_bank_never_heard_of_begins_anew() -> None:
    """Late fee, name and account are those of the day, under the number that it has."""
    again = retry(unheard_of())
    assert isinstance(again, Push)
    assert (again.state, again.fep_serial, again.tries) == (PushState.WAITING, SERIAL, 0)
    assert (again.late_fee_fen, again.name, again.passbook) == (None, "", "")


@pytest.mark.parametrize(
    ("push", "is_bill_settled", "hindrance"),
    [
        (sent(), False, PushHindrance.NOT_DEAD),
        (dead(posted_serial=1, reason=PushReason.DEBITED_TWICE), False, PushHindrance.POSTED),
        (dead(), True, PushHindrance.BILL_SETTLED),
        (dead(created_at=NOW - WEEK), False, PushHindrance.TOO_OLD),
    ],
)
def test_what_is_not_asked_again(push: Push, is_bill_settled: bool, hindrance: PushHindrance) -> None:
    """Nothing that is posted, settled or would end at once."""
    assert retry(push, is_bill_settled=is_bill_settled) is hindrance
    assert isinstance(retry(dead(created_at=NOW - WEEK + timedelta(seconds=1))), Push)


def test_two_operators_drop_what_the_bank_may_have_debited() -> None:
    """One proposes, another approves; the debit that the bank has named stays with the push."""
    assert dropped(dead(), "li", NOW) is PushHindrance.NOT_PROPOSED
    proposed = drop_proposed(dead(due_at=LOADED_AT), "li", NOW)
    assert proposed == dead(owner="li")
    assert dropped(dead(owner="li"), "li", NOW) is PushHindrance.SAME_OPERATOR
    assert dropped(dead(owner="li", due_at=LOADED_AT), "wang", NOW) == dead(state=PushState.DROPPED)


def test_one_operator_drops_what_the_bank_never_heard_of() -> None:
    """One that may have been sent before it could not be said any more is none of these."""
    assert dropped(unheard_of(), "li", NOW) == unheard_of(state=PushState.DROPPED)
    assert not is_unknown_to_bank(unheard_of(tries=2))
    assert dropped(unheard_of(tries=2), "li", NOW) is PushHindrance.NOT_PROPOSED


def test_a_proposal_is_taken_back() -> None:
    """The push is dead as before; where nobody has proposed there is nothing to take back."""
    assert drop_rejected(dead(owner="li", due_at=LOADED_AT), NOW) == dead()
    assert drop_rejected(dead(), NOW) is PushHindrance.NOT_PROPOSED
    retried_meanwhile = retry(dead(owner="li"))
    assert isinstance(retried_meanwhile, Push)
    assert retried_meanwhile.owner == ""


@pytest.mark.parametrize("state", [state for state in PushState if state is not PushState.DEAD])
def test_nothing_but_a_dead_push_is_worked(state: PushState) -> None:
    """All others move by themselves."""
    other = sent(state=state, created_at=LOADED_AT)
    refused = retry(other), drop_proposed(other, "li", NOW), drop_rejected(other, NOW), dropped(other, "wang", NOW)
    assert refused == (PushHindrance.NOT_DEAD,) * 4
