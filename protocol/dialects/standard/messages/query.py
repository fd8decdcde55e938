"""2001 QUERY 欠费查询: an account, what it owes, and one page of its unsettled bills."""

from protocol.canonical.business import BillRow, QueryReply, QueryRequest
from protocol.canonical.codes import AccountState, BillState, CollectMode, KeyKind
from protocol.characters import Alphanumeric, Number, Text
from protocol.fields import FEN, FLAG, KWH, U8, U16, Defaulted, enumeration
from protocol.layout import Field, Layout, Rows, rsv
from protocol.moments import Date, Month

BILLS_OF_A_PAGE = 12

QUERY_REQUEST = Layout(
    "body",
    QueryRequest,
    Field("key", Alphanumeric(32), "what names the account", "查询关键字"),
    Field("key_kind", enumeration(*KeyKind), "what kind of number the key is", "关键字类型"),
    Field("page", Defaulted(1), "page of bills", "页号"),
    rsv(14),
    checks_reserved=True,
)

_BILL = Layout(
    "row",
    BillRow,
    Field("month", Month(), "month of the bill", "电费年月"),
    Field("seq", Number(2), "number of the bill in its month", "电费次数"),
    Field("bill_no", Alphanumeric(16), "number of the bill", "应收凭证号"),
    Field("energy", KWH, "energy", "电量"),
    Field("principal", FEN, "energy charge", "本金"),
    Field("late_fee", FEN, "late fee as of today", "违约金"),
    Field("due_date", Date(), "last day without a late fee", "缴费截止日"),
    Field("state", enumeration(BillState.OPEN, BillState.IN_DEBIT), "state of the bill", "应收状态"),
    rsv(7),
)

QUERY_REPLY = Layout(
    "body",
    QueryReply,
    Field("account_no", Alphanumeric(16), "account", "户号"),
    Field("name", Text(64), "customer", "户名"),
    Field("address", Text(96), "address of the supply", "用电地址"),
    Field("supply_branch", Alphanumeric(8), "branch of the utility", "供电分公司"),
    Field("account_state", enumeration(*AccountState), "state of the account", "用户状态"),
    Field("collect_mode", enumeration(*CollectMode), "how the account pays", "收费方式"),
    Field("payable_now", FLAG, "a deposit of 1 fen would pass check 1 of PAY", "现可交费"),
    rsv(1),
    Field("bill_count", U16, "all unsettled bills", "欠费总笔数"),
    Field("page", U8, "page that was asked for", "页号"),
    Field("bills_in_page", U8, "rows in this page", "本页笔数"),
    Field("balance", FEN, "balance", "预存余额"),
    Field("principal_due", FEN, "principal of all unsettled bills", "欠费本金"),
    Field("late_fee_due", FEN, "late fees of all unsettled bills", "违约金合计"),
    Field("total_due", FEN, "principal_due + late_fee_due", "欠费合计"),
    Field("payable", FEN, "max(0, total_due - balance)", "应交金额"),
    rsv(8),
    Rows(_BILL, BILLS_OF_A_PAGE, total="bill_count", present="bills_in_page"),
)
