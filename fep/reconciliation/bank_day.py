"""Bank's day 银行清算日: a bank's clearing date, and where everything about it is."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dbgate.books.day_keys import JournalDay
from dbgate.database import Database
from dbgate.reports.snapshots import Snapshot, snapshot
from fep.config.settings import BankSettings
from fep.databases import naming
from fep.files.folders import BankFolder
from protocol.files.names import FileKind, FileName


@dataclass(frozen=True, slots=True)
class BankDay:
    """A bank's clearing date.

    Attributes:
        databases: all of them; the books stand in the first.
        folder: the bank's files.
        operator: who reconciles.
    """

    databases: Sequence[Database]
    bank: BankSettings
    clearing_date: date
    folder: BankFolder
    operator: str

    @property
    def file_name(self) -> FileName:
        """Which file of the bank's it is."""
        return FileName(FileKind.RECONCILE_DETAIL, self.bank.bank_code, self.clearing_date)

    @property
    def file_path(self) -> Path:
        """Where the bank's file stands when it has come."""
        return self.folder.incoming / self.bank.files.write_name(self.file_name)

    @property
    def result_name(self) -> str | None:
        """The name of the result file; None where the bank's format has none."""
        if FileKind.RECONCILE_RESULT not in self.bank.files.layouts:
            return None
        return self.bank.files.write_name(self.file_name.result)

    @property
    def journal_day(self) -> JournalDay:
        """The rows of the journal that the file is held against."""
        return JournalDay(self.bank.bank_code, self.clearing_date, self.bank.files.lists_batch_debits)

    @contextmanager
    def snapshots(self) -> Iterator[list[Snapshot]]:
        """Stand in one snapshot of each database."""
        with ExitStack() as opened:
            found = []
            for database in self.databases:
                with naming(database, self.databases):
                    found.append(opened.enter_context(snapshot(database)))
            yield found

    @property
    def result_path(self) -> Path | None:
        """Where the bank gets the result file, if it is there."""
        if self.result_name is None:
            return None
        path = self.folder.outgoing / self.result_name
        return path if path.exists() else None
