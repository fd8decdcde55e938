"""Mandate files 代扣协议文件: read whole, then gone through row by row, once for each bank and day."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from itertools import islice
from typing import Any, BinaryIO

from dbgate.books import mandate_files
from dbgate.books.acts import Act
from dbgate.job import JOB_ACCOUNTS_MAX, Job
from fep.debits.bank_site import BankSite, run_works
from fep.exits import EXIT_BAD_INPUT, CommandFailed
from fep.files.digests import unchanged
from fep.files.folders import chunks_of, entries_of
from fep.progress import ProgressBar
from handlers import mandates
from handlers.mandates import AsWritten, Finding
from protocol.errors import LocalProtocolError
from protocol.files.canonical import MandateHead, MandateRow
from protocol.files.errors import FileChanged, FileInvalid, FileNameInvalid
from protocol.files.layout import FileLayout
from protocol.files.names import FileKind, FileName
from protocol.files.reading import CheckedFile, check_file

HEAD_LINES = 1

Numbered = tuple[int, MandateRow]
"""Line and row."""


@dataclass(frozen=True, slots=True)
class RowFinding:
    """What is to be said of a row."""

    line: int
    account_no: str = field(repr=False)
    finding: Finding


@dataclass(slots=True)
class Loaded:
    """What loading a file did; ``is_repeated``: it had been loaded before, and nothing was done."""

    name: str
    file_date: date
    row_count: int
    is_repeated: bool = False
    findings: list[RowFinding] = field(default_factory=list)


def mandate_names(site: BankSite, file_date: date | None = None) -> list[str]:
    """Return the names of the mandate files that have come from the bank, by day; of one day when it is given."""
    found = [(day, each.name) for each in entries_of(site.folder.incoming) if (day := _day_of(site, each.name))]
    return [name for day, name in sorted(found) if file_date in {None, day}]


def load_mandates(site: BankSite, name: str, operator: str) -> Loaded:
    """Go through a mandate file.

    Raises:
        CommandFailed: the file is refused, and nothing of it taken; or another command is at work.
        GateError: a database fails; the next call goes through the file again.
        OSError: the file cannot be read.
    """
    layout = site.layout(FileKind.MANDATES)
    with site.alone(), site.folder.open_received(name) as file:
        try:
            return _load(site, name, file, layout, operator)
        except FileInvalid as error:
            raise _refused(
                name, en=f"line {error.line}: {error.reason}", zh=f"第 {error.line} 行: {error.gloss}"
            ) from None
        except FileChanged:
            raise _refused(name, en="the file is being changed", zh="文件正在被改写") from None


def _load(site: BankSite, name: str, file: BinaryIO, layout: FileLayout[Any, Any], operator: str) -> Loaded:
    digest = hashlib.sha256()
    for chunk in chunks_of(file):
        digest.update(chunk)
    bank_code, day = site.bank.bank_code, _day_of(site, name)
    assert day is not None, "only mandate files are loaded"
    with site.reading() as snapshots:
        known = mandate_files.mandate_file(snapshots[0], bank_code, day)
    if known is not None and known.file_digest != digest.hexdigest():
        raise _refused(
            name,
            en="another file of this day has been taken; put the changes into a file of a later day",
            zh="该日的另一份文件已装入; 请将变更放入以后日期的文件",
        )
    if known is not None and known.loaded_at is not None:
        return Loaded(name, day, known.row_count, is_repeated=True)
    expected = site.bank.files.read_name(name).expected
    checked: CheckedFile[MandateHead, MandateRow] = check_file(layout, unchanged(file, digest.hexdigest()), expected)
    loaded = Loaded(name, day, checked.row_count)
    if known is None:
        _refuse_future(site, name, day)
        mandate_files.begin(site.first, bank_code, day, digest.hexdigest(), checked.row_count)
    with ProgressBar(name, checked.row_count) as bar:
        for done, findings in _taken(site, day, enumerate(checked.rows(chunks_of(file)), HEAD_LINES + 1), layout):
            loaded.findings += findings
            bar.at(done)
    mandate_files.end(site.first, bank_code, day, Act(operator, "debit_mandates", bank_code, name))
    return loaded


def _refuse_future(site: BankSite, name: str, day: date) -> None:
    """A day far ahead would make all files until then outdated."""
    if day > site.today() + timedelta(days=1):
        raise _refused(name, en="its day is more than one day ahead", zh="文件日期超前一天以上")


def _taken(
    site: BankSite, day: date, rows: Iterator[Numbered], layout: FileLayout[Any, Any]
) -> Iterator[tuple[int, list[RowFinding]]]:
    """Go through the rows in their order, some hundred in each transaction; yield how far, and what was found."""
    done, written = 0, as_written(layout)
    while chunk := list(islice(rows, JOB_ACCOUNTS_MAX)):
        findings = [
            RowFinding(line, row.account_no, Finding.NO_ACCOUNT)
            for line, row in chunk
            if site.place_of(row.account_no) is None
        ]
        for place in range(len(site.databases)):
            own = [(line, row) for line, row in chunk if site.place_of(row.account_no) == place]
            if own:
                with site.working(place) as works:
                    findings += _take(works, site.bank.bank_code, day, own, written)
        done += len(chunk)
        yield done, sorted(findings, key=lambda each: each.line)


def _take(works: Job, bank_code: str, day: date, rows: list[Numbered], written: AsWritten) -> list[RowFinding]:
    asked = [
        (mandates.needs(bank_code, row), partial(mandates.decide, bank_code, day, row, written)) for _, row in rows
    ]
    answers: list[Finding | None] = run_works(works, asked)
    return [
        RowFinding(line, row.account_no, finding)
        for (line, row), finding in zip(rows, answers, strict=True)
        if finding is not None
    ]


def as_written(layout: FileLayout[Any, Any]) -> AsWritten:
    """Return what tells how a name looks in a bank's file, which cuts long ones."""
    name_field = layout.rows.sheet.places["name"].type

    def _written(name: str) -> str:
        try:
            return str(name_field.parse(name_field.build(name)))
        except (LocalProtocolError, ValueError):
            return name

    return _written


def _day_of(site: BankSite, name: str) -> date | None:
    try:
        read_name: FileName = site.bank.files.read_name(name)
    except FileNameInvalid:
        return None
    is_own = read_name.kind is FileKind.MANDATES and read_name.bank_code == site.bank.bank_code
    return read_name.period if is_own and isinstance(read_name.period, date) else None


def _refused(name: str, *, en: str, zh: str) -> CommandFailed:
    return CommandFailed(
        EXIT_BAD_INPUT, en=f"{name}: {en}; nothing of it was taken", zh=f"{name}: {zh}; 未装入任何数据"
    )
