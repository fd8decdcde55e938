"""Padded fields 填充域: text and numbers as other links write them, each justified and filled its own way.

Our own are written as described. What a peer writes is read whatever side it has filled with spaces, unless the field
keeps what stands on its left: peers differ from their own paper.
"""

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
        self._justify = justify
        self._filler = filler.encode("ascii")
        self._keeps_left = keeps_left

    def _stripped(self, raw: bytes) -> bytes:
        """Return the bytes of the value itself."""
        value = raw.rstrip(b" ")
        return value if self._keeps_left else value.lstrip(b" ")

    def _padded(self, value: bytes) -> bytes:
        if len(value) > self.size:
            raise FieldInvalid(f"longer than {self.size} bytes")
        if self._justify == "left":
            return value.ljust(self.size, self._filler)
        return value.rjust(self.size, self._filler)


class Characters(Padded):
    """``c N``: printable ASCII."""

    def __init__(self, size: int, *, justify: Justify = "left", filler: str = " ", keeps_left: bool = False) -> None:
        super().__init__(f"c{size}", size, justify=justify, filler=filler, keeps_left=keeps_left)

    def parse(self, raw: bytes) -> str:
        """Return the characters without their filler."""
        text = self._stripped(raw).decode("latin-1")
        if not (text.isascii() and (text.isprintable() or not text)):
            raise FieldInvalid("not printable ASCII")
        return text

    def build(self, value: str) -> bytes:
        """Return ``value`` filled; what is too long or not ASCII does not fit."""
        if not (value.isascii() and value.isprintable()):
            raise FieldInvalid("not printable ASCII")
        return self._padded(value.encode("ascii"))


class PaddedText(Text):
    """``text N`` of any encoding: a long value is cut between characters; spaces on the left are filler too."""

    def parse(self, raw: bytes) -> str:
        """Return the characters without their filler."""
        return super().parse(raw).lstrip(" ")


class Amount(Padded):
    """``fen N`` or ``yuan N``: an amount of money in digits; yuan have two digits behind a point."""

    unit = "_fen"

    def __init__(
        self, size: int, *, in_yuan: bool = False, justify: Justify = "left", filler: str = " ", optional: bool = False
    ) -> None:
        super().__init__(f"{'yuan' if in_yuan else 'fen'}{size}", size, justify=justify, filler=filler)
        self.accepts = "blank when absent" if optional else ""
        self._in_yuan = in_yuan
        self._optional = optional

    def parse(self, raw: bytes) -> int | None:
        """Return the amount in fen, None for a blank that may be."""
        digits = self._stripped(raw)
        if not digits and self._optional:
            return None
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
        if value is None and self._optional:
            return self.blank
        if value is None or value < 0:
            raise FieldInvalid("not an amount of zero or more")
        return self._padded(b"%d.%02d" % divmod(value, 100) if self._in_yuan else b"%d" % value)


class Count(Padded):
    """``n N`` as an int, filled as described."""

    def __init__(self, size: int, *, justify: Justify = "left", filler: str = " ") -> None:
        super().__init__(f"n{size}", size, justify=justify, filler=filler)

    def parse(self, raw: bytes) -> int:
        """Return the number; a blank is zero."""
        digits = self._stripped(raw)
        if not digits:
            return 0
        if not digits.isdigit():
            raise FieldInvalid("not a number in digits")
        return int(digits)

    def build(self, value: int) -> bytes:
        """Return the digits of ``value`` filled."""
        if value < 0:
            raise FieldInvalid("not a number of zero or more")
        return self._padded(b"%d" % value)
