"""2008 INVOICE 发票: an invoice over one payment."""

from protocol.canonical.business import InvoiceReply, InvoiceRequest, InvoiceRow
from protocol.canonical.codes import InvoiceAction
from protocol.characters import Alphanumeric, Digits, Number, Text
from protocol.fields import FEN, KWH, U8, Defaulted, enumeration
from protocol.layout import Field, Layout, Rows, rsv
from protocol.moments import Date, Month

BILLS_OF_A_PAGE = 12

INVOICE_REQUEST = Layout(
    "body",
    InvoiceRequest,
    Field("original_date", Date(), "bank_date of the payment", "原银行会计日期"),
    Field("original_serial", Digits(12, nonzero=True), "bank_serial of the payment", "原银行流水号"),
    Field("account_no", Alphanumeric(16), "account of the payment", "户号"),
    Field("action", enumeration(*InvoiceAction), "what the teller asked for", "打印类型"),
    Field("page", Defaulted(1), "page of bills", "页号"),
    rsv(10),
    checks_reserved=True,
)

_BILL = Layout(
    "row",
    InvoiceRow,
    Field("month", Month(), "month of the bill", "电费年月"),
    Field("seq", Number(2), "number of the bill in its month", "电费次数"),
    Field("energy", KWH, "energy", "电量"),
    Field("previous_reading", KWH, "previous reading", "上次示数"),
    Field("this_reading", KWH, "this reading", "本次示数"),
    Field("principal", FEN, "energy charge", "本金"),
    Field("late_fee", FEN, "late fee", "违约金"),
)

INVOICE_REPLY = Layout(
    "body",
    InvoiceReply,
    Field("invoice_no", Alphanumeric(16), "number of the invoice", "发票号"),
    Field("account_no", Alphanumeric(16), "account", "户号"),
    Field("name", Text(64), "customer", "户名"),
    Field("address", Text(96), "address of the supply", "用电地址"),
    Field("amount", FEN, "amount of the payment", "发票金额"),
    Field("amount_in_words", Text(96), "amount in Chinese words", "金额大写"),
    Field("print_count", U8, "prints up to now, this one included", "打印次数"),
    Field("row_count", U8, "all rows; 255: as many or more", "总笔数; 255 表示不少于 255"),
    rsv(14),
    Field("first_month", Month(optional=True), "oldest month settled", "起始年月"),
    Field("last_month", Month(optional=True), "newest month settled", "终止年月"),
    rsv(12),
    Rows(_BILL, BILLS_OF_A_PAGE, total="row_count"),
)
