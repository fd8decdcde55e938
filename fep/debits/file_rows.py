"""File rows 代扣文件行: rows of debit batches as the bank's list has them, and the lists in their order."""

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing
from heapq import merge
from typing import Any

from dbgate.books.debit_lists import debits
from dbgate.books.records import Debit
from dbgate.reports.snapshots import Snapshot
from protocol.errors import LocalProtocolError
from protocol.files.canonical import DebitRow
from protocol.files.layout import FileLayout

ROW_NO_MAX = 99_999_999
"""8 digits: stands in for the number of a row that has none yet, when it is tried whether the row fits."""


def file_row(debit: Debit, row_no: int) -> DebitRow:
    """Return a debit as a row of the list."""
    return DebitRow(
        row_no=row_no,
        account_no=debit.account_no,
        name=debit.name,
        passbook=debit.passbook,
        month=debit.month,
        seq=debit.seq,
        bill_no=debit.bill_no,
        principal_fen=debit.principal_fen,
        late_fee_fen=debit.late_fee_fen,
    )


def as_listed(layout: FileLayout[Any, Any], debit: Debit, row_no: int) -> DebitRow:
    """Return the row as the bank reads it in its list: a name may have been cut there.

    Raises:
        LocalProtocolError: the list cannot hold it.
    """
    line = layout.rows.build(file_row(debit, row_no), row_no)
    row: DebitRow
    [row] = layout.rows.parse([line], row_no)
    return row


def fits(layout: FileLayout[Any, Any]) -> Callable[[Debit], bool]:
    """Return what tells whether the list can hold a debit, and what the bank would read is the same money."""

    def _fits(debit: Debit) -> bool:
        try:
            read = as_listed(layout, debit, ROW_NO_MAX)
        except (LocalProtocolError, ValueError):
            return False
        return _identity(read) == _identity(file_row(debit, ROW_NO_MAX))

    return _fits


def in_order(snapshots: Sequence[Snapshot], batch_no: int) -> Generator[tuple[int, Debit]]:
    """Yield (index of the database, debit) of a batch in the order of its file; close it when it is left early."""
    with ExitStack() as open_rows:
        sources = [open_rows.enter_context(closing(_placed(*each, batch_no))) for each in enumerate(snapshots)]
        yield from merge(*sources, key=_order)


def _placed(place: int, snapshot: Snapshot, batch_no: int) -> Generator[tuple[int, Debit]]:
    with closing(debits(snapshot, batch_no)) as rows:
        for debit in rows:
            yield place, debit


def _order(placed: tuple[int, Debit]) -> tuple[str, int, int, str]:
    debit = placed[1]
    return debit.account_no, debit.month, debit.seq, debit.bill_no


def _identity(row: DebitRow) -> tuple[object, ...]:
    return row.account_no, row.bill_no, row.month, row.seq, row.principal_fen, row.late_fee_fen, row.passbook
