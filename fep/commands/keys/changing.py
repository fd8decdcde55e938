"""``fep keys activate``, ``retire`` and ``remove`` 启用、停用、删除: from one version of a bank's keys to the next."""

from datetime import datetime, timedelta
from pathlib import Path

import click

from crypto.key_changes import WINDOW, Activation, Removal, Retirement
from fep.command_line import WholeNumber, command, config_option, option
from fep.commands.keys.acting import act_on
from fep.commands.keys.moments import Moment
from fep.commands.keys.options import NUMBER_MAX
from fep.commands.keys.store import OpenStore, agreed
from fep.exits import EXIT_BAD_INPUT, CommandFailed
from fep.language import Text


@command(
    "activate",
    en="""Accept a pending version of a bank's keys, and the former one for a while still.

Between --from and --until the bank may sign in with either, afterwards with the new one alone. Connections go on.""",
    zh="""启用一个待启用的密钥版本, 旧版本继续并用一段时间。

在 --from 与 --until 之间银行可用任一版本签到, 之后只能用新版本。已有连接不受影响。""",
)
@click.argument("bank_code", metavar="BANK_CODE")
@click.argument("number", metavar="VERSION", type=WholeNumber(1, NUMBER_MAX))
@config_option
@option(
    "--from",
    "valid_from",
    type=Moment(),
    metavar="MOMENT",
    en="When the new version begins; now when not given.",
    zh="新版本启用时间; 缺省为现在。",
)
@option(
    "--until",
    "former_until",
    type=Moment(),
    metavar="MOMENT",
    en=f"When the former version ends; {WINDOW.days} days later when not given.",
    zh=f"旧版本停用时间; 缺省为新版本启用后 {WINDOW.days} 天。",
)
@option(
    "--at-once",
    is_flag=True,
    en="No window: the former version ends when the new one begins, as after a compromise.",
    zh="不设并用期: 新版本启用时旧版本即停用, 如密钥泄露时。",
)
def activate_keys(
    bank_code: str,
    number: int,
    config_path: Path,
    valid_from: datetime | None,
    former_until: datetime | None,
    at_once: bool,
) -> int:
    """Set the dates of the new version and of the former one."""
    if at_once and former_until is not None:
        raise CommandFailed(
            EXIT_BAD_INPUT, en="give --until or --at-once, not both", zh="--until 与 --at-once 不能同时使用"
        )
    window = timedelta() if at_once else WINDOW
    return act_on(OpenStore.of(config_path), bank_code, Activation(number, valid_from, former_until, window))


@command(
    "retire",
    en="End a version of a bank's keys now and destroy it.\n\nIts check values stay in the list.",
    zh="立即停用并销毁一个密钥版本。\n\n其校验值仍保留在清单中。",
)
@click.argument("bank_code", metavar="BANK_CODE")
@click.argument("number", metavar="VERSION", type=WholeNumber(1, NUMBER_MAX))
@config_option
@option(
    "--yes", is_flag=True, en="Even the last one that the bank can sign in with.", zh="即使是可用于签到的最后一个版本。"
)
def retire_keys(bank_code: str, number: int, config_path: Path, yes: bool) -> int:
    """Destroy one version."""
    return act_on(OpenStore.of(config_path), bank_code, Retirement(number, yes))


@command(
    "remove",
    en="Take all keys of a bank out of the key store.\n\nThe bank cannot sign in after the daemon's next start.",
    zh="从密钥库中删除一家银行的全部密钥。\n\n前置机重启后该银行不能再签到。",
)
@click.argument("bank_code", metavar="BANK_CODE")
@config_option
@option("--yes", is_flag=True, en="Remove them without asking.", zh="不再询问, 直接删除。")
def remove_keys(bank_code: str, config_path: Path, yes: bool) -> int:
    """Forget a bank's keys; what is removed can only be brought back from its components."""
    opened = OpenStore.of(config_path)
    opened.store.versions(bank_code)  # who has none is told before he is asked
    agreed(
        Text(f"Remove the keys of bank {bank_code}?", f"是否删除银行 {bank_code} 的密钥?"),
        Text(
            f"nothing was removed; --yes removes the keys of bank {bank_code}",
            f"未删除; 用 --yes 删除银行 {bank_code} 的密钥",
        ),
        yes=yes,
    )
    return act_on(opened, bank_code, Removal())
