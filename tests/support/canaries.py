"""Canaries 金丝雀: secrets of a test that nothing else looks like, and the search for them in whatever was printed.

A secret is looked for as it is and in the forms in which programs show bytes and texts: hex, BCD, base64, escapes of
Python, JSON and URLs, GB18030 and UTF-16, swapped nibbles, digits in groups. One that is masked keeps its ends, so what
is looked for is any piece of it that is longer than what a mask leaves.
"""

import base64
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from urllib.parse import quote

ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
_BETWEEN = re.compile(rb"[\s:,\-_|'\"]+")
"""What programs put between groups of digits, and what a table puts where it breaks a line."""
_WRITTEN_BYTES_MIN = 6
"""Shorter strings of bytes turn up by themselves in what is binary."""
_BASE64_CHARACTERS_MIN = 6
_BEGIN_BYTES = 6
"""What the shortest form has: by so much of its beginning each is found."""
_DIGITS_SHOWN_MAX = 12
"""Digits in a row of a number of 14 or more that no mask leaves: it keeps the first six and the last four."""
_KEY_HALF_BYTES = 8


@dataclass(frozen=True)
class Canary:
    """One secret.

    Attributes:
        name: what it is, as a finding names it.
        pieces: texts and bytes none of which may be seen.
    """

    name: str
    pieces: tuple[str | bytes, ...]


def number(name: str, digits: str) -> Canary:
    """Return the canary of a number that may be seen masked."""
    size = min(len(digits), _DIGITS_SHOWN_MAX)
    return Canary(name, tuple(digits[at : at + size] for at in range(len(digits) - size + 1)))


def text(name: str, value: str) -> Canary:
    """Return the canary of a name or an address, of which a mask leaves the first character."""
    return Canary(name, (value[1:4],))


def word(name: str, value: str) -> Canary:
    """Return the canary of a word of which nothing may be seen."""
    return Canary(name, (value,))


def key(name: str, value: bytes) -> Canary:
    """Return the canary of a key: no half of it may be seen either."""
    return Canary(name, tuple(value[at : at + _KEY_HALF_BYTES] for at in range(0, len(value), _KEY_HALF_BYTES)))


class Search:
    """Looks for canaries in what was printed: for all of them at once, by what their forms begin with."""

    def __init__(self, canaries: Iterable[Canary]) -> None:
        self._forms: dict[bytes, dict[bytes, str]] = defaultdict(dict)
        for canary in canaries:
            for form in chain.from_iterable(map(forms_of, canary.pieces)):
                assert len(form) >= _BEGIN_BYTES, (canary.name, form)
                self._forms[form[:_BEGIN_BYTES]][form] = canary.name

    def found(self, printed: bytes) -> dict[str, str]:
        """Return the canaries in what was printed, and around each of them what stands there."""
        lowered = printed.lower()
        found: dict[str, str] = {}
        for shown in {printed, lowered, _BETWEEN.sub(b"", lowered)}:
            for at in range(len(shown) - _BEGIN_BYTES + 1):
                begin = shown[at : at + _BEGIN_BYTES]
                if begin in self._forms:
                    for form, name in self._forms[begin].items():
                        if shown.startswith(form, at):
                            found.setdefault(name, repr(shown[max(0, at - 120) : at + len(form) + 80]))
        return found


def forms_of(piece: str | bytes) -> set[bytes]:
    """Return the forms in which a piece of a secret may have been printed."""
    if isinstance(piece, str):
        return _forms_of_text(piece)
    return _forms_of_bytes(piece)


def _forms_of_text(piece: str) -> set[bytes]:
    written = {piece.encode(encoding) for encoding in ENCODINGS}
    escaped = {json.dumps(piece)[1:-1], ascii(piece)[1:-1], quote(piece, safe=""), _entities(piece)}
    forms = written | {form.encode() for form in escaped} | {form.lower().encode() for form in escaped}
    for each in written:
        forms |= _shown_bytes(each)
    if piece.isdigit():
        forms |= _forms_of_digits(piece)
    return forms


def _forms_of_digits(piece: str) -> set[bytes]:
    """Return digits as nibbles: packed (BCD), which in hex are the digits themselves, and swapped, from either end."""
    forms: set[bytes] = set()
    for digits in (piece[: len(piece) // 2 * 2], piece[len(piece) % 2 :]):
        swapped = "".join(digits[at + 1] + digits[at] for at in range(0, len(digits), 2))
        forms.add(swapped.encode())
        for packed in (bytes.fromhex(digits), bytes.fromhex(swapped)):
            forms |= _written(packed) | _in_base64(packed)
    return forms


def _forms_of_bytes(piece: bytes) -> set[bytes]:
    swapped = bytes(byte >> 4 | (byte & 15) << 4 for byte in piece)
    numbers = {str(list(piece))[1:-1].encode(), b"".join(b"%d" % byte for byte in piece)}
    whole = {b"%d" % int.from_bytes(piece), b"%d" % int.from_bytes(piece, "little")}
    return (
        _shown_bytes(piece) | _written(piece) | {swapped.hex().encode(), piece[::-1].hex().encode()} | numbers | whole
    )


def _written(value: bytes) -> set[bytes]:
    """Return bytes as they are and as Python writes them; only of so many that they do not turn up by themselves."""
    if len(value) < _WRITTEN_BYTES_MIN:
        return set()
    return {value, repr(value)[2:-1].encode()}


def _shown_bytes(value: bytes) -> set[bytes]:
    """Return bytes as hex, as base64 wherever they stand in what was encoded, and as Python writes those of a text."""
    forms = {value.hex().encode(), "".join(f"\\x{byte:02x}" for byte in value).encode(), *_in_base64(value)}
    if not value.isascii():
        forms.add(repr(value)[2:-1].encode())
        forms.add(value.decode("latin-1").encode())  # a text that was taken for another encoding
    return forms


def _in_base64(value: bytes) -> set[bytes]:
    """Return the characters of base64 that the bytes alone make, at each of the three places of a group."""
    forms: set[bytes] = set()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + value)
        first = -(-before * 8 // 6)
        last = (before + len(value)) * 8 // 6
        if last - first >= _BASE64_CHARACTERS_MIN:
            forms |= {encoded[first:last], encoded[first:last].replace(b"+", b"-").replace(b"/", b"_")}
    return forms


def _entities(piece: str) -> str:
    return "".join(f"&#{ord(character)};" for character in piece)


def report(findings: Mapping[str, Mapping[str, str]]) -> str:
    """Return findings as text: where, what, and what stands around it."""
    return "\n".join(f"{path}: {name} in {seen}" for path, found in findings.items() for name, seen in found.items())
