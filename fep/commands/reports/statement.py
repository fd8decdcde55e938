"""``fep report day --camt`` 账户报表输出: one message for the utility's ledger, a statement for each bank."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zlib import crc32

import click

from dbgate.reports.account_statements import Entries, Turnover, entries_of, first_days, turnovers
from dbgate.reports.criteria import Criteria
from fep.clock import shanghai_now
from fep.commands.reports.sources import Sources
from fep.exits import EXIT_BAD_INPUT, CommandFailed
from fep.language import say
from fep.listings.private_output import private_output
from fep.progress import ProgressBar
from fep.statements.camt053 import Statement, write_message

_ID_SUFFIXES = {Entries.COUNTED: "", Entries.ADJUSTING: "-ADJ"}


@dataclass(frozen=True, slots=True)
class _Part:
    """What becomes one statement."""

    bank_code: str
    entries: Entries
    turnover: Turnover


def require_whole_banks(criteria: Criteria) -> None:
    """Refuse what would leave out a part of a bank's day: a ledger would take it for the whole.

    Raises:
        click.UsageError: the report is narrowed by something else than banks.
    """
    if criteria != Criteria(banks=criteria.banks):
        raise click.UsageError(say(en="--camt goes with --bank alone", zh="--camt 只能与 --bank 同用"))


def write_statement(path: Path, sources: Sources, day: date, banks: Sequence[str], *, with_names: bool) -> None:
    """Write the statements of a clearing date: of these banks, or of all.

    A bank has a second statement when adjustments were made on the day: they count in the totals of no day.

    Raises:
        CommandFailed: the day of one of the banks is not over, or began before the bank did.
    """
    firsts = first_days(sources.snapshots)
    wanted = _closed_banks(sources, firsts, day, banks)
    parts = list(_parts(sources, day, wanted))
    count = sum(part.turnover.credit_count + part.turnover.debit_count for part in parts)
    with private_output(path) as file, ProgressBar(path.name, count) as bar:
        write_message(
            file,
            message_id(day, wanted),
            shanghai_now(),
            (_statement(sources, firsts, day, part) for part in parts),
            with_names=with_names,
            progress=bar.at,
        )


def message_id(day: date, banks: Sequence[str]) -> str:
    """Return the message's number: of one day and bank, or set of banks, it is always the same.

    >>> message_id(date(2026, 11, 22), ["0102"])
    'FEP-20261122-0102'
    """
    if len(banks) == 1:
        return f"FEP-{day:%Y%m%d}-{banks[0]}"
    return f"FEP-{day:%Y%m%d}-{len(banks)}-{crc32(','.join(banks).encode()):08X}"


def _closed_banks(sources: Sources, firsts: dict[str, date], day: date, banks: Sequence[str]) -> list[str]:
    """Return the banks that collected on the day, none of which may still be in it."""
    wanted = [bank for bank in sorted(set(banks) or firsts) if bank in firsts and firsts[bank] <= day]
    if not wanted:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"--camt: no bank had begun by {day}",
            zh=f"--camt: {day} 尚无银行开始业务",
        )
    for bank in wanted:
        if sources.days[bank] <= day:
            raise CommandFailed(
                EXIT_BAD_INPUT,
                en=f"--camt: {bank}: {day} is still open; a statement is of a day that is over",
                zh=f"--camt: {bank}: {day} 尚未日切; 只能为已结束的日期生成账户报表",
            )
    return wanted


def _parts(sources: Sources, day: date, banks: Sequence[str]) -> Iterator[_Part]:
    counted = turnovers(sources.snapshots, day, Entries.COUNTED)
    adjusting = turnovers(sources.snapshots, day, Entries.ADJUSTING)
    for bank in banks:
        yield _Part(bank, Entries.COUNTED, counted.get(bank, Turnover()))
        if bank in adjusting:
            yield _Part(bank, Entries.ADJUSTING, adjusting[bank])


def _statement(sources: Sources, firsts: dict[str, date], day: date, part: _Part) -> Statement:
    settings = sources.settings.banks.get(part.bank_code)
    return Statement(
        statement_id=f"{part.bank_code}-{day:%Y%m%d}{_ID_SUFFIXES[part.entries]}",
        sequence_no=(day - firsts[part.bank_code]).days + 1,
        bank_code=part.bank_code,
        bank_name="" if settings is None else settings.name,
        account="" if settings is None else settings.statement_account,
        day=day,
        turnover=part.turnover,
        entries=entries_of(sources.snapshots, part.bank_code, day, part.entries),
    )
