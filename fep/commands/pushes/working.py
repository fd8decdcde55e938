"""``fep push retry``, ``drop``, ``approve`` and ``reject`` 重试、了结、复核、驳回: what becomes of a dead push."""

from pathlib import Path

import click

from dbgate.books.records import Push
from dbgate.books.states import PushState
from fep.command_line import WholeNumber, command, config_option, confirm
from fep.commands.pushes.desk import push_desk_of
from fep.commands.pushes.words import REASONS
from fep.commands.recon.options import NUMBER_MAX, reason_option
from fep.exits import EXIT_DONE
from fep.language import say
from fep.terminal import is_interactive


@command(
    "retry",
    en="""Have a dead push sent to its bank again, under the same number.

The bank knows the number and debits nothing twice; its next answer decides. Refused when a debit of it is posted, its
bill is settled, or it is too old.""",
    zh="""以原编号向银行重新发送一笔待查实的划拨。

银行按编号识别, 不会重复扣款; 以其下次应答为准。已有扣款入账、应收已缴清或已超期的不予重试。""",
)
@click.argument("fep_serial", metavar="NUMBER", type=WholeNumber(1, NUMBER_MAX))
@reason_option
@config_option
def retry(fep_serial: int, reason: str, config_path: Path) -> int:
    """Let it wait to be pushed again."""
    with push_desk_of(config_path) as desk:
        desk.retry(fep_serial, reason)
    number = f"{fep_serial:012d}"
    click.echo(say(en=f"push {number} is sent again", zh=f"划拨 {number} 将重新发送"))
    return EXIT_DONE


@command(
    "drop",
    en="""Close a dead push that has been looked into; it is not sent any more.

When the bank was asked it may have debited: then this is a proposal, and another operator approves it. What the bank
has debited is not lost: it is a difference of its day in the reconciliation (fep recon), posted or paid back there.""",
    zh="""了结一笔已查实的划拨, 不再发送。

银行已收到过请求的, 可能已扣款, 须由另一操作员复核。银行已扣的款项不会遗漏:
对账时列为长款 (fep recon), 在对账中补账或退款。""",
)
@click.argument("fep_serial", metavar="NUMBER", type=WholeNumber(1, NUMBER_MAX))
@reason_option
@config_option
def drop(fep_serial: int, reason: str, config_path: Path) -> int:
    """Close it, or propose to."""
    with push_desk_of(config_path) as desk:
        push = desk.drop(fep_serial, reason)
    click.echo(_dropped(push))
    return EXIT_DONE


@command(
    "approve",
    en="""Close a dead push that another operator has proposed to drop.

On a terminal it is shown and asked for once more. Whoever proposed it is refused: who is who is told by the login on
this machine.""",
    zh="""复核另一操作员提请了结的划拨。

在终端上执行时先显示内容并再次确认。提请人不得复核自己的提请; 操作员以本机登录用户为准。""",
)
@click.argument("fep_serial", metavar="NUMBER", type=WholeNumber(1, NUMBER_MAX))
@config_option
def approve(fep_serial: int, config_path: Path) -> int:
    """Close it."""
    with push_desk_of(config_path) as desk:
        push = desk.approve(fep_serial, _agrees)
    click.echo(_dropped(push))
    return EXIT_DONE


@command(
    "reject",
    en="Leave a push dead that somebody has proposed to drop; who proposed it may withdraw it so.",
    zh="驳回了结的提请, 划拨仍待人工查实; 提请人也可用此撤回。",
)
@click.argument("fep_serial", metavar="NUMBER", type=WholeNumber(1, NUMBER_MAX))
@reason_option
@config_option
def reject(fep_serial: int, reason: str, config_path: Path) -> int:
    """Take the proposal back."""
    with push_desk_of(config_path) as desk:
        desk.reject(fep_serial, reason)
    number = f"{fep_serial:012d}"
    click.echo(say(en=f"push {number} stays dead", zh=f"划拨 {number} 仍待人工查实"))
    return EXIT_DONE


def _agrees(push: Push) -> bool:
    """Show a person what is to be dropped, with the debit that the bank has named."""
    if not is_interactive():
        return True
    reason = "" if push.reason is None else REASONS[push.reason]
    debit = f"{push.debit_date} {push.debit_serial}" if push.debit_date is not None else "-"
    return confirm(
        say(
            en=f"Drop push {push.fep_serial:012d} of bank {push.bank_code} ({reason}; debit named: {debit}), "
            f"proposed by {push.owner}?",
            zh=f"{push.owner} 提请了结银行 {push.bank_code} 的划拨 {push.fep_serial:012d} ({reason}; "
            f"银行所报扣款: {debit}), 是否同意?",
        )
    )


def _dropped(push: Push) -> str:
    number = f"{push.fep_serial:012d}"
    if push.state is PushState.DROPPED:
        return say(en=f"push {number} is dropped", zh=f"划拨 {number} 已了结")
    return say(
        en=f"push {number}: the bank may have debited, so another operator approves it: fep push approve {number}",
        zh=f"划拨 {number}: 银行可能已扣款, 须由另一操作员复核: fep push approve {number}",
    )
