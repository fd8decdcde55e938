"""Listing of a batch 出盘: made, marked, numbered, written, out; a step that was begun is gone through again.

| step     | what is durable afterwards                                    | repeated after a stop                     |
|----------|---------------------------------------------------------------|-------------------------------------------|
| made     | the batch, in preparation                                     | the one in preparation is taken on        |
| marked   | bills held by the batch and its rows, 500 accounts at a time  | the bills that are still open join        |
| numbered | the number of each row, then count and total of the batch     | the same numbers; then no bill joins more |
| written  | the file under its name                                       | the same bytes                            |
| out      | the batch is out                                              |                                           |
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from dbgate.books import debit_batches
from dbgate.books.acts import Act
from dbgate.books.debit_lists import count_joining, debit_sums, joining, number_debits
from dbgate.books.records import Debit, DebitBatch
from dbgate.books.states import BatchState
from dbgate.job import JOB_ACCOUNTS_MAX
from dbgate.reports.snapshots import snapshot
from fep.debits.bank_site import BankSite, run_works
from fep.debits.file_rows import file_row, fits, in_order
from fep.exits import EXIT_BAD_INPUT, CommandFailed
from fep.language import say
from fep.progress import ProgressBar
from handlers import debit_listing
from handlers.debit_listing import Listed
from protocol.files.canonical import DebitHead, DebitRow
from protocol.files.layout import FileLayout
from protocol.files.names import FileKind, FileName
from protocol.files.writing import write_file

NUMBERED_AT_ONCE = 5_000
"""Rows numbered in one transaction, which locks nothing that a payment needs."""


@dataclass(slots=True)
class Exported:
    """What an export did.

    Attributes:
        batch: None when no account had anything to list.
        path: the file; None when there is none, for the batch lists nothing.
        unfit: numbers of bills that the bank's file cannot hold; they stay open.
    """

    batch: DebitBatch | None = None
    path: Path | None = None
    unfit: list[str] = field(default_factory=list)


def export(site: BankSite, month: int, operator: str) -> Exported:
    """List every open bill of the month of accounts that the bank debits, in the next batch or the one begun.

    Raises:
        CommandFailed: the files of the bank have no such list, another command is at work, or the batch that was begun
            is to be released.
        GateError: a database fails; what is done stays done, and the next call goes on.
        OSError: the file cannot be written; likewise.
    """
    layout = site.layout(FileKind.DEBIT_LIST)
    with site.alone():
        exported = Exported(_batch_to_prepare(site, month))
        if exported.batch is None:
            return exported
        if not exported.batch.is_numbered:
            exported.unfit = _mark(site, exported.batch, layout)
            exported.batch = _number(site, exported.batch)
        if exported.batch.is_numbered:
            name = list_name(site, exported.batch)
            exported.path = site.folder.publish(name, _chunks(site, exported.batch, layout))
            act = Act(operator, "debit_out", site.bank.bank_code, f"{exported.batch.batch_no:012d} {name}")
            exported.batch = debit_batches.set_out(site.first, exported.batch, act)
    return exported


def list_name(site: BankSite, batch: DebitBatch) -> str:
    """Return the name of a batch's list."""
    return site.file_name(FileName(FileKind.DEBIT_LIST, batch.bank_code, batch.month, batch.number_in_month))


def _batch_to_prepare(site: BankSite, month: int) -> DebitBatch | None:
    """Return the batch that was begun, or a new one when there is something to list."""
    bank_code = site.bank.bank_code
    with site.reading() as snapshots:
        begun = debit_batches.batches(snapshots[0], banks=[bank_code], month=month, states=[BatchState.PREPARING])
        has_bills = any(joining(each, bank_code, month, "", 1) for each in snapshots)
        is_empty = not begun or not debit_sums(snapshots, begun[0].batch_no)
    if begun:
        _refuse_proposed(begun[0])
        return debit_batches.renew(site.first, begun[0]) if is_empty else begun[0]
    if not has_bills:
        return None
    try:
        return debit_batches.begin(site.first, bank_code, month)
    except debit_batches.NumbersUsedUp:
        most = debit_batches.NUMBER_MAX
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"{bank_code}: there are {most} batches of {month} already, and the file's name has two digits for them",
            zh=f"{bank_code}: {month} 已有 {most} 个批次, 文件名中批次序号只有两位",
        ) from None


def _refuse_proposed(batch: DebitBatch) -> None:
    """Leave a batch alone that somebody wants to release."""
    if batch.proposed_by:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"debit batch {batch.batch_no:012d} is in preparation and its release is proposed: approve that first "
            f"(fep debit approve {batch.batch_no:012d})",
            zh=f"代扣批次 {batch.batch_no:012d} 正在准备且已提请释放: 请先复核 "
            f"(fep debit approve {batch.batch_no:012d})",
        )


def _mark(site: BankSite, batch: DebitBatch, layout: FileLayout[Any, Any]) -> list[str]:
    """Join to the batch what is still open, in every database; return the bills that the file cannot hold."""
    with site.reading() as snapshots:
        total = sum(count_joining(each, batch.bank_code, batch.month) for each in snapshots)
    unfit: list[str] = []
    done = 0
    with ProgressBar(say(en="marking bills", zh="标记应收"), total) as bar:
        for place in range(len(site.databases)):
            for listed in _marked(site, place, batch, layout):
                done += len(listed)
                bar.at(done)
                unfit += [bill_no for each in listed for bill_no in each.unfit]
    return unfit


def _marked(site: BankSite, place: int, batch: DebitBatch, layout: FileLayout[Any, Any]) -> Iterator[Sequence[Listed]]:
    """Yield what became of a few hundred accounts of a database, each time in one transaction."""
    rates, fitting, after = site.settings.rules.late_fee, fits(layout), ""
    with site.working(place) as works:
        while True:
            with snapshot(site.databases[place]) as reading:
                page = joining(reading, batch.bank_code, batch.month, after, JOB_ACCOUNTS_MAX)
            if not page:
                return
            asked = [
                (
                    debit_listing.needs(batch.bank_code, account_no, batch.batch_no),
                    partial(debit_listing.decide, batch, account_no, rates, fitting),
                )
                for account_no in page
            ]
            yield run_works(works, asked)
            after = page[-1]


def _number(site: BankSite, batch: DebitBatch) -> DebitBatch:
    """Give each row its number in the file, and then the batch its count and total.

    An empty one stays in preparation, for the next export of the month.
    """
    row_count = total_fen = 0
    waiting: list[list[tuple[int, str]]] = [[] for _ in site.databases]
    with site.reading() as snapshots, closing(in_order(snapshots, batch.batch_no)) as debits:
        for row_no, (place, debit) in enumerate(debits, 1):
            row_count, total_fen = row_no, total_fen + debit.due_fen
            if debit.row_no != row_no:
                waiting[place].append((row_no, debit.bill_no))
            if len(waiting[place]) >= NUMBERED_AT_ONCE:
                number_debits(site.databases[place], batch.batch_no, waiting[place])
                waiting[place] = []
    for database, numbered in zip(site.databases, waiting, strict=True):
        if numbered:
            number_debits(database, batch.batch_no, numbered)
    return debit_batches.set_counts(site.first, batch, row_count, total_fen) if row_count else batch


def _chunks(site: BankSite, batch: DebitBatch, layout: FileLayout[Any, Any]) -> Iterator[bytes]:
    """Yield the bytes of the list."""
    head = DebitHead(
        bank_code=batch.bank_code,
        batch_no=batch.batch_no,
        month=batch.month,
        row_count=batch.row_count,
        total_fen=batch.total_fen,
        fee_date=batch.fee_date,
    )
    with (
        site.reading() as snapshots,
        ProgressBar(say(en="writing the list", zh="生成出盘文件"), batch.row_count) as bar,
        closing(in_order(snapshots, batch.batch_no)) as debits,
    ):
        yield from write_file(layout, head, _rows(debits, bar))


def _rows(debits: Iterable[tuple[int, Debit]], bar: ProgressBar) -> Iterator[DebitRow]:
    for _, debit in debits:
        row_no = _numbered(debit)
        if row_no % 1000 == 0:
            bar.at(row_no)
        yield file_row(debit, row_no)


def _numbered(debit: Debit) -> int:
    assert debit.row_no is not None, "the batch is numbered"
    return debit.row_no
