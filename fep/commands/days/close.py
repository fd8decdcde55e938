"""``fep day close`` 日切: ends a bank's clearing date by command, before the evening's cut-off does."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import click

from dbgate.books.acts import Act
from dbgate.clearing import ClearingDates
from dbgate.cut_off import CutOff
from dbgate.database import Database
from dbgate.errors import DayNotOpen, OutcomeUnknown
from fep.command_line import Day, command, config_option, option
from fep.config.configuration import load
from fep.config.settings import Settings
from fep.databases import databases_of, naming, require_schemas
from fep.exits import EXIT_BAD_INPUT, EXIT_CANNOT_RUN, EXIT_DONE, CommandFailed
from fep.language import say
from fep.operators import present_operator

ALL = "all"
ACT = "day_close"


@command(
    "close",
    en="""End the clearing date DATE of a bank now; of all banks with 'all'.

No payment enters it any more, and the cut-off of that evening does nothing. A day that is over already stays so: the
command may be repeated. Nothing is closed unless the day has begun for every bank that is meant, in every database. Who
closed it goes into the record of operators.

Exit code 2 when the day has not begun, 3 when a database cannot be asked or it is not known whether the day is closed;
then repeat it.""",
    zh="""立即结束银行的清算日期 DATE; 用 all 表示所有银行。

此后任何交费不再计入该日, 当晚的自动日切不再执行。已结束的日期保持不变, 本命令可重复执行。
所指各银行在各数据库中该日均已开始时才会结束。操作员计入操作记录。

该日尚未开始时退出码为 2; 数据库不可用或结果未知时为 3, 请重复执行。""",
)
@click.argument("bank_code", metavar="[BANK]", required=False)
@option(
    "--bank", "named", metavar="BANK", en="The bank, or all; the same as BANK.", zh="银行代码或 all; 与 BANK 相同。"
)
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
def close(bank_code: str | None, named: str | None, clearing_date: date, config_path: Path) -> int:
    """Close the day in every database and say which one is present then."""
    if bank_code is not None and named is not None and bank_code != named:
        raise click.UsageError(say(en="BANK and --bank name two banks", zh="BANK 与 --bank 不一致"))
    settings = load(config_path)
    bank_codes = _meant(settings, config_path, bank_code or named)
    with databases_of(settings) as databases:
        require_schemas(databases)
        cut_offs = {code: bank.cut_off for code, bank in settings.banks.items()}
        closings = [(database, CutOff(database, ClearingDates(cut_offs))) for database in databases]
        still_open = [code for code in bank_codes if _look_at(closings, code, clearing_date)]
        for code in bank_codes:
            present = _close(closings, code, clearing_date, is_open=code in still_open)
            click.echo(
                say(
                    en=f"{code}: {clearing_date} is closed; the clearing date is {present}",
                    zh=f"{code}: {clearing_date} 已结束; 当前清算日期为 {present}",
                )
            )
    return EXIT_DONE


def _meant(settings: Settings, config_path: Path, bank_code: str | None) -> list[str]:
    """Return the banks that are meant."""
    if bank_code is None:
        raise click.UsageError(say(en="which BANK? 'all' means all of them", zh="缺少 BANK; all 表示所有银行"))
    if bank_code == ALL:
        return sorted(settings.banks)
    if bank_code not in settings.banks:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"{bank_code} is no bank of {config_path}",
            zh=f"{config_path} 中没有银行 {bank_code}",
        )
    return [bank_code]


def _look_at(closings: Sequence[tuple[Database, CutOff]], bank_code: str, day: date) -> bool:
    """Roll what is due everywhere and tell whether ``day`` is present anywhere; nothing is closed yet.

    Raises:
        CommandFailed: ``day`` has not begun in one of the databases, or one cannot be asked.
    """
    presents = []
    for database, cut_off in closings:
        with naming(database, [each for each, _ in closings]):
            cut_off.ensure([bank_code])
            presents.append(cut_off.present_day(bank_code))
    if day > min(presents):
        raise _not_begun(bank_code, day, min(presents))
    return day in presents


def _close(closings: Sequence[tuple[Database, CutOff]], bank_code: str, day: date, *, is_open: bool) -> date:
    """Close ``day`` in one database after the other and return the date that is present then.

    What an operator has done stands in the first database, in the transaction that closes the day there.
    """
    presents = []
    act = Act(present_operator(), ACT, bank_code, day.isoformat()) if is_open else None
    for database, cut_off in closings:
        with naming(database, [each for each, _ in closings]), _said(bank_code, day):
            presents.append(cut_off.close_day(bank_code, day, act))
        act = None
    return min(presents)


@contextmanager
def _said(bank_code: str, day: date) -> Iterator[None]:
    try:
        yield
    except DayNotOpen as error:  # looked at before, and a date never goes back: only a changed clock comes here
        raise _not_begun(bank_code, day, error.present) from None
    except OutcomeUnknown as error:
        raise CommandFailed(
            EXIT_CANNOT_RUN,
            en=f"{bank_code}: {error}; repeat the command",
            zh=f"{bank_code}: {day} 是否已结束尚不确定; 请重复执行本命令",
        ) from None


def _not_begun(bank_code: str, day: date, present: date) -> CommandFailed:
    return CommandFailed(
        EXIT_BAD_INPUT,
        en=f"{bank_code}: {day} has not begun; the clearing date is {present}",
        zh=f"{bank_code}: {day} 尚未开始; 当前清算日期为 {present}",
    )
