"""5001 BILL_PUSH 实时划拨: the FEP asks the bank to debit one bill, and what the bank did."""

from protocol.canonical.codes import PushOutcome
from protocol.canonical.push import PushReply, PushRequest
from protocol.characters import Alphanumeric, Digits, Number, Text
from protocol.fields import FEN, enumeration
from protocol.layout import Field, Layout, rsv
from protocol.moments import Date, Month

PUSH_REQUEST = Layout(
    "body",
    PushRequest,
    Field("account_no", Alphanumeric(16), "account", "户号"),
    Field("name", Text(64), "customer, as in the mandate", "户名"),
    Field("passbook", Alphanumeric(32), "bank account to debit, of the mandate", "代扣银行账号"),
    Field("month", Month(), "month of the bill", "电费年月"),
    Field("seq", Number(2), "number of the bill in its month", "电费次数"),
    Field("bill_no", Alphanumeric(16), "bill", "应收凭证号"),
    Field("principal", FEN, "principal", "本金"),
    Field("late_fee", FEN, "late fee; it stays what it was at the first push", "违约金"),
    Field("due_date", Date(), "due date", "交费截止日"),
)

PUSH_REPLY = Layout(
    "body",
    PushReply,
    Field("outcome", enumeration(*PushOutcome), "what the bank did", "处理结果"),
    rsv(3),
    Field("refusal", Digits(4), "the bank's own code for why it refused, else zeros", "拒绝原因码"),
    Field("debit_date", Date(optional=True), "accounting date of the debit, zeros when not debited", "扣款日期"),
    Field("debit_serial", Digits(12), "serial of the debit, zeros when not debited", "扣款流水号"),
    Field("amount", FEN, "amount debited, 0 when not debited", "扣款金额"),
    rsv(12),
)
