"""Bank site 银行代扣环境: what a debit command of one bank works with: its folder and layouts, and all databases."""

import errno
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from dbgate.database import Database
from dbgate.errors import GateError
from dbgate.job import Job, job
from dbgate.load_check import PlaceOf
from dbgate.reports.snapshots import Snapshot, snapshot
from dbgate.work import Decide, Needs
from fep.audit.job_log import job_log
from fep.balances import cut_offs_of
from fep.config.settings import BankSettings, Settings
from fep.databases import naming, place_of
from fep.exits import EXIT_BAD_INPUT, EXIT_CANNOT_RUN, CommandFailed
from fep.files.folders import BankFolder
from protocol.files.layout import FileLayout
from protocol.files.names import FileKind, FileName

_LOCK = ".debit.lock"


@dataclass(frozen=True, slots=True)
class BankSite:
    """One bank and where its debits are.

    Attributes:
        databases: all, in the order of the configuration; batches stand in the first, their rows in each.
        folder: the bank's files.
        place_of: the index of an account's database.
    """

    settings: Settings
    databases: Sequence[Database]
    bank: BankSettings
    folder: BankFolder
    place_of: PlaceOf

    @property
    def first(self) -> Database:
        """The database of what belongs to a bank as a whole."""
        return self.databases[0]

    def layout(self, kind: FileKind) -> FileLayout[Any, Any]:
        """Return the bank's layout of a kind of file; CommandFailed when it is not exchanged with this bank."""
        layout = self.bank.files.layouts.get(kind)
        if layout is None:
            bank, prefix, files = self.bank.bank_code, kind.prefix, self.bank.files.name
            raise CommandFailed(
                EXIT_BAD_INPUT,
                en=f"{bank}: files of the kind {prefix} are not exchanged with this bank (files = {files})",
                zh=f"{bank}: 与该银行不交换 {prefix} 类文件 (files = {files})",
            )
        return layout

    def file_name(self, name: FileName) -> str:
        """Return the name that a file has with this bank."""
        return self.bank.files.write_name(name)

    def today(self) -> date:
        """Return the day of the first database's clock."""
        with self.reading() as snapshots:
            return self.first.now(snapshots[0]).date()

    @contextmanager
    def reading(self) -> Iterator[list[Snapshot]]:
        """Yield a snapshot of each database, one after the other taken; all must be there."""
        with ExitStack() as snapshots:
            opened = []
            for database in self.databases:
                with naming(database, self.databases):
                    opened.append(snapshots.enter_context(snapshot(database)))
            yield opened

    @contextmanager
    def working(self, place: int) -> Iterator[Job]:
        """Yield a job on one database."""
        database = self.databases[place]
        with (
            naming(database, self.databases),
            job_log(self.settings, "debit_batch") as committed,
            job(database, cut_offs_of(self.settings), committed) as works,
        ):
            yield works

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other debit command of this bank away until the block ends.

        Steps of theirs would mix: one would join bills to a batch whose file the other has written. The lock stands
        beside the bank's files, on the storage that all jobs share, and goes with the process.

        Raises:
            CommandFailed: another one is at work.
            OSError: the folder cannot be written.
        """
        self.folder.make()
        path = self.folder.path / _LOCK
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            _lock(descriptor, self.bank.bank_code)
            yield
        finally:
            os.close(descriptor)


def bank_site(settings: Settings, databases: Sequence[Database], bank_code: str) -> BankSite:
    """Return what commands of a bank work with; CommandFailed when the configuration has no such bank."""
    bank = settings.banks.get(bank_code)
    if bank is None:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"{bank_code} is no bank of {settings.directory / settings.file_name}",
            zh=f"{settings.directory / settings.file_name} 中没有银行 {bank_code}",
        )
    folder = BankFolder(Path(settings.files.directory) / bank_code)
    return BankSite(settings, databases, bank, folder, place_of(settings))


def run_works(works: Job, asked: Sequence[tuple[Needs, Decide]]) -> list[Any]:
    """Run works in one transaction and return their answers.

    Raises:
        GateError: of the first that failed. What is done stays done; the command may be repeated.
    """
    answers = works.run(asked)
    for answer in answers:
        if isinstance(answer, GateError):
            raise answer
    return answers


def _lock(descriptor: int, bank_code: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
            raise
        raise CommandFailed(
            EXIT_CANNOT_RUN,
            en=f"{bank_code}: another debit command of this bank is at work; try again when it is done",
            zh=f"{bank_code}: 该银行的另一代扣命令正在执行; 请待其结束后重试",
        ) from None
