"""2002 PAY 交费: a payment, and what it settled."""

from protocol.canonical.business import PayReply, PayRequest
from protocol.canonical.codes import Instrument, PayMode
from protocol.characters import Alphanumeric, Text
from protocol.fields import FEN, FLAG, U16, enumeration
from protocol.layout import Field, Layout, rsv
from protocol.moments import Month

PAY_REQUEST = Layout(
    "body",
    PayRequest,
    Field("account_no", Alphanumeric(16), "account", "户号"),
    Field("amount", FEN, "amount paid", "交费金额"),
    Field("mode", enumeration(*PayMode), "everything that is due, or a deposit", "交费方式"),
    Field("instrument", enumeration(*Instrument), "what the customer paid with", "支付工具"),
    Field("print_invoice", FLAG, "print an invoice at once", "是否打印发票"),
    rsv(5),
    Field("payer_account", Alphanumeric(32), "bank account or card that paid, spaces when none", "付款账号"),
    Field("expected_payable", FEN, "payable as the teller saw it, -1 when not given", "柜面显示应交金额"),
    rsv(8),
    checks_reserved=True,
)

PAY_REPLY = Layout(
    "body",
    PayReply,
    Field("account_no", Alphanumeric(16), "account", "户号"),
    Field("name", Text(64), "customer", "户名"),
    Field("amount", FEN, "amount paid = settled_principal + settled_late_fee + balance_change", "交费金额"),
    Field("settled_principal", FEN, "principal settled", "销账本金"),
    Field("settled_late_fee", FEN, "late fees settled", "销账违约金"),
    Field("balance_change", FEN, "change of the balance", "预存变动"),
    Field("balance_after", FEN, "balance afterwards", "交费后余额"),
    Field("due_after", FEN, "total_due afterwards, balance not deducted", "交费后欠费"),
    Field("settled_count", U16, "bills settled", "销账笔数"),
    rsv(6),
    Field("invoice_no", Alphanumeric(16), "invoice, spaces when none", "发票号"),
    Field("first_month", Month(optional=True), "oldest month settled", "起始年月"),
    Field("last_month", Month(optional=True), "newest month settled", "终止年月"),
    rsv(4),
    rsv(8),
)
