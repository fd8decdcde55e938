"""Line forms 行格式: fields of fixed size one behind the other, or fields between separators."""

import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import itemgetter

from protocol.errors import LocalProtocolError
from protocol.fields import FieldInvalid, struct_of
from protocol.files.errors import Fault, FileInvalid
from protocol.layout import Field

Cut = Callable[[bytes], Sequence[bytes]]
"""What cuts a line into the raw values of its fields; LineMisfit when it does not fit."""

CutAll = Callable[[Sequence[bytes]], Mapping[int, Sequence[bytes]]]
"""What cuts lines into columns of raw values, by the index of their field; LineMisfit when one does not fit."""

LineMisfit = (struct.error, FieldInvalid)
"""Raised by a ``Cut`` without a word: ``LineForm.check`` says what is wrong, for the one line that is."""


class LineForm(ABC):
    """How the fields of a line are told apart."""

    @abstractmethod
    def cut_of(self, fields: Sequence[Field]) -> Cut:
        """Return what cuts a line into the raw values of ``fields``."""

    def cut_all_of(self, fields: Sequence[Field], wanted: Collection[int]) -> CutAll:
        """Return what cuts many lines into those of ``fields`` that are ``wanted``, or more, by their indexes."""
        cut = self.cut_of(fields)
        return lambda lines: dict(enumerate(zip(*map(cut, lines), strict=True)))

    @abstractmethod
    def check(self, line: bytes, number: int, fields: Sequence[Field]) -> None:
        """Raise FileInvalid when ``line`` cannot be cut into ``fields``."""

    @abstractmethod
    def joined(self, raws: Sequence[bytes]) -> bytes:
        """Return the line of raw values; LocalProtocolError when they would not be told apart."""

    @abstractmethod
    def bytes_max(self, fields: Sequence[Field]) -> int:
        """Return the bytes of the longest line."""


@dataclass(frozen=True, slots=True)
class Fixed(LineForm):
    """Fields of fixed size one behind the other 定长."""

    def cut_of(self, fields: Sequence[Field]) -> Cut:
        """Return what cuts a line by the sizes of ``fields``."""
        return struct_of(field.type for field in fields).unpack

    def cut_all_of(self, fields: Sequence[Field], wanted: Collection[int]) -> CutAll:
        """Return what slices one column after the other: half the time, and nothing for what is not wanted."""
        sizes = [field.type.size for field in fields]
        starts = [0, *accumulate(sizes)]
        size_of_line = starts.pop()
        columns = {index: itemgetter(slice(starts[index], starts[index] + sizes[index])) for index in wanted}

        def cut_all(lines: Sequence[bytes]) -> Mapping[int, Sequence[bytes]]:
            if any(size != size_of_line for size in set(map(len, lines))):
                raise FieldInvalid
            return {index: list(map(column, lines)) for index, column in columns.items()}

        return cut_all

    def check(self, line: bytes, number: int, fields: Sequence[Field]) -> None:
        """Raise FileInvalid when the line is longer or shorter than its fields."""
        size = self.bytes_max(fields)
        if len(line) != size:
            raise FileInvalid(Fault.LINE_LENGTH, number, len(line), size)

    def joined(self, raws: Sequence[bytes]) -> bytes:
        """Return the values one behind the other."""
        return b"".join(raws)

    def bytes_max(self, fields: Sequence[Field]) -> int:
        """Return the size of every line."""
        return sum(field.type.size for field in fields)


@dataclass(frozen=True, slots=True)
class Delimited(LineForm):
    """Fields between separators 分隔符: each without the spaces that would fill it.

    Attributes:
        separator: one ASCII character.
        charset: of the whole line; the second byte of a character in it may look like the separator.
    """

    separator: str
    charset: str = "gb18030"

    def cut_of(self, fields: Sequence[Field]) -> Cut:
        """Return what cuts a line at its separators and fills what has been left out."""
        sizes = [(field.type.size, isinstance(field.type.blank, bytes) and field.type.blank[:1]) for field in fields]

        def cut(line: bytes) -> Sequence[bytes]:
            cells = self._cells(line)
            if len(cells) != len(sizes):
                raise FieldInvalid
            return [_filled(cell, size, filler) for cell, (size, filler) in zip(cells, sizes, strict=True)]

        return cut

    def check(self, line: bytes, number: int, fields: Sequence[Field]) -> None:
        """Raise FileInvalid when the line has another number of fields, or one that is too long or too short."""
        try:
            cells = self._cells(line)
        except FieldInvalid:
            raise FileInvalid(Fault.CHARSET, number, self.charset) from None
        if len(cells) != len(fields):
            raise FileInvalid(Fault.CELL_COUNT, number, len(cells), len(fields))
        for cell, field in zip(cells, fields, strict=True):
            assert isinstance(field.type.blank, bytes)
            try:
                _filled(cell, field.type.size, field.type.blank[:1])
            except FieldInvalid:
                raise FileInvalid(Fault.LINE_LENGTH, number, len(cell), field.type.size, field=field) from None

    def joined(self, raws: Sequence[bytes]) -> bytes:
        """Return the values between separators, without the spaces that fill them."""
        separator = self.separator.encode("ascii")
        line = separator.join([raw.strip(b" ") for raw in raws])
        if len(self._cells(line)) != len(raws):
            raise LocalProtocolError("a value holds the separator")
        return line

    def bytes_max(self, fields: Sequence[Field]) -> int:
        """Return the bytes of a line whose fields are all full."""
        return sum(field.type.size for field in fields) + len(fields) - 1

    def _cells(self, line: bytes) -> list[bytes]:
        if line.isascii():
            return line.split(self.separator.encode("ascii"))
        try:
            return [cell.encode(self.charset) for cell in line.decode(self.charset).split(self.separator)]
        except UnicodeError:
            pass  # raised anew below, for this error holds the bytes
        raise FieldInvalid


def _filled(cell: bytes, size: int, filler: object) -> bytes:
    """Return ``cell`` in full size; FieldInvalid when it is longer, or shorter and not filled with spaces."""
    if len(cell) > size or (len(cell) < size and filler != b" "):
        raise FieldInvalid
    return cell.ljust(size)
