"""Description of ELEC02: headers, messages, codes, and how a partner behaves. docs/elec02.md is printed from it."""

from types import MappingProxyType

from protocol.bindings import Constant, Echo, Equal
from protocol.canonical import (
    Answer,
    BillRow,
    Instrument,
    KeyKind,
    ListedBill,
    PayMode,
    UndoOutcome,
    UndoReply,
)
from protocol.format import Format, Message
from protocol.layout import Field
from protocol.lengths import DigitsLength
from protocol.moments import Date, Month, TimeOfDay, Timestamp
from protocol.packager import FixedPackager
from protocol.padded import Amount, Characters, Count, PaddedText
from protocol.response_codes import ResponseCode as R
from protocol.session import Session
from protocol.sheet import RowsToEnd, Sheet
from protocol.transactions import Transaction

ROWS_MAX = 99
"""Rows are numbered by two digits."""


def _gbk(size: int) -> PaddedText:
    return PaddedText(size, "gbk")


REQUEST_HEAD = Sheet(
    "header",
    Field("AppTradeCode", Characters(3), "transaction code", "业务交易码", "frame.code"),
    Field("StartAddr", Characters(12), "source address: the sender's node", "源地址", "frame.node"),
    Field("DestAddr", Characters(12), "destination address", "目标地址"),
    Field("MesgID", Characters(20), "message id", "报文标识号", "frame.message_id"),
    Field("WorkDate", Characters(8), "submit date", "提交日期", "frame.work_date"),
    Field("SendTime", TimeOfDay(), "send time, YYYYMMDDHHMMSS", "发送时间", "head.bank_time"),
    Field("mesgPRI", Characters(1), "priority: 5 urgent, 9 normal", "优先级", Constant("9")),
    Field("recordNum", Count(10), "item count; not trusted", "明细项数", Constant(0)),
    Field("FileName", Characters(32), "file name", "文件名"),
    Field("zipFlag", Characters(1), "compression: 0 none", "压缩标志", Constant("0")),
)
REPLY_HEAD = Sheet(
    "header",
    Field("AppTradeCode", Characters(3), "transaction code", "业务交易码", Echo("AppTradeCode")),
    Field("thdRspCde", Characters(2), "return code, 00 approved", "返回码", "answer.code"),
    Field("ReturnMessage", _gbk(60), "return text", "返回信息", "answer.message"),
    Field("StartAddr", Characters(12), "source address", "源地址", Echo("DestAddr")),
    Field("DestAddr", Characters(12), "destination address", "目标地址", Echo("StartAddr")),
    Field("MesgID", Characters(20), "message id", "报文标识号", Echo("MesgID")),
    Field("WorkDate", Characters(8), "submit date", "提交日期", Echo("WorkDate")),
    Field("SendTime", Timestamp(), "send time", "发送时间", "answer.at"),
    Field("mesgPRI", Characters(1), "priority", "优先级", Echo("mesgPRI")),
    Field("recordNum", Count(10), "item count", "明细项数", "answer.row_count"),
    Field("FileName", Characters(32), "file name", "文件名"),
    Field("zipFlag", Characters(1), "compression", "压缩标志", Constant("0")),
)

# 10 QUERY: all open bills as rows
QUERY_REQUEST = Sheet(
    "body",
    Field("WTC", Characters(12), "sender node", "委托节点代码", Equal("StartAddr")),
    Field("TMN", Characters(12), "branch", "经办网点号", "head.branch_code"),
    Field("WD0", Date(), "work date", "工作日期", "head.bank_date"),
    Field("CLZ", Characters(16), "serial of the bank", "流水", "head.bank_serial"),
    Field("ECD", Characters(12), "company code", "收费企业代码"),
    Field("8ED", Characters(3), "fee item", "费项代码"),
    Field("JFH", Characters(32), "customer number", "缴费号", "body.key"),
    Field("FYM", Characters(6), "fee month; all are returned", "费用年月"),
    Field("QFG", Characters(1), "query mode", "查询方式"),
    Field("STO", Characters(8), "operator", "银行操作员代码", "head.teller_id"),
)
QUERY_ROW = Sheet(
    "row",
    Field("JFXH", Count(2), "row number", "欠费项序号", "#"),
    Field("QFTX", _gbk(255), "text of the row", "欠费内容"),
    Field("UNM", _gbk(80), "customer name", "客户名称"),
    Field("JLD", Characters(5), "metering point", "计量点号"),
    Field("YSH", Characters(16), "bill number", "应收凭证号", "bill_no"),
    Field("DLJG", Characters(8), "price", "电价"),
    Field("TBDL", Characters(8), "adjusted energy", "退补电量"),
    Field("SYHM", Characters(10), "previous reading", "上月行码"),
    Field("BYHM", Characters(10), "this reading", "本月行码"),
    Field("DBZC", Characters(16), "asset number of the meter", "电表资产编号"),
    Field("DBCC", Characters(16), "factory number of the meter", "电表出厂编号"),
    Field("CBDT", Characters(8), "reading date", "抄表日期"),
    Field("JFJE", Amount(12), "amount due", "欠费金额", "due_fen"),
    Field("MNS", Count(2), "number of the bill in its month", "次数", "seq"),
    Field("MON", Month(), "month of the bill", "月份", "month"),
    Field("PCC", Amount(12), "late fee", "违约金", "late_fee_fen"),
    Field("CPS", Amount(12), "principal", "本金", "principal_fen"),
    Field("DNLN", Count(8), "energy, whole kWh", "电量", "energy_kwh"),
)
QUERY_REPLY = Sheet(
    "body",
    Field("ECD", Characters(12), "company code; PAY repeats it as OWC and ECD", "收付费企业代码", Echo("ECD")),
    Field("WD0", Date(), "work date; PAY repeats it as 051", "工作日期", "answer.day"),
    Field("CLZ", Count(16), "reference; PAY repeats it as OLZ", "流水", "body.reference"),
    Field("O51", Characters(8), "date of the request", "原委托日期", Echo("WD0")),
    Field("OCC", Characters(3), "code of the request", "原指令代码", Constant("10")),
    Field("OCN", Characters(12), "node of the request", "原委托节点代码", Echo("WTC")),
    Field("OLZ", Characters(16), "serial of the request", "原业务流水号", Echo("CLZ")),
    Field("JFH", Characters(32), "customer number", "缴费号", "body.account_no"),
    Field("CLM", _gbk(64), "customer name", "客户名称", "body.name"),
    Field("QFI", _gbk(255), "text of the arrears", "欠费总信息内容"),
    Field("OweFeeAmt", Amount(12), "payable", "欠费总金额", "body.payable_fen"),
    Field("PCF", Characters(1), "part payment: 0 not possible", "部分缴费标志", Constant("0")),
    Field("OAN", Characters(32), "the utility's bank account", "供电局银行账号"),
    rows=RowsToEnd("body.rows", BillRow, QUERY_ROW, ROWS_MAX),
)

# 11 PAY: everything that is open, listed
PAY_REQUEST = Sheet(
    "body",
    Field("WTC", Characters(12), "sender node", "委托节点代码", Equal("StartAddr")),
    Field("TMN", Characters(12), "branch", "经办网点号", "head.branch_code"),
    Field("STO", Characters(8), "teller", "经办柜员号", "head.teller_id"),
    Field("CLZ", Characters(16), "serial of this payment", "流水", "head.bank_serial"),
    Field("WD0", Date(), "work date", "工作日期", "head.bank_date"),
    Field("OWC", Characters(12), "node of the query's reply", "原委托节点代码"),
    Field("051", Characters(8), "date of the query's reply", "原委托日期"),
    Field("OLZ", Count(12), "serial of the query's reply", "原业务流水", "body.reference"),
    Field("ECD", Characters(12), "company code", "收费企业代码"),
    Field("8ED", Characters(3), "fee item", "费项代码"),
    Field("JFH", Characters(32), "customer number", "缴费号", "body.account_no"),
    Field("KKB", Characters(12), "debit bank", "扣款行行号"),
    Field("KAC", Characters(32), "debit account or card", "扣款账号/卡号", "body.payer_account"),
    Field("CUN", Characters(3), "currency", "货币符号", Constant("RMB")),
    Field("KKA", Amount(12), "amount paid", "缴纳金额", "body.amount_fen"),
    Field("CHG", Characters(4), "small change", "本次零头"),
    Field("JYF", Characters(1), "way of trade", "交易方式"),
    Field("PDP", Characters(1), "print flag", "票据打印标志"),
    Field("AUN", _gbk(40), "account name", "账户名称"),
    Field("MNT", Characters(2), "kind of funds", "资金种别"),
    Field("PCF", Characters(1), "part payment, as in the query's reply", "部分缴费标志"),
    Field("WYSB", Characters(32), "unique id", "唯一标志码"),
    rows=RowsToEnd(
        "body.bills",
        ListedBill,
        Sheet(
            "row",
            Field("JFXH", Count(2), "row number", "缴费项序号", "#"),
            Field("JFJE", Amount(12), "amount", "缴费项金额", "amount_fen"),
            Field("MON", Characters(6), "month of the bill", "月份"),
            Field("JLD", Characters(5), "metering point", "计量点号"),
            Field("YSH", Characters(16), "bill number", "应收凭证号", "bill_no"),
            Field("CPS", Characters(12), "principal", "本金"),
            Field("MNS", Characters(2), "number of the bill in its month", "电费次数"),
            Field("PCC", Characters(12), "late fee", "违约金"),
        ),
        ROWS_MAX,
    ),
)
PAY_REPLY = Sheet(
    "body",
    Field("WTC", Characters(12), "sender node", "委托节点代码", Echo("ECD")),
    Field("CLZ", Count(16), "serial of the utility", "流水", "answer.fep_serial"),
    Field("WD0", Date(), "work date: the clearing date", "工作日期", "answer.day"),
    Field("OWC", Characters(12), "node of the payment", "原委托节点代码", Echo("WTC")),
    Field("051", Characters(8), "date of the payment", "原委托日期", Echo("WD0")),
    Field("OLZ", Characters(16), "serial of the payment", "原业务流水号", Echo("CLZ")),
    Field("CUN", Characters(3), "currency", "货币符号", Constant("RMB")),
    Field("JNA", Amount(12), "amount", "缴纳金额", "body.amount_fen"),
    Field("JJM", _gbk(255), "text of the result", "缴费结果说明"),
)

# 12 cancel, by the teller or by the bank's system: taken as REVERSE
UNDO_REQUEST = Sheet(
    "body",
    Field("WTC", Characters(12), "sender node", "委托节点代码", Equal("StartAddr")),
    Field("TMN", Characters(12), "branch", "经办网点号", "head.branch_code"),
    Field("ST0", Characters(8), "teller", "经办柜员号", "head.teller_id"),
    Field("CLZ", Characters(16), "serial of this cancel", "流水", "head.bank_serial"),
    Field("WD0", Date(), "work date", "工作日期", "head.bank_date"),
    Field("OJN", Characters(12), "node of the payment", "原缴费业务委托节点代码", Equal("StartAddr")),
    Field("OJD", Date(), "date of the payment", "原缴费业务委托日期", "body.original_date"),
    Field("OLZ", Characters(16), "serial of the payment", "原业务流水", "body.original_serial"),
    Field("OWK", Characters(8), "work date of the payment", "原业务工作日期"),
    Field("OED", Characters(3), "fee item of the payment", "原费项代码"),
    Field("OJF", Characters(32), "customer number of the payment", "原业务缴费号", "body.account_no"),
    Field("OJB", Characters(12), "debit bank of the payment", "原扣款行行号"),
    Field("OJC", Characters(32), "account of the payment", "原缴费业务账号"),
    Field("OCU", Characters(3), "currency", "原业务货币符号", Constant("RMB")),
    Field("OJA", Amount(12), "amount of the payment", "原缴纳金额", "body.amount_fen"),
    Field("CXA", Amount(12), "amount to cancel: all of it", "冲销金额", Equal("OJA")),
    Field("OCN", Characters(12), "company code", "供电公司编号"),
    Field("SCR", _gbk(64), "reason", "冲销原因"),
    Field("AUN", _gbk(40), "account name", "账户名称"),
)
UNDO_REPLY = Sheet(
    "body",
    Field("WTC", Characters(12), "sender node", "委托节点代码", Echo("OCN")),
    Field("WD0", Date(), "work date: the clearing date", "工作日期", "answer.day"),
    Field("CLZ", Count(16), "serial of the utility", "流水", "answer.fep_serial"),
    Field("OCN", Characters(12), "node of the cancel", "原冲销业务委托节点代码", Echo("WTC")),
    Field("OCD", Characters(8), "date of the cancel", "原冲销业务委托日期", Echo("WD0")),
    Field("OLZ", Characters(16), "serial of the cancel", "原冲销业务流水", Echo("CLZ")),
)


def _undo_code(answer: Answer) -> str | None:
    """An original that never arrived has been noted, so that it cannot take effect any more; the bank is told 15."""
    never = isinstance(answer.body, UndoReply) and answer.body.outcome is UndoOutcome.NEVER_ARRIVED
    return "15" if never else None


CODES = MappingProxyType(
    {R.APPROVED: "00", R.NOT_SIGNED_IN: "51", R.MAC_INCORRECT: "0f", R.FORMAT_ERROR: "13", R.INVALID_TRANSACTION: "59"}
    | {R.KEY_EXPIRED: "0f", R.UNKNOWN_BANK: "0f", R.UNSUPPORTED_VERSION: "0f", R.CLOCK_DIFFERS: "0f"}
    | {R.ENCRYPTION_MISMATCH: "0f", R.ALREADY_SIGNED_IN: "0f", R.BUSY: "01", R.OUT_OF_SERVICE: "51"}
    | {R.ACCOUNT_NOT_FOUND: "03", R.NOTHING_TO_PAY: "06", R.AMOUNT_DIFFERS: "73", R.ACCOUNT_NOT_ACTIVE: "09"}
    | {R.OUTSIDE_PAY_WINDOW: "51", R.DUPLICATE_SERIAL: "13", R.ORIGINAL_NOT_FOUND: "15", R.ALREADY_UNDONE: "15"}
    | {R.OTHER_CLEARING_DATE: "14", R.REVERSED: "29", R.IN_DEBIT_BATCH: "18", R.AMOUNT_OUTSIDE_LIMITS: "13"}
    | {R.ORIGINAL_DIFFERS: "15", R.REPRINT_LIMIT: "0f", R.UTILITY_PRINTS: "0f", R.BALANCE_USED: "29"}
    | {R.PAY_AT_UTILITY: "09", R.SEVERAL_ACCOUNTS: "03", R.NO_SUCH_DATE: "0i", R.DATE_STILL_OPEN: "51"}
    | {R.NO_SUCH_FILE: "0d", R.FILE_CONTENT_WRONG: "0g", R.DATABASE_UNAVAILABLE: "50", R.SYSTEM_MALFUNCTION: "0e"}
    | {R.OUTCOME_UNKNOWN: None}
)

FORMAT = Format(
    name="elec02",
    length=DigitsLength(width=10, minimum=REQUEST_HEAD.size, maximum=65_536),
    packager=FixedPackager(REQUEST_HEAD),
    request_head=REQUEST_HEAD,
    reply_head=REPLY_HEAD,
    messages=(
        Message(
            "10",
            Transaction.QUERY,
            QUERY_REQUEST,
            QUERY_REPLY,
            given={"body.key_kind": KeyKind.ACCOUNT_NO, "body.page": 1, "body.wants_reference": True},
        ),
        Message(
            "11",
            Transaction.PAY,
            PAY_REQUEST,
            PAY_REPLY,
            given={
                "body.mode": PayMode.SETTLE,
                "body.instrument": Instrument.TRANSFER,
                "body.print_invoice": False,
                "body.expected_payable_fen": -1,
            },
        ),
        Message("12", Transaction.REVERSE, UNDO_REQUEST, UNDO_REPLY, given={"body.reason": 0}, code_of=_undo_code),
    ),
    codes=CODES,
    session=Session(has_mac=False, may_encrypt=False, is_one_exchange=True),
    port_offset=2,
)
