"""Files of the standard layout 标准批量文件: the five that docs/files.md is printed from."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from protocol.bindings import Constant
from protocol.canonical.codes import OriginalState
from protocol.characters import Alphanumeric, Digits, Number
from protocol.files.canonical import (
    DebitHead,
    DebitResult,
    DebitResultRow,
    DebitRow,
    MandateAction,
    MandateHead,
    MandateRow,
    Matching,
    ReconcileHead,
    ReconcileResultRow,
    ReconcileRow,
)
from protocol.files.field_types import Code, Marker, OptionalDigits, PrintableText, Required, by_value
from protocol.files.layout import FileLayout, Lines, Rule
from protocol.files.names import FileKind
from protocol.files.rules import RESULT_RULES
from protocol.layout import Field
from protocol.moments import Date, Month
from protocol.sheet import Sheet
from protocol.transactions import Transaction

TRANSACTIONS = {"2002": Transaction.PAY, "2003": Transaction.CANCEL, "2004": Transaction.REVERSE}
STATES = by_value(state for state in OriginalState if state is not OriginalState.UNKNOWN)

HEAD = Field("H", Marker("H"), "begins the head", "文件头", Constant("H"))
ROW = Field("D", Marker("D"), "begins a row", "明细", Constant("D"))
BANK_CODE = Field("bank_code", Digits(4), "bank code", "银行代码", "bank_code")
ROW_COUNT = Field("row_count", Number(8), "number of rows", "明细行数", "row_count")
TOTAL = Field("total", Number(16), "sum of the rows, fen", "明细合计 (分)", "total_fen")
ACCOUNT_NO = Field("account_no", Required(16), "account number", "户号", "account_no")
NAME = Field("name", PrintableText(64), "customer's name", "户名", "name")
MONTH = Field("month", Month(), "month of the bill", "电费年月", "month")

_RECONCILE_HEAD = Lines(
    ReconcileHead,
    Sheet(
        "head",
        HEAD,
        BANK_CODE,
        Field("clearing_date", Date(), "clearing date", "清算日期", "clearing_date"),
        ROW_COUNT,
        TOTAL,
    ),
)
_RECONCILE_FIELDS = (
    ROW,
    Field("bank_date", Date(), "accounting date of the request", "银行会计日期", "bank_date"),
    Field("bank_serial", Digits(12, nonzero=True), "bank serial", "银行流水号", "bank_serial"),
    ACCOUNT_NO,
    Field("txn", Code(4, TRANSACTIONS), "transaction", "交易码", "transaction"),
    Field("amount", Number(16), "amount, fen", "金额 (分)", "amount_fen"),
    Field("state", Code(1, STATES), "state, as STATUS tells it", "交易状态, 同 STATUS", "state"),
)
_MATCHING = Field("class", Code(1, by_value(Matching)), "what was found", "对账结果", "matching")
_RECONCILE_TOTAL = ("total_fen", "counted_fen")

RECONCILE_DETAIL = FileLayout(
    name=FileKind.RECONCILE_DETAIL.prefix,
    meaning="reconcile detail, bank to FEP",
    gloss="对账明细, 银行送前置机",
    head=_RECONCILE_HEAD,
    rows=Lines(ReconcileRow, Sheet("row", *_RECONCILE_FIELDS)),
    total=_RECONCILE_TOTAL,
)
RECONCILE_RESULT = FileLayout(
    name=FileKind.RECONCILE_RESULT.prefix,
    meaning="reconcile result, FEP to bank",
    gloss="对账结果, 前置机送银行",
    head=_RECONCILE_HEAD,
    rows=Lines(ReconcileResultRow, Sheet("row", *_RECONCILE_FIELDS, _MATCHING)),
    total=_RECONCILE_TOTAL,
)

_PASSBOOK = Field("passbook", Alphanumeric(32), "customer's account at the bank", "银行账号", "passbook")

MANDATES = FileLayout(
    name=FileKind.MANDATES.prefix,
    meaning="mandates, bank to FEP",
    gloss="代扣协议, 银行送前置机",
    head=Lines(
        MandateHead,
        Sheet("head", HEAD, BANK_CODE, Field("date", Date(), "date of the file", "文件日期", "file_date"), ROW_COUNT),
    ),
    rows=Lines(
        MandateRow,
        Sheet(
            "row",
            ROW,
            ACCOUNT_NO,
            NAME,
            _PASSBOOK,
            Field("action", Code(1, by_value(MandateAction)), "what becomes of it", "操作", "action"),
        ),
        rules=[
            Rule(
                "passbook",
                "blank in a mandate that begins",
                "新增协议时不得为空",
                lambda row: bool(row.passbook) or row.action is MandateAction.END,
            )
        ],
    ),
)

_DEBIT_HEAD = Lines(
    DebitHead,
    Sheet(
        "head",
        HEAD,
        BANK_CODE,
        Field("batch_no", Number(12), "number of the batch", "批次号", "batch_no"),
        Field("month", Month(), "month of the bills", "电费年月", "month"),
        ROW_COUNT,
        TOTAL,
    ),
)
_DEBIT_FIELDS = (
    ROW,
    Field("row_no", Number(8), "number of the row, from 1", "序号, 从 1 起", "row_no"),
    ACCOUNT_NO,
    NAME,
    Field("passbook", Required(32), "customer's account at the bank", "银行账号", "passbook"),
    MONTH,
    Field("seq", Number(2), "number of the bill in its month", "电费次数", "seq"),
    Field("bill_no", Required(16), "bill number", "应收凭证号", "bill_no"),
    Field("principal", Number(16), "principal, fen", "电费本金 (分)", "principal_fen"),
    Field("late_fee", Number(16), "late fee, fen", "违约金 (分)", "late_fee_fen"),
)
_RESULT_FIELDS = (
    Field("result", Code(2, by_value(DebitResult)), "what the bank did", "扣款结果", "result"),
    Field("debited", Number(16), "amount debited, fen", "实扣金额 (分)", "debited_fen"),
    Field("debit_date", Date(optional=True), "bank date of the debit", "扣款日期", "debit_date"),
    Field("debit_serial", OptionalDigits(12), "bank serial of the debit", "扣款流水号", "debit_serial"),
)
_DEBIT_TOTAL = ("total_fen", "due_fen")


DEBIT_LIST = FileLayout(
    name=FileKind.DEBIT_LIST.prefix,
    meaning="debit list, FEP to bank",
    gloss="代扣出盘, 前置机送银行",
    head=_DEBIT_HEAD,
    rows=Lines(DebitRow, Sheet("row", *_DEBIT_FIELDS)),
    total=_DEBIT_TOTAL,
)
DEBIT_RESULT = FileLayout(
    name=FileKind.DEBIT_RESULT.prefix,
    meaning="debit result, bank to FEP",
    gloss="代扣回盘, 银行送前置机",
    head=_DEBIT_HEAD,
    rows=Lines(DebitResultRow, Sheet("row", *_DEBIT_FIELDS, *_RESULT_FIELDS), rules=RESULT_RULES),
    total=_DEBIT_TOTAL,
)

LAYOUTS: Mapping[FileKind, FileLayout[Any, Any]] = MappingProxyType(
    {
        FileKind.RECONCILE_DETAIL: RECONCILE_DETAIL,
        FileKind.RECONCILE_RESULT: RECONCILE_RESULT,
        FileKind.MANDATES: MANDATES,
        FileKind.DEBIT_LIST: DEBIT_LIST,
        FileKind.DEBIT_RESULT: DEBIT_RESULT,
    }
)
"""The layout of each kind of file."""
