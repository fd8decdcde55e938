"""Field types of batch files 文件域: what files have besides the types of messages."""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import Enum

from protocol.characters import Alphanumeric, Digits, Text
from protocol.fields import FieldInvalid, FixedField
from protocol.moments import Date
from protocol.padded import Characters

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
    """``n N`` or ``code N``: of which only some values mean something.

    Args:
        size: bytes.
        values: what each means; of those that mean the same the first is written.
        filler: on the right of a shorter one; without it they are digits in full size.
    """

    def __init__(self, size: int, values: Mapping[str, Enum], filler: str = "") -> None:
        super().__init__(f"{'code' if filler else 'n'}{size}", size, filler.encode("ascii") or b"0")
        self._values: dict[bytes, Enum] = {
            raw.encode("ascii").ljust(size, self.blank[:1]): value for raw, value in values.items()
        }
        self._raws: dict[Enum, bytes] = {}
        for raw, value in self._values.items():
            self._raws.setdefault(value, raw)
        self.accepts = ", ".join(f"{raw} {value.name.lower().replace('_', ' ')}" for raw, value in values.items())

    def parse(self, raw: bytes) -> Enum:
        """Return what ``raw`` means."""
        if raw not in self._values:
            raise FieldInvalid("none of the values that are defined")
        return self._values[raw]

    def build(self, value: Enum) -> bytes:
        """Return the characters that mean ``value``."""
        if value not in self._raws:
            raise FieldInvalid("none of the values that are defined")
        return self._raws[value]


class Translated(Characters):
    """``c N`` that has one value in all files of a bank, which means one thing to us.

    Args:
        size: bytes.
        written: what stands in the files.
        meant: what that is to us.
        accepts: what stands there, for the document.
    """

    def __init__(self, size: int, written: str, meant: str, accepts: str) -> None:
        super().__init__(size)
        self.accepts = accepts
        self._written = written
        self._meant = meant

    def parse(self, raw: bytes) -> str:
        """Return what it means."""
        if super().parse(raw) != self._written:
            raise FieldInvalid("another bank's")
        return self._meant

    def build(self, value: str) -> bytes:
        """Return what stands for ``value``."""
        if value != self._meant:
            raise FieldInvalid("another bank's")
        return super().build(self._written)


class BlankableDate(FixedField):
    """``date`` that is blank when absent; zeros are absent too."""

    accepts = "blank when absent"

    def __init__(self) -> None:
        super().__init__("date", 8, b" ")
        self._date = Date()

    def parse(self, raw: bytes) -> date | None:
        """Return the day."""
        return self._date.parse(raw) if raw.strip(b" 0") else None

    def build(self, value: date | None) -> bytes:
        """Return the digits of ``value``."""
        return self.blank if value is None else self._date.build(value)


def by_value(members: Iterable[Enum]) -> dict[str, Enum]:
    """Return ``members`` by their values as digits, for ``Code``."""
    return {str(member.value): member for member in members}
