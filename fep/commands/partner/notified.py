"""``fep partner notify`` 出盘通知: tells a bank once more that a debit list stands ready for it."""

from pathlib import Path

import click

from fep.command_line import command, config_option, option
from fep.config.configuration import load
from fep.databases import databases_of, require_schemas
from fep.exits import EXIT_BAD_INPUT, EXIT_DONE, CommandFailed
from fep.language import say
from fep.partners.batch_notices import is_told_of_files, notify


@command(
    "notify",
    en="""Tell a bank that the debit list FILE stands in its out folder.

'fep debit export' does so itself; this does it again when it is not certain that the bank has got it, which is
harmless. Only for banks whose message format has such a notice and whose file names a partner.

Exit code 1 when the bank refuses, 2 when there is no such list, 3 when the bank cannot be asked or does not answer.""",
    zh="""通知银行: 出盘文件 FILE 已放入其 out 目录。

'fep debit export' 会自行通知; 不能确定银行是否收到时用本命令再次通知, 重复无害。
仅适用于报文格式有此通知、且配置文件写明 partner 的银行。

银行拒绝时退出码为 1, 无此文件时为 2, 无法连接或银行未应答时为 3。""",
)
@click.argument("file_name", metavar="FILE")
@option("--bank", "bank_code", required=True, metavar="BANK", en="The bank.", zh="银行代码。")
@config_option
def notify_bank(file_name: str, bank_code: str, config_path: Path) -> int:
    """Tell the bank, and say what it was told."""
    settings = load(config_path)
    bank = settings.banks.get(bank_code)
    if bank is None:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"{bank_code}: no such bank in {config_path}",
            zh=f"{bank_code}: {config_path} 中无此银行",
        )
    if not is_told_of_files(bank):
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"{bank_code}: is not told of files: its format has no such notice, or its file names no partner",
            zh=f"{bank_code}: 无文件通知: 其报文格式无此通知, 或未配置 partner",
        )
    with databases_of(settings) as databases:
        require_schemas(databases)
        rows = notify(settings, databases, bank, file_name)
    click.echo(
        say(
            en=f"{bank_code}: has been told of {file_name}, {rows} rows",
            zh=f"{bank_code}: 已通知 {file_name}, {rows} 行",
        )
    )
    return EXIT_DONE
