"""APPLY 预存抵扣: the utility settles an account's open bills from its balance, as far as that reaches.

No bank takes part: the movement stands under a bank code that no bank has, in no bank's totals or details, and no
CANCEL or REVERSE can name it. The balance is money that the utility holds for this very purpose, so the state of an
account and the way it pays do not matter: they keep banks from collecting, and what stays unpaid beside a balance only
gets dearer.
"""

from collections.abc import Sequence
from datetime import date

from dbgate.changes import Changes
from dbgate.record import record
from dbgate.records import NO_BANK_CODE, Account, Allocation, BillState, Identity, Movement, Payment, PaymentState
from dbgate.work import Decision, Moment, Needs
from dbgate.working_set import WorkingSet
from handlers.dues import Due, Dues, dues_on
from handlers.requests import promised
from handlers.terms import LateFeeRates
from handlers.versions import settled, with_balance

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
    serial = promised(movement.fep_serial, "fep_serial")
    changes = Changes(
        accounts=(with_balance(account, movement.balance_after_fen),),
        bills=tuple([settled(bill, serial) for bill, _ in items]),
        journal=(movement,),
        allocations=tuple([Allocation(serial, bill.bill_no, bill.principal_fen, fee) for bill, fee in items]),
    )
    return Decision(Applied(len(items), movement.amount_fen), changes)


def identity_of(day: date, fep_serial: int) -> Identity:
    """Return the identity of the movement: it is found by its own number."""
    return Identity(NO_BANK_CODE, day, f"apply{fep_serial:012d}")


def _movement(account: Account, dues: Dues, items: Sequence[Due], moment: Moment) -> Payment:
    principal_fen = sum(bill.principal_fen for bill, _ in items)
    late_fee_fen = sum(fee for _, fee in items)
    amount_fen = principal_fen + late_fee_fen
    serial, day = promised(moment.fep_serial, "fep_serial"), moment.now.date()
    return Payment(
        identity=identity_of(day, serial),
        fep_serial=serial,
        movement=Movement.APPLY,
        state=PaymentState.POSTED,
        account_no=account.account_no,
        account_name=account.name,
        amount_fen=amount_fen,
        settled_principal_fen=principal_fen,
        settled_late_fee_fen=late_fee_fen,
        balance_change_fen=-amount_fen,
        balance_after_fen=account.balance_fen - amount_fen,
        due_after_fen=dues.total_fen - amount_fen,
        settled_count=len(items),
        first_month=items[0].bill.month,
        last_month=items[-1].bill.month,
        invoice_no="",
        original=None,
        original_fep_serial=None,
        outcome=None,
        branch_code="",
        teller_id="",
        channel=_CHANNEL,
        instrument=None,
        clearing_date=day,
        created_at=moment.now,
        digest="",
    )
