"""Layouts 报文结构: a header or body is described once, and everything that must agree with it is made from that.

From one description come the compiled construct Struct (plain bytes and integers only), the size that is checked before
anything is read, the conversion to and from the canonical dataclass, patches of single fields, and the field table of
the interface document. A description that does not fit its dataclass is refused when the module is imported.
"""

import dataclasses
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Generic, TypeVar

from construct import Bytes, Struct

from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.fields import FieldInvalid, FieldType, Reserved

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
            canonical dataclass does not have is outside of it: it is given when building, and blank when not.
    """

    name: str
    type: FieldType
    meaning: str
    gloss: str
    attribute: str = ""

    @property
    def target(self) -> str:
        """The canonical attribute."""
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

    Attributes:
        layout: of one row.
        capacity: rows of one page.
        total: name of the field that counts all rows.
        present: name of the field that counts the rows of this page. Without one the wire does not say which page it
            is either: the first row of zero bytes ends the page, and the canonical ``page`` reads as 0.
    """

    layout: "Layout[Any]"
    capacity: int
    total: str
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


_Step = tuple[str, str, FieldType | None]
"""Key on the wire, canonical attribute, and the type that converts, None when nothing is to be converted."""


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
        self.fields, owners = _placed(items)
        self.size = sum(placed.field.type.size for placed in self.fields) + (self.rows.size if self.rows else 0)
        self._by_key = {placed.key: placed for placed in self.fields}
        self._own = _steps(canonical, (p for p, group in zip(self.fields, owners, strict=True) if group is None))
        self._groups = [
            (item, _steps(item.canonical, (p for p, group in zip(self.fields, owners, strict=True) if group is item)))
            for item in items
            if isinstance(item, Group)
        ]
        reserved = [(p.key, p.field.type.blank) for p in self.fields if isinstance(p.field.type, Reserved)]
        self._reserved = reserved if checks_reserved else []
        self._blank = {placed.key: placed.field.type.blank for placed in self.fields}
        self._struct = self._compiled()
        self._total_max = (1 << 8 * self._by_key[self.rows.total].field.type.size) - 1 if self.rows else 0
        self._check_description()

    def _compiled(self) -> Any:
        """Return the compiled Struct; a page of rows is one field of bytes in it, cut up only as far as it is used."""
        subcons = [placed.key / placed.field.type.construct for placed in self.fields]
        if self.rows:
            subcons.append("rows" / Bytes(self.rows.size))
        return Struct(*subcons).compile()

    def _check_description(self) -> None:
        """Refuse a description in which an attribute is missing or filled twice, or two fields share a name."""
        filled = [attribute for _key, attribute, _kind in self._own] + [group.attribute for group, _ in self._groups]
        if self.rows:
            filled += ["rows"] if self.rows.present else ["rows", "page"]
        _check_filled(self.canonical, filled)
        for group, steps in self._groups:
            _check_filled(group.canonical, [attribute for _key, attribute, _kind in steps])
        if len(self._by_key) != len(self.fields):
            raise LocalProtocolError(f"{self.canonical.__name__}: two fields share a name")

    # --- reading

    def unpack(self, data: bytes) -> Mapping[str, Any]:
        """Return the raw fields of ``data`` by key; MessageInvalid when its size is not this layout's."""
        if len(data) != self.size:
            raise MessageInvalid(self.path, f"{len(data)} bytes instead of {self.size}")
        raw: Mapping[str, Any] = self._struct.parse(data)
        return raw

    def read(self, raw: Mapping[str, Any]) -> T:
        """Return the canonical object of ``raw`` fields; MessageInvalid names the field that does not fit."""
        values = self._values(raw, self._own)
        for group, steps in self._groups:
            values[group.attribute] = group.canonical(**self._values(raw, steps))
        for key, blank in self._reserved:
            if raw[key] != blank:
                raise MessageInvalid(f"{self.path}.{key}", "not zero bytes")
        if self.rows:
            values["rows"] = self._each_row(raw, self.rows, self.rows.layout.parse)
            if not self.rows.present:
                values["page"] = 0
        return self.canonical(**values)

    def parse(self, data: bytes) -> T:
        """Return the canonical object of ``data``; MessageInvalid when it does not fit this layout."""
        return self.read(self.unpack(data))

    def named(self, data: bytes) -> dict[str, object]:
        """Return every field of ``data`` but the reserved ones by its name in the interface document."""
        raw = self.unpack(data)
        steps = [(p.key, p.key, p.field.type) for p in self.fields if not isinstance(p.field.type, Reserved)]
        values = self._values(raw, steps)
        if self.rows:
            values["rows"] = self._each_row(raw, self.rows, self.rows.layout.named)
        return values

    def _values(self, raw: Mapping[str, Any], steps: Iterable[_Step]) -> dict[str, Any]:
        values = {}
        key = ""
        try:
            for key, attribute, kind in steps:
                values[attribute] = raw[key] if kind is None else kind.parse(raw[key])
        except FieldInvalid as error:
            raise MessageInvalid(f"{self.path}.{key}", str(error)) from None
        return values

    def _each_row(self, raw: Mapping[str, Any], rows: Rows, read: Callable[[bytes], object]) -> tuple[object, ...]:
        """Read the rows that are present; what stands behind them is ignored."""
        result = []
        for index, row in enumerate(self._present_rows(raw, rows)):
            try:
                result.append(read(row))
            except MessageInvalid as error:
                field = error.path.partition(".")[2]
                raise MessageInvalid(f"{self.path}.rows[{index}].{field}", error.reason) from None
        return tuple(result)

    def _present_rows(self, raw: Mapping[str, Any], rows: Rows) -> list[bytes]:
        """Return the bytes of each row that is present."""
        page: bytes = raw["rows"]
        size = rows.layout.size
        every = [page[start : start + size] for start in range(0, rows.size, size)]
        if not rows.present:
            return list(takewhile(any, every))
        present: int = raw[rows.present]
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
        raw: dict[str, Any] = self._blank.copy()
        self._fill(raw, value, self._own)
        for group, steps in self._groups:
            self._fill(raw, getattr(value, group.attribute), steps)
        if self.rows:
            self._fill_page(raw, value, self.rows)
        for key, item in given.items():
            raw[key] = self._convert(key, item)
        return self._pack(raw)

    def _fill(self, raw: dict[str, Any], value: object, steps: Iterable[_Step]) -> None:
        key = ""
        try:
            for key, attribute, kind in steps:
                item = getattr(value, attribute)
                raw[key] = item if kind is None else kind.build(item)
        except FieldInvalid as error:
            raise LocalProtocolError(f"{self.path}.{key}: {error}") from None

    def _fill_page(self, raw: dict[str, Any], value: Any, rows: Rows) -> None:
        """Cut the page out of all rows; one that lies past the last row is empty."""
        if value.page < 1:
            raise LocalProtocolError(f"{self.path}.page: pages count from 1")
        shown = value.rows[(value.page - 1) * rows.capacity : value.page * rows.capacity]
        # A count that says "as many or more" is better than no reply: the pages tell where the rows end.
        raw[rows.total] = min(len(value.rows), self._total_max)
        if rows.present:
            raw[rows.present] = len(shown)
        raw["rows"] = b"".join([rows.layout.build(row) for row in shown]).ljust(rows.size, b"\0")

    def _convert(self, key: str, value: object) -> object:
        try:
            return self._by_key[key].field.type.build(value)
        except FieldInvalid as error:
            raise LocalProtocolError(f"{self.path}.{key}: {error}") from None

    def _pack(self, raw: dict[str, Any]) -> bytes:
        try:
            data: bytes = self._struct.build(raw)
        except struct.error:
            pass  # the field's own type says it below, in words that do not quote the value
        else:
            return data
        for placed in self.fields:
            if placed.field.type.is_plain:
                self._convert(placed.key, raw[placed.key])
        raise AssertionError("an integer did not fit, yet each one fits")

    def patcher(self, *names: str) -> "Patcher":
        """Return what overwrites the fields ``names`` in bytes of this layout, and leaves all others as they are."""
        return Patcher(self.path, [self._by_key[name] for name in names])


class Patcher:
    """Overwrites some fields of a layout's bytes; what stands in the others, well formed or not, is not looked at."""

    __slots__ = ("_path", "_places")

    def __init__(self, path: str, fields: Iterable[Placed]) -> None:
        self._path = path
        self._places = [(p.key, p.offset, p.offset + p.field.type.size, p.field.type) for p in fields]

    def __call__(self, data: bytes, *values: object) -> bytes:
        """Return ``data`` with the canonical ``values`` in the fields, in the order in which they were named.

        Raises:
            LocalProtocolError: a value does not fit its field.
        """
        patched = bytearray(data)
        key = ""
        try:
            for place, value in zip(self._places, values, strict=True):
                key, start, stop, kind = place
                patched[start:stop] = kind.pack(value)
        except FieldInvalid as error:
            raise LocalProtocolError(f"{self._path}.{key}: {error}") from None
        return bytes(patched)


def _placed(items: Iterable[Field | Group | Rows]) -> tuple[tuple[Placed, ...], tuple[Group | None, ...]]:
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


def _steps(canonical: type, fields: Iterable[Placed]) -> tuple[_Step, ...]:
    """Return how those ``fields`` that ``canonical`` has convert to its attributes."""
    attributes = {attribute.name for attribute in dataclasses.fields(canonical)}
    return tuple(
        (placed.key, placed.field.target, None if placed.field.type.is_plain else placed.field.type)
        for placed in fields
        if placed.field.target in attributes
    )


def _check_filled(canonical: type, filled: list[str]) -> None:
    """Refuse a description that does not fill each attribute of ``canonical`` exactly once."""
    attributes = sorted(attribute.name for attribute in dataclasses.fields(canonical))
    if sorted(filled) != attributes:
        raise LocalProtocolError(f"{canonical.__name__} is filled by {sorted(filled)} instead of {attributes}")
