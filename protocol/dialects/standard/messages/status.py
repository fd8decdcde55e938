"""2005 STATUS 交易结果查询: what became of a money request."""

from protocol.canonical.business import StatusReply, StatusRequest
from protocol.canonical.codes import OriginalState, Reconciled
from protocol.characters import Digits, LenientAlphanumeric, Number
from protocol.dialects.standard.codes import CODES
from protocol.fields import FEN, U16, Enumeration, enumeration
from protocol.layout import Field, Layout, rsv
from protocol.moments import Date
from protocol.transactions import Transaction

_MONEY = (Transaction.PAY, Transaction.CANCEL, Transaction.REVERSE)
_ORIGINAL_TXN = Enumeration(
    U16,
    {0: None} | {CODES[transaction]: transaction for transaction in _MONEY},
    {0: "unknown"} | {CODES[transaction]: transaction.name for transaction in _MONEY},
)

STATUS_REQUEST = Layout(
    "body",
    StatusRequest,
    Field("original_date", Date(), "bank_date of the original", "原银行会计日期"),
    Field("original_serial", Digits(12, nonzero=True), "bank_serial of the original", "原银行流水号"),
    Field("account_no", LenientAlphanumeric(16), "account of the original", "户号"),
    rsv(12),
    checks_reserved=True,
)

STATUS_REPLY = Layout(
    "body",
    StatusReply,
    Field("original_txn", _ORIGINAL_TXN, "kind of the original", "原交易码"),
    Field(
        "state",
        enumeration(*OriginalState),
        "state of the original; 1 for a CANCEL or REVERSE: took effect",
        "原交易状态",
    ),
    rsv(5),
    Field("account_no", LenientAlphanumeric(16), "account of the original", "户号"),
    Field("amount", FEN, "amount of the original", "原交易金额"),
    Field("original_fep_serial", Number(12, optional=True), "fep_serial of the original", "原前置流水号"),
    Field("clearing_date", Date(optional=True), "clearing date of the original", "原清算日期"),
    Field("reconciled", enumeration(*Reconciled), "whether it has been reconciled", "对账状态"),
    rsv(11),
)
