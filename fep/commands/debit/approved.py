"""``fep debit approve`` 复核释放代扣批次: the second of the two operators, who sets its bills free."""

from pathlib import Path

import click

from fep.command_line import command, config_option, option
from fep.commands.debit.options import batch_argument, opened_batch
from fep.debits.release import approve as approve_release
from fep.exits import EXIT_DONE
from fep.language import say
from fep.operators import present_operator


@command(
    "approve",
    en="""Approve the release of a debit batch that another has proposed.

Its list is taken from where the bank gets it, its bills are open again, and no result of it is taken any more. What a
result has posted already stays. Stopped at any moment, the same command frees what is left.

A bank that is asked by messages is asked first not to debit the list: unless it says so nothing is set free, and the
exit code is 1 when it refuses, 3 when it does not answer. With --bank-agreed it is not asked.""",
    zh="""复核另一操作员提请释放的代扣批次。

其出盘文件撤下, 应收恢复未收, 该批次的回盘不再受理; 已入账的部分不变。可随时中断, 重新执行即继续。

以报文请求的银行先被请求不再扣款: 银行未确认则不释放任何应收; 银行拒绝时退出码为 1, 未应答时为 3。
使用 --bank-agreed 时不请求银行。""",
)
@batch_argument
@option(
    "--bank-agreed",
    "has_bank_agreed",
    is_flag=True,
    en="The bank has agreed otherwise not to debit the list; that is kept in the record of operators.",
    zh="银行已另行同意不再扣款; 计入操作记录。",
)
@config_option
def approve(batch_no: int, config_path: Path, *, has_bank_agreed: bool) -> int:
    """Release the batch and say how many bills are free."""
    with opened_batch(config_path, batch_no) as (site, batch):
        count = approve_release(site, batch, present_operator(), has_bank_agreed=has_bank_agreed)
    click.echo(
        say(
            en=f"debit batch {batch_no:012d}: released; {count} bills set free",
            zh=f"代扣批次 {batch_no:012d}: 已释放; {count} 笔应收恢复未收",
        )
    )
    return EXIT_DONE
