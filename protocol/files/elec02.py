"""Files of ELEC02 ELEC02 批量文件: reconcile detail, debit list and its result, as banks of that format write them.

Fixed fields in GBK, LF behind each line, no tail and no digest. A file is its bank's because its name and its head
begin with codes that bank and utility have agreed on, the ``file_prefix`` of the bank's settings.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from protocol.bindings import Constant
from protocol.canonical.codes import OriginalState
from protocol.files.canonical import (
    DebitHead,
    DebitResult,
    DebitResultHead,
    DebitResultRow,
    DebitRow,
    ReconcileHead,
    ReconcileRow,
)
from protocol.files.field_types import BlankableDate, Code, PrintableText, Translated
from protocol.files.layout import FileLayout, Lines
from protocol.files.lines import LF
from protocol.files.names import FileKind
from protocol.files.rules import RESULT_RULES
from protocol.files.standard import MANDATES
from protocol.layout import Field
from protocol.moments import Date, Month
from protocol.padded import Amount, Characters, Count
from protocol.sheet import Sheet
from protocol.transactions import Transaction

BANK_DIGITS = 3
"""Of the prefix; the rest is the company's code."""

LETTERS: Mapping[FileKind, str] = MappingProxyType(
    {FileKind.RECONCILE_DETAIL: "dz", FileKind.DEBIT_LIST: "ds", FileKind.DEBIT_RESULT: "dh"}
)
"""What names of each kind have behind the prefix; a result's is the list's with h for s."""

TRANSACTIONS = {"11": Transaction.PAY, "20": Transaction.PAY}
RESULTS = {
    "1": DebitResult.DEBITED,
    "2": DebitResult.BALANCE_SHORT,
    "3": DebitResult.ACCOUNT_WRONG,
    "4": DebitResult.ACCOUNT_WRONG,
    "5": DebitResult.OTHER,
    "8": DebitResult.OTHER,
    "9": DebitResult.NO_MANDATE,
}
BATCH_DIGITS = 14
"""Of the 20 of PID, the utility's to give; the month stands in front, for no other field of the head has it."""

CURRENCY = Constant("RMB")
METERING_POINT = Field("JLD", Characters(5), "metering point", "计量点号")


def _gbk(size: int) -> PrintableText:
    return PrintableText(size, "gbk")


def layouts(bank_code: str, file_prefix: str) -> Mapping[FileKind, FileLayout[Any, Any]]:
    """Return the layouts of a bank's files by kind.

    Args:
        bank_code: 4 digits, as everywhere else.
        file_prefix: 9 digits: what its files call the bank and the company.
    """
    bank, company = file_prefix[:BANK_DIGITS], file_prefix[BANK_DIGITS:]

    def named(size: int) -> Translated:
        return Translated(size, bank, bank_code, f"digits 1 to {BANK_DIGITS} of `file_prefix`")

    return MappingProxyType(
        {
            FileKind.RECONCILE_DETAIL: _reconcile_detail(named(3), Constant(bank), Constant(company)),
            FileKind.DEBIT_LIST: _debit_list(named(12), Constant(bank)),
            FileKind.DEBIT_RESULT: _debit_result(named(12), Constant(bank)),
            FileKind.MANDATES: MANDATES,  # the format has none of its own
        }
    )


def _reconcile_detail(bank: Translated, bank_node: Constant, company: Constant) -> FileLayout[Any, Any]:
    head = Sheet(
        "head",
        Field("OCC", Characters(2), "code", "交易码", Constant("50")),
        Field("YHC", bank, "bank", "银行代码", "bank_code"),
        Field("FSC", Count(8), "count of payments", "实时户数"),
        Field("FSM", Count(12), "their amount, fen; not trusted", "实时金额 (分), 不采信", "total_fen"),
        Field("FMC", Count(8), "count of cancels of the day", "当日抹帐户数"),
        Field("FMM", Amount(12), "their amount", "当日抹帐金额"),
        Field("FGC", Count(8), "count of cancels of other days", "隔日抹帐户数"),
        Field("FGM", Amount(12), "their amount", "隔日抹帐金额"),
        Field("FDC", Count(8), "count of single debits (20)", "单笔扣款户数"),
        Field("FDM", Amount(12), "their amount", "单笔扣款金额"),
        Field("FEC", Count(8), "count of batch debits", "批量代扣户数"),
        Field("FEM", Amount(14), "their amount", "批量代扣金额"),
        Field("CCD", Characters(8), "date of the bank", "银行处理日期"),
        Field("CCT", Characters(6), "time of the bank", "银行处理时间"),
        Field("LogNo", Characters(12), "serial of the bank", "银行流水"),
        Field("RBN", Characters(12), "company code", "企业代码", company),
        Field("WDO", Date(), "work date: the day that is reconciled", "工作日期: 对账日", "clearing_date"),
        Field("CJG", Characters(4), "result", "处理结果"),
        Field("CSM", _gbk(128), "text of the result", "处理说明"),
        Field("DTN", Count(12), "number of rows; not trusted", "明细笔数, 不采信", "row_count"),
    )
    row = Sheet(
        "row",
        Field("ActDat", Characters(8), "date of the charge", "收费日期"),
        Field("MON", Characters(6), "month of the bill", "电费月份"),
        Field("MNS", Characters(2), "number of the bill in its month", "电费次数"),
        METERING_POINT,
        Field("YSH", Characters(16), "bill number", "应收凭证号"),
        Field("GDBM", Characters(12), "company number", "供电公司编号"),
        Field("ActNo", Characters(32), "customer's account", "客户帐号"),
        Field("ActNam", _gbk(32), "name of the account", "客户帐号名称"),
        Field("KAT", Characters(1), "kind of account", "属何类型"),
        Field("OAN", Characters(32), "the utility's bank account", "供电开户银行帐号"),
        Field("NUM", Characters(8), "row number", "明细序号"),
        Field("ZLDM", Code(3, TRANSACTIONS, " "), "code: a payment, or a single debit", "指令代码", "transaction"),
        Field("WTC", Characters(12), "bank node", "委托节点代码", bank_node),
        Field("LogNo1", Characters(16, required=True), "bank serial of the payment", "入账流水号", "bank_serial"),
        Field("LogNo", Characters(16), "the same again", "入账流水号", "bank_serial"),
        Field("WDO", Date(), "bank date of the payment", "委托日期", "bank_date"),
        Field("OZLM", Characters(3), "original code", "原指令码"),
        Field("OWTC", Characters(12), "original node", "原委托节点代码"),
        Field("OWD", Characters(8), "original date", "原委托日期"),
        Field("TLogNo", Characters(16), "original serial", "原流水"),
        Field("ECD", Characters(12), "company code", "收费企业代码", company),
        Field("WTC2", Characters(3), "bank", "银行编码", bank_node),
        Field("JFH", Characters(32, required=True), "customer number: our account number", "缴费号", "account_no"),
        Field("KKB", Characters(12), "debit bank", "扣款行行号"),
        Field("ActNo2", Characters(32), "account that was debited", "扣款账号"),
        Field("HBC", Characters(3), "currency", "货币符号", CURRENCY),
        Field("TxnAmt", Amount(12), "amount of the whole payment, fen", "整笔缴费金额 (分)", "amount_fen"),
        Field("MXT", Characters(2), "state of the row", "交易明细状态"),
        Field("FTXNTM", Characters(14), "time", "处理时间"),
    )
    return FileLayout(
        name="dz",
        meaning="reconcile detail, bank to FEP",
        gloss="对账明细, 银行送前置机",
        head=Lines(ReconcileHead, head),
        rows=Lines(ReconcileRow, row, given={"state": OriginalState.POSTED}),
        row_count="",
        total=("", "counted_fen"),
        one_by=("bank_date", "bank_serial"),
        newline=LF,
        has_tail=False,
    )


def _debit_head(*fields: Field) -> Sheet:
    return Sheet(
        "head",
        Field("PID.month", Month(), "batch id, in front: month of the bills", "批量代收信息标识: 电费年月", "month"),
        Field(
            "PID.number",
            Count(BATCH_DIGITS, justify="right", filler="0"),
            "batch id, behind: number of the batch",
            "批量代收信息标识: 批次号",
            "batch_no",
        ),
        Field("CUN", Characters(3), "currency", "货币符号", CURRENCY),
        Field("FPBB", Characters(1), "1: collect", "收付标志: 1 收", Constant("1")),
        Field("EDD", Characters(3), "fee item", "费项代码"),
        *fields,
    )


def _debit_list(bank: Translated, bank_node: Constant) -> FileLayout[Any, Any]:
    head = _debit_head(
        Field("TotCnt", Count(10), "number of rows", "总记录数", "row_count"),
        Field("TotAmt", Amount(14), "sum of the rows, fen", "总金额 (分)", "total_fen"),
        Field("SetDat", BlankableDate(), "date of the list: its late fees are of that day", "送银行日期", "fee_date"),
        Field("TxnDat", BlankableDate(), "date to debit: the same", "应划款日期", "fee_date"),
        Field("RSFLD1", _gbk(128), "text", "处理说明"),
        Field("TLogNo", Characters(16), "serial", "流水号"),
        Field("BankCd", bank, "bank", "银行代码", "bank_code"),
    )
    row = Sheet(
        "row",
        Field("PNO", Count(10), "number of the row, from 1", "编号, 从 1 起", "row_no"),
        Field("thdCusNo", Characters(32, required=True), "customer number: our account number", "缴费号", "account_no"),
        Field("KKB", Characters(12), "customer's bank", "客户开户行行号", bank_node),
        Field("cusAc", Characters(32, required=True), "account to debit", "账号", "passbook"),
        Field("cusNme", _gbk(40), "name of the account", "账号客户名称", "name"),
        Field("txnAmt", Amount(12), "amount to debit, fen", "金额 (分)", "due_fen"),
        Field("KFG", Characters(1), "way of debit", "扣款方式"),
        Field("DMO", _gbk(40), "text", "说明"),
        Field("DEPT", Characters(8), "department", "用户所在部门"),
        Field("MON", Month(), "month of the bill", "电费月份", "month"),
        Field("MNS", Count(2), "number of the bill in its month", "电费次数", "seq"),
        Field("thdCusNme", _gbk(40), "customer's name", "客户名称", "name"),
        Field("GDZH", Characters(32), "the utility's bank account", "供电企业账号"),
        Field("YKDF", Amount(12), "principal, fen", "应扣电费 (分)", "principal_fen"),
        Field("PCC", Amount(12), "late fee, fen", "违约金 (分)", "late_fee_fen"),
        METERING_POINT,
        Field("YSH", Characters(16, required=True), "bill number", "应收凭证号", "bill_no"),
    )
    return FileLayout(
        name="ds",
        meaning="debit list, FEP to bank",
        gloss="代扣出盘, 前置机送银行",
        head=Lines(DebitHead, head),
        rows=Lines(DebitRow, row),
        total=("total_fen", "due_fen"),
        newline=LF,
        has_tail=False,
    )


def _debit_result(bank: Translated, bank_node: Constant) -> FileLayout[Any, Any]:
    head = _debit_head(
        Field("CDZ", Count(10), "number of rows", "总记录数", "row_count"),
        Field("CMM", Amount(14), "sum of the amounts asked, fen", "总金额 (分)", "total_fen"),
        Field("CDN", Count(10), "rows debited", "成功总记录数", "debited_count"),
        Field("CEM", Amount(14), "amount debited, fen", "成功总金额 (分)", "debited_fen"),
        Field("FAN", Count(10), "rows not debited", "失败总记录数"),
        Field("FAC", Amount(14), "their amount, fen", "失败总金额 (分)"),
        Field("TxnDat", Characters(8), "date to debit", "应划款日期"),
        Field("retCode", Characters(4), "return code", "返回码"),
        Field("retMsg", _gbk(128), "its text", "返回信息"),
        Field("BankCd", bank, "bank", "银行代码", "bank_code"),
        Field("WYSB", Characters(30), "batch number of the bank", "唯一识别码"),
    )
    row = Sheet(
        "row",
        Field("PNO", Count(10), "number of the row, as listed", "编号, 同出盘", "row_no"),
        Field("thdCusNo", Characters(32, required=True), "customer number", "缴费号", "account_no"),
        Field("KKB", Characters(12), "customer's bank", "客户开户行行号", bank_node),
        Field("cusAc", Characters(32, required=True), "account", "账号", "passbook"),
        Field("txnAmt", Amount(12), "amount asked, fen", "金额 (分)", "due_fen"),
        Field("SucFlg", Code(1, RESULTS), "what the bank did", "扣款结果", "result"),
        Field("SKDF", Amount(12), "amount debited, fen", "实收金额 (分)", "debited_fen"),
        Field("logNo", Characters(16), "bank serial of the debit", "扣款流水号", "debit_serial"),
        Field("DMO", _gbk(40), "text", "说明"),
        Field("TlrId", Characters(8), "teller", "柜员"),
        Field("txnDte", BlankableDate(), "bank date of the debit", "收费日期", "debit_date"),
        Field("TrTime", Characters(6), "time", "收费时间"),
        Field("DEPT", Characters(8), "department", "用户所在部门"),
        Field("MON", Month(), "month of the bill", "电费月份", "month"),
        Field("MNS", Count(2), "number of the bill in its month", "电费次数", "seq"),
        METERING_POINT,
        Field("YSH", Characters(16, required=True), "bill number", "应收凭证号", "bill_no"),
        Field("PCC", Amount(12), "late fee, fen", "违约金 (分)", "late_fee_fen"),
        Field("YKDF", Amount(12), "principal, fen", "应扣电费 (分)", "principal_fen"),
        Field("thdCusNme", _gbk(40), "customer's name", "客户名称", "name"),
        Field("GDZH", Characters(32), "the utility's bank account", "供电企业账号"),
        Field("FPDD", Characters(15), "customer number again, cut", "缴费号 (截断)"),
        Field("ActNo", Characters(32), "the bank's number of the account", "银行方客户账号"),
    )
    return FileLayout(
        name="dh",
        meaning="debit result, bank to FEP",
        gloss="代扣回盘, 银行送前置机",
        head=Lines(DebitResultHead, head, given={"fee_date": None}),
        rows=Lines(DebitResultRow, row, rules=RESULT_RULES),
        total=("total_fen", "due_fen"),
        sums=(("debited_count", "is_debited"), ("debited_fen", "debited_fen")),
        newline=LF,
        has_tail=False,
    )
