"""``fep balances apply`` 预存抵扣: settles open bills from balances, every day or after bills were issued."""

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from dbgate import schema
from dbgate.database import Database
from dbgate.errors import GateError
from fep.balances import Sums, apply_all
from fep.command_line import command, config_option
from fep.config.configuration import load
from fep.database_reasons import database_reason_text
from fep.databases import databases_of
from fep.exits import EXIT_CANNOT_RUN, EXIT_DONE
from fep.language import say
from fep.listings.listing import yuan
from fep.progress import Waiting


@command(
    "apply",
    en="""Settle open bills from the balances of their accounts.

Oldest bill first, each whole and with its late fee of today, as far as the balance reaches; the first that does not
fit ends it. Accounts of which a bill is in a debit batch are left alone; suspended and closed ones are not. No bank
takes part, and no CANCEL or REVERSE takes it back.

It may run beside the daemons, be stopped at any moment and be run again: what is done stays done.

Exit code 3 when a database cannot be asked or accounts could not be done; then run it again.""",
    zh="""用户的预存款抵扣未收应收。

先旧后新, 整笔连同当日违约金抵扣, 以余额为限, 遇第一笔不足即止。有应收在代扣中的户不处理; 暂停和销户的户照常处理。
不涉及银行, 银行的撤销和冲正不能撤回。

可在前置机运行时执行, 可随时中断并重复执行: 已完成的部分保持不变。

数据库不可用或有户未能处理时退出码为 3, 请重新执行。""",
)
@config_option
def apply(config_path: Path) -> int:
    """Settle in every database and say what was done."""
    settings = load(config_path)
    with databases_of(settings) as databases, Waiting(say(en="applying balances", zh="预存抵扣中")):
        return applied_everywhere(databases, lambda database: apply_all(database, settings))


def applied_everywhere(databases: Sequence[Database], settle: Callable[[Database], Sums]) -> int:
    """Settle in one database after the other, say what was done in each, and return the exit code.

    One that is away keeps nobody else waiting: its accounts are its own.
    """
    exit_code = EXIT_DONE
    for database in databases:
        where = f"{database.name}: " if len(databases) > 1 else ""
        try:
            schema.check(database.read_engine)
            sums = settle(database)
        except GateError as error:
            click.echo(f"{where}{database_reason_text(str(error))}", err=True)
            exit_code = EXIT_CANNOT_RUN
            continue
        _say_applied(where, sums)
        if sums.failures:
            exit_code = EXIT_CANNOT_RUN
    return exit_code


def _say_applied(where: str, sums: Sums) -> None:
    click.echo(
        say(
            en=f"{where}{yuan(sums.amount_fen)} yuan of balances applied to {sums.bill_count} bills of "
            f"{sums.account_count} accounts",
            zh=f"{where}预存抵扣 {sums.account_count} 户, 应收 {sums.bill_count} 笔, 金额 {yuan(sums.amount_fen)} 元",
        )
    )
    for reason, count in sums.failures.items():
        why = database_reason_text(reason)
        click.echo(
            say(
                en=f"{where}{count} accounts could not be done: {why}; run it again",
                zh=f"{where}{count} 户未能处理: {why}; 请重新执行",
            ),
            err=True,
        )
