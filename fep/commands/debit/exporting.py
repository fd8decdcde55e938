"""``fep debit export`` 出盘: lists the open bills of a month for the bank that debits them."""

from datetime import date
from pathlib import Path

import click

from dbgate.errors import GateError
from fep.command_line import command, config_option, option
from fep.commands.debit.options import one_bank_option, opened_bank
from fep.commands.debit.words import batch_listing
from fep.commands.reports.options import Month, output_options
from fep.database_reasons import database_reason_text
from fep.debits.bank_site import BankSite
from fep.debits.listing import Exported
from fep.debits.listing import export as export_batch
from fep.exits import EXIT_DONE, EXIT_FINDINGS, CommandFailed
from fep.language import Text, say
from fep.listings.outputs import Outputs
from fep.operators import present_operator
from fep.partners.batch_notices import is_told_of_files, notify


@command(
    "export",
    en="""Write the debit list of a bank: the open bills of a month of the accounts it debits.

The bills are held by the batch until its result has come back: no bank takes a payment for their accounts until then.
Late fees are those of the day the batch is made. Left out are accounts that are suspended or closed, and those that the
bank has been asked to debit already (BILL_PUSH).

Stopped at any moment, the same command goes on where it was. Without a bill to list no file is written. A bank that is
told of files by messages is told then. Exit code 1 when bills do not fit the bank's file; they stay open; or when the
bank could not be told.""",
    zh="""生成银行某月的代扣出盘文件: 该行代扣户的全部未收应收。

出盘的应收在回盘前由本批次占用, 期间各银行均不收取这些户的电费。违约金按批次生成日计算。暂停、销户的户, 以及已向银行实时
划拨的户不列入。

可随时中断, 重新执行同一命令即继续。没有可列的应收时不生成文件。以报文通知文件的银行随即收到通知。
有应收不符合银行文件格式 (这些应收保持未收), 或未能通知银行时, 退出码为 1。""",
)
@config_option
@one_bank_option
@option("--month", "month", type=Month(), required=True, metavar="MONTH", en="Month of the bills.", zh="电费年月。")
@output_options
def export(config_path: Path, bank_code: str, month: date, outputs: Outputs) -> int:
    """Make the batch or go on with it, and show it."""
    number = month.year * 100 + month.month
    exit_code = EXIT_DONE
    with opened_bank(config_path, bank_code) as site, outputs:
        exported = export_batch(site, number, present_operator())
        _say_unfit(exported)
        if exported.batch is None or exported.path is None:
            nothing = say(en="no bill to list", zh="没有可列的应收")
            click.echo(f"{bank_code} {month:%Y-%m}: {nothing}", err=True)
        else:
            click.echo(str(exported.path), err=True)
            outputs.show(batch_listing([exported.batch], Text("Debit batch", "代扣批次")))
            if not _has_told(site, exported.path.name):
                exit_code = EXIT_FINDINGS
    return EXIT_FINDINGS if exported.unfit else exit_code


def _has_told(site: BankSite, file_name: str) -> bool:
    """Tell the bank of its list, where it is told of files by messages; return False when that is left to do."""
    if not is_told_of_files(site.bank):
        return True
    try:
        notify(site.settings, site.databases, site.bank, file_name)
    except (CommandFailed, GateError) as error:
        reason = str(error) if isinstance(error, CommandFailed) else database_reason_text(str(error))
        again = f"fep partner notify {file_name} --bank {site.bank.bank_code}"
        click.echo(
            say(
                en=f"{reason}\nthe list is out; tell the bank of it: {again}",
                zh=f"{reason}\n已出盘; 请通知银行: {again}",
            ),
            err=True,
        )
        return False
    return True


def _say_unfit(exported: Exported) -> None:
    for bill_no in exported.unfit:
        click.echo(
            say(
                en=f"bill {bill_no} does not fit the bank's file (a number too long, or characters it has not)",
                zh=f"应收 {bill_no} 不符合银行文件格式 (号码过长或含不支持的字符)",
            ),
            err=True,
        )
