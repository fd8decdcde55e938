"""``fep day`` 日切: ends a bank's clearing date by command, before the evening's cut-off does."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fep.command_line import (
    EXIT_BAD_INPUT,
    EXIT_CANNOT_RUN,
    EXIT_DONE,
    CommandFailed,
    Group,
    command,
    config_option,
    option,
)
from fep.language import Text, say

if TYPE_CHECKING:
    from dbgate.database import Database
    from fep.config.settings import Settings

day = Group(
    "day",
    text=Text("Clearing dates of banks.", "银行的清算日期。"),
    no_args_is_help=True,
)


class Day(click.ParamType[date]):
    """A day as ``YYYY-MM-DD`` or ``YYYYMMDD``."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day; a usage error when it is none."""
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(
                say(en=f"{value}: not a day as YYYY-MM-DD", zh=f"{value}: 不是 YYYY-MM-DD 形式的日期"), param, ctx
            )


@command(
    "close",
    en="""End the clearing date DATE of a bank now.

No payment enters it any more, and the cut-off of that evening does nothing. A day that is over already stays so: the
command may be repeated.

Exit code 2 when the day has not begun, 3 when a database cannot be asked or it is not known whether the day is closed;
then repeat it.""",
    zh="""立即结束银行的清算日期 DATE。

此后任何交费不再计入该日, 当晚的自动日切不再执行。已结束的日期保持不变, 本命令可重复执行。

该日尚未开始时退出码为 2; 数据库不可用或结果未知时为 3, 请重复执行。""",
)
@click.argument("bank_code", metavar="BANK")
@option(
    "--date",
    "clearing_date",
    type=Day(),
    required=True,
    metavar="DATE",
    en="The day, YYYY-MM-DD.",
    zh="日期, YYYY-MM-DD。",
)
@config_option
def close(bank_code: str, clearing_date: date, config_path: Path) -> int:
    """Close the day in every database and say which one is present then."""
    from fep.config.configuration import load
    from fep.databases import open_databases

    settings = load(config_path)
    if bank_code not in settings.banks:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"{bank_code} is no bank of {config_path}",
            zh=f"{config_path} 中没有银行 {bank_code}",
        )
    databases = open_databases(settings)
    try:
        present = _close(settings, databases, bank_code, clearing_date)
    finally:
        for database in databases:
            database.dispose()
    click.echo(
        say(
            en=f"{bank_code}: {clearing_date} is closed; the clearing date is {present}",
            zh=f"{bank_code}: {clearing_date} 已结束; 当前清算日期为 {present}",
        )
    )
    return EXIT_DONE


def _close(settings: "Settings", databases: "Sequence[Database]", bank_code: str, clearing_date: date) -> date:
    """Close the day in one database after the other; nothing is begun while one of them is away."""
    from dbgate import schema
    from dbgate.clearing import ClearingDates
    from dbgate.cut_off import CutOff
    from dbgate.errors import DayNotOpen, OutcomeUnknown

    for database in databases:
        schema.check(database.read_engine)
    cut_offs = {code: bank.cut_off for code, bank in settings.banks.items()}
    try:
        presents = []
        for database in databases:
            cut_off = CutOff(database, ClearingDates(cut_offs))
            cut_off.ensure([bank_code])
            presents.append(cut_off.close_day(bank_code, clearing_date))
    except DayNotOpen as error:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"{bank_code}: {clearing_date} has not begun; the clearing date is {error.present}",
            zh=f"{bank_code}: {clearing_date} 尚未开始; 当前清算日期为 {error.present}",
        ) from None
    except OutcomeUnknown as error:
        raise CommandFailed(
            EXIT_CANNOT_RUN,
            en=f"{bank_code}: {error}; repeat the command",
            zh=f"{bank_code}: {clearing_date} 是否已结束尚不确定; 请重复执行本命令",
        ) from None
    return min(presents)


day.add_command(close)
