"""Lines 文件行: bytes of any size become blocks of whole lines, the same blocks however the bytes arrive."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from zlib import crc32

from protocol.files.errors import Fault, FileInvalid
from protocol.files.field_types import CONTROLS

LF = b"\n"
CR_LF = b"\r\n"

BLOCK_BYTES = 65_536
"""Read at once: some hundred lines, so that what is done once for a block costs a line nothing."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines in a row.

    Attributes:
        number: of the first, counted from 1.
        lines: without their ends.
        data: the same as they came, with their ends.
        crc: CRC-32 of the file up to the end of this block.
    """

    number: int
    lines: list[bytes]
    data: bytes
    crc: int


def blocks(chunks: Iterable[bytes], newline: bytes, line_bytes_max: int) -> Iterator[Block]:
    """Yield the lines of a file, block by block; at most two blocks are held.

    Args:
        chunks: the bytes of the file in order, cut anywhere.
        newline: LF or CR LF.
        line_bytes_max: a line that is longer is not read to its end.

    Raises:
        FileInvalid: a line has no end, another one, a control character, or is too long.
    """
    number, crc, rest = 1, 0, b""
    for piece in pieces(chunks):
        held = rest + piece
        end = held.rfind(newline) + len(newline)
        data, rest = (held[:end], held[end:]) if end >= len(newline) else (b"", held)
        if data:
            crc = crc32(data, crc)
            block = Block(number, data.split(newline)[:-1], data, crc)
            _check_controls(block, newline)
            yield block
            number += len(block.lines)
        if len(rest) > line_bytes_max + len(newline):
            raise FileInvalid(_wrong_end(rest, newline) or Fault.LINE_TOO_LONG, number, line_bytes_max)
    if rest:
        raise FileInvalid(_wrong_end(rest, newline) or Fault.UNENDED, number)


def pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in pieces of ``BLOCK_BYTES``, the last one shorter."""
    pending = bytearray()
    for chunk in chunks:
        for start in range(0, len(chunk), BLOCK_BYTES):
            pending += chunk[start : start + BLOCK_BYTES]
            if len(pending) >= BLOCK_BYTES:
                yield bytes(pending[:BLOCK_BYTES])
                del pending[:BLOCK_BYTES]
    if pending:
        yield bytes(pending)


def has_controls(data: bytes, newlines: int) -> bool:
    """Return whether ``data`` has another control character than those of ``newlines`` bytes of line ends."""
    return len(data) - len(data.translate(None, CONTROLS)) != newlines


def _check_controls(block: Block, newline: bytes) -> None:
    if not has_controls(block.data, len(newline) * len(block.lines)):
        return
    for number, line in enumerate(block.lines, block.number):
        if has_controls(line, 0):
            raise FileInvalid(_wrong_end(line, newline) or Fault.CONTROL, number)
    raise AssertionError("a control character that is in no line")


def _wrong_end(line: bytes, newline: bytes) -> Fault | None:
    """Return what control characters are in what should be one line, if there are any."""
    if newline == CR_LF and b"\0" not in line:
        if b"\n" in line:
            return Fault.LF_ALONE
        if b"\r" in line.removesuffix(b"\r"):
            return Fault.CR_ALONE
        line = line.removesuffix(b"\r")  # a file that ends between the two
    if newline == LF and line.endswith(b"\r"):
        return Fault.CR_LF
    return Fault.CONTROL if has_controls(line, 0) else None
