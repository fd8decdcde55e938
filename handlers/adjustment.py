"""Adjustment 调账: how what operators have agreed on meets the billing database; what all acts share.

Every act is decided on the records as they are now, in the account's database, under the account's lock: since the day
was reconciled the bank may have sent the payment late, or operators may have been here before. What stands under the
identity decides, as it does for banks.
"""

from dataclasses import field
from datetime import date
from enum import Enum
from hashlib import blake2b

from dbgate.books.states import DifferenceAct
from dbgate.record import record
from dbgate.records import Identity, Movement, Payment, PaymentState
from dbgate.work import Moment, Needs
from dbgate.working_set import WorkingSet
from handlers.journal import serial_of
from handlers.terms import BankTerms, Context, Rules

CHANNEL = 10
"""Batch 批量: adjustments come over no line of a bank's."""


class Hindrance(Enum):
    """Why an act cannot be done; nothing was done."""

    ACCOUNT_MISSING = "account_missing"
    ACCOUNT_NOT_ACTIVE = "account_not_active"
    PAY_AT_UTILITY = "pay_at_utility"
    IN_DEBIT = "in_debit"
    BALANCE_TOO_LARGE = "balance_too_large"
    REVERSED_BEFORE_ARRIVAL = "reversed_before_arrival"
    ARRIVED_SINCE = "arrived_since"
    LISTED_TWICE = "listed_twice"
    UNDONE_SINCE = "undone_since"
    NOT_STANDING = "not_standing"
    BALANCE_USED = "balance_used"


@record
class Hindered:
    """An act that cannot be done; ``payment_serial``: the movement that stands in its way, if it is one."""

    hindrance: Hindrance
    payment_serial: int | None = None


@record
class Adjusted:
    """An act that can be done, or has been.

    Attributes:
        fep_serial: of its movement, None of what is only recorded.
        is_repeat: the movement was there already.
    """

    fep_serial: int | None
    clearing_date: date
    is_repeat: bool = False


@record
class Adjustment:
    """What is to be done about one difference.

    Attributes:
        bank_identity: of the bank's payment.
        amount_fen: what the act moves.
        payment_fen: what our payment under ``bank_identity`` amounts to, or would.
        expects_standing: whether a payment of ours stood there when the day was reconciled.
        may_be_undone: whether ours was there and undone: it is then posted again.
        mends_date: the reconciled day.
    """

    difference_no: int
    act: DifferenceAct
    bank_identity: Identity
    account_no: str = field(repr=False)
    amount_fen: int
    payment_fen: int
    expects_standing: bool
    may_be_undone: bool
    mends_date: date

    @property
    def own_identity(self) -> Identity:
        """The identity of its own: the same on whatever day it is done, so that it is done once."""
        return self.bank_identity._replace(bank_serial=f"adjust{self.difference_no}")

    @property
    def digest(self) -> str:
        """What the movement of this difference is known by, from a bank's own; whatever act, there is one at most."""
        content = " ".join(["adjustment", str(self.difference_no), *map(str, self.bank_identity)])
        return blake2b(content.encode(), digest_size=16).hexdigest()


def needs_of(adjustment: Adjustment) -> Needs:
    """Return what every act is decided on: the account, what stands under both identities, and a number."""
    return Needs(
        adjustment.bank_identity.bank_code,
        account_no=adjustment.account_no,
        own=adjustment.own_identity,
        original=adjustment.bank_identity,
        serial=True,
    )


def done_before(adjustment: Adjustment, records: WorkingSet) -> Adjusted | None:
    """Return the movement of an act that was done before, None when there is none."""
    for identity in (adjustment.own_identity, adjustment.bank_identity):
        row = records.payment(identity)
        if row is not None and row.mends_date is not None and row.digest == adjustment.digest:
            return Adjusted(serial_of(row), row.clearing_date, is_repeat=True)
    return None


def hindrance_of(adjustment: Adjustment, records: WorkingSet) -> Hindered | None:
    """Return what has changed since the day was reconciled so that the act would be wrong now, None when nothing."""
    row = records.payment(adjustment.bank_identity)
    is_it = row is not None and _is_payment(row, adjustment)
    stands = is_it and row is not None and row.state is PaymentState.POSTED
    if adjustment.expects_standing:
        return None if stands else Hindered(Hindrance.NOT_STANDING)
    if not stands or row is None:
        return None
    if row.clearing_date != adjustment.mends_date:
        return Hindered(Hindrance.ARRIVED_SINCE, row.fep_serial)
    # It stood there when the day was reconciled: the bank's file has it once more, which only a refund mends.
    return None if adjustment.act is DifferenceAct.REFUND else Hindered(Hindrance.LISTED_TWICE, row.fep_serial)


def is_undone_payment(adjustment: Adjustment, records: WorkingSet) -> bool:
    """Tell whether the payment itself stands under the bank's identity, undone."""
    row = records.payment(adjustment.bank_identity)
    return row is not None and _is_payment(row, adjustment) and row.state is not PaymentState.POSTED


def context_of(adjustment: Adjustment, rules: Rules, moment: Moment) -> Context:
    """Return the context that the rules for payments are asked in: no limits, hours or windows hold for operators."""
    return Context(BankTerms(adjustment.bank_identity.bank_code), rules, moment)


def _is_payment(row: Payment, adjustment: Adjustment) -> bool:
    given = (row.movement, row.account_no, row.amount_fen)
    return given == (Movement.PAY, adjustment.account_no, adjustment.payment_fen)
