"""APPLY 预存抵扣: the utility settles an account's open bills from its balance, as far as that reaches.

No bank takes part: the movement stands under a bank code that no bank has, in no bank's totals or details, and no
CANCEL or REVERSE can name it. The balance is money that the utility holds for this very purpose, so the state of an
account and the way it pays do not matter: they keep banks from collecting, and what stays unpaid beside a balance only
gets dearer.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from dbgate.record import record
from dbgate.records import NO_BANK_CODE, Account, BillState, Identity, Movement, Payment
from dbgate.work import Decision, Moment, Needs
from dbgate.working_set import WorkingSet
from handlers.dues import Due, Dues, dues_on
from handlers.posting import changes_of, posted
from handlers.requests import promised
from handlers.terms import LateFeeRates

_CHANNEL = 0
"""Of no bank's."""


@record
class Applied:
    """What was settled from one balance; zeros when there was nothing to do, or nothing that it reaches."""

    bill_count: int = 0
    amount_fen: int = 0


NOTHING_APPLIED = Applied()


def needs(account_no: str) -> Needs:
    """Return the account with its unsettled bills and a number; the work is no bank's."""
    return Needs("", account_no=account_no, serial=True)


def decide(account_no: str, rates: LateFeeRates, records: WorkingSet, moment: Moment) -> Decision:
    """Settle whole bills, oldest first, each with its late fee of today; the first that does not fit ends it.

    An account of which a bill is in a debit batch is left alone: what the bank debits settles it, or an operator.
    """
    account = records.account(account_no)
    if account is None or account.balance_fen <= 0:
        return Decision(NOTHING_APPLIED)
    unsettled = records.unsettled_bills(account_no)
    if any(bill.state is BillState.IN_DEBIT for bill in unsettled):
        return Decision(NOTHING_APPLIED)
    dues = dues_on(moment.now.date(), unsettled, account.user_class, rates)
    items = dues.reached_by(account.balance_fen)
    if not items:
        return Decision(NOTHING_APPLIED)
    movement = _movement(account, dues, items, moment)
    return Decision(Applied(len(items), movement.amount_fen), changes_of(movement, account, items))


def identity_of(day: date, fep_serial: int) -> Identity:
    """Return the identity of the movement: it is found by its own number."""
    return Identity(NO_BANK_CODE, day, f"apply{fep_serial:012d}")


def _movement(account: Account, dues: Dues, items: Sequence[Due], moment: Moment) -> Payment:
    """Return the movement: posted as a payment of nothing, which takes all from the balance."""
    day, serial = moment.now.date(), promised(moment.fep_serial, "fep_serial")
    amount_fen = sum(bill.principal_fen + fee for bill, fee in items)
    row = posted(
        account,
        0,
        items,
        dues.total_fen - amount_fen,
        replace(moment, clearing_date=day),
        identity=identity_of(day, serial),
        channel=_CHANNEL,
        instrument=0,
        digest="",
    )
    return replace(row, movement=Movement.APPLY, amount_fen=amount_fen, instrument=None)
