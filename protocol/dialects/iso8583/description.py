"""Description of ISO 8583:1987 as it is spoken here; docs/iso8583.md is printed from it."""

from protocol.bindings import Constant, Echo
from protocol.bitmap import BitmapPackager
from protocol.canonical import business, codes
from protocol.characters import Digits, Number
from protocol.elements import Composite, Elements, Variable
from protocol.format import Format, Message
from protocol.layout import Field
from protocol.lengths import BinaryLength, DigitsLength, LengthField
from protocol.moments import Date, DayOfYear, Month, Time, TransmissionTime
from protocol.options import Option
from protocol.padded import Amount, Characters, Coded, Count, Hex, PaddedText, members
from protocol.response_codes import wire_codes
from protocol.session import Session
from protocol.sheet import RowsToEnd, Sheet
from protocol.transactions import Transaction

OPTIONS = (
    Option("length", ("digits", "binary"), "length: 4 ASCII digits, or 2 bytes big-endian", "长度: 4 位数字或 2 字节"),
    Option("packing", ("ascii", "packed"), "characters and hex, or BCD and bytes", "字符与十六进制, 或 BCD 与二进制"),
)
LENGTHS: dict[str, LengthField] = {"digits": DigitsLength(4, 40, 4096), "binary": BinaryLength(2, 20, 4096)}
FEN, COUNT, SUM = Number(14), Number(10), Amount(16, justify="right", filler="0")
NUMBER, KCV = Number(12, optional=True), Hex(4)
YES_NO = {"0": False, "1": True}

# --- data element 48, by message
ACCOUNT = Field("account", Characters(32), "account", "户号", "body.account_no")
FEP_SERIAL = Field("fep_serial", NUMBER, "number of the movement", "前置流水号", "answer.fep_serial")
RANDOM = Field("random", Hex(16), "random, new in each request; repeated in the reply", "随机数", "body.client_random")
KEY_REQUEST = Sheet("DE 48", RANDOM)
KEY_REPLY = Sheet(
    "DE 48",
    RANDOM,
    Field("key_version", Number(10), "version of the session keys, for DE 53", "密钥版本", "body.key_version"),
    Field("key_lifetime", Number(10), "seconds until they expire", "密钥有效期(秒)", "body.key_lifetime_s"),
    Field("server_time", Digits(14), "YYYYMMDDHHMMSS of the FEP", "前置机时间", "body.server_time"),
    Field("wrapped_mak", Hex(16), "MAC key under the KEK; 8 bytes stand left", "MAC密钥密文", "body.wrapped_mak"),
    Field("mak_kcv", KCV, "its key check value", "MAC密钥校验值", "body.mak_kcv"),
)
QUERY_REQUEST = Sheet(
    "DE 48",
    Field("key", Characters(32), "account, meter or passbook", "户号、表号或存折号", "body.key"),
    Field("kind", Coded(1, members(codes.KeyKind)), "which of them", "查询方式", "body.key_kind"),
    Field("page", Count(2, justify="right", filler="0", absent=1), "page of the reply", "页码", "body.page"),
)
ROW = Sheet(
    "row",
    Field("month", Month(), "month of the bill", "电费年月", "month"),
    Field("seq", Number(2), "number of the bill in its month", "次数", "seq"),
    Field("bill_no", Characters(16), "bill", "应收号", "bill_no"),
    Field("energy", Number(10, saturates=True), "energy, 1/100 kWh", "电量", "energy_centikwh"),
    Field("principal", FEN, "principal", "本金", "principal_fen"),
    Field("late_fee", FEN, "late fee of today", "违约金", "late_fee_fen"),
    Field("due_date", Date(), "due date", "到期日", "due_date"),
    Field("state", Coded(1, members(codes.BillState)), "state of the bill", "应收状态", "state"),
)
QUERY_REPLY = Sheet(
    "DE 48",
    ACCOUNT,
    Field("name", PaddedText(40, "gbk"), "customer", "户名", "body.name"),
    Field("address", PaddedText(60, "gbk"), "address", "地址", "body.address"),
    Field("supply_branch", Characters(8), "supply branch", "供电分公司", "body.supply_branch"),
    Field("state", Coded(1, members(codes.AccountState)), "state of the account", "户状态", "body.account_state"),
    Field("collect", Coded(1, members(codes.CollectMode)), "how it pays", "收费方式", "body.collect_mode"),
    Field("payable_now", Coded(1, YES_NO), "a payment would be taken now", "当前可交费", "body.payable_now"),
    Field("balance", FEN, "balance", "预存余额", "body.balance_fen"),
    Field("principal_due", FEN, "principal of all open bills", "欠费本金", "body.principal_due_fen"),
    Field("late_fee_due", FEN, "late fees of all open bills", "违约金", "body.late_fee_due_fen"),
    Field("total_due", FEN, "both", "欠费合计", "body.total_due_fen"),
    Field("payable", FEN, "what a payment must be: the total less the balance", "应交金额", "body.payable_fen"),
    Field("bills", Number(3, saturates=True), "all open bills", "欠费笔数", "answer.row_count"),
    Field("page", Number(2), "page", "页码", "body.page"),
    rows=RowsToEnd("body.rows", business.BillRow, ROW, 11, is_paged=True),
)
PAY_REQUEST = Sheet(
    "DE 48",
    ACCOUNT,
    Field("payer_account", Characters(32), "account or card that paid, or blank", "付款账号", "body.payer_account"),
    Field("instrument", Coded(1, members(codes.Instrument)), "what it was paid with", "支付工具", "body.instrument"),
    Field("print_invoice", Coded(1, YES_NO), "print an invoice at once", "是否打印发票", "body.print_invoice"),
    Field(
        "expected_payable",
        Amount(14, justify="right", filler="0", optional=True, absent=-1),
        "payable as the teller saw it",
        "柜面显示应交金额",
        "body.expected_payable_fen",
    ),
)
PAY_REPLY = Sheet(
    "DE 48",
    ACCOUNT,
    Field("name", PaddedText(40, "gbk"), "customer", "户名", "body.name"),
    FEP_SERIAL,
    Field("settled_principal", FEN, "principal settled", "销账本金", "body.settled_principal_fen"),
    Field("settled_late_fee", FEN, "late fees settled", "销账违约金", "body.settled_late_fee_fen"),
    Field("balance_after", FEN, "balance afterwards", "交费后余额", "body.balance_after_fen"),
    Field("due_after", FEN, "due afterwards, balance not deducted", "交费后欠费", "body.due_after_fen"),
    Field("settled_count", Number(5), "bills settled", "销账笔数", "body.settled_count"),
    Field("invoice_no", Characters(16), "invoice, or blank", "发票号", "body.invoice_no"),
    Field("first_month", Month(optional=True), "oldest month settled", "起始年月", "body.first_month"),
    Field("last_month", Month(optional=True), "newest month settled", "终止年月", "body.last_month"),
)
UNDO_REQUEST = Sheet(
    "DE 48",
    ACCOUNT,
    Field("original_date", Date(), "DE 13 of the original, with its year", "原银行会计日期", "body.original_date"),
    Field("original_serial", Characters(12), "DE 37 of the original", "原银行流水号", "body.original_serial"),
    Field("reason", Number(2), "reason, kept as it is", "原因", "body.reason"),
)
UNDO_REPLY = Sheet(
    "DE 48",
    ACCOUNT,
    FEP_SERIAL,
    Field("original", NUMBER, "fep_serial of the original", "原前置流水号", "body.original_fep_serial"),
    Field("balance_after", FEN, "balance afterwards", "余额", "body.balance_after_fen"),
    Field("due_after", FEN, "due afterwards", "欠费", "body.due_after_fen"),
    Field("outcome", Coded(1, members(codes.UndoOutcome)), "what was done", "处理结果", "body.outcome"),
)

# --- data elements
AMOUNT = Field("4", Number(12), "amount, fen", "交易金额(分)", "body.amount_fen")
TOTALS = tuple(
    Field(f"{number}", kind, f"{what}, {unit}", f"{gloss}{zh}", f"body.totals.{name}_{suffix}")
    for first, kind, unit, zh, suffix in (
        (74, COUNT, "number", "笔数", "count"),
        (86, SUM, "fen", "金额", "amount_fen"),
    )
    for number, what, gloss, name in (
        (first, "cancels", "撤销", "cancel"),
        (first + 2, "payments", "交费", "pay"),
        (first + 3, "reversals", "冲正", "reverse"),
    )
)
REQUEST_HEAD = Elements(
    Field("3", Characters(6), "processing code", "交易处理码"),
    Field("4", AMOUNT.type, AMOUNT.meaning, AMOUNT.gloss),
    Field("7", Characters(10), "transmission date and time, MMDDhhmmss; not looked at", "传输时间(不看)"),
    Field("11", Characters(6), "system trace audit number", "系统跟踪号"),
    Field("12", Time(), "time, local", "受卡方时间", "head.bank_time"),
    Field(
        "13", DayOfYear(), "date, local: the bank's accounting date; in 0800 today", "银行会计日期", "head.bank_date"
    ),
    Field("32", Variable(Characters(11, digits=True)), "acquirer: the bank's node", "受理机构", "frame.node"),
    Field("37", Characters(12), "retrieval reference: the bank's serial", "检索参考号", "head.bank_serial"),
    Field("41", Characters(8), "terminal: teller", "终端号", "head.teller_id"),
    Field("42", Characters(15, most=12), "acceptor: outlet", "受理方标识码", "head.branch_code"),
    Field("49", Characters(3), "currency; not looked at", "货币代码(不看)"),
    Field("53", Number(16), "security control: version of the session keys", "安全控制信息", "frame.key_version"),
    Field("60", Variable(Count(2)), "channel 01 to 10; 01 when absent", "渠道", "head.channel"),
    Field("70", Characters(3), "network management information code", "网络管理信息码"),
    optional="3 4 7 41 42 49 53 60 70",
)
NOT_REPEATED = ("7", "53", "60")
READ_OVER = "2 14 18 19 22 23 24 25 26 33 35 38 43 45 54 59 61 62 63 66 90 100 102 103"
AT = ("transmission date and time, MMDDhhmmss", "传输时间")
REPLY_HEAD = Elements(
    *(
        Field(f.name, f.type, f.meaning, f.gloss, Echo(f.name))
        for f in REQUEST_HEAD.fields
        if f.name not in NOT_REPEATED
    ),
    Field("7", TransmissionTime(), *AT, "answer.at"),
    Field("15", DayOfYear(), "date, settlement: the clearing date", "清算日期", "answer.clearing_date"),
    Field("39", Characters(2), "response code", "应答码", "answer.code"),
    Field("53", Number(16), "as in the request", "同请求", "answer.key_version"),
    optional="15",
)
OWN_HEAD = Elements(
    Field("7", TransmissionTime(), *AT, "frame.at"),
    Field("11", Number(6), "system trace audit number", "系统跟踪号", "frame.trace_no"),
    Field("12", Time(), "time, local", "时间", "frame.at"),
    Field("13", DayOfYear(), "date, local", "日期", "frame.at"),
    Field("32", Variable(Characters(11, digits=True)), "the bank's node", "受理机构", "frame.node"),
    Field("37", Number(12), "number of the request; the reply repeats it", "检索参考号", "frame.fep_serial"),
    Field("53", Number(16), "version of the session keys", "安全控制信息", "frame.key_version"),
)
OWN_ECHO = Message(
    "0800 301", Transaction.ECHO, Elements(Field("70", Characters(3), "echo", "线路测试", Constant("301"))), Elements()
)
REFUSAL = Elements(Field("44", Variable(PaddedText(25, "gbk")), "exact code and reason", "拒绝原因", "answer.reason"))
DAY = Field("15", DayOfYear(), "date, settlement: the clearing date", "清算日期", "body.clearing_date")
RESULT = Field("66", Coded(1, members(codes.TotalsResult)), "settlement code", "清算代码", "body.result")


def _message(
    code: str, transaction: Transaction, request: Sheet, reply: Sheet, *fields: Field, **given: object
) -> Message:
    data = [
        Elements(*fields, Field("48", Composite(sheet), "additional data, private", "附加数据"))
        for sheet in (request, reply)
    ]
    also = ("0420",) if transaction is Transaction.REVERSE else ()
    return Message(
        code, transaction, data[0], data[1], also=also, given={f"body.{name}": value for name, value in given.items()}
    )


MESSAGES = (
    _message("0800 001", Transaction.SIGN_IN, KEY_REQUEST, KEY_REPLY),
    Message("0800 002", Transaction.SIGN_OUT, Elements(), Elements()),
    _message("0800 101", Transaction.KEY_EXCHANGE, KEY_REQUEST, KEY_REPLY),
    Message("0800 301", Transaction.ECHO, Elements(), Elements()),
    _message("0100", Transaction.QUERY, QUERY_REQUEST, QUERY_REPLY),
    _message("0200 500000", Transaction.PAY, PAY_REQUEST, PAY_REPLY, AMOUNT, mode=codes.PayMode.SETTLE),
    _message("0200 210000", Transaction.PAY, PAY_REQUEST, PAY_REPLY, AMOUNT, mode=codes.PayMode.DEPOSIT),
    _message("0200 200000", Transaction.CANCEL, UNDO_REQUEST, UNDO_REPLY, AMOUNT),
    _message("0400", Transaction.REVERSE, UNDO_REQUEST, UNDO_REPLY, AMOUNT),
    Message("0500", Transaction.RECON_TOTALS, Elements(DAY, *TOTALS), Elements(DAY, RESULT, *TOTALS)),
)
CODES = wire_codes(
    "0000=00 1001=77 1002=A0 1003=30 1004=40 1005=A7 1006=31 1007=12 1008=82 1009=63 1010=06 1011=91 1012=90 "
    "2001=14 2002=21 2003=13 2004=62 2005=57 2006=94 2007=25 2008=26 2009=80 2010=79 2011=09 2012=61 2013=64 "
    "2014=06 2015=06 2016=51 2017=58 2018=84 3001=80 3002=95 4001=06 4002=06 9001=91 9002=68 9003=96"
)
ACCEPTED = {"44", "48", "15", "39", "66", *READ_OVER.split(), *REQUEST_HEAD.names, *(field.name for field in TOTALS)}


def describe(length: str, packing: str) -> Format:
    """Return the format in the form that a site has chosen."""
    return Format(
        name="iso8583",
        length=LENGTHS[length],
        packager=BitmapPackager(REQUEST_HEAD, ACCEPTED, {"0200": "3", "0800": "70"}, is_packed=packing == "packed"),
        request_head=REQUEST_HEAD,
        reply_head=REPLY_HEAD,
        messages=MESSAGES,
        codes=CODES,
        session=Session(may_encrypt=False),
        port_offset=1,
        refusal=REFUSAL,
        own_head=OWN_HEAD,
        own_messages=(OWN_ECHO,),
    )
