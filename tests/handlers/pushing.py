"""What the tests of pushed bills share: a working set with an account, its bill, mandate and push, and the context."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from dbgate.books.records import Mandate, Push
from dbgate.books.states import MandateState, PushState
from dbgate.records import Account, Bill
from dbgate.work import Decision, Moment
from dbgate.working_set import WorkingSet
from handlers.terms import BankTerms, Context, Rules
from tests.support.records import ACCOUNT, BANK, NOW, account, bill

BILL = bill("B1", 12_000, due_date=date(2026, 9, 25))
"""57 days overdue: 684."""
FEE_FEN = 684
DUE_FEN = 12_684
SERIAL = 10_000_000_777
LOADED_AT = NOW - timedelta(days=1)


def push(**changes: Any) -> Push:
    """Return a push that nobody has sent yet, due now."""
    return replace(Push("B1", None, ACCOUNT, BANK, PushState.WAITING, None, LOADED_AT, None, LOADED_AT, 0), **changes)


def sent(**changes: Any) -> Push:
    """Return a push that was sent a minute ago and is not answered."""
    at = NOW - timedelta(minutes=1)
    plain = push(fep_serial=SERIAL, late_fee_fen=FEE_FEN, pushed_at=at, due_at=NOW, tries=1, owner="host:1")
    return replace(plain, **{"name": "王", "passbook": "6222", **changes})


def mandate(**changes: Any) -> Mandate:
    """Return the active mandate of the account at the bank."""
    return replace(Mandate(ACCOUNT, BANK, "王", "6222", MandateState.ACTIVE, date(2026, 11, 1), LOADED_AT), **changes)


def records(
    *pushes: Push, bills: tuple[Bill, ...] = (BILL,), given: Mandate | None = None, **changes: Any
) -> WorkingSet:
    """Return what is loaded for a push of the account."""
    working_set = WorkingSet()
    working_set.add_accounts([account(**changes)])
    working_set.add_bills(bills)
    working_set.books.add_pushes(pushes)
    working_set.books.add_mandates([given or mandate()])
    return working_set


def context(now: datetime = NOW, rules: Rules | None = None, **terms: Any) -> Context:
    """Return the context of a decision at ``now``; its clearing date is the calendar's."""
    return Context(replace(BankTerms(BANK), **terms), rules or Rules(), Moment(now, now.date(), SERIAL, None))


def only_push(decision: Decision) -> Push:
    """Return the one push that a decision changes."""
    (changed,) = decision.changes.pushes
    return changed


def account_after(decision: Decision) -> Account:
    """Return the one account that a decision changes."""
    (changed,) = decision.changes.accounts
    return changed
