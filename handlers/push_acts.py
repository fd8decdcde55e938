"""Acts on dead pushes 待查实划拨的处理: what an operator may do about a pushed bill that a person has looked into.

::

    DEAD ── RETRIED ─▶ WAITING   the bank is asked again under the same number, so it debits no second time
     │  drop_proposed: the owner is who proposes it
     └───── DROPPED ─▶ DROPPED   nothing more is done here; what the bank did, its own or another's word decides

A push that the bank may know of is dropped by two operators, for with it goes the alarm that money may be there. No
debit is lost by it: one that the bank tells of later is posted (``push_state``), and one that it only lists is a
difference of its day (长款), whatever became of the push. Each act sets ``due_at`` to its moment, so that whoever acts
on a push that another has moved since is found out.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum

from dbgate.books.records import Push
from dbgate.books.states import PushReason, PushState
from handlers.push_state import PushEvent, moved


class PushHindrance(Enum):
    """Why an act on a push cannot be done."""

    NOT_DEAD = "not_dead"
    POSTED = "posted"  # a debit of it is posted: asking again would bring no news
    BILL_SETTLED = "bill_settled"  # there is nothing to debit any more
    TOO_OLD = "too_old"  # it would end at once
    SAME_OPERATOR = "same_operator"
    NOT_PROPOSED = "not_proposed"


def is_unknown_to_bank(push: Push) -> bool:
    """Tell whether the bank has certainly never been asked: the first message could not even be made."""
    return push.reason is PushReason.NOT_SENDABLE and push.tries <= 1


def retried(push: Push, *, is_bill_settled: bool, age_max: timedelta, now: datetime) -> Push | PushHindrance:
    """Return the push as it waits to be pushed again, under the same number and due now.

    Late fee, name and bank account stay as the bank has seen them; one that was never sent gets those of the day. What
    the bank said of the debit is taken out, for the next answer decides.
    """
    if push.state is not PushState.DEAD:
        return PushHindrance.NOT_DEAD
    if push.posted_serial is not None:
        return PushHindrance.POSTED
    if is_bill_settled:
        return PushHindrance.BILL_SETTLED
    if push.created_at <= now - age_max:
        return PushHindrance.TOO_OLD
    said = {"debit_date": None, "debit_serial": "", "debited_fen": None, "reason": None, "is_reported": False}
    again = moved(push, PushEvent.RETRIED, due_at=now, **said)
    if is_unknown_to_bank(push):
        again = replace(again, late_fee_fen=None, name="", passbook="", tries=0)
    return again


def drop_proposed(push: Push, operator: str, now: datetime) -> Push | PushHindrance:
    """Return the push that ``operator`` proposes to drop; who proposes last stands."""
    return replace(push, owner=operator, due_at=now) if push.state is PushState.DEAD else PushHindrance.NOT_DEAD


def drop_rejected(push: Push, now: datetime) -> Push | PushHindrance:
    """Return the push that nobody proposes to drop any more."""
    if push.state is not PushState.DEAD:
        return PushHindrance.NOT_DEAD
    return replace(push, owner="", due_at=now) if push.owner else PushHindrance.NOT_PROPOSED


def dropped(push: Push, operator: str, now: datetime) -> Push | PushHindrance:
    """Return the push that is dropped: by one operator when the bank never heard of it, else by a second one."""
    if push.state is not PushState.DEAD:
        return PushHindrance.NOT_DEAD
    if not is_unknown_to_bank(push):
        if not push.owner:
            return PushHindrance.NOT_PROPOSED
        if push.owner == operator:
            return PushHindrance.SAME_OPERATOR
    return moved(push, PushEvent.DROPPED, due_at=now)
