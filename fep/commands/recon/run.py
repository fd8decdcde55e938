"""``fep recon run`` 日对账: matches the banks' files of a clearing date with the journal."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from dbgate.books.day_keys import day_sums
from dbgate.books.reconciliations import Reconciliation
from dbgate.database import Database
from dbgate.errors import GateError
from fep.command_line import Day, command, config_option, option
from fep.commands.reports.options import output_options
from fep.config.configuration import load
from fep.config.settings import Settings
from fep.database_reasons import database_reason_text
from fep.databases import databases_of, require_schemas
from fep.exits import EXIT_BAD_INPUT, EXIT_CANNOT_RUN, EXIT_DONE, EXIT_FINDINGS, CommandFailed
from fep.files.folders import BankFolder
from fep.language import Text, say
from fep.listings.listing import Column, Kind, Listing
from fep.listings.outputs import Outputs
from fep.operators import present_operator
from fep.progress import ProgressBar
from fep.reconciliation.bank_day import BankDay
from fep.reconciliation.day import Outcome, reconcile
from fep.system_reasons import os_reason_text
from protocol.files.errors import FileNameInvalid
from protocol.files.names import FileKind

_COLUMNS = (
    Column(Text("bank", "银行")),
    Column(Text("clearing date", "清算日期"), Kind.DAY),
    Column(Text("batch", "对账批次")),
    Column(Text("bank's rows", "银行笔数"), Kind.COUNT),
    Column(Text("bank's total", "银行金额"), Kind.YUAN),
    Column(Text("FEP's rows", "前置笔数"), Kind.COUNT),
    Column(Text("FEP's total", "前置金额"), Kind.YUAN),
    Column(Text("matched", "相符"), Kind.COUNT),
    Column(Text("amount differs", "金额不符"), Kind.COUNT),
    Column(Text("state differs", "状态不符"), Kind.COUNT),
    Column(Text("only bank", "长款"), Kind.COUNT),
    Column(Text("only FEP", "短款"), Kind.COUNT),
    Column(Text("in flight", "在途"), Kind.COUNT),
    Column(Text("result file", "结果文件")),
)


@command(
    "run",
    en="""Match the banks' files of a clearing date with the journal, store the differences, and write the result files.

The day must be closed in every database. A day that is finished stays as it is: the command shows it again, and makes
a result file that is missing again. Without --bank it is done for every bank whose file has come; a bank that has
transactions on that day and no file is a finding.

Exit code 1 when there are differences or a file is missing; 2 when a file is refused (nothing of it is stored) or the
day is open; 3 when a database cannot be asked: then repeat it. docs/reconciliation.md has the rules.""",
    zh="""将各银行的对账文件与流水勾对, 存储差异, 并生成结果文件。

该日须已在所有数据库中日切。已完成的日期保持不变: 再次执行只显示结果, 并补做缺失的结果文件。不指定 --bank 时,
处理已收到文件的所有银行; 当日有交易而无文件的银行列为问题。

有差异或缺文件时退出码为 1; 文件被拒绝 (不存储任何结果) 或该日未日切时为 2; 数据库不可用时为 3, 请重复执行。
规则见 docs/reconciliation.zh-CN.md。""",
)
@config_option
@option(
    "--bank", "banks", multiple=True, metavar="CODE", en="Only this bank; may be repeated.", zh="仅此银行; 可重复。"
)
@option("--date", "day", type=Day(), required=True, metavar="DATE", en="Clearing date.", zh="清算日期。")
@option(
    "--file",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    en="The file of one bank, where it is not the one that has been sent.",
    zh="一家银行的文件, 用于替代其已送达的文件。",
)
@output_options
def run(config_path: Path, banks: tuple[str, ...], day: date, path: Path | None, outputs: Outputs) -> int:
    """Reconcile the day of each bank and show what it came to."""
    settings = load(config_path)
    asked = _asked(settings, config_path, banks, path)
    worst = EXIT_DONE
    outcomes: list[tuple[str, Outcome]] = []
    with outputs, databases_of(settings) as databases:
        require_schemas(databases)
        for bank_day in _days(settings, databases, day, asked):
            try:
                outcome = _reconciled(bank_day, path)
            except (CommandFailed, GateError, OSError) as error:  # of one bank, which keeps no other waiting
                worst = max(worst, _say_failed(bank_day.bank.bank_code, error))
                continue
            outcomes.append((bank_day.bank.bank_code, outcome))
        if not outcomes and worst == EXIT_DONE:
            click.echo(
                say(en=f"{day}: no file of a bank, and no transactions", zh=f"{day}: 无银行文件, 也无交易"), err=True
            )
        if outcomes or worst == EXIT_DONE:
            outputs.show(_listing(day, [outcome for _, outcome in outcomes]))
    return max([worst, *(_exit_code(outcome.reconciliation) for _, outcome in outcomes)])


def _asked(settings: Settings, config_path: Path, banks: Sequence[str], path: Path | None) -> list[str]:
    """Return the banks that are named, by --bank or by the name of the file; empty: all of them."""
    for code in banks:
        if code not in settings.banks:
            raise CommandFailed(
                EXIT_BAD_INPUT, en=f"{code} is no bank of {config_path}", zh=f"{config_path} 中没有银行 {code}"
            )
    if path is None:
        return list(dict.fromkeys(banks))
    named = list(banks) or [code for code, bank in settings.banks.items() if _is_named(path.name, code, settings)]
    if len(named) != 1:
        raise click.UsageError(
            say(en="--file goes with the one --bank whose file it is", zh="--file 须与该文件所属的一个 --bank 同用")
        )
    return named


def _is_named(name: str, bank_code: str, settings: Settings) -> bool:
    """Tell whether a bank's reconcile detail may be called so."""
    try:
        meant = settings.banks[bank_code].files.read_name(name)
    except FileNameInvalid:
        return False
    return (meant.kind, meant.bank_code) == (FileKind.RECONCILE_DETAIL, bank_code)


def _days(settings: Settings, databases: Sequence[Database], day: date, asked: Sequence[str]) -> list[BankDay]:
    """Return what is to be reconciled: what was asked for, or whose file has come or should have come."""
    operator = present_operator()
    all_days = [
        BankDay(databases, bank, day, BankFolder(settings.files.directory / code), operator)
        for code, bank in sorted(settings.banks.items())
        if FileKind.RECONCILE_DETAIL in bank.files.layouts
    ]
    if asked:
        return [each for each in all_days if each.bank.bank_code in asked]
    return [each for each in all_days if each.file_path.exists() or _has_transactions(each)]


def _has_transactions(bank_day: BankDay) -> bool:
    with bank_day.snapshots() as snapshots:
        return any(day_sums(each, bank_day.journal_day)[0] for each in snapshots)


def _reconciled(bank_day: BankDay, path: Path | None) -> Outcome:
    code = bank_day.bank.bank_code
    with ProgressBar(say(en=f"reconciling {code}", zh=f"{code} 对账"), 100) as bar:
        return reconcile(bank_day, path, bar.at)


def _say_failed(bank_code: str, error: CommandFailed | GateError | OSError) -> int:
    """Say why a bank's day was not reconciled, and return the exit code."""
    if isinstance(error, CommandFailed):
        click.echo(f"{bank_code}: {error}", err=True)
        return error.exit_code
    reason = os_reason_text(error) if isinstance(error, OSError) else database_reason_text(str(error))
    click.echo(f"{bank_code}: {reason}", err=True)
    return EXIT_CANNOT_RUN


def _exit_code(reconciliation: Reconciliation) -> int:
    return EXIT_FINDINGS if reconciliation.difference_count else EXIT_DONE


def _listing(day: date, outcomes: Sequence[Outcome]) -> Listing:
    title = Text(f"Reconciliation of {day}", f"{day} 对账结果")
    rows = [_cells(each.reconciliation, each.result_path) for each in outcomes]
    return Listing("reconciliation", title, Text("reconciliation", "对账"), _COLUMNS, rows)


def _cells(found: Reconciliation, result_path: Path | None) -> list[object]:
    return [
        *(found.bank_code, found.clearing_date, f"{found.batch_no:012d}"),
        *(found.bank_row_count, found.bank_total_fen, found.fep_row_count, found.fep_total_fen),
        *(found.matched_count, found.amount_differs_count, found.state_differs_count),
        *(found.only_bank_count, found.only_fep_count, found.in_flight_count),
        None if result_path is None else str(result_path),
    ]
