"""``fep debit release`` 提请释放代扣批次: the first of the two operators that it takes."""

from pathlib import Path

import click

from fep.command_line import command, config_option, option
from fep.commands.debit.options import Reason, batch_argument, opened_batch
from fep.debits.release import propose
from fep.exits import EXIT_DONE
from fep.language import say
from fep.operators import present_operator


@command(
    "release",
    en="""Propose to release a debit batch that will not come back.

Another operator approves it with `fep debit approve BATCH`; until then nothing changes. After that its bills are open
again and no result of it is taken any more: be sure that the bank will not debit it.""",
    zh="""提请释放不再回盘的代扣批次。

须由另一操作员执行 `fep debit approve 批次号` 复核, 此前不作任何变更。复核后其应收恢复未收, 该批次的回盘不再受理:
请先确认银行不会再扣款。""",
)
@batch_argument
@option(
    "--reason",
    type=Reason(),
    required=True,
    metavar="TEXT",
    en="Why; it is kept with the operator's name.",
    zh="理由; 与操作员一并留存。",
)
@config_option
def release(batch_no: int, reason: str, config_path: Path) -> int:
    """Take down who proposes it, and why."""
    operator = present_operator()
    with opened_batch(config_path, batch_no) as (site, batch):
        propose(site, batch, operator, reason)
    click.echo(
        say(
            en=f"debit batch {batch_no:012d}: release proposed by {operator}; another operator approves it",
            zh=f"代扣批次 {batch_no:012d}: 已由 {operator} 提请释放; 须由另一操作员复核",
        )
    )
    return EXIT_DONE
