"""Day's reconciliation 日对账: one bank and clearing date, from its file to its result file.

| step                                         | killed behind it, and repeated                                       |
|----------------------------------------------|----------------------------------------------------------------------|
| file read, both sides matched                | nothing has been stored: the same again                              |
| result file written aside                    | likewise; what was aside is not read as a file                       |
| everything stored in one transaction, COMMIT | the day is finished: its result file is made again from what was     |
|                                              | stored and the bank's file, the same byte for byte                   |
| result file renamed to where the bank gets it| nothing is left to do                                                |
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dbgate.books.differences import Difference
from dbgate.books.reconciliations import Reconciliation, differences_of, reconciliations_of
from dbgate.books.reconciling import Superseded, store
from dbgate.reports.days import Span, spans
from dbgate.reports.snapshots import Snapshot
from fep.databases import naming
from fep.files.announcements import trouble_with
from fep.files.folders import open_regular
from fep.reconciliation.bank_day import BankDay
from fep.reconciliation.bank_file import BankFile
from fep.reconciliation.errors import AlwaysSuperseded, DayNotClosed, FileMissing, FileRefused
from fep.reconciliation.journal_ahead import JournalAhead
from fep.reconciliation.matched import matched
from fep.reconciliation.result_file import result_chunks
from protocol.files.errors import FileChanged
from protocol.files.names import FileKind

TRIES_MAX = 3
"""How often a day is read again because a day beside it has been reconciled meanwhile."""

FarDone = Callable[[int], None]
"""Is told how many hundredths are done."""

_FILE_SHARE, _JOURNAL_SHARE = 45, 90
"""Hundredths that are done when the file, and then the journal, have been read."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a bank's day.

    Attributes:
        reconciliation: as the books have it.
        is_new: this run has stored it; else it was there before.
        result_path: the result file; None where the bank's format has none, or where it is lost with the bank's file.
    """

    reconciliation: Reconciliation
    is_new: bool
    result_path: Path | None


def reconcile(day: BankDay, path: Path | None = None, far_done: FarDone = lambda _: None) -> Outcome:
    """Reconcile a day, or show what it came to before.

    Args:
        day: of the bank.
        path: of its file, where it is not the one that the bank has sent.
        far_done: is told how far it is.

    Raises:
        CommandFailed: why not; nothing was stored. See ``fep.reconciliation.errors``.
        GateError: a database is away; of a lost COMMIT only a repeat tells.
    """
    with day.snapshots() as snapshots:
        _require_closed(day, spans(snapshots).get(day.bank.bank_code))
        finished = _finished(day, snapshots[0])
    try:
        with open_regular(path or day.file_path) as opened:
            size = max(1, opened.seek(0, 2))
            name = (path or day.file_path).name

            @cache
            def read() -> BankFile:
                file = BankFile(
                    day.bank, day.clearing_date, name, opened, lambda far: far_done(_FILE_SHARE * far // size)
                )
                if finished is None and path is None:  # an operator who names a file answers for it
                    _require_complete(day, file)
                return file

            for _ in range(TRIES_MAX):
                if finished is not None:
                    return _shown(day, finished, read())
                try:
                    return _reconciled(day, read, far_done)
                except Superseded:
                    with day.snapshots() as snapshots:
                        finished = _finished(day, snapshots[0])
            raise AlwaysSuperseded
    except FileChanged:
        name = day.file_path.name if path is None else path.name
        raise FileRefused(
            en=f"{name}: the file is being changed; nothing was stored", zh=f"{name}: 文件正在被改写; 未存储任何结果"
        ) from None
    except FileNotFoundError:
        if finished is None or path is not None:
            raise FileMissing(str(path or day.file_path.name)) from None
        return Outcome(finished, False, day.result_path)


def _require_closed(day: BankDay, span: Span | None) -> None:
    bank_code, clearing_date = day.bank.bank_code, day.clearing_date
    if span is None or clearing_date < span.first:
        raise DayNotClosed(
            en=f"{clearing_date} is no clearing date of bank {bank_code}",
            zh=f"{clearing_date} 不是银行 {bank_code} 的清算日期",
        )
    if clearing_date >= span.present:
        raise DayNotClosed(
            en=f"{clearing_date} is not over: the clearing date is {span.present}; it ends at the cut-off,"
            " or by fep day close",
            zh=f"{clearing_date} 尚未日切: 当前清算日期为 {span.present}; 请在日切后执行, 或先执行 fep day close",
        )


def _require_complete(day: BankDay, file: BankFile) -> None:
    """Refuse a file that nothing shows to be complete, of a bank that would have said so.

    Raises:
        FileRefused: why.
    """
    trouble = trouble_with(day.bank, day.folder, file.name, file.digest)
    if trouble is not None:
        raise FileRefused(en=f"{file.name}: {trouble.en}", zh=f"{file.name}: {trouble.zh}")


def _finished(day: BankDay, books: Snapshot) -> Reconciliation | None:
    found = reconciliations_of(books, day.bank.bank_code, [day.clearing_date])
    return found.get(day.clearing_date)


def _shown(day: BankDay, finished: Reconciliation, file: BankFile) -> Outcome:
    """Show a finished day; only a result file that is missing is made again.

    Raises:
        FileRefused: the file is another one than the day was reconciled with.
    """
    if file.digest != finished.file_digest:
        raise FileRefused(
            en=f"{file.name}: {day.clearing_date} has been reconciled with another file;"
            " a finished day changes only through its differences",
            zh=f"{file.name}: {day.clearing_date} 已用另一文件对账; 已完成的日期只能通过处理差异变更",
        )
    path = day.result_path
    if path is None and day.result_name is not None:
        with day.snapshots() as snapshots:
            differences = differences_of(snapshots[0], day.bank.bank_code, day.clearing_date)
        path = day.folder.publish(day.result_name, _result(day, file, differences))
    return Outcome(finished, False, path)


def _result(day: BankDay, file: BankFile, differences: Sequence[Difference]) -> Iterator[bytes]:
    return result_chunks(day.bank.files.layouts[FileKind.RECONCILE_RESULT], file, differences)


def _reconciled(day: BankDay, read: Callable[[], BankFile], far_done: FarDone) -> Outcome:
    """Match a day and store what it comes to.

    Args:
        day: of the bank.
        read: reads its file, while the journal is read ahead; the second time it returns the same.
        far_done: is told how far it is.

    Raises:
        FileRefused: it is not used.
        Superseded: somebody else has reconciled the day, or one beside it, since it was read.
    """
    with day.snapshots() as snapshots, JournalAhead(snapshots, day.journal_day) as ahead:
        file = read()
        result = matched(day, file, snapshots, ahead, lambda seen, count: far_done(_hundredths(seen, count)))
    with ExitStack() as written:
        aside = None
        if day.result_name is not None:
            chunks = _result(day, file, result.differences)
            aside = written.enter_context(day.folder.written_aside(day.result_name, chunks))
        with naming(day.databases[0], day.databases):
            stored = store(day.databases[0], result)
        path = None if aside is None else aside.publish()
    far_done(100)
    return Outcome(stored, True, path)


def _hundredths(seen: int, count: int) -> int:
    return _FILE_SHARE + (_JOURNAL_SHARE - _FILE_SHARE) * seen // max(1, count)
