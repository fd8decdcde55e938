"""What a dialect offers 报文方言: the one interface through which the rest of the product sees a bank format.

A frame is opened in two steps, because it must be authenticated before its fields are believed: ``open`` reads just
enough to find bank, keys and MAC; ``request`` reads everything, from a body that has been decrypted by then.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from protocol.canonical.link import NoBody
from protocol.canonical.messages import Answer, Head, ReplyBody, Request, RequestBody
from protocol.canonical.push import PushReply, PushRequest
from protocol.errors import MessageInvalid
from protocol.files.notices import BatchCancelReply
from protocol.framing import FrameReader
from protocol.record import record
from protocol.session import Session
from protocol.transactions import Transaction


@record
class Envelope:
    """A frame opened far enough to be authenticated; nothing in it is to be believed before its MAC is verified.

    Attributes:
        supported: the version is one that this dialect speaks. When False only ``header`` and ``is_response`` count.
        transaction: None when the code is none of this dialect.
        is_response: direction of the frame.
        is_misdirected: a request that only the FEP sends; one of a bank is dropped.
        is_encrypted: the body is encrypted.
        bank_code: as sent; may hold anything.
        key_version: version of the session keys in use, 0 for those that the authentication key signs.
        fep_serial: as sent, None when it is no number; by it the reply to a request of ours is matched.
        nonce: 8 bytes.
        header: header bytes exactly as sent.
        body: body bytes exactly as sent.
        signed: the bytes under the MAC.
        mac: the MAC as sent.
        problem: why its message cannot be read.
        raw: what the dialect has read already; the dialect's own, nothing for anybody else.
    """

    supported: bool
    transaction: Transaction | None
    is_response: bool
    is_misdirected: bool
    is_encrypted: bool
    bank_code: str
    key_version: int
    fep_serial: int | None
    nonce: bytes
    header: bytes = field(repr=False)
    body: bytes = field(repr=False)
    signed: bytes = field(repr=False)
    mac: bytes = field(repr=False)
    problem: MessageInvalid | None = None
    raw: Any = field(default=None, repr=False, compare=False)


@record
class Sealing:
    """How a frame is to be protected: the key version it names and, when its body is encrypted, the nonce."""

    key_version: int
    nonce: bytes | None = None


@record
class OwnReply:
    """A bank's reply to a request of the FEP.

    Attributes:
        is_approved: the bank did it.
        code: the bank's own.
        message: its own words.
        body: None while the code leaves open whether it was done.
    """

    is_approved: bool
    code: str
    message: str
    body: PushReply | BatchCancelReply | NoBody | None = None


@dataclass(slots=True)
class Outgoing:
    """A frame being built; the caller encrypts ``body`` when ``Sealing`` had a nonce, MACs it and calls ``seal``.

    Attributes:
        header: its bytes.
        body: its bytes.
        fields: as they are sent, by name, where the MAC covers some of them only.
        mac_at: where the MAC belongs, when it is among the fields.
    """

    header: bytes = field(repr=False)
    body: bytes = field(repr=False)
    fields: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    mac_at: int | None = None


class Dialect(Protocol):
    """One bank format, as the FEP speaks it. Stateless: one object serves every connection.

    Attributes:
        name: as a bank's file says it.
        session: how its partners behave.
        port_offset: where it is listened for when nothing else is said: so many above the port of the default dialect.
    """

    name: str
    session: Session
    port_offset: int

    def reader(self) -> FrameReader:
        """Return a new frame reader for one connection."""
        ...

    def open(self, frame: bytes, received_at: datetime) -> Envelope:
        """Open ``frame`` (without its length field) as far as authentication needs. Never raises for a framed frame.

        ``received_at`` is our wall clock, Asia/Shanghai: days without a year are resolved around it.
        """
        ...

    def trace(self, envelope: Envelope) -> dict[str, str]:
        """Return what a log line says of ``envelope``: ``bank_date``, ``bank_serial`` and ``channel``.

        Only as far as they are digits: nothing else that a stranger wrote may reach the log.
        """
        ...

    def signed(self, outgoing: Outgoing) -> bytes:
        """Return the bytes that the MAC of ``outgoing`` covers."""
        ...

    def seal(self, outgoing: Outgoing, mac: bytes) -> bytes:
        """Return the finished frame, length field included."""
        ...

    def request(self, envelope: Envelope, plain_body: bytes) -> Request:
        """Read a bank's authenticated request.

        Raises:
            MessageInvalid: length, header constants or a field are wrong; its ``path`` names the field.
        """
        ...

    def sayable(self, envelope: Envelope, answer: Answer) -> Answer:
        """Return ``answer``, or the refusal that stands for it where this format has no room for what it says."""
        ...

    def reply(self, envelope: Envelope, answer: Answer, sealing: Sealing) -> Outgoing | None:
        """Build the reply to ``envelope``, approved or not; header fields that it repeats are copied byte for byte.

        None: the format has no word for this answer, and the bank must not take another for it.
        """
        ...

    def can_name(self, node: str) -> bool:
        """Tell whether frames of this format can call a bank ``node``."""
        ...

    def own_request(
        self,
        transaction: Transaction,
        body: RequestBody,
        node: str,
        fep_serial: int,
        now: datetime,
        sealing: Sealing,
    ) -> Outgoing:
        """Build a request that the FEP sends to the bank that its frames call ``node``, numbered by ``fep_serial``."""
        ...

    def can_ask(self, transaction: Transaction) -> bool:
        """Tell whether the FEP can ask a bank for ``transaction`` in this format."""
        ...

    def own_reply(self, frame: bytes, asked: Outgoing, transaction: Transaction) -> OwnReply:
        """Read a bank's reply to a request of the FEP, on a connection that the FEP has opened for it.

        Raises:
            MessageInvalid: it is not well formed, or no reply to ``asked``.
        """
        ...

    def own_answer(self, envelope: Envelope, plain_body: bytes) -> OwnReply:
        """Read a bank's authenticated reply to a request of the FEP, on a connection of the bank's.

        Raises:
            MessageInvalid: it is not well formed.
        """
        ...


class BankDialect(Dialect, Protocol):
    """One bank format, as both sides speak it."""

    def bank_request(self, transaction: Transaction, head: Head, body: RequestBody, sealing: Sealing) -> Outgoing:
        """Build a request as a bank sends it."""
        ...

    def push_asked(self, envelope: Envelope, plain_body: bytes) -> PushRequest:
        """Read the FEP's authenticated request to debit a bill.

        Raises:
            MessageInvalid: as for ``request``.
        """
        ...

    def fep_answered(self, envelope: Envelope, body: PushReply | None, sealing: Sealing) -> Outgoing:
        """Build the bank's reply to a request of the FEP; ``body`` is None where the request has none, as ECHO."""
        ...

    def bank_reply(self, envelope: Envelope, plain_body: bytes) -> "BankReply":
        """Read the FEP's authenticated reply.

        Raises:
            MessageInvalid: as for ``request``.
        """
        ...


@record
class BankReply:
    """A reply as the bank's side reads it; ``body`` is None and ``message`` set when it is not approved.

    Here ``rows`` of the body hold the one page that was sent; ``fields`` has every wire field by its name in the
    interface document, counts of all rows included.
    """

    transaction: Transaction
    code: str
    message: str
    body: ReplyBody | None
    fields: Mapping[str, object] = field(repr=False)
    repeat: bool
    bank_date: date
    bank_serial: str
    fep_serial: int | None
    clearing_date: date | None
