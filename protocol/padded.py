"""Padded fields 填充域: text and numbers as other links write them, each justified and filled its own way.

Our own are written as described. What a peer writes is read whatever side it has filled with spaces, unless the field
keeps what stands on its left: peers differ from their own paper.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Literal

from protocol.characters import Text
from protocol.fields import FieldInvalid, FixedField

Justify = Literal["left", "right"]

AMOUNT_DIGITS_MAX = 15
"""Of an amount in fen: ten trillion yuan. More is no amount, and would not fit the tables."""


class Padded(FixedField):
    """Base: a value's characters, and filler on one side.

    Args:
        wire_name: in the interface document.
        size: bytes.
        justify: where the value stands in our own fields.
        filler: one ASCII character.
        keeps_left: spaces on the left belong to the value.
    """

    def __init__(
        self, wire_name: str, size: int, *, justify: Justify = "left", filler: str = " ", keeps_left: bool = False
    ) -> None:
        super().__init__(wire_name, size, b" ")
        self._fill: Callable[[bytes, int, bytes], bytes] = bytes.ljust if justify == "left" else bytes.rjust
        self._filler = filler.encode("ascii")
        self._strip: Callable[[bytes, bytes], bytes] = bytes.rstrip if keeps_left else bytes.strip

    def _padded(self, value: bytes) -> bytes:
        if len(value) > self.size:
            raise FieldInvalid(f"longer than {self.size} bytes")
        return self._fill(value, self.size, self._filler)


class Characters(Padded):
    """``c N``: printable ASCII.

    Args:
        size: bytes.
        justify: where the value stands in our own fields.
        filler: one ASCII character.
        keeps_left: spaces on the left belong to the value.
        most: characters of a value, when that is less than the field has room for.
        digits: they are digits.
        required: it may not be blank.
    """

    def __init__(
        self,
        size: int,
        *,
        justify: Justify = "left",
        filler: str = " ",
        keeps_left: bool = False,
        most: int | None = None,
        digits: bool = False,
        required: bool = False,
    ) -> None:
        super().__init__(f"{'n' if digits else 'c'}{size}", size, justify=justify, filler=filler, keeps_left=keeps_left)
        self.accepts = "not blank" if required else "" if most is None else f"at most {most}"
        self._most = size if most is None else most
        self._digits = digits
        self._required = required

    def parse(self, raw: bytes) -> str:
        """Return the characters without their filler."""
        text = self._strip(raw, b" ").decode("latin-1")
        if not (text.isascii() and text.isprintable()):
            raise FieldInvalid("not printable ASCII")
        if len(text) > self._most:
            raise FieldInvalid(f"more than {self._most} characters")
        if self._digits and text and not text.isdigit():
            raise FieldInvalid("not digits")
        if self._required and not text:
            raise FieldInvalid("blank")
        return text

    def build(self, value: str) -> bytes:
        """Return ``value`` filled; what is too long or not ASCII does not fit."""
        if self._required and not value:
            raise FieldInvalid("blank")
        if not (value.isascii() and value.isprintable()):
            raise FieldInvalid("not printable ASCII")
        return self._padded(value.encode("ascii"))


class PaddedText(Text):
    """``text N`` of any encoding: a long value is cut between characters; spaces on the left are filler too."""

    def parse(self, raw: bytes) -> str:
        """Return the characters without their filler."""
        return super().parse(raw).lstrip(" ")


class Amount(Padded):
    """``fen N`` or ``yuan N``: an amount of money in digits; yuan have two digits behind a point.

    Args:
        size: bytes.
        in_yuan: with a point.
        justify: where the digits stand in our own fields.
        filler: one ASCII character.
        optional: a blank is no amount.
        absent: value of no amount.
    """

    unit = "_fen"

    def __init__(
        self,
        size: int,
        *,
        in_yuan: bool = False,
        justify: Justify = "left",
        filler: str = " ",
        optional: bool = False,
        absent: int | None = None,
    ) -> None:
        super().__init__(f"{'yuan' if in_yuan else 'fen'}{size}", size, justify=justify, filler=filler)
        self.accepts = "blank when absent" if optional else ""
        self._in_yuan = in_yuan
        self._optional = optional
        self._absent = absent

    def parse(self, raw: bytes) -> int | None:
        """Return the amount in fen, or what stands for none."""
        digits = self._strip(raw, b" ")
        if not digits and self._optional:
            return self._absent
        if self._in_yuan:
            yuan, point, fen = digits.partition(b".")
            if not (point and len(fen) == 2):
                raise FieldInvalid("not yuan with two digits behind the point")
            digits = yuan + fen
        if not digits.isdigit():
            raise FieldInvalid("not an amount in digits")
        if len(digits.lstrip(b"0")) > AMOUNT_DIGITS_MAX:
            raise FieldInvalid(f"an amount of more than {AMOUNT_DIGITS_MAX} digits")
        return int(digits)

    def build(self, value: int | None) -> bytes:
        """Return the digits of ``value`` filled."""
        if value == self._absent and self._optional:
            return self.blank
        if value is None or value < 0:
            raise FieldInvalid("not an amount of zero or more")
        return self._padded(b"%d.%02d" % divmod(value, 100) if self._in_yuan else b"%d" % value)


class Count(Padded):
    """``n N`` as an int, filled as described; a blank is zero.

    Args:
        size: bytes.
        justify: where the digits stand in our own fields.
        filler: one ASCII character.
        absent: what zero stands for; None is built as zero too.
        least_digits: zeros in front of a shorter number.
        saturates: the largest means so many or more, and less than nothing is written as nothing.
    """

    def __init__(
        self,
        size: int,
        *,
        justify: Justify = "left",
        filler: str = " ",
        absent: int | None = 0,
        least_digits: int = 1,
        saturates: bool = False,
    ) -> None:
        super().__init__(f"n{size}", size, justify=justify, filler=filler)
        self.accepts = f"0 = {absent}" if absent else "nines: as many or more" if saturates else ""
        self._absent = absent
        self._least_digits = least_digits
        self._most = 10**size - 1 if saturates else None

    def parse(self, raw: bytes) -> int | None:
        """Return the number, or what zero stands for."""
        digits = self._strip(raw, b" ")
        if digits and not digits.isdigit():
            raise FieldInvalid("not a number in digits")
        return int(digits or b"0") or self._absent

    def build(self, value: int | None) -> bytes:
        """Return the digits of ``value`` filled."""
        number = value or 0
        if self._most is not None:
            number = max(0, min(number, self._most))
        if number < 0:
            raise FieldInvalid("not a number of zero or more")
        return self._padded(b"%0*d" % (self._least_digits, number))


class Coded(FixedField):
    """``code N``: characters of which only some mean something.

    Args:
        size: bytes.
        values: what each means.
        absent: what a blank means; without it a blank is none of them.
    """

    def __init__(self, size: int, values: Mapping[str, object], absent: object = None) -> None:
        super().__init__(f"code{size}", size, b" ")
        self._values = {raw.encode("ascii"): value for raw, value in values.items()}
        self._raws = {value: raw for raw, value in self._values.items()}
        if absent is not None:
            self._values[self.blank] = absent
        words = [f"{raw} {_word(value)}" for raw, value in values.items()]
        self.accepts = ", ".join(words) if absent is None else f"{', '.join(words)}, blank {_word(absent)}"

    def parse(self, raw: bytes) -> object:
        """Return what ``raw`` means."""
        if raw not in self._values:
            raise FieldInvalid("none of the values that are defined")
        return self._values[raw]

    def build(self, value: object) -> bytes:
        """Return the characters that mean ``value``."""
        if value not in self._raws:
            raise FieldInvalid("none of the values that are defined")
        return self._raws[value]


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.name.lower().replace("_", " ") if isinstance(value, IntEnum) else str(value)


def members(kind: type[IntEnum]) -> dict[str, IntEnum]:
    """Return the members of ``kind`` by their digits, for ``Coded``."""
    return {str(member.value): member for member in kind}


class Hex(FixedField):
    """``hex N``: bytes as hexadecimal digits, in either case when read."""

    def __init__(self, size: int) -> None:
        super().__init__(f"hex{size * 2}", size * 2, b"0")

    def parse(self, raw: bytes) -> bytes:
        """Return the bytes."""
        try:
            value = bytes.fromhex(raw.decode("ascii"))
        except ValueError:
            raise FieldInvalid("not hexadecimal digits") from None
        if len(value) * 2 != self.size:  # gaps are passed over by the above
            raise FieldInvalid("not hexadecimal digits")
        return value

    def build(self, value: bytes) -> bytes:
        """Return the digits of ``value``, which stands left of zeros when it is shorter."""
        if len(value) * 2 > self.size:
            raise FieldInvalid(f"more than {self.size // 2} bytes")
        return value.hex().upper().encode("ascii").ljust(self.size, b"0")
