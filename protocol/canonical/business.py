"""Business 业务: bodies of what tellers ask about accounts, and what they are told."""

from dataclasses import field
from datetime import date, time

from protocol.canonical.codes import (
    AccountState,
    BillState,
    CollectMode,
    Instrument,
    InvoiceAction,
    KeyKind,
    OriginalState,
    PayMode,
    Reconciled,
    UndoOutcome,
)
from protocol.record import ACCOUNT, NAME, record
from protocol.transactions import Transaction


@record
class QueryRequest:
    """2001 欠费查询. ``page`` counts from 1 (0 on the wire is 1); ``wants_reference``: a PAY will name this query."""

    key: str = field(repr=False, metadata=ACCOUNT)
    key_kind: KeyKind
    page: int
    wants_reference: bool = False


class Due:
    """Base of what has a principal and a late fee."""

    __slots__ = ()

    principal_fen: int
    late_fee_fen: int

    @property
    def due_fen(self) -> int:
        """Principal and late fee."""
        return self.principal_fen + self.late_fee_fen


@record
class BillRow(Due):
    """One unsettled bill in a QUERY reply."""

    month: int
    seq: int
    bill_no: str
    energy_centikwh: int
    principal_fen: int
    late_fee_fen: int
    due_date: date
    state: BillState

    @property
    def energy_kwh(self) -> int:
        """Whole kWh, rounded half up."""
        return (self.energy_centikwh + 50) // 100


@record
class QueryReply:
    """Account, totals over all unsettled bills, and one page of them, oldest first.

    ``rows`` of a canonical reply hold every row; the dialect cuts the page that it can carry. ``page`` is the one
    that was asked for. ``reference``: at most 12 digits, None when the format has none.
    """

    account_no: str = field(repr=False, metadata=ACCOUNT)
    name: str = field(repr=False, metadata=NAME)
    address: str = field(repr=False)
    supply_branch: str
    account_state: AccountState
    collect_mode: CollectMode
    payable_now: bool
    balance_fen: int
    principal_due_fen: int
    late_fee_due_fen: int
    total_due_fen: int
    payable_fen: int
    page: int
    rows: tuple[BillRow, ...]
    reference: int | None = None


@record
class ListedBill:
    """A bill that a PAY says it pays; ``amount_fen`` is its principal and late fee."""

    bill_no: str
    amount_fen: int


@record
class PayRequest:
    """2002 交费.

    Attributes:
        expected_payable_fen: what the teller saw, negative when not given.
        reference: of the query that it goes back to, None in formats that have none.
        bills: what it says it pays, None in formats that do not.
    """

    account_no: str = field(repr=False, metadata=ACCOUNT)
    amount_fen: int
    mode: PayMode
    instrument: Instrument
    print_invoice: bool
    payer_account: str = field(repr=False, metadata=ACCOUNT)
    expected_payable_fen: int
    reference: int | None = None
    bills: tuple[ListedBill, ...] | None = None


@record
class PayReply:
    """What a payment settled and what is left."""

    account_no: str = field(repr=False, metadata=ACCOUNT)
    name: str = field(repr=False, metadata=NAME)
    amount_fen: int
    settled_principal_fen: int
    settled_late_fee_fen: int
    balance_change_fen: int
    balance_after_fen: int
    due_after_fen: int
    settled_count: int
    invoice_no: str
    first_month: int | None
    last_month: int | None


@record
class UndoRequest:
    """2003 CANCEL 撤销 and 2004 REVERSE 冲正; amount, account and reason are kept as given."""

    original_date: date
    original_serial: str
    account_no: str = field(repr=False, metadata=ACCOUNT)
    amount_fen: int
    reason: int


@record
class UndoReply:
    """Answer to CANCEL and REVERSE; ``original_fep_serial`` is None when the original never arrived."""

    account_no: str = field(repr=False, metadata=ACCOUNT)
    amount_fen: int
    original_fep_serial: int | None
    balance_after_fen: int
    due_after_fen: int
    outcome: UndoOutcome


@record
class StatusRequest:
    """2005 交易结果查询."""

    original_date: date
    original_serial: str
    account_no: str = field(repr=False, metadata=ACCOUNT)


@record
class StatusReply:
    """What became of a money request; ``original_txn`` is None while it is unknown."""

    original_txn: Transaction | None
    state: OriginalState
    account_no: str = field(repr=False, metadata=ACCOUNT)
    amount_fen: int
    original_fep_serial: int | None
    clearing_date: date | None
    reconciled: Reconciled


@record
class HistoryRequest:
    """2006 PAYMENTS and 2007 CONSUMPTION: ``months`` calendar months back, the current one included (0 = 3)."""

    account_no: str = field(repr=False, metadata=ACCOUNT)
    months: int
    page: int


@record
class PaymentRow:
    """One PAY in a PAYMENTS reply."""

    date: date
    time: time
    channel: int
    amount_fen: int
    fep_serial: int
    bank_code: str
    state: OriginalState
    balance_after_fen: int


@record
class PaymentsReply:
    """2006 交费记录, newest first; ``rows`` hold every row, the dialect cuts the page."""

    account_no: str = field(repr=False, metadata=ACCOUNT)
    name: str = field(repr=False, metadata=NAME)
    page: int
    rows: tuple[PaymentRow, ...]


@record
class ConsumptionRow:
    """One month's bill in a CONSUMPTION reply; ``amount_fen`` is its principal 电费."""

    month: int
    seq: int
    energy_centikwh: int
    amount_fen: int
    balance_before_fen: int
    balance_after_fen: int
    state: BillState


@record
class ConsumptionReply:
    """2007 用电信息, newest first; ``rows`` hold every row, the dialect cuts the page."""

    account_no: str = field(repr=False, metadata=ACCOUNT)
    name: str = field(repr=False, metadata=NAME)
    page: int
    rows: tuple[ConsumptionRow, ...]


@record
class InvoiceRequest:
    """2008 发票. Only page 1 counts as a print."""

    original_date: date
    original_serial: str
    account_no: str = field(repr=False, metadata=ACCOUNT)
    action: InvoiceAction
    page: int


@record
class InvoiceRow:
    """One settled bill on an invoice."""

    month: int
    seq: int
    energy_centikwh: int
    previous_reading_centikwh: int
    this_reading_centikwh: int
    principal_fen: int
    late_fee_fen: int


@record
class InvoiceReply:
    """An invoice over one payment; ``rows`` hold every row, the dialect cuts the page."""

    invoice_no: str
    account_no: str = field(repr=False, metadata=ACCOUNT)
    name: str = field(repr=False, metadata=NAME)
    address: str = field(repr=False)
    amount_fen: int
    amount_in_words: str
    print_count: int
    first_month: int | None
    last_month: int | None
    page: int
    rows: tuple[InvoiceRow, ...]
