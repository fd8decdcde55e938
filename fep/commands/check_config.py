"""``fep check-config`` 检查配置: files, keys, banks and database, before the daemon is started."""

from pathlib import Path
from typing import TYPE_CHECKING

from fep.command_line import command, config_option
from fep.exits import EXIT_CANNOT_RUN, EXIT_DONE, EXIT_FINDINGS
from fep.language import say

if TYPE_CHECKING:
    from fep.config.settings import Settings


@command(
    "check-config",
    en="Check configuration, keys and database.\n\nExit code 1 when there are problems, 0 with warnings only, "
    "3 when this installation cannot use the database.",
    zh="检查配置、密钥和数据库。\n\n有问题时退出码为 1; 无法使用该数据库时为 3; 只有警告时为 0。",
)
@config_option
def check_config(config_path: Path) -> int:
    """Print what was found."""
    from fep.config.config_check import Level, check
    from fep.config.configuration import load
    from fep.reports import Report

    settings = load(config_path)
    _show_banks(settings)
    report = Report(say(en="result", zh="结果"), say(en="subject", zh="对象"), say(en="finding", zh="说明"))
    problems, is_runnable = 0, True
    for found in check(settings, config_path):
        problems += found.level is Level.PROBLEM
        is_runnable &= found.is_runnable
        report.row(found.level.value, found.subject, str(found.text).replace("\n", "; "))
    report.show()
    if not is_runnable:
        return EXIT_CANNOT_RUN
    return EXIT_FINDINGS if problems else EXIT_DONE


def _show_banks(settings: "Settings") -> None:
    from fep.reports import Report

    report = Report(
        say(en="bank", zh="银行代码"),
        say(en="name", zh="名称"),
        say(en="dialect", zh="方言"),
        say(en="suite", zh="套件"),
        say(en="encryption", zh="加密"),
        say(en="addresses", zh="来源网段"),
        say(en="cut-off", zh="日切"),
    )
    for bank in settings.banks.values():
        networks = ", ".join(map(str, bank.addresses))
        has_mac, may_encrypt = bank.session.has_mac, bank.session.may_encrypt
        cells = (
            bank.bank_code,
            bank.name,
            bank.dialect.name,
            bank.suite.name if has_mac else "-",
            bank.encryption if may_encrypt else "-",
            networks,
        )
        report.row(*cells, f"{bank.cut_off:%H:%M}")
    report.show()
