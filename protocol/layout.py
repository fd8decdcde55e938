"""Layouts 报文结构: a header or body is described once, and everything that must agree with it is made from that.

From one description come the size that is checked before anything is read, the conversion of bytes to the canonical
dataclass and back, and the field table of the interface document. A description that does not
fit its dataclass is refused when the module is imported.
"""

import dataclasses
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from operator import itemgetter
from typing import Any, Generic, TypeVar

from protocol.bindings import Binding
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.fields import FieldInvalid, FieldType, Reserved, struct_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a layout.

    Attributes:
        name: as in the interface document.
        type: how it looks on the wire.
        meaning: in English, for the interface document.
        gloss: in Chinese, for the interface document.
        attribute: canonical attribute when it is not ``name`` and the type's unit. A field whose attribute the
            canonical dataclass does not have is outside of it: it is given when building, and blank when not. In a
            ``Sheet`` this is the field's binding.
    """

    name: str
    type: FieldType
    meaning: str
    gloss: str
    attribute: Binding = ""

    @property
    def target(self) -> str:
        """The canonical attribute of a field in a ``Layout``."""
        assert isinstance(self.attribute, str), "only the fields of a sheet have other bindings"
        return self.attribute or self.name + self.type.unit


_RSV = "rsv"
"""Name that reserved fields share; in errors their offset is added to it."""


def rsv(size: int) -> Field:
    """Return ``size`` reserved bytes without a name of their own."""
    return Field(_RSV, Reserved(size), "reserved", "保留")


@dataclass(frozen=True, slots=True)
class Group:
    """Fields in a row that are one object of their own in the canonical message, under ``attribute``."""

    attribute: str
    canonical: type
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """A page of repeated rows, as the last part of a layout; unused rows are zero bytes.

    Canonical ``rows`` being built hold all rows: the page that ``page`` names is cut from them and the counts are set.
    Without ``total`` they are those of the page.

    Attributes:
        layout: of one row.
        capacity: rows of one page.
        total: name of the field that counts all rows, None when that is a canonical attribute like any other.
        present: name of the field that counts the rows of this page. Without one the wire does not say which page it
            is either: the first row of zero bytes ends the page, and the canonical ``page`` reads as 0.
    """

    layout: "Layout[Any]"
    capacity: int
    total: str | None
    present: str | None = None

    @property
    def size(self) -> int:
        """Bytes of a full page."""
        return self.capacity * self.layout.size


@dataclass(frozen=True, slots=True)
class Placed:
    """A field at its place.

    Attributes:
        key: unique name in the layout: a ``rsv`` field has its offset in it, e.g. ``rsv@34``.
        offset: from the first byte of the layout.
        field: its description.
    """

    key: str
    offset: int
    field: Field


_Values = list[Any]
"""One value for each field, in the order of the wire: raw, then converted at its place."""

_Fill = tuple[int, str, Callable[[Any], Any] | None]
"""Index of a field, the canonical attribute that fills it, and what converts that, None when nothing does."""


class Layout(Generic[T]):
    """A header, a body or a row.

    Args:
        path: how errors call it: ``header``, ``body`` or ``row``.
        canonical: the dataclass that it becomes.
        items: fields and groups in their order, at most one ``Rows`` at the end.
        checks_reserved: reserved bytes that are not zero are invalid (requests), else ignored (replies).
    """

    def __init__(
        self, path: str, canonical: type[T], *items: Field | Group | Rows, checks_reserved: bool = False
    ) -> None:
        self.path = path
        self.canonical = canonical
        self.rows = items[-1] if items and isinstance(items[-1], Rows) else None
        self.fields, owners = placed_fields(items)
        self._struct = struct_of(placed.field.type for placed in self.fields)
        self.size = self._struct.size + (self.rows.size if self.rows else 0)
        self._index = {placed.key: index for index, placed in enumerate(self.fields)}
        self._blank = [placed.field.type.blank for placed in self.fields]
        self._groups = [item for item in items if isinstance(item, Group)]
        self._own_fills = self._fills(canonical, None, owners)
        self._group_fills = [(group.attribute, self._fills(group.canonical, group, owners)) for group in self._groups]
        self._check_description()
        self._parsers = self._parsers_of_filled(checks_reserved=checks_reserved)
        self._arguments = _picker(canonical, self._places())
        self._group_arguments = [
            (group.canonical, _picker(group.canonical, {attribute: index for index, attribute, _ in fills}))
            for group, (_, fills) in zip(self._groups, self._group_fills, strict=True)
        ]

    def _fills(self, canonical: type, owner: Group | None, owners: Iterable[Group | None]) -> tuple[_Fill, ...]:
        """Return how the fields of ``owner`` that ``canonical`` has are filled from it."""
        attributes = {attribute.name for attribute in dataclasses.fields(canonical)}
        return tuple(
            (index, placed.field.target, None if placed.field.type.is_plain else placed.field.type.build)
            for index, (placed, group) in enumerate(zip(self.fields, owners, strict=True))
            if group is owner and placed.field.target in attributes
        )

    def _parsers_of_filled(self, *, checks_reserved: bool) -> tuple[tuple[int, Callable[[Any], Any]], ...]:
        """Return what converts raw values, each with its index; a check of reserved bytes converts them to nothing."""
        filled = {index for fills in (self._own_fills, *(f for _, f in self._group_fills)) for index, _, _ in fills}
        return tuple(
            (index, placed.field.type.parse)
            for index, placed in enumerate(self.fields)
            if (index in filled and not placed.field.type.is_plain)
            or (checks_reserved and isinstance(placed.field.type, Reserved))
        )

    def _places(self) -> dict[str, int]:
        """Return where each attribute of the canonical object stands in the values: groups and rows behind the rest."""
        places = {attribute: index for index, attribute, _ in self._own_fills}
        behind = [group.attribute for group in self._groups]
        if self.rows:
            behind += ["rows"] if self.rows.present else ["rows", "page"]
        return places | {attribute: index for index, attribute in enumerate(behind, len(self.fields))}

    def _check_description(self) -> None:
        """Refuse a description in which an attribute is missing or filled twice, or two fields share a name."""
        filled = [attribute for _, attribute, _ in self._own_fills] + [group.attribute for group in self._groups]
        if self.rows:
            filled += ["rows"] if self.rows.present else ["rows", "page"]
        _check_filled(self.canonical, filled)
        for group, (_, fills) in zip(self._groups, self._group_fills, strict=True):
            _check_filled(group.canonical, [attribute for _, attribute, _ in fills])
        if len(self._index) != len(self.fields):
            raise LocalProtocolError(f"{self.canonical.__name__}: two fields share a name")

    # --- reading

    def parse(self, data: bytes) -> T:
        """Return the canonical object of ``data``; MessageInvalid when it does not fit this layout."""
        return self._read(list(self._raw(data)), data)

    def named(self, data: bytes) -> dict[str, object]:
        """Return every field of ``data`` but the reserved ones by its name in the interface document."""
        raw = self._raw(data)
        shown = [(i, p.field.type.parse) for i, p in enumerate(self.fields) if not isinstance(p.field.type, Reserved)]
        values = list(raw)
        self._convert(values, shown)
        named: dict[str, object] = {self.fields[index].key: values[index] for index, _ in shown}
        if self.rows:
            named["rows"] = self._each_row(raw, data, self.rows, self.rows.layout.named)
        return named

    def _raw(self, data: bytes) -> tuple[Any, ...]:
        if len(data) != self.size:
            raise MessageInvalid(self.path, f"{len(data)} bytes instead of {self.size}")
        return self._struct.unpack_from(data)

    def _read(self, values: _Values, data: bytes) -> T:
        rows = self._each_row(values, data, self.rows, self.rows.layout.parse) if self.rows else None
        self._convert(values, self._parsers)
        for canonical, arguments in self._group_arguments:
            values.append(canonical(*arguments(values)))
        if rows is not None:
            values += (rows, 0)
        return self.canonical(*self._arguments(values))

    def _convert(self, values: _Values, parsers: Iterable[tuple[int, Callable[[Any], Any]]]) -> None:
        index = 0
        try:
            for index, parse in parsers:
                values[index] = parse(values[index])
        except FieldInvalid as error:
            raise MessageInvalid(f"{self.path}.{self.fields[index].key}", str(error)) from None

    def _each_row(
        self, raw: Sequence[Any], data: bytes, rows: Rows, read: Callable[[bytes], object]
    ) -> tuple[object, ...]:
        """Read the rows that are present; what stands behind them is ignored."""
        result = []
        for index, row in enumerate(self._present_rows(raw, data[self._struct.size :], rows)):
            try:
                result.append(read(row))
            except MessageInvalid as error:
                field = error.path.partition(".")[2]
                raise MessageInvalid(f"{self.path}.rows[{index}].{field}", error.reason) from None
        return tuple(result)

    def _present_rows(self, raw: Sequence[Any], page: bytes, rows: Rows) -> list[bytes]:
        """Return the bytes of each row that is present."""
        size = rows.layout.size
        every = [page[start : start + size] for start in range(0, rows.size, size)]
        if not rows.present:
            return list(takewhile(any, every))
        present: int = raw[self._index[rows.present]]
        if present > rows.capacity:
            raise MessageInvalid(f"{self.path}.{rows.present}", f"more than {rows.capacity} rows")
        return every[:present]

    # --- building

    def build(self, value: T, **given: object) -> bytes:
        """Return the bytes of ``value``.

        Args:
            value: the canonical object.
            given: values of fields that are outside of it, by name.

        Raises:
            LocalProtocolError: a value does not fit its field.
        """
        if type(value) is not self.canonical:
            raise LocalProtocolError(f"{type(value).__name__} given instead of {self.canonical.__name__}")
        values: _Values = self._blank.copy()
        self._fill(values, value, self._own_fills)
        for attribute, fills in self._group_fills:
            self._fill(values, getattr(value, attribute), fills)
        for key, item in given.items():
            values[self._index[key]] = self._built(self._index[key], item)
        if self.rows is None:
            return self._pack(values)
        page = self._page(values, value, self.rows)
        return self._pack(values) + page

    def _fill(self, values: _Values, source: object, fills: Iterable[_Fill]) -> None:
        index = 0
        try:
            for index, attribute, build in fills:
                item = getattr(source, attribute)
                values[index] = item if build is None else build(item)
        except FieldInvalid as error:
            raise LocalProtocolError(f"{self.path}.{self.fields[index].key}: {error}") from None

    def _page(self, values: _Values, value: Any, rows: Rows) -> bytes:
        """Return the page that is cut out of all rows, and set the counts; a page past the last row is empty."""
        if value.page < 1:
            raise LocalProtocolError(f"{self.path}.page: pages count from 1")
        shown = value.rows
        if rows.total is not None:
            shown = shown[(value.page - 1) * rows.capacity : value.page * rows.capacity]
            total = self._index[rows.total]
            # A count that says "as many or more" is better than no reply: the pages tell where the rows end.
            values[total] = min(len(value.rows), (1 << 8 * self.fields[total].field.type.size) - 1)
        elif len(shown) > rows.capacity:
            raise LocalProtocolError(f"{self.path}.rows: more than {rows.capacity}")
        if rows.present:
            values[self._index[rows.present]] = len(shown)
        return b"".join([rows.layout.build(row) for row in shown]).ljust(rows.size, b"\0")

    def _built(self, index: int, value: object) -> object:
        try:
            return self.fields[index].field.type.build(value)
        except FieldInvalid as error:
            raise LocalProtocolError(f"{self.path}.{self.fields[index].key}: {error}") from None

    def _pack(self, values: _Values) -> bytes:
        try:
            return self._struct.pack(*values)
        except struct.error:
            pass  # the field's own type says it below, in words that do not quote the value
        for index, placed in enumerate(self.fields):
            if placed.field.type.is_plain:
                self._built(index, values[index])
        raise AssertionError("an integer did not fit, yet each one fits")


def placed_fields(items: Iterable[Field | Group | Rows]) -> tuple[tuple[Placed, ...], tuple[Group | None, ...]]:
    """Return every field with its offset, and beside it the group that it belongs to."""
    placed: list[Placed] = []
    owners: list[Group | None] = []
    offset = 0
    for item in items:
        if isinstance(item, Rows):
            continue
        for field in item.fields if isinstance(item, Group) else (item,):
            key = f"{field.name}@{offset}" if field.name == _RSV else field.name
            placed.append(Placed(key, offset, field))
            owners.append(item if isinstance(item, Group) else None)
            offset += field.type.size
    return tuple(placed), tuple(owners)


def _picker(canonical: type, places: Mapping[str, int]) -> Callable[[_Values], tuple[Any, ...]]:
    """Return what takes the arguments of ``canonical`` out of values, in its own order; the last may have defaults."""
    indexes = [places[attribute.name] for attribute in dataclasses.fields(canonical) if attribute.name in places]
    if len(indexes) > 1:
        return itemgetter(*indexes)
    return lambda values: tuple(values[index] for index in indexes)


def _check_filled(canonical: type, filled: list[str]) -> None:
    """Refuse a description that does not fill each attribute once; those with a default may be left out at the end."""
    attributes = dataclasses.fields(canonical)
    required = sum(attribute.default is dataclasses.MISSING for attribute in attributes)
    expected = sorted(attribute.name for attribute in attributes[: max(required, len(filled))])
    if sorted(filled) != expected:
        raise LocalProtocolError(f"{canonical.__name__} is filled by {sorted(filled)} instead of {expected}")
