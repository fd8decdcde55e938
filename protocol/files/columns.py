"""Columns 按列解析: the lines of a block as columns of values, so that a line costs little more than its characters.

A column of a block has many values of one kind. What is asked of each, that all are digits say, is asked once of all of
them joined; and where few values come over and over, each is converted once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter, mul
from typing import Any, Generic, TypeVar

from protocol.characters import Digits, Number
from protocol.fields import FieldType
from protocol.files.field_types import Code, Required
from protocol.moments import Date

T = TypeVar("T")

Column = Sequence[Any]
ParseColumn = Callable[[Sequence[bytes]], Column]
"""Converts the raw values of a column; FieldInvalid when one of them does not fit."""


class Signed(property):
    """A property of a row: one of its amounts, with a sign that follows from others of its attributes.

    Args:
        amount: attribute of the amount.
        by: attributes of which there are few different values.
        sign: of their values: 1, 0 or -1.
    """

    def __init__(self, amount: str, by: tuple[str, ...], sign: Callable[..., int]) -> None:
        super().__init__(lambda row: getattr(row, amount) * sign(*[getattr(row, each) for each in by]))
        self.amount = amount
        self.by = by
        self.sign = sign


class Columns(Generic[T]):
    """Rows of one kind that follow one another, held as columns; each becomes an object only when it is asked for.

    Args:
        canonical: the dataclass of a row.
        by_attribute: its attributes in their order, each with the values of all rows.
        count: of rows.
    """

    def __init__(self, canonical: type[T], by_attribute: Mapping[str, Column], count: int) -> None:
        self._canonical = canonical
        self._by_attribute = by_attribute
        self._count = count
        self._rows: list[T] | None = None

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[T]:
        return iter(self.rows)

    @property
    def rows(self) -> list[T]:
        """The rows themselves, made once."""
        if self._rows is None:
            self._rows = list(map(self._canonical, *self._by_attribute.values()))
        return self._rows

    def of(self, attribute: str) -> Column:
        """Return the values of an attribute, or of a property, in the order of the rows."""
        column = self._by_attribute.get(attribute)
        return list(map(attrgetter(attribute), self.rows)) if column is None else column

    def sum_of(self, attribute: str) -> int:
        """Return the sum of an attribute or a property; of what is true or false, how many are true."""
        described = getattr(self._canonical, attribute, None)
        if not isinstance(described, Signed):
            return sum(self.of(attribute))
        shared = list(zip(*map(self.of, described.by), strict=True))
        signs = {each: described.sign(*each) for each in set(shared)}
        return sum(map(mul, self.of(described.amount), map(signs.__getitem__, shared)))

    def at(self, places: Sequence[int]) -> "Columns[T]":
        """Return only the rows at these places, from 0."""
        kept = {attribute: [column[place] for place in places] for attribute, column in self._by_attribute.items()}
        return Columns(self._canonical, kept, len(places))


def column_parser(kind: FieldType) -> ParseColumn:
    """Return what converts a column of fields of one type, value by value the same as its ``parse``."""
    found = _PARSERS.get(type(kind))  # of this very type: one derived from it may mean something else
    return found(kind) if found else lambda raws: list(map(kind.parse, raws))


def _of_few_values(kind: FieldType) -> ParseColumn:
    def parse(raws: Sequence[bytes]) -> Column:
        known = {raw: kind.parse(raw) for raw in set(raws)}
        return list(map(known.__getitem__, raws))

    return parse


def _unless_special(kind: FieldType, is_special: Callable[[bytes], bool], plain: ParseColumn) -> ParseColumn:
    """Return what converts by ``plain`` a column without anything special, any other one as ever."""

    def parse(raws: Sequence[bytes]) -> Column:
        is_plain = kind.blank not in raws and not is_special(b"".join(raws))
        return plain(raws) if is_plain else list(map(kind.parse, raws))

    return parse


def _digits(kind: FieldType) -> ParseColumn:
    return _unless_special(kind, lambda joined: not joined.isdigit(), lambda raws: list(map(bytes.decode, raws)))


def _number(kind: FieldType) -> ParseColumn:
    return _unless_special(kind, lambda joined: not joined.isdigit(), lambda raws: list(map(int, raws)))


def _required(kind: FieldType) -> ParseColumn:
    def is_special(joined: bytes) -> bool:
        begins_blank = b" " in joined[:: kind.size]
        return begins_blank or not (joined.isascii() and joined.decode("ascii").isprintable())

    return _unless_special(kind, is_special, lambda raws: list(map(str.rstrip, map(bytes.decode, raws))))


_PARSERS: dict[type[FieldType], Callable[[FieldType], ParseColumn]] = {
    Date: _of_few_values,
    Code: _of_few_values,
    Digits: _digits,
    Number: _number,
    Required: _required,
}
