"""Field types of characters 字符域: names, numbers and codes as bytes of text."""

import codecs

from protocol.fields import FieldInvalid, FixedField


class Alphanumeric(FixedField):
    """``an N``: printable ASCII, left-justified, padded with spaces."""

    def __init__(self, size: int) -> None:
        super().__init__(f"an{size}", size, b" ")

    def parse(self, raw: bytes) -> str:
        """Return the characters without their padding."""
        text = raw.decode("latin-1")
        if not (text.isascii() and text.isprintable()):
            raise FieldInvalid("not printable ASCII")
        text = text.rstrip(" ")
        if text[:1] == " ":
            raise FieldInvalid("not left-justified")
        return text

    def build(self, value: str) -> bytes:
        """Return ``value`` padded; what is too long or not ASCII does not fit."""
        if not (len(value) <= self.size and value.isascii() and value.isprintable()):
            raise FieldInvalid(f"not printable ASCII of at most {self.size} characters")
        return value.encode("ascii").ljust(self.size)


class LenientAlphanumeric(FixedField):
    """``an N`` that may hold anything: a byte b that is not printable ASCII becomes the character U+0100 + b.

    So every content has a canonical value of its own, and goes out again as it came in. A right one reads as in ``an``.
    """

    accepts = "anything"
    _DECODED = str.maketrans({b: chr(0x100 + b) for b in range(256) if not 0x20 <= b <= 0x7E})
    _ENCODED = str.maketrans({0x100 + b: chr(b) for b in range(256) if not 0x20 <= b <= 0x7E})

    def __init__(self, size: int) -> None:
        super().__init__(f"an{size}", size, b" ")

    def parse(self, raw: bytes) -> str:
        """Return the characters without the spaces at their end."""
        text = raw.decode("latin-1").rstrip(" ")
        return text if text.isascii() and text.isprintable() else text.translate(self._DECODED)

    def build(self, value: str) -> bytes:
        """Return the bytes that ``parse`` made ``value`` from."""
        text = value.translate(self._ENCODED)
        if len(text) > self.size or any(ord(character) > 0xFF for character in text):
            raise FieldInvalid(f"not {self.size} characters of this encoding")
        return text.encode("latin-1").ljust(self.size)


class Text(FixedField):
    """``text N``: ``size`` bytes, left-justified, padded with spaces; a long value is cut between characters."""

    def __init__(self, size: int, encoding: str = "gb18030") -> None:
        super().__init__(f"text{size}", size, b" ")
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)

    def parse(self, raw: bytes) -> str:
        """Return the characters without their padding."""
        try:
            return raw.decode(self._encoding).rstrip(" ")
        except UnicodeDecodeError:
            pass  # raised anew below, for this error holds the bytes
        raise FieldInvalid(f"not {self._encoding}")

    def build(self, value: str) -> bytes:
        """Return ``value`` padded or cut; a character that the encoding does not know becomes a question mark."""
        encoded = value.encode(self._encoding, "replace")
        if len(encoded) > self.size:
            encoded = encoded[: self.size]
            decoder = self._decoder()
            decoder.decode(encoded)
            incomplete = len(decoder.getstate()[0])  # bytes of a character that the cut has split
            encoded = encoded[: self.size - incomplete]
        return encoded.ljust(self.size)


class Digits(FixedField):
    """``n N`` as a string of N digits, leading zeros kept."""

    def __init__(self, size: int, *, nonzero: bool = False) -> None:
        super().__init__(f"n{size}", size, b"0")
        self.accepts = "not zero" if nonzero else ""
        self._nonzero = nonzero

    def parse(self, raw: bytes) -> str:
        """Return the digits."""
        if not raw.isdigit():
            raise FieldInvalid("not digits")
        if self._nonzero and raw == self.blank:
            raise FieldInvalid("zero")
        return raw.decode("ascii")

    def build(self, value: str) -> bytes:
        """Return the digits of ``value``, zeros in front."""
        if not (len(value) <= self.size and value.isascii() and value.isdigit()):
            raise FieldInvalid(f"not digits, at most {self.size}")
        return value.encode("ascii").rjust(self.size, b"0")


class Number(FixedField):
    """``n N`` as an int; zero is None when ``optional``; when it ``saturates``, the largest means so many or more, and
    less than nothing is written as nothing.
    """

    def __init__(self, size: int, *, optional: bool = False, saturates: bool = False) -> None:
        super().__init__(f"n{size}", size, b"0")
        self.accepts = "zeros when absent" if optional else "nines: as many or more" if saturates else ""
        self._optional = optional
        self._saturates = saturates
        self._limit: int = 10**size

    def parse(self, raw: bytes) -> int | None:
        """Return the number."""
        if not raw.isdigit():
            raise FieldInvalid("not digits")
        return int(raw) or (None if self._optional else 0)

    def build(self, value: int | None) -> bytes:
        """Return the digits of ``value``, zeros in front."""
        if value is None and self._optional:
            return self.blank
        if self._saturates and value is not None:
            value = max(0, min(value, self._limit - 1))
        if value is None or not 0 <= value < self._limit:
            raise FieldInvalid(f"not a number of at most {self.size} digits")
        return b"%0*d" % (self.size, value)
