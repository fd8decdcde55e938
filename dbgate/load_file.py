"""Load files 装载文件: reads a CSV of accounts or bills row by row, in constant memory, and says what is wrong where.

UTF-8 with a header row; a byte order mark, as Windows writes it, is accepted and skipped. Columns may stand in any
order.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from dbgate.errors import LoadRefused
from dbgate.forms import Values
from dbgate.load_kinds import KINDS, Kind, Parse

LINE_BYTES_MAX = 65_536
"""A right row has some 600 bytes; a file without line ends must not fill the memory."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars", "，": "full-width commas"}


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be loaded; the reason never quotes a value, which may name a customer."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class GoodRow:
    """A parsed row, with the line on which it begins."""

    line: int
    values: Values


@dataclass(frozen=True, slots=True)
class Place:
    """Where a column stands in the file (None: nowhere, it has its default) and how it is read."""

    column: str
    index: int | None
    parse: Parse
    default: str


class LoadFile:
    """One open file; iterate once.

    Raises:
        LoadRefused: the header row fits neither kind of file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.bytes_read = 0
        self._file = file
        self._reader = csv.reader(self._lines(), strict=True)
        try:
            header = [name.strip() for name in next(self._reader, [])]
        except csv.Error as error:
            reason = f"the header row is no CSV: {error}"
            raise LoadRefused(f"line 1: {reason}", [(1, reason)], 1) from None
        if not any(header) and not self._file.readline(1):
            raise LoadRefused("the file is empty", [(0, "the file is empty")], 1)
        self._field_count = len(header)
        self.kind = _kind_of(header)
        self._places = _places_of(self.kind, header)

    def __iter__(self) -> Iterator[GoodRow | BadRow]:
        """Yield every row of the file, empty lines left out.

        Raises:
            LoadRefused: the bytes are no UTF-8, or a line has no end.
        """
        while True:
            line = self._reader.line_num + 1
            try:
                fields = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield BadRow(line, f"is no CSV: {error}")
                continue
            if fields:
                yield self._parse(line, fields)

    def _parse(self, line: int, fields: Sequence[str]) -> GoodRow | BadRow:
        if len(fields) != self._field_count:
            return BadRow(line, f"has {len(fields)} fields, the header has {self._field_count}")
        values = []
        for place in self._places:
            try:
                values.append(place.parse(place.default if place.index is None else fields[place.index]))
            except ValueError as error:
                return BadRow(line, f"{place.column} {error}")
        return GoodRow(line, tuple(values))

    def _lines(self) -> Iterator[str]:
        line = 0
        while raw := self._file.readline(LINE_BYTES_MAX):
            line += 1
            self.bytes_read += len(raw)
            if line == 1 and raw.startswith(_UTF_16_MARKS):
                reason = "the file is UTF-16, convert it first: iconv -f UTF-16 -t UTF-8 old.csv > new.csv"
                raise LoadRefused(reason, [(0, reason)], 1)
            if len(raw) == LINE_BYTES_MAX:
                reason = f"has {LINE_BYTES_MAX} bytes or more: this is no file of accounts or bills"
                raise LoadRefused(f"line {line}: {reason}", [(line, reason)], 1)
            if line == 1:
                raw = raw.removeprefix(_BYTE_ORDER_MARK)
            try:
                yield raw.decode()
            except UnicodeDecodeError as error:
                reason = (
                    f"byte {error.start + 1} is no UTF-8; if the file is GB18030 or GBK, convert it first: "
                    "iconv -f GB18030 -t UTF-8 old.csv > new.csv"
                )
                raise LoadRefused(f"line {line}: {reason}", [(line, reason)], 1) from None


def _kind_of(header: Sequence[str]) -> Kind:
    kind = max(KINDS.values(), key=lambda kind: len(kind.columns.keys() & set(header)))
    if not kind.columns.keys() & set(header):
        expected = " or ".join(",".join(name for name in kind.columns) for kind in KINDS.values())
        reason = f"the header is not one of accounts or bills: expected {expected}{_hint(header)}"
        raise LoadRefused(f"line 1: {reason}", [(1, reason)], 1)
    return kind


def _hint(header: Sequence[str]) -> str:
    """Say what would make a header of this one: spreadsheets write other separators, people capitals."""
    known = {name for kind in KINDS.values() for name in kind.columns}
    hint, names = "", header
    for separator, name in _OTHER_SEPARATORS.items():
        if len(header) == 1 and separator in header[0]:
            names = [part.strip() for part in header[0].split(separator)]
            hint += f"; the columns are separated by {name}, commas are wanted"
    if not known & set(names) and known & {name.lower() for name in names}:
        hint += "; the names must be in lower case"
    return hint


def _places_of(kind: Kind, header: Sequence[str]) -> list[Place]:
    problems = []
    if unknown := [name or "(empty)" for name in header if name not in kind.columns]:
        problems.append(f"unknown columns: {', '.join(unknown)}")
    if twice := sorted({name for name in header if header.count(name) > 1}):
        problems.append(f"columns that appear twice: {', '.join(twice)}")
    if missing := [name for name in kind.columns if name not in header and name not in kind.optional]:
        problems.append(f"missing columns: {', '.join(missing)}")
    if problems:
        reason = f"this looks like a file of {kind.name}, but has {'; '.join(problems)}"
        raise LoadRefused(f"line 1: {reason}", [(1, reason)], 1)
    return [
        Place(name, header.index(name) if name in header else None, parse, kind.optional.get(name, ""))
        for name, parse in kind.columns.items()
    ]
