"""Description of ELEC02: headers, messages, codes, and how a partner behaves. docs/elec02.md is printed from it."""

from dataclasses import replace
from typing import Any, Literal

from protocol.bindings import Constant, Echo, Equal
from protocol.canonical.business import BillRow, ListedBill, UndoReply
from protocol.canonical.codes import Instrument, KeyKind, PayMode, PushOutcome
from protocol.canonical.messages import Answer
from protocol.dialects.elec02.common import OWN_NODE, gbk
from protocol.dialects.elec02.notices import (
    LIST_CANCEL_REPLY,
    LIST_CANCEL_REQUEST,
    LIST_READY_REPLY,
    LIST_READY_REQUEST,
    NOTED_REPLY,
    RECONCILE_READY_REQUEST,
    RESULT_READY_REQUEST,
)
from protocol.files.names import FileKind
from protocol.format import Format, Message
from protocol.layout import Field
from protocol.lengths import DigitsLength
from protocol.moments import Date, Month, TimeOfDay, Timestamp
from protocol.options import Option
from protocol.packager import FixedPackager
from protocol.padded import Amount, Characters, Count
from protocol.response_codes import ResponseCode, wire_codes
from protocol.session import Session, SignsIn
from protocol.sheet import RowsToEnd, Sheet
from protocol.transactions import Transaction

ROWS_MAX = 99
"""Rows are numbered by two digits."""

AMOUNTS: dict[str, tuple[Literal["left", "right"], str]] = {
    "left": ("left", " "),
    "right": ("right", " "),
    "zeros": ("right", "0"),
}
CODES = wire_codes(
    "0000=00 1001=51 1002=0f 1003=13 1004=59 1005=0f 1006=0f 1007=0f 1008=0f 1009=0f 1010=0f 1011=01 1012=51 "
    "2001=03 2002=06 2003=73 2004=09 2005=51 2006=13 2007=15 2008=15 2009=14 2010=29 2011=18 2012=13 2013=15 "
    "2014=0f 2015=0f 2016=29 2017=09 2018=03 3001=0i 3002=51 4001=0d 4002=0g 9001=50 9002=- 9003=0e"
)
REFUSED = frozenset({"62", "63", "73", "74", "75", "76", "77", "78"})
"""What a bank says of an account that it has not debited; any other code leaves that open."""

QUERY_GIVEN = {"key_kind": KeyKind.ACCOUNT_NO, "page": 1, "wants_reference": True}
PAY_GIVEN = {
    "mode": PayMode.SETTLE,
    "instrument": Instrument.TRANSFER,
    "print_invoice": False,
    "expected_payable_fen": -1,
}


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
    Field("FileName", Characters(32), "name of the file that it tells of", "文件名", "frame.file_name"),
    Field("zipFlag", Characters(1), "compression: 0 none", "压缩标志", Constant("0")),
)
REPLY_HEAD = Sheet(
    "header",
    Field("AppTradeCode", Characters(3), "transaction code", "业务交易码", Echo("AppTradeCode")),
    Field("thdRspCde", Characters(2), "return code, 00 approved", "返回码", "answer.code"),
    Field("ReturnMessage", gbk(60), "return text", "返回信息", "answer.message"),
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
    Field("QFTX", gbk(255), "text of the row", "欠费内容"),
    Field("UNM", gbk(80), "customer name", "客户名称"),
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
    Field("DNLN", Count(8, saturates=True), "energy, whole kWh", "电量", "energy_kwh"),
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
    Field("CLM", gbk(64), "customer name", "客户名称", "body.name"),
    Field("QFI", gbk(255), "text of the arrears", "欠费总信息内容"),
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
    Field("AUN", gbk(40), "account name", "账户名称"),
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
    Field("CLZ", Count(16, least_digits=12), "serial of the utility", "流水", "answer.fep_serial"),
    Field("WD0", Date(), "work date: the clearing date", "工作日期", "answer.day"),
    Field("OWC", Characters(12), "node of the payment", "原委托节点代码", Echo("WTC")),
    Field("051", Characters(8), "date of the payment", "原委托日期", Echo("WD0")),
    Field("OLZ", Characters(16), "serial of the payment", "原业务流水号", Echo("CLZ")),
    Field("CUN", Characters(3), "currency", "货币符号", Constant("RMB")),
    Field("JNA", Amount(12), "amount", "缴纳金额", "body.amount_fen"),
    Field("JJM", gbk(255), "text of the result", "缴费结果说明"),
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
    Field("SCR", gbk(64), "reason", "冲销原因"),
    Field("AUN", gbk(40), "account name", "账户名称"),
)
UNDO_REPLY = Sheet(
    "body",
    Field("WTC", Characters(12), "sender node", "委托节点代码", Echo("OCN")),
    Field("WD0", Date(), "work date: the clearing date", "工作日期", "answer.day"),
    Field("CLZ", Count(16, least_digits=12), "serial of the utility", "流水", "answer.fep_serial"),
    Field("OCN", Characters(12), "node of the cancel", "原冲销业务委托节点代码", Echo("WTC")),
    Field("OCD", Characters(8), "date of the cancel", "原冲销业务委托日期", Echo("WD0")),
    Field("OLZ", Characters(16), "serial of the cancel", "原冲销业务流水", Echo("CLZ")),
)


def _undo_code(answer: Answer) -> tuple[str, ResponseCode] | None:
    """An original that never arrived has been noted, so that it cannot take effect any more; the bank is told 15."""
    never = isinstance(answer.body, UndoReply) and answer.body.original_fep_serial is None
    return ("15", ResponseCode.ORIGINAL_NOT_FOUND) if never else None


def _pay_code(answer: Answer) -> tuple[str, ResponseCode] | None:
    """Too little is a part payment; any other difference means that the energy or the fee has changed meanwhile."""
    is_part = answer.code is ResponseCode.AMOUNT_DIFFERS and answer.is_short
    return ("27", answer.code) if is_part else None


# what the FEP asks of the bank, on connections that it opens
OWN_HEAD = Sheet(
    "header",
    Field("AppTradeCode", Characters(3), "transaction code", "业务交易码", "frame.code"),
    Field("StartAddr", Characters(12), "source address: `own_node`", "源地址: `own_node`", OWN_NODE),
    Field("DestAddr", Characters(12), "destination address: the bank's node", "目标地址", "frame.node"),
    Field(
        "MesgID",
        Count(20, justify="right", filler="0"),
        "message id: number of the request",
        "报文标识号",
        "frame.fep_serial",
    ),
    Field("WorkDate", Date(), "submit date", "提交日期", "frame.at"),
    Field("SendTime", Timestamp(), "send time, YYYYMMDDHHMMSS", "发送时间", "frame.at"),
    REQUEST_HEAD.fields[6],
    Field("recordNum", Count(10), "rows of the file", "明细项数", "frame.row_count"),
    *REQUEST_HEAD.fields[8:],
)
OWN_REPLY_HEAD = Sheet(
    "header",
    Field("AppTradeCode", Characters(3), "transaction code", "业务交易码", Equal("asked.AppTradeCode")),
    Field("thdRspCde", Characters(2), "return code, 00 done", "返回码", "answer.code"),
    Field("ReturnMessage", gbk(60), "return text", "返回信息", "answer.message"),
    Field("StartAddr", Characters(12), "source address", "源地址"),
    Field("DestAddr", Characters(12), "destination address", "目标地址"),
    Field("MesgID", Characters(20), "message id", "报文标识号", Equal("asked.MesgID")),
    *(Field(field.name, field.type, field.meaning, field.gloss) for field in REPLY_HEAD.fields[6:]),
)
DAY_REQUEST = Sheet(
    "body",
    Field("CreOrg", Characters(12), "sender node: `own_node`", "委托节点代码: `own_node`", OWN_NODE),
    Field("WdoDat", Date(), "work date", "工作日期", "body.work_date"),
    Field("OprCod", Characters(8), "operator", "操作员代码"),
    Field("DlTxt", gbk(128), "remark", "备注"),
)
DAY_REPLY = Sheet("body", Field("DlTxt", gbk(128), "remark", "备注"))
PUSH_REQUEST = Sheet(
    "body",
    Field("ECD", Characters(12), "company code: `own_node`", "收付费企业代码: `own_node`", OWN_NODE),
    Field("JBR", Characters(8), "operator", "经办人编号"),
    Field("TLogNo", Count(16, least_digits=12), "serial of the utility", "第三方流水", "frame.fep_serial"),
    Field("WDO", Date(), "work date", "工作日期", "frame.at"),
    Field("EDD", Characters(3), "fee item", "费项代码"),
    Field("JFH", Characters(32), "customer number", "缴费号", "body.account_no"),
    Field("KKB", Characters(12), "debit bank: its node", "扣款行行号", "frame.node"),
    Field("ActNo", Characters(32), "account to debit", "帐号", "body.passbook"),
    Field("KAT", Characters(1), "kind of account", "扣款帐号类型"),
    Field("CUN", Characters(3), "currency", "货币类型", Constant("RMB")),
    Field("TxnAmt", Amount(12), "amount", "扣款金额", "body.due_fen"),
    Field("KFG", Characters(1), "way of debit", "扣款方式"),
    Field("ActNam", gbk(64), "customer name", "客户名称", "body.name"),
    Field("PCF", Characters(1), "part payment: 0 not possible", "部分缴费标志", Constant("0")),
    Field("PCC", Amount(12), "late fee", "违约金", "body.late_fee_fen"),
    Field("CPS", Amount(12), "principal", "本金", "body.principal_fen"),
    Field("AUN", gbk(32), "name of the bank account", "银行账户名称"),
    Field("CLM", Characters(8), "energy", "电量"),
    Field("OAN", Characters(32), "the utility's bank account", "供电局银行帐号"),
    Field("MON", Month(), "month of the bill", "电费月份", "body.month"),
    Field("MNS", Count(2), "number of the bill in its month", "电费次数", "body.seq"),
    Field("JLD", Characters(5), "metering point", "计量点号"),
    Field("YSH", Characters(16), "bill number", "应收凭证号", "body.bill_no"),
    Field("GDO", Characters(16), "operator of the utility", "供电操作员代码"),
)
PUSH_REPLY = Sheet(
    "body",
    Field("WTC", Characters(12), "bank node", "委托节点代码"),
    Field("LogNo", Characters(16), "serial of the bank", "流水", "body.debit_serial"),
    Field("WDO", Date(), "date of the debit", "收费日期", "body.debit_date"),
    Field("OWC", Characters(12), "company code", "收付费企业代码"),
    Field("KKB", Characters(12), "debit bank", "扣款行行号"),
    Field("TLogNo", Characters(16), "serial of the utility", "原业务流水", Equal("asked.TLogNo")),
    Field("ActNo", Characters(32), "account that was debited", "扣款帐号", "body.passbook"),
    Field("TxnAmt", Amount(12), "amount debited", "扣款金额", "body.amount_fen"),
    Field("rest", Characters(296), "as in the request, and of the bank; not looked at", "其余域"),
)

CODE_OF = {"11": _pay_code, "12": _undo_code}
OPTIONS = (
    Option(
        "own_node",
        ("",),
        "the utility's node in what the FEP asks",
        "前置机请求中供电公司的节点代码",
        r"[!-~]{0,12}",
        ("at most 12 printable ASCII characters, no space", "最多 12 个可见 ASCII 字符, 不含空格"),
    ),
    Option("amounts", tuple(AMOUNTS), "side and filler of amounts that are written", "金额的对齐与填充"),
    Option("cancel", ("reverse", "cancel"), "what 12 is taken for", "12 交易按冲正还是撤销处理"),
    Option("reference", ("12", "16"), "bytes of OLZ in 11", "11 交易中 OLZ 的长度"),
    Option("connections", ("one", "many"), "exchanges on a connection of the bank", "每个连接的收发次数"),
)


def describe(own_node: str, amounts: str, cancel: str, reference: str, connections: str) -> Format:
    """Return the format in the form that a site has chosen."""
    justify, filler = AMOUNTS[amounts]

    def change(field: Field) -> Field:
        if field.attribute is OWN_NODE:
            return replace(field, attribute=Constant(own_node))
        if isinstance(field.type, Amount):
            return replace(field, type=Amount(field.type.size, justify=justify, filler=filler))
        if field.attribute == "body.reference" and field.name == "OLZ":
            return replace(field, type=Count(int(reference)))
        return field

    def message(code: str, transaction: Transaction, request: Sheet, reply: Sheet, **given: Any) -> Message:
        places = {f"body.{name}": value for name, value in given.items()}
        code_of = CODE_OF.get(code, lambda _: None)
        refused = REFUSED if transaction is Transaction.BILL_PUSH else frozenset()
        parts = (request.changed(change), reply.changed(change))
        most = None if reply.rows is None else reply.rows.rows_max
        return Message(code, transaction, *parts, given=places, code_of=code_of, refused=refused, rows_max=most)

    undo = Transaction.CANCEL if cancel == "cancel" else Transaction.REVERSE
    return Format(
        name="elec02",
        length=DigitsLength(width=10, minimum=REQUEST_HEAD.size, maximum=65_536),
        packager=FixedPackager(REQUEST_HEAD),
        request_head=REQUEST_HEAD,
        reply_head=REPLY_HEAD,
        messages=(
            message("10", Transaction.QUERY, QUERY_REQUEST, QUERY_REPLY, **QUERY_GIVEN),
            message("11", Transaction.PAY, PAY_REQUEST, PAY_REPLY, **PAY_GIVEN),
            message("12", undo, UNDO_REQUEST, UNDO_REPLY, reason=0),
            message("23", Transaction.FILE_NOTICE, RESULT_READY_REQUEST, NOTED_REPLY, kind=FileKind.DEBIT_RESULT),
            message(
                "50", Transaction.FILE_NOTICE, RECONCILE_READY_REQUEST, NOTED_REPLY, kind=FileKind.RECONCILE_DETAIL
            ),
        ),
        codes=CODES,
        session=Session(
            has_mac=False,
            may_encrypt=False,
            is_one_exchange=connections == "one",
            signs_in=SignsIn.FEP_EACH_DAY,
            fep_connects=True,
            announces_files=True,
        ),
        port_offset=2,
        own_head=OWN_HEAD.changed(change),
        own_messages=(
            message("20", Transaction.BILL_PUSH, PUSH_REQUEST, PUSH_REPLY, outcome=PushOutcome.DEBITED),
            message("22", Transaction.FILE_NOTICE, LIST_READY_REQUEST, LIST_READY_REPLY),
            message("24", Transaction.BATCH_CANCEL, LIST_CANCEL_REQUEST, LIST_CANCEL_REPLY),
            message("90", Transaction.SIGN_IN, DAY_REQUEST, DAY_REPLY),
            message("91", Transaction.SIGN_OUT, DAY_REQUEST, DAY_REPLY),
        ),
        own_reply_head=OWN_REPLY_HEAD,
    )
