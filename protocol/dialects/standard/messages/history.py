"""2006 PAYMENTS 交费记录 and 2007 CONSUMPTION 用电信息: what an account paid and used in the last months."""

from protocol.canonical.business import ConsumptionReply, ConsumptionRow, HistoryRequest, PaymentRow, PaymentsReply
from protocol.canonical.codes import BillState, OriginalState
from protocol.characters import Alphanumeric, Digits, Number, Text
from protocol.fields import FEN, KWH, U8, U16, Defaulted, enumeration
from protocol.layout import Field, Layout, Rows, rsv
from protocol.moments import Date, Month, Time

PAYMENTS_OF_A_PAGE = 15
MONTHS_OF_A_PAGE = 24

HISTORY_REQUEST = Layout(
    "body",
    HistoryRequest,
    Field("account_no", Alphanumeric(16), "account", "户号"),
    Field("months", Defaulted(3, maximum=24), "calendar months back, the current one included", "月数"),
    Field("page", Defaulted(1), "page of rows", "页号"),
    rsv(14),
    checks_reserved=True,
)

_HEAD = (
    Field("account_no", Alphanumeric(16), "account", "户号"),
    Field("name", Text(64), "customer", "户名"),
    Field("row_count", U16, "all rows", "总笔数"),
    Field("page", U8, "page that was asked for", "页号"),
    Field("rows_in_page", U8, "rows in this page", "本页笔数"),
    rsv(12),
)

_PAYMENT = Layout(
    "row",
    PaymentRow,
    Field("date", Date(), "day of the payment", "交费日期"),
    Field("time", Time(), "time of the payment", "交费时间"),
    Field("channel", Number(2), "channel, as in the header", "渠道"),
    Field("amount", FEN, "amount paid", "交费金额"),
    Field("fep_serial", Number(12), "fep_serial of the payment", "前置流水号"),
    Field("bank_code", Digits(4), "bank that collected it", "银行代码"),
    Field("state", enumeration(*OriginalState), "state of the payment", "交易状态"),
    rsv(7),
    Field("balance_after", FEN, "balance afterwards", "交费后余额"),
    rsv(8),
)

PAYMENTS_REPLY = Layout(
    "body", PaymentsReply, *_HEAD, Rows(_PAYMENT, PAYMENTS_OF_A_PAGE, total="row_count", present="rows_in_page")
)

_CONSUMPTION = Layout(
    "row",
    ConsumptionRow,
    Field("month", Month(), "month of the bill", "电费年月"),
    Field("seq", Number(2), "number of the bill in its month", "电费次数"),
    Field("energy", KWH, "energy", "电量"),
    Field("amount", FEN, "energy charge", "电费"),
    Field("balance_before", FEN, "balance before the bill was settled", "销账前余额"),
    Field("balance_after", FEN, "balance after the bill was settled", "销账后余额"),
    Field("state", enumeration(*BillState), "state of the bill", "应收状态"),
    rsv(7),
)

CONSUMPTION_REPLY = Layout(
    "body", ConsumptionReply, *_HEAD, Rows(_CONSUMPTION, MONTHS_OF_A_PAGE, total="row_count", present="rows_in_page")
)
