"""Canonical messages 统一报文: what every dialect's frames become, and what handlers answer with.

Fields are as wide as the widest bank format needs. Money is int fen, energy int 1/100 kWh, dates are ``date``,
months are int YYYYMM. ``None`` means absent. No field here knows how it looks on a wire. Whatever names a customer
(account, name, address, card) is left out of ``repr``, so that no log and no traceback can show it.
"""

from dataclasses import field
from datetime import date, time
from enum import IntEnum
from typing import NamedTuple

from protocol.files.notices import BatchCancel, FileNotice
from protocol.files.transfer import FileChunk, FileGetRequest, FileListReply, FileListRequest, FilePutReply
from protocol.record import ACCOUNT, NAME, record
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction


class KeyKind(IntEnum):
    """By what a QUERY names the account."""

    ACCOUNT_NO = 1
    METER_NO = 2
    PASSBOOK = 3


class PayMode(IntEnum):
    """How a PAY is settled."""

    SETTLE = 1  # 缴清: everything that is unsettled, exactly
    DEPOSIT = 2  # 预存: whole bills as far as the money reaches, the rest stays as balance


class Instrument(IntEnum):
    """What the customer paid with."""

    CASH = 1
    TRANSFER = 2  # passbook or transfer 转账
    CARD = 3
    CHEQUE = 4


class AccountState(IntEnum):
    """State of an account 户 as banks see it."""

    ACTIVE = 1
    SUSPENDED = 2
    CLOSED = 3


class CollectMode(IntEnum):
    """How an account pays."""

    COUNTER = 1
    DEBIT = 2
    CARD = 3


class BillState(IntEnum):
    """State of a bill as banks see it."""

    OPEN = 1
    IN_DEBIT = 2
    SETTLED = 3


class OriginalState(IntEnum):
    """State of a money request as STATUS and PAYMENTS report it."""

    UNKNOWN = 0
    POSTED = 1
    CANCELLED = 2
    REVERSED = 3
    REVERSED_BEFORE_ARRIVAL = 4


class UndoOutcome(IntEnum):
    """What a CANCEL or REVERSE did."""

    UNDONE = 1
    NEVER_ARRIVED = 2
    UNDONE_BEFORE = 3


class Reconciled(IntEnum):
    """Whether a payment has been through reconciliation."""

    NO = 0
    YES = 1
    DIFFERENCE = 2


class InvoiceAction(IntEnum):
    """What the teller asked of INVOICE; what counts is which request comes first."""

    PRINT = 1
    REPRINT = 2


class PushOutcome(IntEnum):
    """What a bank did with a pushed bill."""

    ACCEPTED = 1
    DEBITED = 2
    REFUSED = 3


class TotalsResult(IntEnum):
    """Result of RECON_TOTALS."""

    BALANCED = 1
    NOT_BALANCED = 2
    STILL_OPEN = 3


@record
class Head:
    """Who asks, from where and under which serial; the same for every transaction.

    Attributes:
        bank_code: the bank that is signed in on the connection.
        branch_code: bank outlet 网点, may be empty.
        teller_id: may be empty.
        bank_date: the bank's accounting date; wall-clock date in sign-in and key exchange.
        bank_time: wall clock.
        channel: 1 counter, 2 pushed debit, 3 kiosk/ATM, 4 net bank, 5 mobile, 6 phone, 7 POS, 8 TV, 9 agent, 10 batch.
        bank_serial: up to 32 characters; digits in the standard link, its leading zeros kept.
    """

    bank_code: str
    branch_code: str
    teller_id: str
    bank_date: date
    bank_time: time
    channel: int
    bank_serial: str


# --- link management 链路管理


@record
class KeyRequest:
    """Body of SIGN_IN and KEY_EXCHANGE: ``client_random`` 16 bytes."""

    client_random: bytes = field(repr=False)


@record
class KeyReply:
    """New session keys, wrapped under the bank's KEK; ``server_time`` is YYYYMMDDHHMMSS digits, Asia/Shanghai."""

    client_random: bytes = field(repr=False)
    key_version: int
    key_lifetime_s: int
    server_time: str
    wrapped_mak: bytes = field(repr=False)
    mak_kcv: bytes
    wrapped_tek: bytes = field(repr=False)
    tek_kcv: bytes


@record
class NoBody:
    """Body of a transaction that has none."""


@record
class ErrorReply:
    """Body of every reply that is not approved; ``message`` is shown to the teller (Chinese)."""

    message: str


# --- business 业务


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


@record
class Totals:
    """Counts and amounts of one clearing date."""

    pay_count: int = 0
    pay_amount_fen: int = 0
    cancel_count: int = 0
    cancel_amount_fen: int = 0
    reverse_count: int = 0
    reverse_amount_fen: int = 0


@record
class TotalsRequest:
    """3001 对总账: the bank's own totals of ``clearing_date``."""

    clearing_date: date
    totals: Totals


@record
class TotalsReply:
    """The FEP's totals and how they compare; ``batch_no`` is 0 until a reconciliation has run."""

    clearing_date: date
    result: TotalsResult
    totals: Totals
    batch_no: int


class Page(NamedTuple):
    """A page of rows that handlers cut themselves, for all rows would be too many; ``number`` counts from 1."""

    number: int
    rows_max: int

    @property
    def first_row(self) -> int:
        """Rows before the page."""
        return (self.number - 1) * self.rows_max


@record
class DetailRequest:
    """3002 对明细: a page of what counts in ``clearing_date``; the format says how many rows a page has."""

    clearing_date: date
    page: Page


@record
class DetailRow:
    """One PAY, CANCEL or REVERSE of the day, under the bank's identity; for the latter two POSTED means took effect."""

    bank_date: date
    bank_serial: str
    fep_serial: int
    account_no: str = field(repr=False, metadata=ACCOUNT)
    amount_fen: int
    transaction: Transaction
    state: OriginalState


@record
class DetailReply:
    """``row_count`` is of the whole day, ``rows`` are those of the page alone, by fep_serial."""

    clearing_date: date
    row_count: int
    page: int
    rows: tuple[DetailRow, ...]


@record
class WorkDay:
    """Body of SIGN_IN and SIGN_OUT where the FEP signs in: the day that it opens or closes."""

    work_date: date


@record
class PushRequest(Due):
    """5001 实时划拨: the FEP asks a bank to debit one bill; ``passbook`` is the customer's account at the bank."""

    account_no: str = field(repr=False, metadata=ACCOUNT)
    name: str = field(repr=False, metadata=NAME)
    passbook: str = field(repr=False, metadata=ACCOUNT)
    month: int
    seq: int
    bill_no: str
    principal_fen: int
    late_fee_fen: int
    due_date: date


@record
class PushReply:
    """What the bank did: when debited, the identity of its payment; when refused, its own code for why.

    ``passbook`` is the bank account that was debited, empty where the format does not say it.
    """

    outcome: PushOutcome
    refusal: str = ""
    debit_date: date | None = None
    debit_serial: str = ""
    amount_fen: int = 0
    passbook: str = field(default="", repr=False, metadata=ACCOUNT)


RequestBody = (
    NoBody
    | KeyRequest
    | QueryRequest
    | PayRequest
    | UndoRequest
    | StatusRequest
    | HistoryRequest
    | InvoiceRequest
    | TotalsRequest
    | DetailRequest
    | FileChunk
    | FileGetRequest
    | FileListRequest
    | FileNotice
    | PushRequest
    | BatchCancel
    | WorkDay
)
ReplyBody = (
    NoBody
    | KeyReply
    | QueryReply
    | PayReply
    | UndoReply
    | StatusReply
    | PaymentsReply
    | ConsumptionReply
    | InvoiceReply
    | TotalsReply
    | DetailReply
    | FilePutReply
    | FileChunk
    | FileListReply
)


@record
class Request:
    """One request as a handler sees it.

    Attributes:
        transaction: which transaction.
        head: who asks.
        body: the transaction's own fields.
        digest: 32 hex characters over transaction code and plain body: the content of the request, by which a repeat
            is told from another request under the same serial. No header field belongs to it.
    """

    transaction: Transaction
    head: Head
    body: RequestBody
    digest: str


@record
class Answer:
    """What is answered to one request, before any dialect gives it a shape.

    Attributes:
        code: the outcome.
        body: the reply's fields when approved, else None (the dialect then builds its error reply from the code).
        repeat: the effect was found in the journal.
        fep_serial: number of the movement, for money requests.
        clearing_date: the money request's own clearing date, for others what was last read; None while unknown.
        is_short: refused because the amount is less than what is payable, which some bank formats tell apart.
        detail: what the teller reads behind the words of a refusal, in Chinese; nothing of a customer.
    """

    code: ResponseCode
    body: ReplyBody | None = None
    repeat: bool = False
    fep_serial: int | None = None
    clearing_date: date | None = None
    is_short: bool = False
    detail: str = ""
