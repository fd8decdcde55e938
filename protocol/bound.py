"""Bound fields 取值域: what sheets and elements share, fields of which each is bound by itself.

A ``Layout`` is a whole canonical object; these are what other links need, where one canonical object is scattered over
header and body, fields repeat what the request said, and others mean nothing to us. A field is bound to

- a place, ``scope.attribute``: ``head.bank_serial``, ``body.amount_fen``, and what the dialect offers besides;
- ``Echo(name)``: in a reply, what the request had in its field of that name;
- ``Constant(value)``: always this when it is built; not looked at when it is read;
- ``Equal(name)``: what an earlier field of the message says, the header's included; anything else is refused;
- ``Blank(reason)``: blank when it is built; anything else is refused when it is read;
- nothing: blank when it is built, not looked at when it is read.
"""

import dataclasses
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Any

from protocol.bindings import Binding, Blank, Constant, Echo, Equal
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.fields import FieldInvalid
from protocol.layout import Field
from protocol.moments import MonthDay
from protocol.padded import Amount, Count
from protocol.record import record

ROW_NUMBER = "#"
"""The number of a row, from 1."""

AS_SENT = -1
"""Size of an echo that repeats whatever was sent."""

FRAME = "frame"
"""Scope of what a frame is opened by; it is read before the message is known, by whoever opens the frame."""


def _values() -> defaultdict[str, dict[str, Any]]:
    return defaultdict(dict)


@dataclass(slots=True)
class Reading:
    """What has been read of one message so far.

    Attributes:
        today: days without a year are resolved around it.
        values: by scope and attribute.
        sent: every field as it was sent, by name.
        body: the canonical body, where a description reads it whole.
    """

    today: date
    values: defaultdict[str, dict[str, Any]] = dataclasses.field(default_factory=_values)
    sent: dict[str, Any] = dataclasses.field(default_factory=dict)
    body: object = None


@record
class Sources:
    """What a message is built from.

    Attributes:
        scopes: by name, the objects whose attributes fields are bound to.
        sent: fields of the request as they were sent, for echoes.
    """

    scopes: Mapping[str, object]
    sent: Mapping[str, Any] = dataclasses.field(default_factory=dict)


_Read = tuple[str, str, Callable[[Any], Any] | None]
"""Name of a field, the attribute that it fills, and what reads it, None when its raw value is the value."""

_Echo = tuple[int, str, int]
"""Index of a field, the request's field that it repeats, and its size in bytes."""

_Fill = tuple[int, Callable[[Any], Any], Callable[[Any], Any] | None]
"""Index of a field, what takes its value, and what builds it, None when the value is its raw value."""


class BoundFields(ABC):
    """Fields of which each is bound by itself.

    Args:
        path: how errors call what they are fields of.
        fields: in the order of the wire.
    """

    def __init__(self, path: str, fields: Iterable[Field]) -> None:
        self.path = path
        self.fields = tuple(fields)
        self.names = tuple(field.name for field in self.fields)
        if len(set(self.names)) != len(self.names):
            raise LocalProtocolError(f"{path}: two fields share a name")
        self.places = {field.attribute: field for field in self.fields if isinstance(field.attribute, str)}
        """Fields by what they are bound to."""
        self._reads = _grouped_by_scope(self.fields)
        for field in self.fields:
            if isinstance(field.attribute, Equal) and not isinstance(field.type.blank, bytes):
                raise LocalProtocolError(f"{path}: {field.name} is no field of bytes, so it can be Equal to none")
        self._equals = [
            (field.name, field.attribute.name, b" 0" if isinstance(field.type, Amount | Count) else b" ")
            for field in self.fields
            if isinstance(field.attribute, Equal)
        ]
        self._blanks = [
            (field.name, field.type.blank, field.attribute.reason)
            for field in self.fields
            if isinstance(field.attribute, Blank)
        ]
        self._blank_names = [name for name, _, _ in self._blanks]
        self._blank_values = [blank for _, blank, _ in self._blanks]
        self._template = [_fixed_value(field) for field in self.fields]
        self._set_echoes(
            [
                (index, field.attribute.name, AS_SENT if type(field.type.blank) is int else field.type.size)
                for index, field in enumerate(self.fields)
                if isinstance(field.attribute, Echo | Equal)
            ]
        )
        self._fills = _fills(self.fields)

    def _set_echoes(self, echoes: Sequence[_Echo]) -> None:
        self._echoes_as_sent = [(index, name) for index, name, size in echoes if size == AS_SENT]
        self._echoes = [echo for echo in echoes if echo[2] != AS_SENT]
        self._echo_indexes = [index for index, _, _ in self._echoes]
        self._echo_names = [name for _, name, _ in self._echoes]
        self._echo_sizes = [size for _, _, size in self._echoes]

    def where(self, name: str) -> str:
        """Return how errors call the field ``name``."""
        return f"{self.path}.{name}"

    def name_at(self, place: str) -> str:
        """Return the name of the field that is bound to ``place``, or an empty string."""
        return self.places[place].name if place in self.places else ""

    def where_at(self, place: str) -> str:
        """Return how errors call the field that is bound to ``place``."""
        return self.where(self.name_at(place) or place)

    def read_sent(self, reading: Reading) -> None:
        """Put what the fields of a header say into ``reading``, from those sent; MessageInvalid as ``interpret``."""
        self.interpret(reading)

    def interpret(self, reading: Reading) -> None:
        """Put what these fields say into ``reading``, from those that were sent; one that was not says nothing.

        Raises:
            MessageInvalid: a field does not fit; its path names it.
        """
        sent = reading.sent
        if [*map(sent.get, self._blank_names)] != self._blank_values:  # one that was not sent is as good as blank
            for name, blank, reason in self._blanks:
                if sent.get(name, blank) != blank:
                    raise MessageInvalid(self.where(name), reason)
        for name, other, filler in self._equals:
            said = sent.get(name, b"").rstrip(b" ").lstrip(filler)
            if said and said != sent.get(other, b"").rstrip(b" ").lstrip(filler):
                raise MessageInvalid(self.where(name), f"another than in {other}")
        name = ""
        try:
            for scope, fields in self._reads:
                values = reading.values[scope]
                for name, attribute, parse in fields:
                    raw = sent.get(name)
                    if raw is not None:
                        value = raw if parse is None else parse(raw)
                        values[attribute] = value.nearest(reading.today) if type(value) is MonthDay else value
        except FieldInvalid as error:
            raise MessageInvalid(self.where(name), str(error)) from None

    def raw_values(self, sources: Sources) -> list[Any]:
        """Return the raw value of each field; LocalProtocolError when one does not fit."""
        values = self._template.copy()
        self._echo(values, sources.sent)
        index = 0
        try:
            for scope, fills in self._fills:
                source = sources.scopes[scope]
                for index, take, build in fills:
                    values[index] = take(source) if build is None else build(take(source))
        except FieldInvalid as error:
            raise LocalProtocolError(f"{self.where(self.names[index])}: {error}") from None
        return values

    def _echo(self, values: list[Any], sent: Mapping[str, Any]) -> None:
        """Put what the request said into ``values``; what it did not say is left as it is."""
        for index, name in self._echoes_as_sent:
            values[index] = sent.get(name, values[index])
        raws: list[Any] = [*map(sent.get, self._echo_names)]
        if None not in raws and [*map(len, raws)] == self._echo_sizes:  # as between two fixed headers
            for index, raw in zip(self._echo_indexes, raws, strict=True):
                values[index] = raw
            return
        for (index, _, size), raw in zip(self._echoes, raws, strict=True):
            if raw is not None:
                values[index] = raw if len(raw) == size else raw.strip(b" ")[:size].ljust(size)

    @abstractmethod
    def build(self, sources: Sources) -> Any:
        """Return what the packager makes a message from; LocalProtocolError when a value does not fit."""


def place_of(binding: Binding) -> tuple[str, str]:
    """Return scope and attribute of a place; a row's attributes have no scope, and its number is one of its own."""
    assert isinstance(binding, str)
    if binding == ROW_NUMBER:
        return ROW_NUMBER, "real"  # of an int, itself
    scope, point, attribute = binding.partition(".")
    return (scope, attribute) if point else ("", binding)


def _grouped_by_scope(fields: Sequence[Field]) -> list[tuple[str, list[_Read]]]:
    """Return what reads the fields that are bound to places, but for those of the frame."""
    groups: dict[str, list[_Read]] = {}
    for field in fields:
        if isinstance(field.attribute, str) and field.attribute:
            scope, attribute = place_of(field.attribute)
            if scope != FRAME:
                parse = None if field.type.is_plain else field.type.parse
                groups.setdefault(scope, []).append((field.name, attribute, parse))
    return list(groups.items())


def _fixed_value(field: Field) -> Any:
    """Return what a field is built as when nothing else is said; LocalProtocolError when its constant does not fit."""
    if not isinstance(field.attribute, Constant):
        return field.type.blank
    try:
        return field.type.build(field.attribute.value)
    except FieldInvalid as error:
        raise LocalProtocolError(f"{field.name}: the constant does not fit: {error}") from None


def _fills(fields: Sequence[Field]) -> list[tuple[str, list[_Fill]]]:
    """Return, for each scope, how the fields that are bound to it are filled from it."""
    groups: dict[str, list[_Fill]] = {}
    for index, field in enumerate(fields):
        if isinstance(field.attribute, str) and field.attribute:
            scope, attribute = place_of(field.attribute)
            build = None if field.type.is_plain else field.type.build
            groups.setdefault(scope, []).append((index, attrgetter(attribute), build))
    return list(groups.items())
