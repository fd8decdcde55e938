"""``fep debit mandates`` 装入代扣协议: the banks' mandate files."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from fep.command_line import command, config_option
from fep.commands.debit.options import each_file, opened
from fep.commands.debit.words import MANDATE_FINDINGS
from fep.commands.reports.options import bank_option, day_option, output_options
from fep.debits.bank_site import BankSite, bank_site
from fep.debits.mandates import Loaded, load_mandates, mandate_names
from fep.exits import EXIT_BAD_INPUT, EXIT_DONE, EXIT_FINDINGS, CommandFailed
from fep.language import Text, say
from fep.listings.listing import Column, Kind, Listing
from fep.listings.outputs import Outputs
from fep.operators import present_operator
from protocol.files.names import FileKind

_COLUMNS = (
    Column(Text("file", "文件")),
    Column(Text("line", "行"), Kind.COUNT),
    Column(Text("account", "户号"), Kind.ACCOUNT),
    Column(Text("finding", "问题")),
)


@command(
    "mandates",
    en="""Load the banks' mandate files: which accounts each bank debits.

All files that have come are taken, oldest first; one that was loaded before changes nothing. A file that is wrong is
refused whole (exit code 2). A row that cannot be taken is a finding (exit code 1): no such account, an account that is
closed or has a mandate at another bank, an end of what is not there. A name other than ours is a finding too, and its
row is taken.""",
    zh="""装入银行送来的代扣协议文件。

按日期先后装入全部文件; 已装入的文件重复装入无影响。文件有错时整个文件拒绝 (退出码 2)。无法装入的行列为问题 (退出码 1):
无此户号、已销户、在其他银行已有协议、终止不存在的协议。户名与我方不同也列为问题, 但该行照常装入。""",
)
@config_option
@bank_option
@day_option(en="Only the files of this day.", zh="仅此日期的文件。")
@output_options
def mandates(config_path: Path, banks: tuple[str, ...], day: date | None, outputs: Outputs) -> int:
    """Load what there is and show the findings."""
    with opened(config_path) as (settings, databases), outputs:
        sites = [bank_site(settings, databases, code) for code in banks or sorted(settings.banks)]
        loaded: list[Loaded] = []
        exit_codes = [_load_all(site, day, loaded) for site in sites if _has_mandates(site, banks)]
        exit_code = max(exit_codes, default=EXIT_DONE)
        if not loaded and exit_code == EXIT_DONE and (day is not None or banks):
            raise CommandFailed(
                EXIT_BAD_INPUT,
                en=f"there is no mandate file in {settings.files.directory}",
                zh=f"{settings.files.directory} 中没有代扣协议文件",
            )
        rows = [
            [each.name, found.line, found.account_no, MANDATE_FINDINGS[found.finding]]
            for each in loaded
            for found in each.findings
        ]
        if rows or not loaded:
            outputs.show(_listing(rows))
    return exit_code or (EXIT_FINDINGS if rows else EXIT_DONE)


def _has_mandates(site: BankSite, banks: Sequence[str]) -> bool:
    """Tell whether the bank sends mandates; asked for by name, it must."""
    return bool(banks) or FileKind.MANDATES in site.bank.files.layouts


def _load_all(site: BankSite, day: date | None, loaded: list[Loaded]) -> int:
    """Load the bank's files into ``loaded`` and return the exit code."""

    def take(name: str) -> None:
        each = load_mandates(site, name, present_operator())
        _say_loaded(each)
        loaded.append(each)

    return each_file(mandate_names(site, day), take)


def _say_loaded(loaded: Loaded) -> None:
    name, count = loaded.name, loaded.row_count
    if loaded.is_repeated:
        click.echo(say(en=f"{name}: was loaded before", zh=f"{name}: 此前已装入"), err=True)
    else:
        findings = len(loaded.findings)
        click.echo(
            say(en=f"{name}: {count} rows, {findings} findings", zh=f"{name}: {count} 行, 问题 {findings} 项"), err=True
        )


def _listing(rows: Sequence[Sequence[object]]) -> Listing:
    title = Text("Findings in mandate files", "代扣协议文件的问题")
    return Listing("findings", title, Text("findings", "问题"), _COLUMNS, rows)
