"""Described dialects 描述式方言: a ``Format`` made into a ``Dialect``. Nothing here is of one bank format."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from types import MappingProxyType, SimpleNamespace
from typing import Any

from protocol.bindings import Echo, Equal
from protocol.canonical import (
    Answer,
    Head,
    HistoryRequest,
    InvoiceRequest,
    KeyRequest,
    NoBody,
    PayRequest,
    QueryRequest,
    Request,
    StatusRequest,
    TotalsRequest,
    UndoRequest,
)
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.format import Format, Message, Sender
from protocol.framing import FrameReader
from protocol.response_codes import ResponseCode
from protocol.sheet import Reading, Sheet, Sources
from protocol.transactions import Transaction

DIGEST_SIZE = 16

BODIES: Mapping[Transaction, type] = MappingProxyType(
    {
        Transaction.SIGN_IN: KeyRequest,
        Transaction.SIGN_OUT: NoBody,
        Transaction.KEY_EXCHANGE: KeyRequest,
        Transaction.ECHO: NoBody,
        Transaction.QUERY: QueryRequest,
        Transaction.PAY: PayRequest,
        Transaction.CANCEL: UndoRequest,
        Transaction.REVERSE: UndoRequest,
        Transaction.STATUS: StatusRequest,
        Transaction.PAYMENTS: HistoryRequest,
        Transaction.CONSUMPTION: HistoryRequest,
        Transaction.INVOICE: InvoiceRequest,
        Transaction.RECON_TOTALS: TotalsRequest,
    }
)
"""The canonical body of each transaction's request."""

_HEAD_GIVEN = {"bank_code": "", "branch_code": "", "teller_id": "", "bank_time": time.min, "channel": 1}
"""What most formats do not say of who asks."""


@dataclass(slots=True)
class Opened:
    """A frame of the other side's, read as far as its header.

    Attributes:
        message: None when the code is none of this format.
        code: as sent.
        node: what the frame calls the bank.
        head: header bytes.
        body: the bytes behind it.
        received_at: our wall clock, Asia/Shanghai.
        sent: every field as it was sent, by name; those of the body once it has been read.
    """

    message: Message | None
    code: str
    node: str
    head: bytes = field(repr=False)
    body: bytes = field(repr=False)
    received_at: datetime
    sent: dict[str, bytes] = field(repr=False)


class Codec:
    """Reads requests and builds replies, and the other way round, as a format describes them.

    Args:
        format_: the description; checked here, when the module that describes it is imported.
    """

    def __init__(self, format_: Format) -> None:
        self.format = format_
        self._messages = {(message.sender, message.code): message for message in format_.messages}
        if len(self._messages) != len(format_.messages):
            raise LocalProtocolError(f"{format_.name}: two messages of one sender share a code")
        unsaid = [code.code for code in ResponseCode if code not in format_.codes]
        if unsaid:
            raise LocalProtocolError(f"{format_.name}: no wire code is said for {', '.join(unsaid)}")
        for message in format_.messages:
            _check_echoes(format_, message)

    def reader(self) -> FrameReader:
        """Return a new frame reader for one connection."""
        return FrameReader(self.format.length)

    def open(self, frame: bytes, received_at: datetime) -> Opened:
        """Read the header of a bank's request.

        Raises:
            MessageInvalid: it is shorter than a header, or one of its fields does not fit.
        """
        head = self.format.request_head
        reading = Reading(received_at.date())
        if len(frame) < head.size:
            raise MessageInvalid("header", f"{len(frame)} bytes, fewer than the {head.size} of a header")
        head.read(frame[: head.size], reading)
        told = reading.values["frame"]
        code = str(told["code"])
        message = self._messages.get((Sender.BANK, code))
        return Opened(
            message, code, str(told["node"]), frame[: head.size], frame[head.size :], received_at, reading.sent
        )

    def request(self, opened: Opened) -> Request:
        """Read the whole request; MessageInvalid names the field that does not fit."""
        message = opened.message
        if message is None:
            raise MessageInvalid("header", "no such message")
        reading = Reading(opened.received_at.date(), _given(self.format.given, message.given), opened.sent)
        self.format.request_head.read(opened.head, reading)
        message.request.read(opened.body, reading)
        values = reading.values
        who: dict[str, Any] = {**_HEAD_GIVEN, "bank_code": opened.node, **values.get("head", {})}
        head = Head(**who)
        body = BODIES[message.transaction](**values.get("body", {}))
        return Request(message.transaction, head, body, _digest(message, opened.body))

    def reply(self, opened: Opened, answer: Answer) -> bytes | None:
        """Return the frame that answers ``opened``, or None when this format has no word for it."""
        message = opened.message
        code = self._code_of(message, answer)
        if code is None:
            return None
        approved = code == self.format.codes[ResponseCode.APPROVED]
        body = Sheet("body") if message is None else message.reply if approved else message.refusal
        facts = SimpleNamespace(
            code=code,
            message="" if approved else answer.code.gloss,
            fep_serial=answer.fep_serial or 0,
            clearing_date=answer.clearing_date or opened.received_at.date(),
            at=opened.received_at,
            row_count=len(getattr(answer.body, "rows", ())),
        )
        sources = Sources({"answer": facts, "body": answer.body, "frame": opened}, opened.sent)
        content = self.format.reply_head.build(sources) + body.build(sources)
        return self.format.length.encode(len(content)) + content

    def _code_of(self, message: Message | None, answer: Answer) -> str | None:
        if message is not None and (code := message.code_of(answer)) is not None:
            return code
        return self.format.codes[answer.code]

    def own_request(self, message: Message, scopes: Mapping[str, object]) -> bytes:
        """Return the frame of a request of the FEP, from what ``scopes`` say."""
        sources = Sources({**scopes, "frame": SimpleNamespace(code=message.code, **vars(scopes["frame"]))})
        content = self.format.request_head.build(sources) + message.request.build(sources)
        return self.format.length.encode(len(content)) + content

    def partner_reply(self, frame: bytes, message: Message, today: date) -> "PartnerReply":
        """Read the partner's reply to a request of the FEP; MessageInvalid when it does not fit."""
        head = self.format.reply_head
        if len(frame) < head.size:
            raise MessageInvalid("header", f"{len(frame)} bytes, fewer than the {head.size} of a header")
        reading = Reading(today)
        head.read(frame[: head.size], reading)
        answered: dict[str, Any] = reading.values["answer"]
        if str(reading.values["frame"]["code"]) != message.code:
            raise MessageInvalid("header", "the reply to another message")
        message.reply.read(frame[head.size :], reading)
        code = str(answered["code"])
        known = self.format.partner_codes.get(code)
        return PartnerReply(code, known, str(answered.get("message", "")), reading.values.get("body", {}), reading.sent)


@dataclass(frozen=True, slots=True)
class PartnerReply:
    """A partner's reply to a request of the FEP.

    Attributes:
        wire_code: as sent.
        code: what it means, None when the format's table does not know it.
        message: the partner's text.
        body: what its fields are bound to.
        sent: every field as it was sent, by name.
    """

    wire_code: str
    code: ResponseCode | None
    message: str
    body: Mapping[str, object] = field(repr=False)
    sent: Mapping[str, bytes] = field(repr=False)


def _given(*sets: Mapping[str, object]) -> dict[str, dict[str, object]]:
    values: dict[str, dict[str, object]] = {}
    for given in sets:
        for place, value in given.items():
            scope, _, attribute = place.partition(".")
            values.setdefault(scope, {})[attribute] = value
    return values


def _digest(message: Message, body: bytes) -> str:
    """Return the digest of the content: the message's code and the body, which no header field belongs to."""
    return hashlib.blake2b(f"{message.code}\0".encode() + body, digest_size=DIGEST_SIZE).hexdigest()


def _check_echoes(format_: Format, message: Message) -> None:
    """Refuse a description that repeats a field which its request does not have."""
    asked = {field.name for sheet in (format_.request_head, message.request) for field in sheet.fields}
    replies: Iterable[Sheet] = (format_.reply_head, message.reply, message.refusal)
    for sheet in replies if message.sender is Sender.BANK else ():
        for field_ in sheet.fields:
            if isinstance(field_.attribute, Echo | Equal) and field_.attribute.name not in asked:
                name = field_.attribute.name
                raise LocalProtocolError(
                    f"{format_.name} {message.code}: {field_.name} repeats {name}, which is not asked"
                )
