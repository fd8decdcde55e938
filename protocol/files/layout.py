"""File layouts 文件格式: a file is described once; reading, writing and its document go by that.

A file is a head, rows and, in some layouts, a tail. Each kind of line is a ``Sheet`` whose fields are bound to

- an attribute of the canonical head or row; when two are bound to the same, the first is read and both are written;
- ``Constant(value)``: always this when it is written; not looked at when it is read, unless the field is a ``Marker``;
- ``#``: the number of the row, from 1; not looked at when it is read;
- nothing: blank when it is written, not looked at when it is read.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

from protocol.bindings import Constant
from protocol.bound import ROW_NUMBER, Sources
from protocol.errors import LocalProtocolError
from protocol.fields import FieldInvalid, FixedField
from protocol.files.errors import Fault, FileInvalid
from protocol.files.field_types import Marker
from protocol.files.forms import Fixed, LineForm, LineMisfit
from protocol.files.lines import CR_LF
from protocol.layout import Field
from protocol.sheet import Sheet

T = TypeVar("T")
H = TypeVar("H")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Rule(Generic[R]):
    """What must hold of a row besides what its fields say each for itself.

    Attributes:
        field: the name of the field that is wrong when it does not hold.
        reason: in English.
        gloss: in Chinese.
        holds: of a canonical row.
    """

    field: str
    reason: str
    gloss: str
    holds: Callable[[R], bool]


class Lines(Generic[T]):
    """Lines of one kind.

    Args:
        canonical: the dataclass that each becomes.
        sheet: its fields.
        form: how they are told apart.
        rules: what must hold besides.
    """

    def __init__(
        self, canonical: type[T], sheet: Sheet, *, form: LineForm | None = None, rules: Sequence[Rule[T]] = ()
    ) -> None:
        self.canonical = canonical
        self.sheet = sheet
        self.form = form or Fixed()
        self.bytes_max = self.form.bytes_max(sheet.fields)
        self._rules = tuple((rule, self._field(rule.field)) for rule in rules)
        self._cut = self.form.cut_of(sheet.fields)
        self._markers = [
            (index, field.type.marker) for index, field in enumerate(sheet.fields) if isinstance(field.type, Marker)
        ]
        self._parsers = self._parsers_in_order()

    def _field(self, name: str) -> Field:
        return self.sheet.fields[self.sheet.names.index(name)]

    def _parsers_in_order(self) -> list[tuple[int, Callable[[Any], Any]]]:
        """Return index and conversion of each attribute's field, in the order of the dataclass."""
        indexes: dict[str, int] = {}
        for index, field in enumerate(self.sheet.fields):
            if not isinstance(field.type, FixedField) or not isinstance(field.attribute, str | Constant):
                raise LocalProtocolError(f"{self.sheet.where(field.name)}: not for a file of text")
            if isinstance(field.attribute, str) and field.attribute not in ("", ROW_NUMBER):
                indexes.setdefault(field.attribute, index)
        attributes = [attribute.name for attribute in dataclasses.fields(self.canonical)]  # type: ignore[arg-type]
        if sorted(indexes) != sorted(attributes):
            raise LocalProtocolError(f"{self.canonical.__name__} is filled by {sorted(indexes)}")
        return [(indexes[name], self.sheet.fields[indexes[name]].type.parse) for name in attributes]

    def parse(self, lines: Sequence[bytes], number: int) -> list[T]:
        """Return what lines mean; the first of them has that number.

        Field by field and not line by line, so that a line costs little more than the conversion of its values.

        Raises:
            FileInvalid: one does not fit.
        """
        if not lines:
            return []
        try:
            columns = list(zip(*map(self._cut, lines), strict=True))
            for index, marker in self._markers:
                if columns[index].count(marker) != len(lines):
                    raise FieldInvalid
            parsed: Iterable[T] = map(self.canonical, *[map(parse, columns[index]) for index, parse in self._parsers])
            values = list(parsed)
        except LineMisfit:
            pass  # said below of the line that it was
        else:
            self._check_rules(values, number)
            return values
        for number_of_line, line in enumerate(lines, number):
            self._check(line, number_of_line)
        raise AssertionError("lines do not fit, yet each one does")

    def _check(self, line: bytes, number: int) -> None:
        """Raise what is wrong with a line, if it is the one; by marker, length, fields in this order."""
        first = self.sheet.fields[0].type
        if isinstance(first, Marker) and not line.startswith(first.marker):
            raise FileInvalid(Fault.MARKER, number, first.marker.decode("ascii"))
        self.form.check(line, number, self.sheet.fields)
        raws = self._cut(line)
        for index, parse in sorted(self._parsers, key=lambda parser: parser[0]):
            field = self.sheet.fields[index]
            try:
                parse(raws[index])
            except FieldInvalid as error:
                chinese = f"不符合 {field.type.wire_name}"
                raise FileInvalid(Fault.FIELD, number, error, field=field, chinese=chinese) from None

    def _check_rules(self, values: Sequence[T], number: int) -> None:
        for rule, field in self._rules:
            if all(map(rule.holds, values)):
                continue
            for number_of_line, value in enumerate(values, number):
                if not rule.holds(value):
                    raise FileInvalid(Fault.FIELD, number_of_line, rule.reason, field=field, chinese=rule.gloss)

    def build(self, value: T, number: int = 0) -> bytes:
        """Return the line of ``value``, the row of that number; LocalProtocolError when it does not fit."""
        for rule, field in self._rules:
            if not rule.holds(value):
                raise LocalProtocolError(f"{self.sheet.where(field.name)}: {rule.reason}")
        return self.form.joined(self.sheet.raw_values(Sources({"": value, ROW_NUMBER: number})))


@dataclass(frozen=True, slots=True)
class FileLayout(Generic[H, R]):
    """A kind of file as one bank has it.

    Attributes:
        name: for errors and the document.
        meaning: in English.
        gloss: in Chinese.
        head: its first line.
        rows: every line behind it, but for the tail.
        row_count: attribute of the head that counts the rows; empty when the head is not trusted.
        total: attribute of the head, and attribute of a row whose sum it is; None when there is none.
        newline: what ends each line, the last one too.
        has_tail: the last line is T and the CRC-32 of all lines before it, 8 upper-case hexadecimal digits.
    """

    name: str
    meaning: str
    gloss: str
    head: Lines[H]
    rows: Lines[R]
    row_count: str = "row_count"
    total: tuple[str, str] | None = None
    newline: bytes = CR_LF
    has_tail: bool = True

    def __post_init__(self) -> None:
        """Refuse a description in which a row could be taken for the tail."""
        if self.has_tail and not isinstance(self.rows.sheet.fields[0].type, Marker):
            raise LocalProtocolError(f"{self.name}: rows before a tail begin with a marker")

    @property
    def line_bytes_max(self) -> int:
        """Bytes of the longest line, without its end."""
        return max(self.head.bytes_max, self.rows.bytes_max, TAIL_BYTES)


TAIL_BYTES = 9
"""T and 8 digits."""


class Tally:
    """Counts rows and sums them up, and compares with what the head says."""

    def __init__(self, layout: FileLayout[Any, Any]) -> None:
        self._layout = layout
        self._amount = attrgetter(layout.total[1]) if layout.total else None
        self.row_count = 0
        self.total_fen = 0

    def add(self, rows: Sequence[Any]) -> None:
        """Count ``rows``."""
        self.row_count += len(rows)
        if self._amount:
            self.total_fen += sum(map(self._amount, rows))

    def for_head(self) -> Mapping[str, int]:
        """Return the attributes of the head that the rows give."""
        given = {self._layout.row_count: self.row_count} if self._layout.row_count else {}
        return given | ({self._layout.total[0]: self.total_fen} if self._layout.total else {})

    def check(self, head: object) -> None:
        """Raise FileInvalid, of the first line, when ``head`` says something else."""
        layout = self._layout
        if layout.row_count and getattr(head, layout.row_count) != self.row_count:
            raise FileInvalid(Fault.ROW_COUNT, 1, self.row_count, getattr(head, layout.row_count))
        if layout.total and getattr(head, layout.total[0]) != self.total_fen:
            raise FileInvalid(Fault.TOTAL, 1)
