"""3001 RECON_TOTALS 对总账: counts and amounts of one clearing date, the bank's against ours."""

from protocol.canonical.codes import TotalsResult
from protocol.canonical.reconciliation import Totals, TotalsReply, TotalsRequest
from protocol.characters import Number
from protocol.fields import FEN, U32, enumeration
from protocol.layout import Field, Group, Layout, rsv
from protocol.moments import Date

_TOTALS = Group(
    "totals",
    Totals,
    (
        Field("pay_count", U32, "payments", "交费笔数"),
        rsv(4),
        Field("pay_amount", FEN, "amount of the payments", "交费金额"),
        Field("cancel_count", U32, "cancels", "撤销笔数"),
        rsv(4),
        Field("cancel_amount", FEN, "amount of the cancels", "撤销金额"),
        Field("reverse_count", U32, "reversals that undid a payment", "冲正笔数"),
        rsv(4),
        Field("reverse_amount", FEN, "amount of those reversals", "冲正金额"),
    ),
)

TOTALS_REQUEST = Layout(
    "body",
    TotalsRequest,
    Field("clearing_date", Date(), "day that is compared", "清算日期"),
    rsv(8),
    _TOTALS,
    checks_reserved=True,
)

TOTALS_REPLY = Layout(
    "body",
    TotalsReply,
    Field("clearing_date", Date(), "day that is compared", "清算日期"),
    Field("result", enumeration(*TotalsResult), "how the totals compare; 3: totals up to now", "对账结果"),
    rsv(7),
    _TOTALS,
    Field("batch_no", Number(12), "reconciliation, zeros until one has run", "对账批次号"),
    rsv(4),
)
