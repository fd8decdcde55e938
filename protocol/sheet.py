"""Sheets 域表: fields of fixed size one behind the other, each bound by itself, and rows behind them."""

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from protocol.bound import ROW_NUMBER, BoundFields, Reading, Sources, place_of
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.fields import FieldInvalid, struct_of
from protocol.layout import Field


@dataclass(frozen=True, slots=True)
class RowsToEnd:
    """Rows that run to the end of the message; their number is its length.

    Attributes:
        attribute: where they stand in the canonical message, a tuple of ``canonical``.
        canonical: the class of one row; None leaves the rows unread.
        sheet: of one row; its bindings are attributes of the canonical row. ``#`` is the number of the row, from 1.
        rows_max: more are refused when read.
        is_paged: what is built is the page of so many rows that the canonical ``page`` beside the rows names.
    """

    attribute: str
    canonical: Callable[..., object] | None
    sheet: "Sheet"
    rows_max: int
    is_paged: bool = False

    def shown(self, body: Any, attribute: str) -> Iterable[object]:
        """Return the rows of ``body`` that a message carries."""
        rows: Sequence[object] = getattr(body, attribute, ()) or ()
        if not self.is_paged:
            return rows
        return rows[(body.page - 1) * self.rows_max : body.page * self.rows_max]


class Sheet(BoundFields):
    """A header, a body or a row.

    Args:
        path: how errors call it.
        fields: in the order of the wire.
        rows: behind them.
    """

    def __init__(self, path: str, *fields: Field, rows: RowsToEnd | None = None) -> None:
        super().__init__(path, fields)
        self.rows = rows
        self._struct = struct_of(field.type for field in fields)
        self.size = self._struct.size

    def changed(self, change: Callable[[Field], Field]) -> "Sheet":
        """Return the same sheet with each of its fields changed, those of its rows too."""
        rows = self.rows and replace(self.rows, sheet=self.rows.sheet.changed(change))
        return Sheet(self.path, *map(change, self.fields), rows=rows)

    # --- reading

    def cut(self, data: bytes) -> dict[str, Any]:
        """Return every field of ``data`` as it was sent, by name; MessageInvalid when the size is wrong."""
        self._check_size(data)
        return dict(zip(self.names, self._struct.unpack_from(data), strict=True))

    def read(self, data: bytes, reading: Reading) -> None:
        """Put what ``data`` says into ``reading``.

        Raises:
            MessageInvalid: the size is wrong, or a field that is bound does not fit; its path names the field.
        """
        self._check_size(data)
        reading.sent.update(zip(self.names, self._struct.unpack_from(data), strict=True))
        self.interpret(reading)
        if self.rows is not None and self.rows.canonical is not None:
            scope, attribute = place_of(self.rows.attribute)
            reading.values[scope][attribute] = self._rows(data, self.rows, reading)

    def named(self, data: bytes) -> dict[str, object]:
        """Return every field of ``data`` by its name in the document; MessageInvalid when one does not fit."""
        named: dict[str, object] = {}
        raw = self.cut(data)
        for field in self.fields:
            try:
                named[field.name] = field.type.parse(raw[field.name])
            except FieldInvalid as error:
                raise MessageInvalid(self.where(field.name), str(error)) from None
        return named

    def content(self, data: bytes, _reading: Reading) -> bytes:
        """Return what says what is asked, by which a repeat is told from another request under its serial."""
        return data

    def _check_size(self, data: bytes) -> None:
        over = len(data) - self.size
        if self.rows is None:
            if over:
                raise MessageInvalid(self.path, f"{len(data)} bytes instead of {self.size}")
            return
        if over < 0:
            raise MessageInvalid(self.path, f"{len(data)} bytes, fewer than the {self.size} in front of the rows")
        size = self.rows.sheet.size
        count, rest = divmod(over, size)
        if rest:
            raise MessageInvalid(self.path, f"{over} bytes of rows, which are {size} bytes each: the last is not whole")
        if count > self.rows.rows_max:
            raise MessageInvalid(self.path, f"{count} rows, more than {self.rows.rows_max}")

    def _rows(self, data: bytes, rows: RowsToEnd, reading: Reading) -> tuple[object, ...]:
        assert rows.canonical is not None
        result = []
        size = rows.sheet.size
        for index, start in enumerate(range(self.size, len(data), size)):
            row = Reading(reading.today)
            try:
                rows.sheet.read(data[start : start + size], row)
            except MessageInvalid as error:
                name = error.path.partition(".")[2]
                raise MessageInvalid(f"{self.path}.rows[{index}].{name}", error.reason) from None
            result.append(rows.canonical(**row.values[""]))
        return tuple(result)

    # --- building

    def build(self, sources: Sources) -> bytes:
        """Return the bytes of a message made from ``sources``.

        Raises:
            LocalProtocolError: a value does not fit its field.
        """
        built = self._packed(self.raw_values(sources))
        if self.rows is None:
            return built
        scope, attribute = place_of(self.rows.attribute)
        sheet = self.rows.sheet
        shown = self.rows.shown(sources.scopes[scope], attribute)
        return built + b"".join(
            [sheet.build(Sources({"": row, ROW_NUMBER: number}, sources.sent)) for number, row in enumerate(shown, 1)]
        )

    def _packed(self, values: list[Any]) -> bytes:
        try:
            return self._struct.pack(*values)
        except struct.error:
            pass  # said below by the field's name, in words that do not quote the value
        for field, value in zip(self.fields, values, strict=True):
            try:
                field.type.build(value) if field.type.is_plain else None
            except ValueError as error:
                raise LocalProtocolError(f"{self.where(field.name)}: {error}") from None
        raise AssertionError("an integer did not fit, yet each one fits")
