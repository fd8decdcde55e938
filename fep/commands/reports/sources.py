"""Sources 报表数据源: one snapshot of each billing database, of which all must be there."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click

from dbgate.reports.collected import clearing_days
from dbgate.reports.criteria import Period
from dbgate.reports.days import spans
from dbgate.reports.snapshots import Snapshot, snapshot
from fep.config.configuration import load
from fep.config.settings import Settings
from fep.databases import databases_of, naming, require_schemas
from fep.exits import EXIT_BAD_INPUT, CommandFailed
from fep.language import say


@dataclass(frozen=True, slots=True)
class Sources:
    """What a report reads.

    Attributes:
        snapshots: one for each database, in the order of the configuration.
        days: by bank, its present clearing date.
    """

    settings: Settings
    snapshots: Sequence[Snapshot]
    days: dict[str, date]

    def require_banks(self, banks: Sequence[str]) -> None:
        """Refuse a bank that is in neither the configuration nor a database: a mistyped one has no payments either."""
        for bank in banks:
            if bank not in self.settings.banks and bank not in self.days:
                raise CommandFailed(EXIT_BAD_INPUT, en=f"there is no bank {bank}", zh=f"没有银行 {bank}")

    def require_begun(self, period: Period, banks: Sequence[str]) -> None:
        """Refuse a period that no bank has reached; say that it was before the first, or what is still open."""
        days = {bank: day for bank, day in self.days.items() if not banks or bank in banks}
        latest = max(days.values(), default=None)
        if latest is not None and period.first > latest:
            raise CommandFailed(
                EXIT_BAD_INPUT,
                en=f"{period.first} has not begun; the latest clearing date is {latest}",
                zh=f"{period.first} 尚未开始; 最新清算日期为 {latest}",
            )
        first = min((span.first for bank, span in spans(self.snapshots).items() if bank in days), default=None)
        if first is not None and period.last < first:
            note = say(
                en=f"{period.last} was before the first clearing date, {first}",
                zh=f"{period.last} 早于首个清算日期 {first}",
            )
            click.echo(note, err=True)
        still = {bank: day for bank, day in sorted(days.items()) if day <= period.last}
        for bank, day in still.items():
            note = say(en=f"{bank}: {day} is still open, its sums may grow", zh=f"{bank}: {day} 尚未日切, 数字仍会变化")
            click.echo(note, err=True)


@contextmanager
def open_sources(config_path: Path) -> Iterator[Sources]:
    """Open the databases of a configuration, and a snapshot of each until the block ends.

    Raises:
        CommandFailed: one of them is away: a report over the others would pass for the whole.
    """
    settings = load(config_path)
    with databases_of(settings) as databases, ExitStack() as open_snapshots:
        require_schemas(databases)
        snapshots = []
        for database in databases:
            with naming(database, databases):
                snapshots.append(open_snapshots.enter_context(snapshot(database)))
        yield Sources(settings, snapshots, clearing_days(snapshots))
