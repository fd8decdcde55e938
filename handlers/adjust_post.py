"""Post 补账: a payment that the bank has taken and the FEP lacks is posted now, for the day that it mends.

As a deposit: whole bills, oldest first, the rest to the balance. It is never refused because amounts have moved.
"""

from dbgate.records import Account, AccountState, BillState, CollectMode, Movement
from dbgate.work import Decide, Decision, Moment
from dbgate.working_set import WorkingSet
from handlers.adjustment import (
    CHANNEL,
    Adjusted,
    Adjustment,
    Hindered,
    Hindrance,
    done_before,
    hindrance_of,
    is_undone_payment,
)
from handlers.dues import dues_on
from handlers.posting import changes_of, posted
from handlers.requests import promised
from handlers.terms import AMOUNT_CEILING_FEN, Rules


def post(adjustment: Adjustment, rules: Rules) -> Decide:
    """Return the decision that posts the payment; it answers ``Adjusted`` or ``Hindered``."""

    def decide(records: WorkingSet, moment: Moment) -> Decision:
        before = done_before(adjustment, records)
        if before is not None:
            return Decision(before)
        hindered = _hindered(adjustment, records)
        return Decision(hindered) if hindered is not None else _posted(adjustment, records, rules, moment)

    return decide


def _hindered(adjustment: Adjustment, records: WorkingSet) -> Hindered | None:
    """Return what keeps the payment from being posted: first what stands under its identity, then the account."""
    stone = records.payment(adjustment.bank_identity)
    if stone is not None and stone.movement is Movement.TOMBSTONE:
        return Hindered(Hindrance.REVERSED_BEFORE_ARRIVAL)
    arrived = hindrance_of(adjustment, records)
    if arrived is not None:
        return arrived
    if is_undone_payment(adjustment, records) and not adjustment.may_be_undone:
        return Hindered(Hindrance.UNDONE_SINCE)
    hindrance = _hindrance_of(records.account(adjustment.account_no), adjustment, records)
    return None if hindrance is None else Hindered(hindrance)


def _hindrance_of(account: Account | None, adjustment: Adjustment, records: WorkingSet) -> Hindrance | None:
    if account is None:
        return Hindrance.ACCOUNT_MISSING
    if account.state is not AccountState.ACTIVE:
        return Hindrance.ACCOUNT_NOT_ACTIVE
    if account.collect_mode is CollectMode.CARD or account.pay_at_utility:
        return Hindrance.PAY_AT_UTILITY
    if any(bill.state is BillState.IN_DEBIT for bill in records.unsettled_bills(adjustment.account_no)):
        return Hindrance.IN_DEBIT
    return None


def _posted(adjustment: Adjustment, records: WorkingSet, rules: Rules, moment: Moment) -> Decision:
    account = promised(records.account(adjustment.account_no), "account of a post")
    unsettled = records.unsettled_bills(adjustment.account_no)
    dues = dues_on(moment.now.date(), unsettled, account.user_class, rules.late_fee)
    items = dues.reached_by(account.balance_fen + adjustment.amount_fen)
    is_free = records.payment(adjustment.bank_identity) is None
    payment = posted(
        account,
        adjustment.amount_fen,
        items,
        dues.total_fen - sum(bill.principal_fen + fee for bill, fee in items),
        moment,
        identity=adjustment.bank_identity if is_free else adjustment.own_identity,
        channel=CHANNEL,
        instrument=None,  # the bank's file does not say what the customer paid with
        digest=adjustment.digest,
        mends_date=adjustment.mends_date,
    )
    if payment.balance_after_fen > AMOUNT_CEILING_FEN:
        return Decision(Hindered(Hindrance.BALANCE_TOO_LARGE))
    return Decision(Adjusted(payment.fep_serial, payment.clearing_date), changes_of(payment, account, items))
