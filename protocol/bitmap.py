"""Bitmap messages 位图报文: ISO 8583:1987 messages in frames, packed and unpacked by pyiso8583; the MAC is our own.

Two forms, by the rules of jPOS's packagers of the same letters: ``ascii`` (ISO87A: characters, bitmaps and MAC in hex)
and ``packed`` (ISO87B: numbers in BCD, bitmaps and MAC as bytes, lengths in BCD).
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import iso8583
from iso8583.specs import default_ascii

from protocol.bound import FRAME, BoundFields, Sources
from protocol.dialect import Outgoing
from protocol.elements import MTI, Elements
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.flags import RESPONSE
from protocol.packager import MAC_SIZE, FrameFields, Unpacked
from protocol.part import Part

_NUMBERS = frozenset(map(str, (*range(2, 28), 32, 33, 35, *range(66, 91), 53, 99, 100)))
"""Elements of half bytes where messages are packed: digits, and track 2 with its separator."""
_BEYOND = MappingProxyType(
    {
        str(number): {"data_enc": "latin-1", "len_enc": "latin-1", "len_type": 0, "max_len": 1 << 16}
        for number in range(129, 193)
    }
)
"""Elements of a third bitmap, which 1987 does not have: longer than any frame, so that they are refused by number."""

_TYPE_SIZE = 4
_MAC_ELEMENTS = ("64", "128")
_BITMAPS = ("p", "1")
_THIRD_BITMAP = "65"
_OF_SECOND_BITMAP = frozenset(map(str, range(65, 129)))
_BITMAP_DIGITS = 16

Spec = Mapping[str, Mapping[str, Any]]


def spec_of(*, is_packed: bool) -> Spec:
    """Return how pyiso8583 is told to pack; text goes through it byte for byte."""
    spec: dict[str, dict[str, Any]] = {name: {**field, "data_enc": "latin-1"} for name, field in default_ascii.items()}
    for name, field in spec.items() if is_packed else ():
        if name == MTI or name in _BITMAPS or name in _MAC_ELEMENTS:
            field |= {"data_enc": "b", "max_len": field["max_len"] // 2}
            continue
        if name in _NUMBERS:  # odd ones have a zero in front, but behind where they vary
            pad = "right_pad" if field["len_type"] else "left_pad"
            field |= {"data_enc": "b", "len_count": "nibbles", pad: "0"}
        if field["len_type"]:
            field |= {"len_enc": "bcd", "len_type": field["len_type"] // 2 + field["len_type"] % 2}
    return MappingProxyType(spec | _BEYOND)


def written_as(name: str) -> str:
    """Return how an element is written, as ISO 8583 says it: ``n 6``, ``LLVAR n ..11``."""
    field: Mapping[str, Any] = default_ascii[name]
    kind = "n" if name in _NUMBERS else "ans"
    size, length = field["max_len"], "L" * field["len_type"]
    return f"{length}VAR {kind} ..{size}" if length else f"{kind} {size}"


class BitmapPackager:
    """ISO 8583:1987 messages: a type, bitmaps, elements, and the MAC as the last of them.

    The code of a message is its type as of a first try, and where one type is several messages, the element that tells
    them apart: ``0200 500000``.

    Args:
        head: of requests.
        accepted: numbers of all elements that a message may have; another is refused by name.
        keys: number of the element that tells messages of a type apart, by type.
        is_packed: BCD and bytes, else characters.
    """

    def __init__(
        self, head: Elements, accepted: Iterable[str], keys: Mapping[str, str], *, is_packed: bool = False
    ) -> None:
        self._fields = FrameFields(head)
        self._accepted = frozenset(accepted) | {MTI, *_BITMAPS, *_MAC_ELEMENTS}
        self._keys = keys
        self._spec = spec_of(is_packed=is_packed)
        self._mac_bytes = MAC_SIZE if is_packed else MAC_SIZE * 2
        self._is_packed = is_packed

    # --- reading

    def unpack(self, frame: bytes, _requests: Mapping[str, Part]) -> Unpacked:
        """Take a frame apart; of a malformed one as much as can be read, and what stands where the MAC belongs."""
        sent, problem = self._decoded(frame)
        said = self._fields.said(sent)
        mti = sent.get(MTI, b"")
        said["code"] = self._code(mti, sent)
        said["flags"] = RESPONSE if _is_type(mti) and int(mti[2:3]) & 1 else 0
        signed, mac = frame[: -self._mac_bytes], self._mac_of(frame[-self._mac_bytes :])
        if problem is None and not _ends_in_mac(sent):
            mac = b""
        return Unpacked(b"", signed, signed, mac, sent, said, problem)

    def _decoded(self, frame: bytes) -> tuple[dict[str, Any], MessageInvalid | None]:
        """Return the elements, and what is wrong with them."""
        problem = None
        try:
            decoded, encoded = iso8583.decode(frame, self._spec)
        except iso8583.DecodeError as error:
            decoded, encoded = error.doc_dec, error.doc_enc
            decoded.pop(error.field, None)
            problem = self._unknown([error.field]) or MessageInvalid(_where(error.field), error.msg)
        if not self._is_packed:
            problem = _passed_over(encoded) or problem
        problem = problem or self._unknown(decoded)
        if problem is None and len(decoded.get("1", "")) > _BITMAP_DIGITS:
            problem = self._unknown([_THIRD_BITMAP])
        return _raw(decoded), problem

    def _unknown(self, names: Iterable[str]) -> MessageInvalid | None:
        """Refuse the first element that a message may not have."""
        unknown = [int(name) for name in names if name not in self._accepted]
        return MessageInvalid(f"DE {min(unknown)}", "not in the profile") if unknown else None

    def _code(self, mti: bytes, sent: Mapping[str, bytes]) -> str:
        """Return the code of a message: repeats have that of what they repeat, replies that of what they answer."""
        if not _is_type(mti):
            return ""
        code = f"{mti[:2].decode()}{int(mti[2:3]) & ~1}{int(mti[3:]) & ~1}"
        key = sent.get(self._keys.get(code, ""))
        return code if key is None else f"{code} {key.decode('latin-1')}"

    def _mac_of(self, raw: bytes) -> bytes:
        """Return the MAC in ``raw``; nothing when it is no hex."""
        if self._is_packed:
            return raw
        try:
            return bytes.fromhex(raw.decode("ascii"))
        except ValueError:
            return b""

    # --- building

    def pack(self, head: BoundFields, body: Part, sources: Sources) -> Outgoing | None:
        """Return a message up to its MAC, for which its bitmap has room; None when no type answers what was sent."""
        mti = _type_of(sources)
        if mti is None:
            return None
        elements: dict[str, bytes] = head.build(sources) | body.build(sources)
        elements[MTI] = mti
        place = _MAC_ELEMENTS[0 if _OF_SECOND_BITMAP.isdisjoint(elements) else 1]
        message = {name: raw.decode("latin-1") for name, raw in elements.items()}
        message[place] = "0" * MAC_SIZE * 2
        try:
            encoded, _ = iso8583.encode(message, self._spec)
        except iso8583.EncodeError as error:
            raise LocalProtocolError(f"{_where(error.field)}: {error.msg}") from None
        return Outgoing(b"", bytes(encoded[: -self._mac_bytes]))

    def signed(self, outgoing: Outgoing) -> bytes:
        """Return everything up to the MAC."""
        return outgoing.body

    def seal(self, outgoing: Outgoing, mac: bytes) -> bytes:
        """Return the message with its MAC."""
        return outgoing.body + (mac if self._is_packed else mac.hex().upper().encode("ascii"))


def _where(name: str) -> str:
    return {MTI: "MTI", "p": "bitmap", "1": "second bitmap"}.get(name, f"DE {name}")


def _passed_over(encoded: Mapping[str, Mapping[str, bytes]]) -> MessageInvalid | None:
    """Refuse what pyiso8583 passes over: signs and gaps in lengths, gaps in bitmaps."""
    for name, part in encoded.items():
        if part["len"] and not part["len"].isdigit():
            return MessageInvalid(_where(name), "its length is not digits")
        if name in _BITMAPS and b"".join(part["data"].split()) != part["data"]:
            return MessageInvalid(_where(name), "not hexadecimal digits")
    return None


def _raw(decoded: Mapping[str, str]) -> dict[str, Any]:
    return {name: value.encode("latin-1") for name, value in decoded.items()}


def _ends_in_mac(sent: Mapping[str, bytes]) -> bool:
    """Tell whether the last element is a MAC."""
    return _MAC_ELEMENTS[1] in sent or (_MAC_ELEMENTS[0] in sent and _BITMAPS[1] not in sent)


def _is_type(mti: bytes) -> bool:
    return len(mti) == _TYPE_SIZE and mti.isdigit()


def _type_of(sources: Sources) -> bytes | None:
    """Return the type of a request as its code says, or the type that answers what was sent, if there is one."""
    own: Any = sources.scopes.get(FRAME)
    if own is not None:
        code: str = own.code
        return code[:_TYPE_SIZE].encode("ascii")
    asked: bytes = sources.sent.get(MTI, b"")
    if not _is_type(asked):
        return None
    return b"%s%d%d" % (asked[:2], int(asked[2:3]) + 1, int(asked[3:]) & ~1)
