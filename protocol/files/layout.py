"""File layouts 文件格式: a file is described once; reading, writing and its document go by that.

A file is a head, rows and, in some layouts, a tail. Each kind of line is a ``Sheet`` whose fields are bound to

- an attribute of the canonical head or row; when two are bound to the same, the first is read and both are written;
- a property of it, which follows from the attributes: it is written, and must agree when it is read;
- ``Constant(value)``: always this when it is written; not looked at when it is read, unless the field is a ``Marker``;
- ``#``: the number of the row, from 1; not looked at when it is read;
- nothing: blank when it is written, not looked at when it is read.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from protocol.bindings import Constant
from protocol.bound import ROW_NUMBER, Sources
from protocol.errors import LocalProtocolError
from protocol.fields import FieldInvalid, FixedField
from protocol.files.columns import Column, Columns, ParseColumn, column_parser
from protocol.files.errors import Fault, FileInvalid
from protocol.files.field_types import Marker
from protocol.files.forms import Fixed, LineForm, LineMisfit
from protocol.files.lines import CR_LF
from protocol.sheet import Sheet

T = TypeVar("T")
H = TypeVar("H")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Rule(Generic[R]):
    """What must hold of a row besides what its fields say each for itself.

    Attributes:
        attribute: whose field is wrong when it does not hold.
        reason: in English.
        gloss: in Chinese.
        holds: of a canonical row.
    """

    attribute: str
    reason: str
    gloss: str
    holds: Callable[[R], bool]


NOTHING_GIVEN: Mapping[str, object] = MappingProxyType({})


_Source = Callable[[Mapping[int, Sequence[bytes]], int], Column]
"""Makes the values of an attribute from the raw values of the fields, which so many lines have."""


def _of_field(index: int, parse: ParseColumn) -> _Source:
    return lambda raws, count: parse(raws[index]) if count else ()


def _given(value: object) -> _Source:
    return lambda raws, count: [value] * count


class Lines(Generic[T]):
    """Lines of one kind.

    Args:
        canonical: the dataclass that each becomes.
        sheet: its fields.
        form: how they are told apart.
        rules: what must hold besides.
        given: by attribute, what is true of every line although none says it.
    """

    def __init__(
        self,
        canonical: type[T],
        sheet: Sheet,
        *,
        form: LineForm | None = None,
        rules: Sequence[Rule[T]] = (),
        given: Mapping[str, object] = NOTHING_GIVEN,
    ) -> None:
        self.canonical = canonical
        self.sheet = sheet
        self.form = form or Fixed()
        self.bytes_max = self.form.bytes_max(sheet.fields)
        self._cut = self.form.cut_of(sheet.fields)
        self._markers = [
            (index, field.type.marker) for index, field in enumerate(sheet.fields) if isinstance(field.type, Marker)
        ]
        self._indexes = self._indexes_by_attribute()
        wanted = {index for index, _ in self._markers} | {*self._indexes.values()}
        self._cut_all = self.form.cut_all_of(sheet.fields, wanted)
        self._sources = self._sources_in_order(given)
        self._derived = [
            (self._indexes[name], attrgetter(name))
            for name in self._indexes
            if isinstance(getattr(canonical, name, None), property)
        ]
        self._rules = tuple((rule, sheet.fields[self._indexes[rule.attribute]]) for rule in rules)

    def _indexes_by_attribute(self) -> dict[str, int]:
        """Return the index of the field that each attribute is read from."""
        indexes: dict[str, int] = {}
        for index, field in enumerate(self.sheet.fields):
            if not isinstance(field.type, FixedField) or not isinstance(field.attribute, str | Constant):
                raise LocalProtocolError(f"{self.sheet.where(field.name)}: not for a file of text")
            if isinstance(field.attribute, str) and field.attribute not in ("", ROW_NUMBER):
                indexes.setdefault(field.attribute, index)
        return indexes

    def _sources_in_order(self, given: Mapping[str, object]) -> dict[str, _Source]:
        """Return where the values of each attribute come from, in the order of the dataclass."""
        attributes = dataclasses.fields(self.canonical)  # type: ignore[arg-type]
        defaults = {each.name: each.default for each in attributes if each.default is not dataclasses.MISSING}
        known = defaults | dict(given)
        filled = [name for name in self._indexes if not isinstance(getattr(self.canonical, name, None), property)]
        if {*filled, *known} != {each.name for each in attributes} or not given.keys().isdisjoint(filled):
            raise LocalProtocolError(f"{self.canonical.__name__} is filled by {sorted({*filled, *given})}")
        return {
            each.name: _given(known[each.name])
            if (index := self._indexes.get(each.name)) is None
            else _of_field(index, column_parser(self.sheet.fields[index].type))
            for each in attributes
        }

    def parse(self, lines: Sequence[bytes], number: int) -> Columns[T]:
        """Return what lines mean; the first of them has that number.

        Field by field and not line by line, so that a line costs little more than the conversion of its values.

        Raises:
            FileInvalid: one does not fit.
        """
        try:
            raws = self._cut_all(lines)
            for index, marker in self._markers:
                if lines and raws[index].count(marker) != len(lines):
                    raise FieldInvalid
            values = self._values(raws, len(lines))
            for index, derived in self._derived if lines else ():
                if [self._parsed(index, raw) for raw in raws[index]] != list(map(derived, values)):
                    raise FieldInvalid
        except LineMisfit:
            pass  # said below of the line that it was
        else:
            self._check_rules(values, number)
            return values
        for number_of_line, line in enumerate(lines, number):
            self._check(line, number_of_line)
        raise AssertionError("lines do not fit, yet each one does")

    def _values(self, raws: Mapping[int, Sequence[bytes]], count: int) -> Columns[T]:
        columns = {name: source(raws, count) for name, source in self._sources.items()}
        return Columns(self.canonical, columns, count)

    def _parsed(self, index: int, raw: bytes) -> Any:
        return self.sheet.fields[index].type.parse(raw)

    def _check(self, line: bytes, number: int) -> None:
        """Raise what is wrong with a line, if it is the one; by marker, length, fields in this order."""
        first = self.sheet.fields[0].type
        if isinstance(first, Marker) and not line.startswith(first.marker):
            raise FileInvalid(Fault.MARKER, number, first.marker.decode("ascii"))
        self.form.check(line, number, self.sheet.fields)
        raws = self._cut(line)
        for index in sorted(self._indexes.values()):
            field = self.sheet.fields[index]
            try:
                self._parsed(index, raws[index])
            except FieldInvalid as error:
                chinese = f"不符合 {field.type.wire_name}"
                raise FileInvalid(Fault.FIELD, number, error, field=field, chinese=chinese) from None
        [value] = self._values({index: [raw] for index, raw in enumerate(raws)}, 1)
        for index, derived in self._derived:
            if self._parsed(index, raws[index]) != derived(value):
                raise FileInvalid(Fault.DISAGREES, number, field=self.sheet.fields[index])

    def _check_rules(self, values: Columns[T], number: int) -> None:
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

    def suffix_of(self, base: "Lines[Any]") -> Callable[[object], bytes] | None:
        """Return what makes of the value of the last field the bytes that follow a line of ``base`` in these lines.

        So a line can go out as it came in, with one field more. None: these are not lines of ``base`` with that.
        """
        *fields, last = self.sheet.fields
        is_longer = tuple(fields) == tuple(base.sheet.fields) and self.form == base.form
        if not is_longer or any(field.attribute == ROW_NUMBER for field in self.sheet.fields):
            return None
        build = last.type.build
        return lambda value: self.form.joined([b"", build(value)])


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
        total: attribute of the head, and attribute of a row whose sum it is; without the former the rows are summed up
            and the head is not trusted; None when there is nothing to sum up.
        sums: further ones of the kind; of what is true or false, how many.
        one_by: attributes by which rows that follow one another are one, as where a payment has a row for each of its
            bills: they must be equal, and the first is given out.
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
    sums: tuple[tuple[str, str], ...] = ()
    one_by: tuple[str, ...] = ()
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
