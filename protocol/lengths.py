"""Length fields 长度域: how a dialect says in front of a frame how long it is.

| form           | standard link | other links                                                        |
|----------------|---------------|--------------------------------------------------------------------|
| `BinaryLength` | 2 bytes       | 2 or 4 bytes, big-endian                                           |
| `DigitsLength` |               | decimal digits of any width, filled with zeros or spaces           |
| `FixedLength`  |               | no field at all: every frame has the same size                     |
"""

from dataclasses import dataclass
from typing import Literal, Protocol

from protocol.errors import LengthInvalid, LocalProtocolError


class LengthField(Protocol):
    """How a dialect writes the length of a frame in front of it."""

    @property
    def width(self) -> int:
        """Bytes of the field itself."""
        ...

    @property
    def maximum(self) -> int:
        """Most bytes that may follow."""
        ...

    def decode(self, raw: bytes) -> int:
        """Return how many bytes follow the field.

        Raises:
            LengthInvalid: the field is malformed or out of bounds.
        """
        ...

    def encode(self, size: int) -> bytes:
        """Return the field in front of ``size`` bytes.

        Raises:
            LocalProtocolError: ``size`` is out of bounds.
        """
        ...


@dataclass(frozen=True, slots=True)
class BinaryLength:
    """A big-endian unsigned length.

    Attributes:
        width: bytes of the field.
        minimum: fewest bytes that may follow in what is read.
        maximum: most bytes that may follow; bounds what one connection can make us buffer.
        counts_itself: the number on the wire includes the field.
    """

    width: int
    minimum: int
    maximum: int
    counts_itself: bool = False

    def __post_init__(self) -> None:
        """Refuse a bound that the field cannot say."""
        if self.maximum + (self.width if self.counts_itself else 0) >= 1 << 8 * self.width:
            raise LocalProtocolError(f"a length of up to {self.maximum} does not fit {self.width} bytes")

    def decode(self, raw: bytes) -> int:
        """Return how many bytes follow the field; LengthInvalid when out of bounds."""
        size = int.from_bytes(raw, "big") - (self.width if self.counts_itself else 0)
        if not self.minimum <= size <= self.maximum:
            raise LengthInvalid(f"length {size} is not between {self.minimum} and {self.maximum}")
        return size

    def encode(self, size: int) -> bytes:
        """Return the field in front of ``size`` bytes; LocalProtocolError when out of bounds."""
        _check_own(self, size)
        return (size + (self.width if self.counts_itself else 0)).to_bytes(self.width, "big")


@dataclass(frozen=True, slots=True)
class DigitsLength:
    """A decimal length in ASCII digits; read with zeros or spaces on its left and spaces on its right, as peers differ.

    Attributes:
        width: bytes of the field.
        minimum: fewest bytes that may follow in what is read.
        maximum: most bytes that may follow; bounds what one connection can make us buffer.
        counts_itself: the number on the wire includes the field.
        filler: what our own are filled with, ``0`` or a space.
        justify: where the digits of our own stand; on the left only with spaces.
    """

    width: int
    minimum: int
    maximum: int
    counts_itself: bool = False
    filler: Literal["0", " "] = "0"
    justify: Literal["left", "right"] = "right"

    def __post_init__(self) -> None:
        """Refuse a description that would write other numbers than it means."""
        if self.justify == "left" and self.filler == "0":
            raise LocalProtocolError("zeros behind the digits of a length would make another number of them")
        if self.maximum + (self.width if self.counts_itself else 0) >= 10**self.width:
            raise LocalProtocolError(f"a length of up to {self.maximum} does not fit {self.width} digits")

    def decode(self, raw: bytes) -> int:
        """Return how many bytes follow the field; LengthInvalid when it is no number, or out of bounds."""
        digits = raw.strip(b" ")
        if not digits.isdigit():
            raise LengthInvalid(f"the length field is not {self.width} digits")
        size = int(digits) - (self.width if self.counts_itself else 0)
        if not self.minimum <= size <= self.maximum:
            raise LengthInvalid(f"length {size} is not between {self.minimum} and {self.maximum}")
        return size

    def encode(self, size: int) -> bytes:
        """Return the field in front of ``size`` bytes; LocalProtocolError when out of bounds."""
        _check_own(self, size)
        digits = b"%d" % (size + (self.width if self.counts_itself else 0))
        filler = self.filler.encode("ascii")
        return digits.ljust(self.width, filler) if self.justify == "left" else digits.rjust(self.width, filler)


@dataclass(frozen=True, slots=True)
class FixedLength:
    """No length field: every frame has ``maximum`` bytes."""

    maximum: int
    width: int = 0

    def decode(self, raw: bytes) -> int:
        """Return the one size that there is."""
        return self.maximum

    def encode(self, size: int) -> bytes:
        """Return nothing; LocalProtocolError when ``size`` is not the one that there is."""
        if size != self.maximum:
            raise LocalProtocolError(f"a frame of {size} bytes where all have {self.maximum}")
        return b""


def _check_own(length: BinaryLength | DigitsLength, size: int) -> None:
    """Refuse what is too long; how short our own frames may be is not said by the other side's header."""
    if not 0 <= size <= length.maximum:
        raise LocalProtocolError(f"length {size} is more than {length.maximum}")
