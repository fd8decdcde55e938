"""``fep load`` 装入: the utility's files of accounts and bills."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fep.command_line import EXIT_BAD_INPUT, EXIT_DONE, CommandFailed, command, config_option
from fep.language import say

if TYPE_CHECKING:
    from dbgate.bulk import Loaded
    from dbgate.database import Database
    from dbgate.errors import LoadRefused
    from fep.config.settings import Settings


@command(
    "load",
    en="Load CSV files of accounts and bills.\n\nThey are loaded in the order given. "
    "Each file is loaded whole or not at all; loading it again changes nothing. The first bad one ends the command.",
    zh="装入户和应收的 CSV 文件。\n\n按给出的顺序装入; 每个文件全部装入或完全不装入; 重复装入无影响。遇错即停止。",
)
@click.argument("files", metavar="FILES...", nargs=-1, required=True, type=click.Path(path_type=Path))
@config_option
def load(files: tuple[Path, ...], config_path: Path) -> int:
    """Load each file and say how many rows were new."""
    from dbgate import schema
    from dbgate.errors import LoadRefused
    from fep.config.configuration import load as load_configuration
    from fep.databases import open_database

    settings = load_configuration(config_path)
    _refuse_apply_on_load(settings)
    database = open_database(settings)
    try:
        schema.check(database.read_engine)
        for path in files:
            try:
                loaded = _load(database, path)
            except LoadRefused as error:
                _say_refused(path, error)
                return EXIT_BAD_INPUT
            _say_loaded(path, loaded)
    finally:
        database.dispose()
    return EXIT_DONE


def _load(database: "Database", path: Path) -> "Loaded":
    from dbgate.bulk import load_file
    from fep.progress import ProgressBar

    try:
        size = path.stat().st_size
        with ProgressBar(path.name, size) as bar:
            return load_file(database, path, lambda _, bytes_read: bar.at(bytes_read))
    except OSError as error:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"{path}: cannot be read: {error.strerror}",
            zh=f"{path}: 无法读取: {error.strerror}",
        ) from None


def _say_loaded(path: Path, loaded: "Loaded") -> None:
    kinds = {"accounts": say(en="accounts", zh="户"), "bills": say(en="bills", zh="应收")}
    kind = kinds.get(loaded.kind, loaded.kind)
    click.echo(
        say(
            en=f"{path}: {loaded.new_count} {kind} loaded, {loaded.repeated_count} were there already",
            zh=f"{path}: 装入{kind} {loaded.new_count} 条, 已有 {loaded.repeated_count} 条",
        )
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
        click.echo(f"{path}: {error}", err=True)
    click.echo(
        say(en=f"{path}: nothing of this file was loaded", zh=f"{path}: 有错, 该文件未装入任何数据"),
        err=True,
    )


def _refuse_apply_on_load(settings: "Settings") -> None:
    """Settling from balances is a setting that this version does not carry out; it must not seem to."""
    if settings.billing.apply_on_load:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en="billing.apply_on_load = true: this version does not settle bills from balances; set it to false",
            zh="billing.apply_on_load = true: 本版本不支持预存抵扣; 请设为 false",
        )
