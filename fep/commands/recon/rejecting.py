"""``fep recon reject`` 驳回: what was proposed is not done, and the difference is open again."""

from pathlib import Path

import click

from fep.command_line import WholeNumber, command, config_option
from fep.commands.recon.desk import desk_of
from fep.commands.recon.options import NUMBER_MAX, reason_option
from fep.exits import EXIT_DONE
from fep.language import say


@command(
    "reject",
    en="""Reject what is proposed for a difference, which is open again then; who proposed it may withdraw it so.

What is approved is finished and not rejected, unless it has moved no money in ten minutes.""",
    zh="""驳回差异处理方案, 差异恢复为未处理; 提出人也可用此撤回。

已复核的应继续完成, 不得驳回; 复核十分钟后资金仍未动的除外。""",
)
@click.argument("difference_no", metavar="NUMBER", type=WholeNumber(1, NUMBER_MAX))
@reason_option
@config_option
def reject(difference_no: int, reason: str, config_path: Path) -> int:
    """Open the difference again."""
    with desk_of(config_path) as desk:
        desk.reject(difference_no, reason)
    click.echo(say(en=f"difference {difference_no} is open again", zh=f"差异 {difference_no} 恢复为未处理"))
    return EXIT_DONE
