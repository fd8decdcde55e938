"""Reading of files 读文件: in two passes, for only the end of a file says whether it is whole.

``check_file`` reads all of it and gives out no row. What it returns gives out the rows of a second reading, each block
only after its CRC-32 has been found to be the one that was checked: no row of a file that was not checked whole can be
had, not even when the file has changed in between.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar
from zlib import crc32

from protocol.files.columns import Columns
from protocol.files.errors import Fault, FileChanged, FileInvalid
from protocol.files.layout import FileLayout
from protocol.files.lines import Block, blocks
from protocol.files.tally import Succession, Tally

H = TypeVar("H")
R = TypeVar("R")

Look = Callable[[Columns[R]], None]
"""Is shown the rows of a block."""

_TAIL = re.compile(rb"T([0-9A-F]{8})")


class CheckedFile(Generic[H, R]):
    """A file that is good from its first byte to its last; only ``check_file`` makes one.

    Attributes:
        head: what its head says.
        row_count: its rows.
        total_fen: their sum as the layout sums them up, 0 when it does not.
    """

    def __init__(self, layout: FileLayout[H, R], head: H, tally: Tally, marks: "array[int]") -> None:
        self.head = head
        self.row_count = tally.row_count
        self.total_fen = tally.total_fen
        self._layout = layout
        self._marks = marks

    def rows(self, chunks: Iterable[bytes]) -> Iterator[R]:
        """Yield the rows of the file, whose bytes are given once more.

        Raises:
            FileChanged: they are others than those that were checked.
        """
        succession = Succession(self._layout)
        for lines, number in self._row_lines(chunks):
            yield from succession.first_of_each(self._layout.rows.parse(lines, number), number)

    def lines(self, chunks: Iterable[bytes]) -> Iterator[list[bytes]]:
        """Yield the lines of the rows without their ends, block by block; else as ``rows``."""
        for lines, _ in self._row_lines(chunks):
            yield lines

    def rows_at(self, chunks: Iterable[bytes], places: Sequence[int]) -> Iterator[R]:
        """Yield some rows by their places, which count from 0 and ascend; else as ``rows``."""
        if self._layout.one_by:
            wanted = set(places)
            yield from (row for place, row in enumerate(self.rows(chunks)) if place in wanted)
            return
        first, at = 0, 0  # place of the block's first row; how many of the places have been
        for lines, number in self._row_lines(chunks):
            end = bisect_left(places, first + len(lines), at)
            if at < end:  # none can be wrong, so it does not matter that the lines between them are missing
                yield from self._layout.rows.parse([lines[place - first] for place in places[at:end]], number)
            first, at = first + len(lines), end

    def _row_lines(self, chunks: Iterable[bytes]) -> Iterator[tuple[list[bytes], int]]:
        """Yield the lines of the rows and the number of the first of them, block by block, each checked again."""
        source = blocks(chunks, self._layout.newline, self._layout.line_bytes_max)
        for mark in self._marks:
            block = _next(source)
            if block is None or block.crc != mark:
                raise FileChanged
            yield _row_lines(block, _tail_index(self._layout, block))
        if _next(source) is not None:
            raise FileChanged


def check_file(
    layout: FileLayout[H, R],
    chunks: Iterable[bytes],
    expected: Mapping[str, object],
    look: Look[R] = lambda rows: None,
) -> CheckedFile[H, R]:
    """Read a whole file.

    Args:
        layout: what it should be.
        chunks: its bytes in order, cut anywhere; no more of them is held than two blocks.
        expected: what attributes of its head must say, as its name does (``FileName.expected``).
        look: is shown the rows block by block, so that who wants little of each need not have the file read again.
            Nothing may come of what it has seen before the file has been found good.

    Raises:
        FileInvalid: it is not, so nothing of it may be used. No further chunk has been taken.
    """
    check = _Check(layout, expected, look)
    for block in blocks(chunks, layout.newline, layout.line_bytes_max):
        check.take(block)
    return check.finished()


class _Check(Generic[H, R]):
    """The first pass.

    Its marks are 4 bytes for each block: 64 KiB for a file of 1 GiB, so that nothing else grows with the file.
    """

    def __init__(self, layout: FileLayout[H, R], expected: Mapping[str, object], look: Look[R]) -> None:
        self._layout = layout
        self._expected = expected
        self._look = look
        self._head: H | None = None
        self._tally = Tally(layout)
        self._succession = Succession(layout)
        self._marks = array("I")
        self._crc = 0  # of all blocks so far
        self._line = 0  # lines so far
        self._has_ended = False

    def take(self, block: Block) -> None:
        if self._has_ended:
            raise FileInvalid(Fault.AFTER_TAIL, block.number)
        if self._head is None:
            self._head = self._read_head(block.lines[0])
        tail = _tail_index(self._layout, block)
        lines, number = _row_lines(block, tail)
        rows = self._succession.first_of_each(self._layout.rows.parse(lines, number), number)
        self._tally.add(rows)
        self._look(rows)
        if tail is not None:
            self._end(block, tail)
        self._marks.append(block.crc)
        self._crc = block.crc
        self._line += len(block.lines)

    def finished(self) -> CheckedFile[H, R]:
        if self._head is None:
            raise FileInvalid(Fault.EMPTY, 1)
        if self._layout.has_tail and not self._has_ended:
            raise FileInvalid(Fault.NO_TAIL, self._line)
        self._tally.check(self._head)
        return CheckedFile(self._layout, self._head, self._tally, self._marks)

    def _read_head(self, line: bytes) -> H:
        lines = self._layout.head
        [head] = lines.parse([line], 1)
        for attribute, value in self._expected.items():
            if getattr(head, attribute) != value:
                raise FileInvalid(Fault.OTHER_FILE, 1, field=lines.sheet.places[attribute])
        return head

    def _end(self, block: Block, index: int) -> None:
        """Check the tail, which is that line of the block; the count and total are checked behind it."""
        number = block.number + index
        tail = _TAIL.fullmatch(block.lines[index])
        if tail is None:
            raise FileInvalid(Fault.TAIL, number)
        before = sum(map(len, block.lines[:index])) + index * len(self._layout.newline)
        if int(tail[1], 16) != crc32(block.data[:before], self._crc):
            raise FileInvalid(Fault.CRC, number)
        if index + 1 < len(block.lines):
            raise FileInvalid(Fault.AFTER_TAIL, number + 1)
        self._has_ended = True


def _next(source: Iterator[Block]) -> Block | None:
    """Return the next block, None at the end."""
    try:
        return next(source, None)
    except FileInvalid:
        pass  # the file that was checked was good
    raise FileChanged


def _tail_index(layout: FileLayout[Any, Any], block: Block) -> int | None:
    """Return which line of the block looks like a tail: the first that begins with a T."""
    if not layout.has_tail:
        return None
    if block.data.startswith(b"T"):
        return 0
    end = block.data.find(b"\nT")
    return None if end < 0 else block.data.count(b"\n", 0, end + 1)


def _row_lines(block: Block, tail: int | None) -> tuple[list[bytes], int]:
    """Return the lines between head and tail, and the number of the first."""
    start = 1 if block.number == 1 else 0
    return block.lines[start:tail], block.number + start
