"""``fep keys proposals``, ``approve`` and ``reject`` 提请、复核、驳回: acts on keys that take two officers."""

from pathlib import Path

import click

from fep.command_line import WholeNumber, command, config_option
from fep.commands.keys.acting import approve_act, reject_act
from fep.commands.keys.options import NUMBER_MAX
from fep.commands.keys.store import OpenStore
from fep.commands.keys.words import ACTS, check_values, what_of
from fep.commands.recon.options import reason_option
from fep.exits import EXIT_DONE
from fep.language import say
from fep.reports import Report


@command(
    "proposals",
    en="""Show the acts on keys that wait for another officer.

Where fep.toml has four_eyes = true, the default, whatever changes keys is proposed first.""",
    zh="""列出待复核的密钥操作。

fep.toml 中 four_eyes = true (缺省) 时, 凡变更密钥的操作均须先提请。""",
)
@config_option
def list_proposals(config_path: Path) -> int:
    """Print a row for each."""
    opened = OpenStore.of(config_path)
    report = Report(
        say(en="proposal", zh="提请编号"),
        say(en="act", zh="操作"),
        say(en="bank", zh="银行代码"),
        "AK",
        "KEK",
        say(en="what", zh="内容"),
        say(en="proposed by", zh="提请人"),
        say(en="at", zh="提请时间"),
        say(en="until", zh="有效期至"),
    )
    for each in opened.store.proposals(opened.now):
        report.row(
            each.number,
            ACTS[each.change.act],
            each.bank_code or "-",
            *check_values(each.change, each.bank_code, opened.store),
            what_of(each, opened.store),
            each.proposed_by,
            each.proposed_at,
            each.expires_at,
        )
    report.show()
    return EXIT_DONE


@command(
    "approve",
    en="""Do what another officer has proposed.

On a terminal it is shown and asked for once more. Whoever proposed it is refused: who is who is told by the login on
this machine. So is what has expired, or is about keys that have changed since. Key blocks go to stdout.""",
    zh="""复核并执行另一人提请的密钥操作。

在终端上执行时先显示内容并再次确认。提请人不得复核自己的提请, 操作员以本机登录用户为准。
提请之后密钥已有变动或已过期的, 不予执行。密钥块输出到标准输出。""",
)
@click.argument("number", metavar="PROPOSAL", type=WholeNumber(1, NUMBER_MAX))
@config_option
def approve(number: int, config_path: Path) -> int:
    """Carry it out."""
    return approve_act(OpenStore.of(config_path), number)


@command(
    "reject",
    en="End a proposal, so that it cannot be approved; who proposed it may withdraw it so.",
    zh="驳回提请, 使其不能再被复核; 提请人也可用此撤回。",
)
@click.argument("number", metavar="PROPOSAL", type=WholeNumber(1, NUMBER_MAX))
@reason_option
@config_option
def reject(number: int, reason: str, config_path: Path) -> int:
    """Forget it, with the keys in it."""
    return reject_act(OpenStore.of(config_path), number, reason)
