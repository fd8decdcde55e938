"""``fep db`` 数据库: the schema of the billing database."""

from pathlib import Path

import click

from fep.command_line import EXIT_DONE, Group, command, config_option, option
from fep.language import Text, say

db = Group(
    "db",
    text=Text("Schema of the billing database.", "营业数据库的表结构。"),
    no_args_is_help=True,
)


@command(
    "upgrade",
    en="Bring the database to the schema of this program.\n\nDoes nothing when it has it already.",
    zh="将数据库升级到本程序的表结构。\n\n已是最新时不做任何改动。",
)
@config_option
@option(
    "--sql",
    is_flag=True,
    en="Print the SQL for a DBA instead, from empty on.",
    zh="不执行, 只输出 SQL, 供管理员审核执行。",
)
def upgrade(config_path: Path, sql: bool) -> int:
    """Upgrade the database, or print how."""
    from dbgate import schema
    from fep.config.configuration import load
    from fep.databases import open_database

    settings = load(config_path)
    if sql:
        backend = settings.billing.databases[0].url.partition(":")[0].partition("+")[0]
        click.echo(schema.offline_sql(backend))
        return EXIT_DONE
    database = open_database(settings)
    try:
        schema.upgrade(database.money_engine)
    finally:
        database.dispose()
    click.echo(say(en="the database has the schema of this program", zh="数据库表结构已是最新"))
    return EXIT_DONE


db.add_command(upgrade)
