"""Data elements 数据元: the fields of an ISO 8583 message, of which each message has those that its bitmap names."""

from typing import Any

from protocol.bindings import Constant
from protocol.bound import AS_SENT, BoundFields, Reading, Sources
from protocol.errors import MessageInvalid
from protocol.fields import FieldType, FixedField
from protocol.layout import Field
from protocol.sheet import Sheet

MTI = "t"
"""Name of the message type indicator 报文类型, as pyiso8583 calls it."""


class Variable(FieldType):
    """A type whose value is as long as it is: LLVAR and LLLVAR elements are not filled.

    Args:
        kind: of the largest value.
    """

    def __init__(self, kind: FixedField) -> None:
        self.wire_name, self.size, self.construct, self.blank = f"..{kind.wire_name}", kind.size, kind.construct, b""
        self.accepts = kind.accepts
        self._kind = kind

    def parse(self, raw: bytes) -> Any:
        """Return the value."""
        return self._kind.parse(raw)

    def build(self, value: Any) -> bytes:
        """Return the value without filler."""
        built: bytes = self._kind.build(value)
        return built.rstrip(b" ")


class Composite(FixedField):
    """An element that is fixed fields itself.

    Args:
        sheet: its fields.
    """

    def __init__(self, sheet: Sheet) -> None:
        super().__init__(f"..{sheet.size}" if sheet.rows is None else f"{sheet.size}..", sheet.size, b" ")
        self.sheet = sheet

    def parse(self, raw: bytes) -> bytes:
        """Return the bytes; ``Elements`` reads them by the sheet."""
        return raw

    def build(self, value: bytes) -> bytes:
        """Return the bytes; ``Elements`` builds them by the sheet."""
        return value


class Elements(BoundFields):
    """The elements of a header, or those that one message has beside it.

    Args:
        fields: each named by its number, or ``t``.
        optional: numbers of those that may be absent when read, with spaces between.
    """

    def __init__(self, *fields: Field, optional: str = "") -> None:
        super().__init__("DE", fields)
        self.optional = frozenset(optional.split())
        """Numbers of those that may be absent when read."""
        self._required = dict.fromkeys(name for name in self.names if name not in self.optional).keys()
        self._composites = {field.name: field.type.sheet for field in fields if isinstance(field.type, Composite)}
        self._content = sorted(
            (int(field.name), field.name)
            for field in fields
            if field.name in self._composites or str(field.attribute).startswith("body.")
        )
        self._template = [
            value if isinstance(field.attribute, Constant) else None
            for field, value in zip(fields, self._template, strict=True)
        ]
        echoed = [*self._echoes_as_sent, *((index, name) for index, name, _ in self._echoes)]
        self._set_echoes([(index, name, AS_SENT) for index, name in echoed])
        self._fills = [
            (scope, [(index, take, _unless_absent(build)) for index, take, build in fills])
            for scope, fills in self._fills
        ]

    def where(self, name: str) -> str:
        """Return how errors call an element."""
        return "MTI" if name == MTI else f"DE {name}"

    def where_at(self, place: str) -> str:
        """Return how errors call the element, or the field in one, that is bound to ``place``."""
        inner = [sheet for sheet in self._composites.values() if place in sheet.places]
        return inner[0].where_at(place) if inner else super().where_at(place)

    def read_sent(self, reading: Reading) -> None:
        """Put what was sent into ``reading``; MessageInvalid names an element that is missing or does not fit."""
        sent = reading.sent
        if not sent.keys() >= self._required:
            raise MessageInvalid(self.where(next(name for name in self._required if name not in sent)), "missing")
        self.interpret(reading)
        for name, sheet in self._composites.items():
            if name in sent:
                sheet.read(sent[name], reading)

    def read(self, _data: bytes, reading: Reading) -> None:
        """Put what was sent into ``reading``, as ``read_sent``: no element belongs to a header or a body alone."""
        self.read_sent(reading)

    def named(self, _data: bytes) -> dict[str, object]:
        """Return nothing: what an element is called is its number."""
        return {}

    def content(self, _data: bytes, reading: Reading) -> bytes:
        """Return what says what is asked: the elements that say something of the body, one behind the other."""
        return b"\0".join([reading.sent.get(name, b"") for _, name in self._content])

    def build(self, sources: Sources) -> dict[str, bytes]:
        """Return the elements by number; one that has no value is left out."""
        values = zip(self.names, self.raw_values(sources), strict=True)
        elements: dict[str, bytes] = {name: value for name, value in values if value is not None}
        for name, sheet in self._composites.items():
            elements[name] = sheet.build(sources)
        return elements


def _unless_absent(build: Any) -> Any:
    return lambda value: None if value is None else value if build is None else build(value)
