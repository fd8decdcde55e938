"""``fep debit approve`` 复核释放代扣批次: the second of the two operators, who sets its bills free."""

from pathlib import Path

import click

from fep.command_line import EXIT_DONE, command, config_option
from fep.commands.debit.options import batch_argument, opened_batch
from fep.debits.release import approve as approve_release
from fep.language import say
from fep.operators import present_operator


@command(
    "approve",
    en="""Approve the release of a debit batch that another has proposed.

Its list is taken from where the bank gets it, its bills are open again, and no result of it is taken any more. What a
result has posted already stays. Stopped at any moment, the same command frees what is left.""",
    zh="""复核另一操作员提请释放的代扣批次。

其出盘文件撤下, 应收恢复未收, 该批次的回盘不再受理; 已入账的部分不变。可随时中断, 重新执行即继续。""",
)
@batch_argument
@config_option
def approve(batch_no: int, config_path: Path) -> int:
    """Release the batch and say how many bills are free."""
    with opened_batch(config_path, batch_no) as (site, batch):
        count = approve_release(site, batch, present_operator())
    click.echo(
        say(
            en=f"debit batch {batch_no}: released; {count} bills set free",
            zh=f"代扣批次 {batch_no}: 已释放; {count} 笔应收恢复未收",
        )
    )
    return EXIT_DONE
