"""Result file 对账结果文件: the bank's rows in their order, each with its class, then those that only the FEP has.

It follows from the bank's file and the differences of the day alone, so that it is the same whenever it is made.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from dbgate.books.differences import Difference
from fep.reconciliation.bank_file import BankFile
from handlers.reconciliation.classes import bank_classes, fep_rows
from protocol.files.canonical import Matching, ReconcileResultRow, ReconcileRow
from protocol.files.layout import FileLayout
from protocol.files.writing import joined, write_blocks, write_file


def result_chunks(
    layout: FileLayout[Any, ReconcileResultRow], file: BankFile, differences: Sequence[Difference]
) -> Iterator[bytes]:
    """Return the bytes of the result file, piece by piece.

    Args:
        layout: of the result file.
        file: of the bank.
        differences: all of the day, whatever has become of them since.
    """
    classes = bank_classes(differences, file.exact)
    own = fep_rows(differences)
    total_fen = file.checked.total_fen + sum(row.counted_fen for row in own)
    head = replace(file.checked.head, row_count=file.checked.row_count + len(own), total_fen=max(0, total_fen))
    suffix = None if file.layout.one_by else layout.rows.suffix_of(file.layout.rows)
    if suffix is None:
        return write_file(layout, head, _rows(file, classes, own))
    suffixes = {matching: suffix(matching) for matching in Matching}
    of_fep = (joined([layout.rows.build(row)], layout.newline) for row in own)
    return write_blocks(layout, head, chain(_blocks(file, classes, suffixes, layout.newline), of_fep))


def _blocks(
    file: BankFile, classes: Mapping[int, Matching], suffixes: Mapping[Matching, bytes], newline: bytes
) -> Iterator[bytes]:
    """Yield the bank's lines as they came, with their classes; by far the most of them are matched."""
    end_of_matched = suffixes[Matching.MATCHED] + newline
    places = sorted(classes)
    first, at = 0, 0
    for lines in file.checked.lines(file.chunks):
        end = bisect_left(places, first + len(lines), at)
        begin = 0
        pieces = []
        for place in places[at:end]:
            index = place - first
            pieces += [line + end_of_matched for line in lines[begin:index]]
            pieces.append(lines[index] + suffixes[classes[place]] + newline)
            begin = index + 1
        rest = lines[begin:]
        yield b"".join([*pieces, end_of_matched.join(rest), end_of_matched if rest else b""])
        first, at = first + len(lines), end


def _rows(
    file: BankFile, classes: Mapping[int, Matching], own: Sequence[ReconcileResultRow]
) -> Iterator[ReconcileResultRow]:
    for place, row in enumerate(file.checked.rows(file.chunks)):
        yield _with_class(row, classes.get(place, Matching.MATCHED))
    yield from own


def _with_class(row: ReconcileRow, matching: Matching) -> ReconcileResultRow:
    return ReconcileResultRow(
        row.bank_date, row.bank_serial, row.account_no, row.transaction, row.amount_fen, row.state, matching
    )
