"""Words 审计用语: what each check looks for, and the steps of the trail, in both languages."""

from typing import NamedTuple

from dbgate.books.states import DifferenceAct
from dbgate.records import Movement
from dbgate.reports.trail import Step
from fep.commands.recon.words import ACTS as DIFFERENCE_ACTS
from fep.commands.reports.words import MOVEMENTS as OF_BANKS
from fep.language import Text
from fep.listings.listing import yuan
from protocol.transactions import Transaction


class CheckWords(NamedTuple):
    """What a check looks for; ``is_money``: its numbers are fen, shown in yuan."""

    text: Text
    is_money: bool = False


CHECKS = {
    "balance": CheckWords(Text("account: balance against its movements", "户: 余额与流水之和不符"), is_money=True),
    "account_missing": CheckWords(
        Text("account: movements of one that is not there", "户: 有流水而无此户"), is_money=True
    ),
    "amount": CheckWords(Text("movement: amount against its parts", "流水: 金额与各部分之和不符"), is_money=True),
    "settled_sum": CheckWords(
        Text("movement: settled sum against its bills", "流水: 销账金额与明细不符"), is_money=True
    ),
    "settled_count": CheckWords(Text("movement: count of bills settled", "流水: 销账笔数与明细不符")),
    "allocation_alone": CheckWords(
        Text("movement: is missing, its bills are there", "流水: 有明细而无流水"), is_money=True
    ),
    "bill_unpaid": CheckWords(Text("bill: settled by nothing that stands", "应收: 已收而无有效流水")),
    "bill_not_settled": CheckWords(
        Text("bill: paid by a movement, and not settled by it", "应收: 流水已销账而状态不符")
    ),
    "undone": CheckWords(Text("payment: undone against the rows that undid it", "交费: 状态与冲销流水不符")),
    "undo_alone": CheckWords(Text("undo: of nothing", "冲销: 无原交易")),
    "tombstone_alone": CheckWords(Text("reversal before arrival: without its reversal", "到达前冲正: 无冲正流水")),
    "day_missing": CheckWords(Text("movement: outside its bank's days", "流水: 不在银行的清算日内")),
    "debit_posted": CheckWords(Text("debit: posted without its payment", "代扣: 已入账而无相应交费"), is_money=True),
    "debit_held": CheckWords(Text("bill: held by no debit batch", "应收: 代扣中而不在任何批次")),
    "days_sum": CheckWords(Text("bank: sum of its days against all", "银行: 各日之和与全部不符"), is_money=True),
    "reconciled_count": CheckWords(Text("reconciled day: count of requests", "已对账日: 笔数改变")),
    "reconciled_total": CheckWords(Text("reconciled day: total", "已对账日: 金额改变"), is_money=True),
    "batch_rows": CheckWords(Text("debit batch: count of rows", "代扣批次: 明细笔数不符")),
    "batch_total": CheckWords(Text("debit batch: total", "代扣批次: 金额不符"), is_money=True),
    "batch_debits": CheckWords(Text("debit batch: count of debits", "代扣批次: 扣款笔数不符")),
    "batch_debited": CheckWords(Text("debit batch: sum of debits", "代扣批次: 扣款金额不符"), is_money=True),
    "batch_listed": CheckWords(Text("debit batch: ended with rows still listed", "代扣批次: 已结束而仍有未处理明细")),
    "identity_twice": CheckWords(Text("identity: in two databases", "交易标识: 在两个数据库中")),
}
"""By the name of the check."""

STEPS = {
    Step.MOVEMENT: Text("movement", "流水"),
    Step.REFUSAL: Text("refusal", "拒绝"),
    Step.ACT: Text("operator", "操作员"),
}
MOVEMENTS = {
    **OF_BANKS,
    Movement.OPEN: Text("opening balance", "期初余额"),
    Movement.APPLY: Text("balance applied", "预存抵扣"),
    Movement.TOMBSTONE: Text("reversed before arrival", "到达前冲正"),
}
ACTS = {
    "day_close": Text("day closed", "日切"),
    "reconcile": Text("reconciled", "对账"),
    "difference_propose": Text("difference: proposed", "差异: 提出处理"),
    "difference_approve": Text("difference: approved", "差异: 复核"),
    "difference_reject": Text("difference: rejected", "差异: 驳回"),
    "difference_release": Text("difference: could not be done", "差异: 未能处理"),
    "difference_done": Text("difference: done", "差异: 处理完成"),
    "link_close": Text("link closed", "关闭连接"),
    "bank_suspend": Text("bank suspended", "暂停银行"),
    "bank_resume": Text("bank resumed", "恢复银行"),
    "frames_tail": Text("frames watched", "查看报文"),
    "debit_mandates": Text("mandates loaded", "装入代扣协议"),
    "debit_out": Text("debit list out", "代扣出盘"),
    "debit_back": Text("debit result posted", "代扣回盘"),
    "debit_release": Text("debit batch: release proposed", "代扣批次: 提出释放"),
    "debit_release_approve": Text("debit batch: released", "代扣批次: 释放"),
}
"""What operators do; an act that is not here is shown by its name."""


def what(name: str) -> Text | str:
    """Return a refused request or an act of an operator as it is shown."""
    if name in ACTS:
        return ACTS[name]
    transaction = next((each for each in Transaction if each.label == name), None)
    return name if transaction is None else Text(name, transaction.gloss)


def subject(act: str, said: str | None) -> Text | str | None:
    """Return what an act of an operator was about as it is shown: numbers and names as stored, the words behind them in
    both languages.
    """
    number, blank, word = (said or "").partition(" ")
    if act.startswith("difference_") and word in {each.value for each in DifferenceAct}:
        done = DIFFERENCE_ACTS[DifferenceAct(word)]
        return Text(f"{number} {done.en}", f"{number} {done.zh}")
    if act == "debit_release_approve" and blank:
        return Text(f"{number} {word}", f"{number} 银行已同意不扣款")
    return said


def amount(words: CheckWords, number: int | None) -> str:
    """Return a number of a finding as it is shown."""
    if number is None:
        return ""
    return yuan(number) if words.is_money else str(number)
