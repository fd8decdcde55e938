"""``fep db`` 数据库: the schema of the billing databases."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fep.command_line import Group, command, config_option, option
from fep.exits import EXIT_CANNOT_RUN, EXIT_DONE
from fep.language import Text, say

if TYPE_CHECKING:
    from fep.config.settings import Settings

db = Group(
    "db",
    text=Text("Schema of the billing databases.", "营业数据库的表结构。"),
    no_args_is_help=True,
)


@command(
    "upgrade",
    en="Bring all databases to the schema of this program.\n\nDoes nothing to one that has it already. Where one of "
    "several fails, the others are upgraded all the same; exit code 3.",
    zh="将所有数据库升级到本程序的表结构。\n\n已是最新的不做任何改动。其中之一失败时, 其余照常升级; 退出码为 3。",
)
@config_option
@option(
    "--sql",
    is_flag=True,
    en="Print the SQL for a DBA instead, from empty on.",
    zh="不执行, 只输出 SQL, 供管理员审核执行。",
)
@option(
    "--since",
    metavar="REVISION",
    en="With --sql: from this revision on, as fep check-config names it, instead of from an empty database.",
    zh="与 --sql 同用: 从该版本开始 (见 fep check-config), 而不是从空库开始。",
)
def upgrade(config_path: Path, sql: bool, since: str | None) -> int:
    """Upgrade the databases, or print how."""
    from dbgate import schema
    from fep.config.configuration import load

    settings = load(config_path)
    if since is not None and (not sql or since not in schema.revisions()):
        raise click.UsageError(_unfit_since(since, sql=sql))
    if sql:
        engines = [table.url.partition(":")[0].partition("+")[0] for table in settings.billing.databases]
        for engine in dict.fromkeys(engines):
            click.echo(schema.offline_sql(engine, since=since))
        return EXIT_DONE
    if len(settings.billing.databases) > 1:
        return _upgrade_each(settings)
    _upgrade(settings, 0)
    click.echo(say(en="the database has the schema of this program", zh="数据库表结构已是最新"))
    return EXIT_DONE


def _unfit_since(since: str, *, sql: bool) -> str:
    from dbgate import schema

    if not sql:
        return say(
            en="--since needs --sql: without it each database says itself what it has", zh="--since 须与 --sql 同用"
        )
    known = ", ".join(schema.revisions())
    return say(en=f"--since {since}: the revisions are {known}", zh=f"--since {since}: 可用的版本为 {known}")


def _upgrade_each(settings: "Settings") -> int:
    """Upgrade several databases; each is a schema by itself, so one that is away does not keep the others back."""
    from dbgate.errors import GateError
    from fep.database_reasons import database_reason_text

    exit_code = EXIT_DONE
    for index, table in enumerate(settings.billing.databases):
        try:
            _upgrade(settings, index)
        except GateError as error:
            click.echo(f"{table.name}: {database_reason_text(str(error))}", err=True)
            exit_code = EXIT_CANNOT_RUN
        else:
            click.echo(say(en=f"{table.name}: has the schema of this program", zh=f"{table.name}: 表结构已是最新"))
    return exit_code


def _upgrade(settings: "Settings", index: int) -> None:
    from dbgate import schema
    from fep.databases import open_database

    database = open_database(settings, index)
    try:
        schema.upgrade(database.money_engine)
    finally:
        database.dispose()


db.add_command(upgrade)
