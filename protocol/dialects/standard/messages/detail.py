"""3002 RECON_DETAIL 对明细: what counts in a closed clearing date, a page at a time."""

from typing import Any

from protocol.canonical.codes import OriginalState
from protocol.canonical.reconciliation import DetailReply, DetailRequest, DetailRow, Page
from protocol.characters import Digits, LenientAlphanumeric, Number
from protocol.dialects.standard.codes import CODES
from protocol.fields import FEN, U8, U16, U32, Enumeration, FieldInvalid, FieldType, FixedField, enumeration
from protocol.layout import Field, Layout, Rows, rsv
from protocol.moments import Date
from protocol.transactions import Transaction

ROWS_OF_A_PAGE = 20


class PageOf(FieldType):
    """A ``u16`` that names a page of so many rows; 0 is the first."""

    wire_name, size, construct, blank, accepts = U16.wire_name, U16.size, U16.construct, U16.blank, "0 = 1"

    def __init__(self, rows_max: int) -> None:
        self._rows_max = rows_max

    def parse(self, raw: int) -> Page:
        """Return the page."""
        return Page(raw or 1, self._rows_max)

    def build(self, value: Page) -> int:
        """Return its number."""
        return U16.build(value.number)


class IfItFits(FixedField):
    """A field that stays blank where its value has no room.

    A bank that spoke a wider format on the day it asks for still gets its details; half a number would be another's.
    """

    def __init__(self, kind: FixedField) -> None:
        super().__init__(kind.wire_name, kind.size, kind.blank[:1])
        self._kind = kind

    def parse(self, raw: bytes) -> Any:
        """Return what ``raw`` means."""
        return self._kind.parse(raw)

    def build(self, value: str) -> bytes:
        """Return the value in its full size, or nothing."""
        try:
            raw: bytes = self._kind.build(value)
        except FieldInvalid:
            return self.blank
        return raw


_MONEY = (Transaction.PAY, Transaction.CANCEL, Transaction.REVERSE)
_TXN_CODE = Enumeration(
    U16,
    {CODES[transaction]: transaction for transaction in _MONEY},
    {CODES[transaction]: transaction.name for transaction in _MONEY},
)

DETAIL_REQUEST = Layout(
    "body",
    DetailRequest,
    Field("clearing_date", Date(), "day that is asked for", "清算日期"),
    Field("page", PageOf(ROWS_OF_A_PAGE), "page of rows", "页号"),
    rsv(22),
    checks_reserved=True,
)

_ROW = Layout(
    "row",
    DetailRow,
    Field("bank_date", Date(), "bank_date of the request", "银行会计日期"),
    Field("bank_serial", IfItFits(Digits(12)), "bank_serial of the request", "银行流水号"),
    Field("fep_serial", Number(12), "fep_serial of the movement", "前置流水号"),
    Field("account_no", IfItFits(LenientAlphanumeric(16)), "account, spaces when longer than the field", "户号"),
    Field("amount", FEN, "amount", "金额"),
    Field("txn_code", _TXN_CODE, "transaction", "交易码", "transaction"),
    Field("state", enumeration(*OriginalState), "state; 1 for a CANCEL or REVERSE: took effect", "交易状态"),
    rsv(5),
)

DETAIL_REPLY = Layout(
    "body",
    DetailReply,
    Field("clearing_date", Date(), "day that is asked for", "清算日期"),
    Field("row_count", U32, "all rows of the day", "总笔数"),
    Field("page", U16, "page that was asked for", "页号"),
    Field("rows_in_page", U8, "rows in this page", "本页笔数"),
    rsv(1),
    Rows(_ROW, ROWS_OF_A_PAGE, total=None, present="rows_in_page"),
)
