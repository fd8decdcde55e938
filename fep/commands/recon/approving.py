"""``fep recon approve`` 复核: a second operator agrees, and what was proposed is done."""

from pathlib import Path

import click

from dbgate.books.differences import Difference
from dbgate.books.states import DifferenceAct
from fep.command_line import WholeNumber, command, config_option
from fep.commands.recon.desk import desk_of
from fep.commands.recon.options import NUMBER_MAX
from fep.commands.recon.words import ACTS
from fep.exits import EXIT_DONE
from fep.language import say
from fep.listings.listing import fep_serial, yuan
from fep.terminal import is_interactive


@command(
    "approve",
    en="""Approve what another operator has proposed for a difference; it is done at once.

On a terminal it is shown and asked for once more, and nothing else is done than what was shown. Whoever proposed it is
refused: who is who is told by the login on this machine. The command may be repeated: an act is
done once, and one that was broken off is finished.

Exit code 2 when it cannot be done, with why and what to do instead; 3 when a database is away or it is not known
whether the money has moved: then approve it again.""",
    zh="""复核另一操作员提出的差异处理, 随即执行。

在终端上执行时先显示方案并再次确认, 只执行所显示的方案。提出人不得复核自己的方案;
操作员以本机登录用户为准。本命令可重复执行: 每笔只执行一次, 中断的会继续完成。

不能执行时退出码为 2, 并说明原因及替代办法; 数据库不可用或结果未知时为 3, 请再次复核。""",
)
@click.argument("difference_no", metavar="NUMBER", type=WholeNumber(1, NUMBER_MAX))
@config_option
def approve(difference_no: int, config_path: Path) -> int:
    """Do what was proposed and say what was done."""
    with desk_of(config_path) as desk:
        difference = desk.approve(difference_no, _agrees)
    click.echo(_said(difference))
    return EXIT_DONE


def _agrees(difference: Difference) -> bool:
    """Show a person what is proposed now, which may be another act than he has looked at, and ask him."""
    if not is_interactive():
        return True
    assert difference.act is not None
    act, amount, who = ACTS[difference.act], yuan(difference.amount_fen or 0), difference.proposed_by
    question = say(
        en=f'{act.en} of {amount} yuan, proposed by {who}: "{difference.reason}". Approve?',
        zh=f"{who} 提出{act.zh} {amount} 元: “{difference.reason}”。是否同意?",
    )
    return click.confirm(question, err=True)


def _said(difference: Difference) -> str:
    assert difference.act is not None
    act, amount = ACTS[difference.act], yuan(difference.amount_fen or 0)
    serial = fep_serial(difference.adjustment_serial)
    number, who = difference.difference_no, difference.approved_by
    if difference.act is DifferenceAct.CLOSE:
        return say(en=f"difference {number} is closed, approved by {who}", zh=f"差异 {number} 已结案, 由 {who} 复核")
    if serial is None:
        return say(
            en=f"difference {number}: {act.en} of {amount} yuan is recorded, approved by {who}; the bank does it",
            zh=f"差异 {number}: {act.zh} {amount} 元已登记, 由 {who} 复核; 由银行执行",
        )
    return say(
        en=f"difference {number}: {act.en} of {amount} yuan is done as FEP serial {serial}, approved by {who}",
        zh=f"差异 {number}: {act.zh} {amount} 元已完成, 前置流水号 {serial}, 由 {who} 复核",
    )
