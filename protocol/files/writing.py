"""Writing of files 写文件: a head, rows as they come, and the tail only when the head has told the truth of them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import TypeVar
from zlib import crc32

from protocol.errors import LocalProtocolError
from protocol.files.errors import FileInvalid
from protocol.files.layout import FileLayout
from protocol.files.lines import has_controls
from protocol.files.tally import Tally

H = TypeVar("H")
R = TypeVar("R")

_ROWS_AT_ONCE = 500
"""Some ten thousand bytes: few pieces to write, and little to hold."""


def write_file(layout: FileLayout[H, R], head: H, rows: Iterable[R]) -> Iterator[bytes]:
    """Return the bytes of a file, piece by piece; it may be given to anybody only when all of them have been yielded.

    Args:
        layout: of the file.
        head: its count and total are those of ``rows``, see ``tally_of``.
        rows: taken one by one.

    Raises:
        LocalProtocolError: a value does not fit, or the head says something else than the rows. The tail is missing
            then, so what has been yielded is no file that anybody would accept.
    """
    return write_lines(layout, head, _built(layout, head, rows))


def write_lines(layout: FileLayout[H, R], head: H, lines: Iterable[bytes]) -> Iterator[bytes]:
    """Return the bytes of a file whose rows are lines already, without their ends; what the head says is the caller's.

    Raises:
        LocalProtocolError: a line holds a control character. The tail is missing then.
    """
    remaining = iter(lines)
    portions = iter(lambda: list(islice(remaining, _ROWS_AT_ONCE)), [])
    return write_blocks(layout, head, (joined(portion, layout.newline) for portion in portions))


def write_blocks(layout: FileLayout[H, R], head: H, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a file whose rows are lines already, some in each block: ``joined``, or of a file that was
    checked; what the head says is the caller's.
    """
    crc = 0
    for block in chain([joined([layout.head.build(head)], layout.newline)], blocks):
        crc = crc32(block, crc)
        yield block
    if layout.has_tail:
        yield b"T%08X" % crc + layout.newline


def _built(layout: FileLayout[H, R], head: H, rows: Iterable[R]) -> Iterator[bytes]:
    """Yield the lines of ``rows``; LocalProtocolError behind the last when the head says something else."""
    tally = Tally(layout)
    numbered = enumerate(rows, 1)
    while taken := list(islice(numbered, _ROWS_AT_ONCE)):
        tally.add([row for _, row in taken])
        yield from (layout.rows.build(row, number) for number, row in taken)
    try:
        tally.check(head)
    except FileInvalid as error:
        raise LocalProtocolError(f"the head does not fit the rows: {error.reason}") from None


def tally_of(layout: FileLayout[H, R], rows: Iterable[R]) -> Tally:
    """Return count and total of ``rows``, for the head of a file of them."""
    tally = Tally(layout)
    rows = iter(rows)
    for first in rows:
        tally.add(list(chain([first], islice(rows, _ROWS_AT_ONCE))))
    return tally


def joined(lines: Sequence[bytes], newline: bytes) -> bytes:
    """Return lines with their ends; LocalProtocolError when one holds a control character."""
    block = b"".join([line + newline for line in lines])
    if has_controls(block, len(newline) * len(lines)):
        raise LocalProtocolError("a line would hold a control character")
    return block
