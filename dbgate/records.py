"""Records 记录: the rows of the billing database as handlers see them. Immutable: a change is a new version.

Money is int fen, energy int 1/100 kWh, a month int YYYYMM, moments are naive Asia/Shanghai wall-clock time. Whatever
names a customer is left out of ``repr``.
"""

from dataclasses import field
from datetime import date, datetime
from enum import Enum
from typing import NamedTuple

from dbgate.record import record


class UserClass(Enum):
    """Class of a user 用户类别, which decides the late fee."""

    RESIDENTIAL = "residential"
    OTHER = "other"


class CollectMode(Enum):
    """How an account pays 收费方式."""

    COUNTER = "counter"
    DEBIT = "debit"
    CARD = "card"


class AccountState(Enum):
    """State of an account 户."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class BillState(Enum):
    """State of a bill 应收."""

    OPEN = "open"
    IN_DEBIT = "in_debit"
    SETTLED = "settled"


class Movement(Enum):
    """Kind of a row in the journal 交费流水."""

    OPEN = "open"  # a loaded balance
    PAY = "pay"
    CANCEL = "cancel"
    REVERSE = "reverse"
    TOMBSTONE = "tombstone"  # stands under the identity of an original that a REVERSE did not find
    APPLY = "apply"  # a balance applied to bills 预存抵扣


class PaymentState(Enum):
    """State of a journal row; the table of its transitions is in ``handlers/payment_state.py``."""

    POSTED = "posted"
    CANCELLED = "cancelled"
    REVERSED = "reversed"
    REVERSED_BEFORE_ARRIVAL = "reversed_before_arrival"


NO_BANK_CODE = "0000"
"""Under it stand the utility's own movements, OPEN and APPLY. No bank has it, so no bank can name one of them."""


class Identity(NamedTuple):
    """What names a money request for ever 交易标识; rows are locked and stored in its order."""

    bank_code: str
    bank_date: date
    bank_serial: str


class AccountKey(NamedTuple):
    """By what a query names accounts: ``column`` is ``account_no``, ``meter_no`` or ``passbook``."""

    column: str
    value: str


@record
class Account:
    """An account 户."""

    account_no: str = field(repr=False)
    name: str = field(repr=False)
    address: str = field(repr=False)
    meter_no: str = field(repr=False)
    passbook: str = field(repr=False)
    supply_branch: str
    user_class: UserClass
    collect_mode: CollectMode
    state: AccountState
    balance_fen: int
    pay_at_utility: bool


@record
class Bill:
    """A bill 应收; ``settled_by`` is the fep_serial of the movement that settled it."""

    bill_no: str
    account_no: str = field(repr=False)
    month: int
    seq: int
    energy_centikwh: int
    previous_reading_centikwh: int
    this_reading_centikwh: int
    principal_fen: int
    due_date: date
    state: BillState
    settled_by: int | None = None


@record
class Payment:
    """One row of the journal 交费流水. The first reply is a function of this row, so a repeat cannot differ from it.

    Attributes:
        identity: unique over all kinds.
        fep_serial: unique across daemons and databases; None for a tombstone.
        amount_fen: as requested; for OPEN and APPLY the money moved.
        settled_principal_fen, settled_late_fee_fen, balance_change_fen: add up to the money that came in, which is
            ``amount_fen`` for PAY and OPEN, and 0 for APPLY, whose ``amount_fen`` leaves the balance for the bills. An
            undo has no settled sums and takes the ``balance_change_fen`` of its original back. The sum of
            ``balance_change_fen`` over all rows of an account is its balance.
        due_after_fen: all that is unsettled after the movement, late fees of that day included.
        original, original_fep_serial, outcome: of CANCEL and REVERSE (``outcome`` as in ``UndoOutcome``), else None.
        created_at: database clock when it was decided.
        reason: of CANCEL and REVERSE, as the bank gave it.
        digest: content of the request, see ``protocol.canonical.messages.Request.digest``.
        mends_date: of an adjustment, which operators make: the clearing date that it mends. It is left out of the
            totals and details of its own day.
    """

    identity: Identity
    fep_serial: int | None
    movement: Movement
    state: PaymentState
    account_no: str = field(repr=False)
    account_name: str = field(repr=False)
    amount_fen: int
    settled_principal_fen: int
    settled_late_fee_fen: int
    balance_change_fen: int
    balance_after_fen: int
    due_after_fen: int
    settled_count: int
    first_month: int | None
    last_month: int | None
    invoice_no: str
    original: Identity | None
    original_fep_serial: int | None
    outcome: int | None
    branch_code: str
    teller_id: str
    channel: int
    instrument: int | None
    clearing_date: date
    created_at: datetime
    digest: str
    reason: int | None = None
    mends_date: date | None = None

    @property
    def counted_date(self) -> date:
        """The clearing date in which it is reconciled: its own, or the one that it mends."""
        return self.mends_date or self.clearing_date


@record
class Allocation:
    """What one movement paid of one bill. It stays when the movement is undone."""

    fep_serial: int
    bill_no: str
    principal_fen: int
    late_fee_fen: int


@record
class Invoice:
    """An invoice 发票 over one PAY; ``print_count`` 1 is the print, each later one a reprint."""

    invoice_no: str
    fep_serial: int
    print_count: int


@record
class InvoicePrint:
    """One INVOICE request that was counted; its identity has a space of its own."""

    identity: Identity
    digest: str
    invoice_no: str
    fep_serial: int
    print_count: int


class LimitKey(NamedTuple):
    """Counter of a daily limit: one for each bank, channel and clearing date."""

    bank_code: str
    channel: int
    clearing_date: date


@record
class ClearingDay:
    """A bank's present clearing date 清算日期 and the first one it ever had."""

    bank_code: str
    clearing_date: date
    first_date: date


@record
class DayTotals:
    """Counts and amounts of one bank and clearing date, as stored (``dbgate.details`` says what counts)."""

    pay_count: int = 0
    pay_amount_fen: int = 0
    cancel_count: int = 0
    cancel_amount_fen: int = 0
    reverse_count: int = 0
    reverse_amount_fen: int = 0


class DaySlice(NamedTuple):
    """Some of what counts in a clearing date, by fep_serial: ``rows_max`` rows, with ``first_row`` others before it."""

    clearing_date: date
    first_row: int
    rows_max: int


@record
class DetailRow:
    """One row of the journal as the details 明细 of its day have it."""

    identity: Identity
    fep_serial: int
    movement: Movement
    state: PaymentState
    account_no: str = field(repr=False)
    amount_fen: int


@record
class DayDetails:
    """A slice of a closed clearing date, and how many rows the whole day has; the same rows count as in its totals."""

    row_count: int
    rows: tuple[DetailRow, ...]


@record
class AuditEntry:
    """A refused money request in the audit trail 审计: who asked for what, and why not."""

    at: datetime
    identity: Identity
    transaction: str
    account_no: str = field(repr=False)
    amount_fen: int
    response_code: str
    branch_code: str
    teller_id: str
    channel: int
