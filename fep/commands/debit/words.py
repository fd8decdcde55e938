"""Words of debits 代扣用语: states and findings in both languages, and the tables that several commands show."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dbgate.books.debit_lists import DebitSums
from dbgate.books.records import Debit, DebitBatch
from dbgate.books.states import BatchState, DebitState
from fep.language import Text
from fep.listings.listing import Column, Kind, Listing
from handlers import debit_posting, mandates

BATCH_STATES: Mapping[BatchState, Text] = {
    BatchState.PREPARING: Text("preparing", "准备中"),
    BatchState.OUT: Text("out", "已出盘"),
    BatchState.BACK: Text("back", "已回盘"),
    BatchState.RELEASED: Text("released", "已释放"),
}
DEBIT_STATES: Mapping[DebitState, Text] = {
    DebitState.LISTED: Text("listed", "待回盘"),
    DebitState.SETTLED: Text("settled", "已销账"),
    DebitState.TO_BALANCE: Text("to the balance", "转入预存"),
    DebitState.REFUSED: Text("not debited", "未扣款"),
    DebitState.RELEASED: Text("released", "已释放"),
}
RESULTS: Mapping[str, Text] = {
    "00": Text("debited", "扣款成功"),
    "01": Text("balance short", "余额不足"),
    "02": Text("account wrong", "账号错误"),
    "03": Text("no mandate", "无协议"),
    "99": Text("other", "其他"),
}
POSTING_FINDINGS: Mapping[debit_posting.Finding, Text] = {
    debit_posting.Finding.AMOUNT_DIFFERS: Text("another amount than listed", "金额与出盘不符"),
    debit_posting.Finding.BILL_SETTLED: Text("the bill was settled meanwhile", "应收已另行销账"),
    debit_posting.Finding.KNOWN_PAYMENT: Text("the payment had been posted already", "该笔已入账"),
    debit_posting.Finding.IDENTITY_TAKEN: Text("date and serial are another payment's", "流水号已被其他交易使用"),
    debit_posting.Finding.ACCOUNT_MISSING: Text("the account has gone", "户号已不存在"),
    debit_posting.Finding.BALANCE_TOO_HIGH: Text("the balance would be above any limit", "余额将超过上限"),
}
MANDATE_FINDINGS: Mapping[mandates.Finding, Text] = {
    mandates.Finding.NO_ACCOUNT: Text("no such account", "无此户号"),
    mandates.Finding.ACCOUNT_CLOSED: Text("the account is closed", "用户已销户"),
    mandates.Finding.OTHER_BANK: Text("has a mandate at another bank", "在其他银行已有协议"),
    mandates.Finding.NO_MANDATE: Text("ends a mandate that is not there", "无可终止的协议"),
    mandates.Finding.OUTDATED: Text("a later file has changed it", "已被更晚的文件变更"),
    mandates.Finding.NAME_DIFFERS: Text("taken; the name is another than ours", "已装入; 户名与我方不同"),
}

_BATCH_COLUMNS = (
    Column(Text("batch", "批次号")),
    Column(Text("bank", "银行")),
    Column(Text("month", "电费年月"), Kind.MONTH),
    Column(Text("no.", "序号"), Kind.COUNT),
    Column(Text("state", "状态")),
    Column(Text("late fees of", "违约金日期"), Kind.DAY),
    Column(Text("rows", "笔数"), Kind.COUNT),
    Column(Text("listed", "出盘金额"), Kind.YUAN),
    Column(Text("debited rows", "扣款笔数"), Kind.COUNT),
    Column(Text("debited", "扣款金额"), Kind.YUAN),
    Column(Text("made", "生成时间"), Kind.MOMENT),
    Column(Text("out", "出盘时间"), Kind.MOMENT),
    Column(Text("ended", "结束时间"), Kind.MOMENT),
    Column(Text("release proposed by", "释放提请人")),
    Column(Text("approved by", "复核人")),
    Column(Text("reason", "理由")),
)
_SUM_COLUMNS = (
    Column(Text("state", "状态")),
    Column(Text("result", "扣款结果")),
    Column(Text("rows", "笔数"), Kind.COUNT),
    Column(Text("listed", "出盘金额"), Kind.YUAN),
    Column(Text("debited", "扣款金额"), Kind.YUAN),
)
_ROW_COLUMNS = (
    Column(Text("row", "序号"), Kind.COUNT),
    Column(Text("account", "户号"), Kind.ACCOUNT),
    Column(Text("month", "电费年月"), Kind.MONTH),
    Column(Text("seq", "次数"), Kind.COUNT),
    Column(Text("bill", "应收凭证号")),
    Column(Text("principal", "本金"), Kind.YUAN),
    Column(Text("late fee", "违约金"), Kind.YUAN),
    Column(Text("state", "状态")),
    Column(Text("result", "扣款结果")),
    Column(Text("debited", "扣款金额"), Kind.YUAN),
    Column(Text("debit date", "扣款日期"), Kind.DAY),
    Column(Text("debit serial", "扣款流水号")),
    Column(Text("FEP serial", "前置流水号")),
    Column(Text("remark", "说明")),
)


def batch_listing(batches: Sequence[DebitBatch], title: Text) -> Listing:
    """Return a table of batches."""
    return Listing("batches", title, Text("batches", "代扣批次"), _BATCH_COLUMNS, list(map(_batch_cells, batches)))


def sums_listing(sums: Sequence[DebitSums], title: Text) -> Listing:
    """Return a table of what became of a batch's rows."""
    total = [
        Text("total", "合计"),
        None,
        sum(each.row_count for each in sums),
        sum(each.due_fen for each in sums),
        sum(each.debited_fen for each in sums),
    ]
    rows = [
        [
            DEBIT_STATES[each.state],
            RESULTS.get(each.result, each.result),
            each.row_count,
            each.due_fen,
            each.debited_fen,
        ]
        for each in sums
    ]
    return Listing("sums", title, Text("sums", "汇总"), _SUM_COLUMNS, rows, total=total)


def rows_listing(
    debits: Iterable[Debit], title: Text, row_count: int, findings: Mapping[int, debit_posting.Finding]
) -> Listing:
    """Return a list of rows of a batch, with what was found of them; no names, no customers' bank accounts."""
    tab = Text("rows", "明细")
    return Listing("rows", title, tab, _ROW_COLUMNS, _row_cells(debits, findings), is_list=True, row_count=row_count)


def _batch_cells(batch: DebitBatch) -> list[Any]:
    return [
        f"{batch.batch_no:012d}",
        batch.bank_code,
        batch.month,
        batch.number_in_month,
        BATCH_STATES[batch.state],
        batch.fee_date,
        batch.row_count,
        batch.total_fen,
        batch.debited_count,
        batch.debited_fen,
        batch.made_at,
        batch.out_at,
        batch.ended_at,
        batch.proposed_by,
        batch.approved_by,
        batch.reason,
    ]


def _row_cells(debits: Iterable[Debit], findings: Mapping[int, debit_posting.Finding]) -> Iterator[list[Any]]:
    for debit in debits:
        finding = None if debit.row_no is None else findings.get(debit.row_no)
        yield [
            debit.row_no,
            debit.account_no,
            debit.month,
            debit.seq,
            debit.bill_no,
            debit.principal_fen,
            debit.late_fee_fen,
            DEBIT_STATES[debit.state],
            RESULTS.get(debit.result, debit.result),
            debit.debited_fen,
            debit.debit_date,
            debit.debit_serial,
            None if debit.fep_serial is None else f"{debit.fep_serial:012d}",
            None if finding is None else POSTING_FINDINGS[finding],
        ]
