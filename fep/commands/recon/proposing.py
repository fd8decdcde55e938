"""``fep recon post|refund|undo|claim|close`` 提出处理: one operator says what is to be done about a difference."""

from pathlib import Path
from typing import Any

import click

from dbgate.books.states import DifferenceAct
from fep.command_line import Command, WholeNumber, command, config_option
from fep.commands.recon.desk import desk_of
from fep.commands.recon.options import NUMBER_MAX, reason_option
from fep.commands.recon.words import ACTS
from fep.exits import EXIT_DONE
from fep.language import Text, say
from fep.listings.listing import yuan

_ANOTHER = "\n\nNothing is done before another operator approves it: fep recon approve NUMBER."
_ANOTHER_ZH = "\n\n须由另一操作员复核后才会执行: fep recon approve 编号。"

_HELP = {
    DifferenceAct.POST: Text(
        "Propose to post a payment that the bank has and the FEP lacks.\n\n"
        "It is posted as a deposit: whole bills oldest first, the rest to the balance; on the present clearing date, "
        "for the day that it mends. For differences that only the bank has, and for payments that stand at the bank "
        "and are undone here." + _ANOTHER,
        "提出补账: 银行有而前置机没有的交费。\n\n"
        "按预存入账: 先整笔抵扣最早的应收, 余额转预存; 记入当前清算日期, 注明所调日期。适用于长款, "
        "以及银行方有效而前置机方已冲销的交费。" + _ANOTHER_ZH,
    ),
    DifferenceAct.REFUND: Text(
        "Propose that the bank refunds what it has too much.\n\n"
        "Nothing moves here, it is recorded. For differences that only the bank has, for payments that stand at the "
        "bank and are undone here, and for the difference where the bank took more." + _ANOTHER,
        "提出退款: 由银行退还多收的款项。\n\n"
        "前置机不动账, 仅登记。适用于长款、银行方有效而前置机方已冲销的交费, 以及银行多收的差额。" + _ANOTHER_ZH,
    ),
    DifferenceAct.UNDO: Text(
        "Propose to undo our payment, which the bank does not have.\n\n"
        "Its bills open again and what it left as balance is taken off, on the present clearing date, for the day that "
        "it mends. For payments that the FEP alone has, that the bank has undone, or has with another amount."
        + _ANOTHER,
        "提出冲销: 前置机有而银行没有的交费。\n\n"
        "恢复所缴应收并扣回预存; 记入当前清算日期, 注明所调日期。适用于短款、银行方已冲销的交费, "
        "以及双方金额不符的交费。" + _ANOTHER_ZH,
    ),
    DifferenceAct.CLAIM: Text(
        "Propose that the bank pays over what it lacks.\n\n"
        "Nothing moves here, it is recorded. For payments that the FEP alone has or that the bank has undone, and for "
        "the difference where the bank has less." + _ANOTHER,
        "提出追款: 由银行补划款项。\n\n"
        "前置机不动账, 仅登记。适用于短款、银行方已冲销的交费, 以及银行少划的差额。" + _ANOTHER_ZH,
    ),
    DifferenceAct.CLOSE: Text(
        "Propose to close a difference by which alone no money differs.\n\n"
        "Nothing moves; the reason says what it came to. For an undo that one side lacks, and for what the other acts "
        "do not fit." + _ANOTHER,
        "提出结案: 本身无资金差异的差异。\n\n"
        "不动账; 理由写明核实结果。适用于仅一方有的撤销或冲正, 以及其他方式均不适用的差异。" + _ANOTHER_ZH,
    ),
}


def _proposing(act: DifferenceAct) -> Command:
    """Return the command that proposes ``act``."""

    @command(act.value, en=_HELP[act].en, zh=_HELP[act].zh)
    @click.argument("difference_no", metavar="NUMBER", type=WholeNumber(1, NUMBER_MAX))
    @reason_option
    @config_option
    def proposing(difference_no: int, reason: str, config_path: Path) -> Any:
        with desk_of(config_path) as desk:
            difference = desk.propose(difference_no, act, reason)
        amount, text = yuan(difference.amount_fen or 0), ACTS[act]
        click.echo(
            say(
                en=f"difference {difference_no}: {text.en} of {amount} yuan is proposed by {difference.proposed_by}; "
                f"another operator approves it: fep recon approve {difference_no}",
                zh=f"差异 {difference_no}: {difference.proposed_by} 提出{text.zh} {amount} 元; "
                f"请另一操作员复核: fep recon approve {difference_no}",
            )
        )
        return EXIT_DONE

    return proposing


post, refund, undo, claim, close = map(_proposing, DifferenceAct)
