"""Field types of batch files 文件域: what files have besides the types of messages."""

from collections.abc import Iterable, Mapping
from enum import Enum

from protocol.characters import Alphanumeric, Digits, Text
from protocol.fields import FieldInvalid, FixedField

CONTROLS = bytes([*range(0x20), 0x7F])
"""No line may hold one; GB18030 has none of these bytes inside a character."""

_TO_SPACES = dict.fromkeys(CONTROLS, " ")


class Marker(FixedField):
    """What each line of one kind begins with, and by which a reader knows it."""

    is_plain = True

    def __init__(self, marker: str) -> None:
        super().__init__(f"an{len(marker)}", len(marker), b" ")
        self.marker = marker.encode("ascii")

    def parse(self, raw: bytes) -> bytes:
        """Return the marker; FieldInvalid when it is another."""
        if raw != self.marker:
            raise FieldInvalid("another kind of line")
        return raw

    def build(self, value: str) -> bytes:
        """Return the marker."""
        return value.encode("ascii")


class PrintableText(Text):
    """``text N`` in which what would break the line is written as a space."""

    def build(self, value: str) -> bytes:
        """Return ``value`` padded or cut."""
        return super().build(value.translate(_TO_SPACES))


class Required(Alphanumeric):
    """``an N`` that may not be blank."""

    accepts = "not blank"

    def parse(self, raw: bytes) -> str:
        """Return the characters without their padding."""
        value = super().parse(raw)
        if not value:
            raise FieldInvalid("blank")
        return value

    def build(self, value: str) -> bytes:
        """Return ``value`` padded."""
        if not value:
            raise FieldInvalid("blank")
        return super().build(value)


class OptionalDigits(Digits):
    """``n N`` as a string of digits that is empty when they are zeros."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.accepts = "zeros when absent"

    def parse(self, raw: bytes) -> str:
        """Return the digits."""
        digits = super().parse(raw)
        return "" if raw == self.blank else digits

    def build(self, value: str) -> bytes:
        """Return the digits of ``value``."""
        return super().build(value) if value else self.blank


class Code(FixedField):
    """``n N`` of which only some values mean something.

    Args:
        size: digits.
        values: what each means, by its digits.
    """

    def __init__(self, size: int, values: Mapping[str, Enum]) -> None:
        super().__init__(f"n{size}", size, b"0")
        self._values: dict[bytes, Enum] = {digits.encode("ascii"): value for digits, value in values.items()}
        self._digits = {value: digits for digits, value in self._values.items()}
        self.accepts = ", ".join(f"{digits} {value.name.lower().replace('_', ' ')}" for digits, value in values.items())

    def parse(self, raw: bytes) -> Enum:
        """Return what ``raw`` means."""
        if raw not in self._values:
            raise FieldInvalid("none of the values that are defined")
        return self._values[raw]

    def build(self, value: Enum) -> bytes:
        """Return the digits that mean ``value``."""
        if value not in self._digits:
            raise FieldInvalid("none of the values that are defined")
        return self._digits[value]


def by_value(members: Iterable[Enum]) -> dict[str, Enum]:
    """Return ``members`` by their values as digits, for ``Code``."""
    return {str(member.value): member for member in members}
