"""Sheets 域表: fields one behind the other, each bound by itself to a place in the canonical message.

A ``Layout`` is a whole canonical object; a sheet is what other links need, where one canonical object is scattered over
header and body, fields repeat what the request said, and others mean nothing to us. A field is bound to

- a place, ``scope.attribute``: ``head.bank_serial``, ``body.amount_fen``, and what the dialect offers besides;
- ``Echo(name)``: in a reply, what the request had in its field of that name;
- ``Constant(value)``: always this when it is built; not looked at when it is read;
- ``Equal(name)``: what an earlier field of the message says, the header's included; anything else is refused;
- nothing: blank when it is built, not looked at when it is read.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Any

from protocol.bindings import Constant, Echo, Equal
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.fields import FieldInvalid, struct_of
from protocol.layout import Field
from protocol.moments import MonthDay


@dataclass(slots=True)
class Reading:
    """What has been read of one message so far.

    Attributes:
        today: days without a year are resolved around it.
        values: by scope and attribute.
        sent: every field as it was sent, by name.
    """

    today: date
    values: dict[str, dict[str, object]] = dataclasses.field(default_factory=dict)
    sent: dict[str, bytes] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sources:
    """What a message is built from.

    Attributes:
        scopes: by name, the objects whose attributes fields are bound to.
        sent: fields of the request as they were sent, for echoes.
    """

    scopes: Mapping[str, object]
    sent: Mapping[str, bytes] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowsToEnd:
    """Rows that run to the end of the message; their number is its length.

    Attributes:
        attribute: where they stand in the canonical message, a tuple of ``canonical``.
        canonical: the class of one row; None leaves the rows unread.
        sheet: of one row; its bindings are attributes of the canonical row. ``#`` is the number of the row, from 1.
        rows_max: more are refused when read.
    """

    attribute: str
    canonical: Callable[..., object] | None
    sheet: "Sheet"
    rows_max: int


class Sheet:
    """A header, a body or a row.

    Args:
        path: how errors call it.
        fields: in the order of the wire.
        rows: behind them.
    """

    def __init__(self, path: str, *fields: Field, rows: RowsToEnd | None = None) -> None:
        self.path = path
        self.fields = fields
        self.rows = rows
        self._struct = struct_of(field.type for field in fields)
        self.size = self._struct.size
        names = [field.name for field in fields]
        if len(set(names)) != len(names):
            raise LocalProtocolError(f"{path}: two fields share a name")
        self._names = names
        self._read = [
            (field, *_place(field.attribute))
            for field in fields
            if isinstance(field.attribute, str) and field.attribute
        ]
        self._equals = [(field.name, field.attribute.name) for field in fields if isinstance(field.attribute, Equal)]
        self._sources = [_source_of(field) for field in fields]

    # --- reading

    def read(self, data: bytes, reading: Reading) -> None:
        """Put what ``data`` says into ``reading``.

        Raises:
            MessageInvalid: the size is wrong, or a field that is bound does not fit; its path names the field.
        """
        self._check_size(data)
        raw = dict(zip(self._names, self._struct.unpack_from(data), strict=True))
        reading.sent.update(raw)
        for name, other in self._equals:
            if (said := raw[name].strip(b" ")) and said != reading.sent[other].strip(b" "):
                raise MessageInvalid(f"{self.path}.{name}", f"another than in {other}")
        for field, scope, attribute in self._read:
            reading.values.setdefault(scope, {})[attribute] = self._parsed(field, raw[field.name], reading.today)
        if self.rows is not None and self.rows.canonical is not None:
            scope, attribute = _place(self.rows.attribute)
            reading.values.setdefault(scope, {})[attribute] = self._rows(data, self.rows, reading.today)

    def named(self, data: bytes) -> dict[str, bytes]:
        """Return every field of ``data`` as it was sent, by name."""
        self._check_size(data)
        return dict(zip(self._names, self._struct.unpack_from(data), strict=True))

    def _check_size(self, data: bytes) -> None:
        over = len(data) - self.size
        if self.rows is None and over:
            raise MessageInvalid(self.path, f"{len(data)} bytes instead of {self.size}")
        if over < 0:
            raise MessageInvalid(self.path, f"{len(data)} bytes, fewer than the {self.size} in front of the rows")
        if self.rows is None:
            return
        count, rest = divmod(over, self.rows.sheet.size)
        if rest:
            size = self.rows.sheet.size
            raise MessageInvalid(self.path, f"{over} bytes of rows, which are {size} bytes each: the last is not whole")
        if count > self.rows.rows_max:
            raise MessageInvalid(self.path, f"{count} rows, more than {self.rows.rows_max}")

    def _parsed(self, field: Field, raw: Any, today: date) -> object:
        try:
            value = field.type.parse(raw)
            return value.nearest(today) if isinstance(value, MonthDay) else value
        except FieldInvalid as error:
            raise MessageInvalid(f"{self.path}.{field.name}", str(error)) from None

    def _rows(self, data: bytes, rows: RowsToEnd, today: date) -> tuple[object, ...]:
        assert rows.canonical is not None
        result = []
        for index, start in enumerate(range(self.size, len(data), rows.sheet.size)):
            raw = rows.sheet.named(data[start : start + rows.sheet.size])
            try:
                values = {
                    attribute: rows.sheet._parsed(field, raw[field.name], today)
                    for field, _, attribute in rows.sheet._read
                    if attribute != "#"
                }
            except MessageInvalid as error:
                name = error.path.partition(".")[2]
                raise MessageInvalid(f"{self.path}.rows[{index}].{name}", error.reason) from None
            result.append(rows.canonical(**values))
        return tuple(result)

    # --- building

    def build(self, sources: Sources) -> bytes:
        """Return the bytes of a message made from ``sources``.

        Raises:
            LocalProtocolError: a value does not fit its field.
        """
        built = self._struct.pack(*self._values(sources))
        if self.rows is None:
            return built
        scope, attribute = _place(self.rows.attribute)
        rows: Sequence[object] = getattr(sources.scopes[scope], attribute, ()) or ()
        sheet = self.rows.sheet
        return built + b"".join(
            [sheet.build(Sources({"": row, "#": number}, sources.sent)) for number, row in enumerate(rows, 1)]
        )

    def _values(self, sources: Sources) -> list[Any]:
        values = []
        for field, source in zip(self.fields, self._sources, strict=True):
            try:
                values.append(source(sources))
            except FieldInvalid as error:
                raise LocalProtocolError(f"{self.path}.{field.name}: {error}") from None
        return values


def _place(binding: str) -> tuple[str, str]:
    """Return scope and attribute of a place; a row's attributes have no scope."""
    scope, point, attribute = binding.partition(".")
    return (scope, attribute) if point else ("", binding)


def _source_of(field: Field) -> Callable[[Sources], Any]:
    """Return what gives the raw value of ``field`` when it is built."""
    blank, build, binding = field.type.blank, field.type.build, field.attribute
    if isinstance(binding, Constant):
        try:
            constant = build(binding.value)
        except FieldInvalid as error:
            raise LocalProtocolError(f"{field.name}: the constant does not fit: {error}") from None
        return lambda _: constant
    if isinstance(binding, Echo | Equal):
        return _echo(field, binding.name)
    if not binding:
        return lambda _: blank
    if binding == "#":
        return lambda sources: build(sources.scopes["#"])
    scope, attribute = _place(binding)
    get = attrgetter(attribute)
    return lambda sources: build(get(sources.scopes[scope]))


def _echo(field: Field, name: str) -> Callable[[Sources], Any]:
    """Return what repeats a field of the request: as it was sent where the sizes agree, else as far as it fits."""
    blank, size = field.type.blank, field.type.size

    def repeated(sources: Sources) -> Any:
        sent = sources.sent.get(name)
        if sent is None:
            return blank
        return sent if len(sent) == size else sent.strip(b" ")[:size].ljust(size)

    return repeated
