"""2003 CANCEL 撤销 and 2004 REVERSE 冲正: a payment is taken back, by a teller or by the bank's system."""

from protocol.canonical.business import UndoReply, UndoRequest
from protocol.canonical.codes import UndoOutcome
from protocol.characters import Digits, LenientAlphanumeric, Number
from protocol.fields import FEN, U8, enumeration
from protocol.layout import Field, Layout, rsv
from protocol.moments import Date

UNDO_REQUEST = Layout(
    "body",
    UndoRequest,
    Field("original_date", Date(), "bank_date of the original", "原银行会计日期"),
    Field("original_serial", Digits(12, nonzero=True), "bank_serial of the original", "原银行流水号"),
    Field("account_no", LenientAlphanumeric(16), "account of the original", "户号"),
    Field("amount", FEN, "any value is well formed; one that differs from the original's is 2013", "原交费金额"),
    Field("reason", U8, "the bank's own reason code, any value", "撤销原因"),
    rsv(19),
    checks_reserved=True,
)

UNDO_REPLY = Layout(
    "body",
    UndoReply,
    Field("account_no", LenientAlphanumeric(16), "as in the request", "户号"),
    Field("amount", FEN, "as in the request", "原交费金额"),
    Field("original_fep_serial", Number(12, optional=True), "fep_serial of the original", "原前置流水号"),
    rsv(4),
    Field("balance_after", FEN, "balance afterwards", "撤销后余额"),
    Field("due_after", FEN, "total_due afterwards", "撤销后欠费"),
    Field("outcome", enumeration(*UndoOutcome), "what was done", "处理结果"),
    rsv(7),
)
