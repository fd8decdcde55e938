"""Packagers 报文打包: how the parts of a message lie in a frame, and where its MAC is; jPOS's word for the same thing.

``FixedPackager`` is for fixed fields: a header, a body, and a MAC that is behind them, in a field, or nowhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from protocol.bound import FRAME, BoundFields, Sources
from protocol.dialect import Outgoing
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.fields import FieldInvalid
from protocol.part import Part
from protocol.sheet import Sheet

Said = dict[str, Any]
"""What a header says of its frame, by attribute: ``code``, ``node``, ``flags``, …"""


@dataclass(slots=True)
class Unpacked:
    """A frame taken apart as far as that goes before its message is read.

    Attributes:
        header: bytes exactly as sent; empty where a format does not divide its messages.
        body: bytes exactly as sent.
        signed: what the MAC covers.
        mac: as sent; empty when there is none.
        sent: fields by name, as they were sent.
        said: what the header says of the frame; a malformed field says nothing.
        problem: why the message cannot be read.
    """

    header: bytes = field(repr=False)
    body: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    mac: bytes = field(repr=False)
    sent: dict[str, Any] = field(repr=False)
    said: Said = field(repr=False)
    problem: MessageInvalid | None = None


MAC_SIZE = 8
"""Of every suite."""


class Packager(Protocol):
    """How the messages of a format lie in frames."""

    def unpack(self, frame: bytes, requests: Mapping[str, Part]) -> Unpacked:
        """Take a frame apart. Never raises: what cannot be read is its ``problem``.

        ``requests`` are the bodies of requests by the code of their message.
        """
        ...

    def pack(self, head: BoundFields, body: Part, sources: Sources) -> Outgoing | None:
        """Return header and body made from ``sources``; LocalProtocolError when a value does not fit.

        None: what was sent is so malformed that it cannot be answered.
        """
        ...

    def signed(self, outgoing: Outgoing) -> bytes:
        """Return what the MAC of ``outgoing`` covers."""
        ...

    def seal(self, outgoing: Outgoing, mac: bytes) -> bytes:
        """Return the finished frame without its length field."""
        ...


class FrameFields:
    """The fields of a header that are bound to places of the frame."""

    def __init__(self, head: BoundFields) -> None:
        fields = [(place, field_) for place, field_ in head.places.items() if place.startswith(f"{FRAME}.")]
        self._names = [field_.name for _, field_ in fields]
        self._parsers = [
            (place.removeprefix(f"{FRAME}."), None if field_.type.is_plain else field_.type.parse)
            for place, field_ in fields
        ]

    def said(self, sent: Mapping[str, Any]) -> Said:
        """Return what they say; one that is absent or malformed says nothing."""
        said = {}
        for (attribute, parse), raw in zip(self._parsers, map(sent.get, self._names), strict=True):
            if raw is None:
                continue
            try:
                said[attribute] = raw if parse is None else parse(raw)
            except FieldInvalid:
                continue
        return said


@dataclass(frozen=True, slots=True)
class FieldMac:
    """A MAC in a field of its own, over some fields.

    Attributes:
        name: of the field, bound to nothing.
        covers: names of the fields, the header's and the body's, whose bytes are covered, one behind the other.
    """

    name: str
    covers: tuple[str, ...]


class FixedPackager:
    """A header of fixed fields, a body, and a MAC.

    Args:
        head: of requests.
        mac: bytes of a MAC that stands behind the body and covers everything before it; or the field that holds it;
            0: there is none.
    """

    def __init__(self, head: Sheet, mac: int | FieldMac = 0) -> None:
        if mac not in (0, MAC_SIZE) and not isinstance(mac, FieldMac):
            raise LocalProtocolError(f"a MAC of {mac} bytes: every suite's has {MAC_SIZE}")
        self._head = head
        self._fields = FrameFields(head)
        self.mac = mac
        self._behind = mac if isinstance(mac, int) else 0

    def unpack(self, frame: bytes, requests: Mapping[str, Part]) -> Unpacked:
        """Take a frame apart; only its length has been looked at."""
        end = max(len(frame) - self._behind, 0)
        signed, mac = frame[:end], frame[end:]
        header, body = signed[: self._head.size], signed[self._head.size :]
        try:
            sent = self._head.cut(header)
        except MessageInvalid as problem:
            return Unpacked(header, body, signed, mac, {}, {"code": ""}, problem)
        said = self._fields.said(sent)
        said["code"] = str(said.get("code", ""))
        unpacked = Unpacked(header, body, signed, mac, sent, said)
        if isinstance(self.mac, FieldMac):
            self._take_fields(self.mac, unpacked, requests.get(said["code"]))
        return unpacked

    @staticmethod
    def _take_fields(mac: FieldMac, unpacked: Unpacked, request: Part | None) -> None:
        """Find a MAC among the fields, which only the message's description can tell."""
        sent = dict(unpacked.sent)
        try:
            if isinstance(request, Sheet):
                sent |= request.cut(unpacked.body)
        except MessageInvalid as problem:
            unpacked.problem = problem
        unpacked.mac = sent.get(mac.name, b"")
        unpacked.signed = b"".join([sent.get(name, b"") for name in mac.covers])

    def pack(self, head: BoundFields, body: Part, sources: Sources) -> Outgoing:
        """Return header and body."""
        outgoing = Outgoing(head.build(sources), body.build(sources))
        if isinstance(self.mac, FieldMac):
            assert isinstance(head, Sheet)
            assert isinstance(body, Sheet)
            outgoing.fields = head.cut(outgoing.header) | body.cut(outgoing.body)
            outgoing.mac_at = _offset_of(self.mac.name, head, body)
        return outgoing

    def signed(self, outgoing: Outgoing) -> bytes:
        """Return header and body exactly as they are sent, or the fields that are covered."""
        if isinstance(self.mac, FieldMac):
            return b"".join([outgoing.fields.get(name, b"") for name in self.mac.covers])
        return outgoing.header + outgoing.body

    def seal(self, outgoing: Outgoing, mac: bytes) -> bytes:
        """Return the frame with its MAC in its place."""
        content = outgoing.header + outgoing.body
        if self._behind:
            return content + mac
        if outgoing.mac_at is None:
            return content
        return content[: outgoing.mac_at] + mac + content[outgoing.mac_at + len(mac) :]


def _offset_of(name: str, *sheets: Sheet) -> int | None:
    """Return where the field ``name`` begins; None when no sheet has it, as in messages without a MAC."""
    offset = 0
    for sheet in sheets:
        for field_ in sheet.fields:
            if field_.name == name:
                return offset
            offset += field_.type.size
    return None
