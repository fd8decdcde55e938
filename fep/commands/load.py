"""``fep load`` 装入: the utility's files of accounts and bills."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fep.command_line import command, config_option
from fep.exits import EXIT_BAD_INPUT, EXIT_CANNOT_RUN, EXIT_DONE, CommandFailed
from fep.language import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbgate.books.outbox import PushTargets
    from dbgate.bulk import CheckedFile, Loaded
    from dbgate.database import Database
    from dbgate.errors import GateError, LoadRefused
    from dbgate.load_check import PlaceOf
    from fep.config.settings import Settings

_APPLIED_FIRST = timedelta(minutes=10)
"""What the balance pays need not be debited: some million bills are settled by then."""

# \b: click leaves the lines of the paragraph as they are.
_HELP = """Load CSV files of accounts and bills.

They are loaded in the order given. Each file is loaded whole or not at all; loading it again changes nothing. The first
bad one ends the command. With several databases each row goes to the one of its account (docs/branches.md).

UTF-8, with or without a byte order mark; the header row tells accounts from bills. Money in fen, energy and readings in
1/100 kWh, all whole numbers. Columns, in any order:

\b
accounts: account_no, name, address, meter_no, passbook, supply_branch,
    user_class      residential, other
    collect_mode    counter, debit, card
    state           active, suspended, closed
    balance         opening balance in fen
    pay_at_utility  0, 1 (may be missing)

\b
bills: bill_no, account_no, month (YYYYMM), seq, energy,
    previous_reading, this_reading, principal, due_date (YYYYMMDD)

docs/load.md has every column and a sample. Exit code 2 when a file is refused.
"""
_HELP_ZH = """装入户和应收的 CSV 文件。

按给出的顺序装入; 每个文件全部装入或完全不装入; 重复装入无影响。遇错即停止。有多个数据库时, 各行按户号装入其所在的库
(见 docs/branches.zh-CN.md)。

UTF-8 编码, 可带 BOM; 按表头区分户和应收。金额以分为单位, 电量和表码以 1/100 千瓦时为单位, 均为整数。列的次序不限:

\b
户: account_no, name, address, meter_no, passbook, supply_branch,
    user_class      residential 居民, other 其他
    collect_mode    counter 柜台, debit 代扣, card 购电卡
    state           active 正常, suspended 暂停, closed 销户
    balance         期初余额, 分
    pay_at_utility  0, 1 须到供电公司办理 (可无此列)

\b
应收: bill_no, account_no, month (YYYYMM), seq, energy,
    previous_reading, this_reading, principal, due_date (YYYYMMDD)

各列说明及样例见 docs/load.zh-CN.md。文件被拒绝时退出码为 2。
"""


@command(
    "load",
    en=_HELP,
    zh=_HELP_ZH,
)
@click.argument("files", metavar="FILES...", nargs=-1, required=True, type=click.Path(path_type=Path))
@config_option
def load(files: tuple[Path, ...], config_path: Path) -> int:
    """Load each file and say how many rows were new."""
    from fep.config.configuration import load as load_configuration
    from fep.databases import databases_of, require_schemas

    settings = load_configuration(config_path)
    with databases_of(settings) as databases:
        require_schemas(databases)
        for path in files:
            exit_code = _load(settings, databases, path)
            if exit_code != EXIT_DONE:
                return exit_code
    return EXIT_DONE


def _load(settings: "Settings", databases: "Sequence[Database]", path: Path) -> int:
    """Check a file against all databases, store it in one after the other, say what was done; return the exit code."""
    from dbgate.bulk import checked_file
    from dbgate.errors import LoadRefused
    from fep.databases import place_of
    from fep.progress import ProgressBar

    places, exit_code = place_of(settings), EXIT_DONE
    names = [table.name for table in settings.billing.databases]
    try:
        with (
            ProgressBar(path.name, path.stat().st_size) as bar,
            checked_file(databases, places, path, lambda _, bytes_read: bar.at(bytes_read)) as checked,
        ):
            loaded, error = _store(checked, len(databases), _push_targets(settings))
            for name, one in zip(names, loaded, strict=False):
                _say_loaded(path, one, name if len(names) > 1 else "")
            if error is None and settings.billing.apply_on_load:
                exit_code = _apply(settings, databases, checked, places)
    except LoadRefused as refusal:
        _say_refused(path, refusal)
        return EXIT_BAD_INPUT
    except OSError as unreadable:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"{path}: cannot be read: {unreadable.strerror}",
            zh=f"{path}: 无法读取: {unreadable.strerror}",
        ) from None
    if error is not None:
        _say_incomplete(path, names, len(loaded), error)
        return EXIT_CANNOT_RUN
    return exit_code


def _apply(settings: "Settings", databases: "Sequence[Database]", checked: "CheckedFile", places: "PlaceOf") -> int:
    """Settle the bills of a file from balances, now that it is committed; the accounts of bills loaded before too.

    So a load that was stopped in the middle of this is completed by loading the file again.
    """
    from fep.balances import apply_to
    from fep.commands.balances.apply import applied_everywhere

    if checked.kind != "bills":
        return EXIT_DONE
    return applied_everywhere(
        databases,
        lambda database: apply_to(database, settings, checked.account_nos(places, databases.index(database))),
    )


def _push_targets(settings: "Settings") -> "PushTargets":
    """Return which banks the bills are pushed to; where balances are applied first, a little later."""
    from dbgate.books.outbox import PushTargets

    bank_codes = [code for code, bank in settings.banks.items() if bank.push]
    return PushTargets(bank_codes, _APPLIED_FIRST if settings.billing.apply_on_load else timedelta())


def _store(checked: "CheckedFile", count: int, targets: "PushTargets") -> "tuple[list[Loaded], GateError | None]":
    """Store a checked file; return what each database got, and the error of the first that failed after others."""
    from dbgate.errors import GateError

    loaded: list[Loaded] = []
    for place in range(count):
        try:
            loaded.append(checked.store(place, targets))
        except GateError as error:
            if not loaded:
                raise
            return loaded, error
    return loaded, None


def _say_loaded(path: Path, loaded: "Loaded", database: str) -> None:
    kinds = {"accounts": say(en="accounts", zh="户"), "bills": say(en="bills", zh="应收")}
    kind = kinds.get(loaded.kind, loaded.kind)
    where = f"{path}: {database}" if database else str(path)
    click.echo(
        say(
            en=f"{where}: {loaded.new_count} {kind} loaded, {loaded.repeated_count} were there already",
            zh=f"{where}: 装入{kind} {loaded.new_count} 条, 已有 {loaded.repeated_count} 条",
        )
    )


def _say_incomplete(path: Path, names: list[str], place: int, error: "GateError") -> None:
    """Say which databases have the file: each is a transaction of its own, and the first ones have committed."""
    from fep.database_reasons import database_reason_text

    done, left = ", ".join(names[:place]), ", ".join(names[place:])
    click.echo(f"{path}: {names[place]}: {database_reason_text(str(error))}", err=True)
    click.echo(
        say(
            en=f"{path}: loaded into {done}, not into {left}; load it again: what is there is only counted",
            zh=f"{path}: 已装入 {done}, 未装入 {left}; 请重新装入: 已有的数据只计数",
        ),
        err=True,
    )


def _say_refused(path: Path, error: "LoadRefused") -> None:
    from fep.load_reasons import reason_text

    for line, reason in error.bad_rows:
        where = say(en=f"line {line}: ", zh=f"第 {line} 行: ") if line else ""
        click.echo(f"{path}: {where}{reason_text(reason)}", err=True)
    more = error.bad_count - len(error.bad_rows)
    if more > 0:
        click.echo(say(en=f"{path}: and {more} more", zh=f"{path}: 另有 {more} 行"), err=True)
    if not error.bad_rows:
        click.echo(f"{path}: {reason_text(str(error))}", err=True)
    click.echo(
        say(en=f"{path}: nothing of this file was loaded", zh=f"{path}: 有错, 该文件未装入任何数据"),
        err=True,
    )
