"""Described dialects 描述式方言: a ``Format`` made into a ``Dialect``. Nothing here is of one bank format."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
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
    RequestBody,
    StatusRequest,
    TotalsRequest,
    UndoRequest,
)
from protocol.dialect import Envelope, Outgoing, Sealing
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.format import NOTHING, Format, Message
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
    """What has been read of a frame of the other side's.

    Attributes:
        message: None when the code is none of this format.
        code: as sent.
        node: what the frame calls the bank.
        received_at: our wall clock, Asia/Shanghai.
        sent: every field as it was sent, by name; those of the body once it has been read.
    """

    message: Message | None
    code: str
    node: str
    received_at: datetime
    sent: dict[str, bytes] = field(repr=False)


class DescribedDialect:
    """``protocol.dialect.Dialect`` for a format: reads requests and builds replies as it describes them.

    Args:
        format_: the description; checked here, when the module that describes it is imported.
    """

    def __init__(self, format_: Format) -> None:
        self.format = format_
        self.name, self.session, self.port_offset = format_.name, format_.session, format_.port_offset
        self._messages = {message.code: message for message in format_.messages}
        if len(self._messages) != len(format_.messages):
            raise LocalProtocolError(f"{format_.name}: two messages share a code")
        unsaid = [code.code for code in ResponseCode if code not in format_.codes]
        if unsaid:
            raise LocalProtocolError(f"{format_.name}: no wire code is said for {', '.join(unsaid)}")
        for message in format_.messages:
            _check_echoes(format_, message)
        self._who = [_name_of(place, format_.request_head) for place in ("frame.code", "frame.node")]
        self._traced = {message: _traced(format_, message) for message in (None, *format_.messages)}

    def reader(self) -> FrameReader:
        """Return a new frame reader for one connection."""
        return FrameReader(self.format.length)

    def open(self, frame: bytes, received_at: datetime) -> Envelope:
        """Open a framed frame, whatever its header holds; nothing in it is to be believed yet."""
        head = self.format.request_head
        header, body = frame[: head.size], frame[head.size :]
        sent = head.named(header)
        code, node = (sent[name].strip(b" ").decode("latin-1") for name in self._who)
        message = self._messages.get(code)
        return Envelope(
            supported=True,
            transaction=None if message is None else message.transaction,
            is_response=False,
            is_misdirected=False,
            is_encrypted=False,
            bank_code=node,
            key_version=0,
            fep_serial=None,
            nonce=b"",
            header=header,
            body=body,
            signed=frame,
            mac=b"",
            raw=Opened(message, code, node, received_at, sent),
        )

    def trace(self, envelope: Envelope) -> dict[str, str]:
        """Return the fields for a log line, as far as they are digits and have been read."""
        opened: Opened = envelope.raw
        said = {key: opened.sent.get(name, b"").strip(b" ") for key, name in self._traced[opened.message]}
        return {key: raw.decode("ascii") for key, raw in said.items() if raw.isdigit()}

    def signed(self, header: bytes, body: bytes) -> bytes:
        """Return header and body: what a MAC would cover."""
        return header + body

    def seal(self, outgoing: Outgoing, mac: bytes) -> bytes:
        """Return the finished frame, length field included."""
        content = outgoing.header + outgoing.body
        return self.format.length.encode(len(content)) + content

    def request(self, envelope: Envelope, plain_body: bytes) -> Request:
        """Read the whole request; MessageInvalid names the field that does not fit."""
        opened: Opened = envelope.raw
        message = opened.message
        if message is None:
            raise MessageInvalid("header", "no such message")
        reading = Reading(opened.received_at.date(), _given(self.format.given, message.given), opened.sent)
        self.format.request_head.read(envelope.header, reading)
        message.request.read(plain_body, reading)
        values = reading.values
        who: dict[str, Any] = {**_HEAD_GIVEN, "bank_code": opened.node, **values.get("head", {})}
        body = BODIES[message.transaction](**values.get("body", {}))
        return Request(message.transaction, Head(**who), body, _digest(message, plain_body))

    def reply(self, envelope: Envelope, answer: Answer, sealing: Sealing) -> Outgoing | None:
        """Build the reply to ``envelope``, or return None when this format has no word for it."""
        opened: Opened = envelope.raw
        message = opened.message
        code = self._code_of(message, answer)
        if code is None:
            return None
        approved = code == self.format.codes[ResponseCode.APPROVED]
        body = NOTHING if message is None else message.reply if approved else message.refusal
        facts = SimpleNamespace(
            code=code,
            message="" if approved else answer.code.gloss,
            fep_serial=answer.fep_serial or 0,
            clearing_date=answer.clearing_date or opened.received_at.date(),
            at=opened.received_at,
            row_count=len(getattr(answer.body, "rows", ())),
        )
        sources = Sources({"answer": facts, "body": answer.body, "frame": opened}, opened.sent)
        return Outgoing(self.format.reply_head.build(sources), body.build(sources))

    def own_request(
        self,
        transaction: Transaction,
        body: RequestBody,
        bank_code: str,
        fep_serial: int,
        now: datetime,
        sealing: Sealing,
    ) -> Outgoing:
        """Refuse: on connections of banks this format has no request of the FEP."""
        raise LocalProtocolError(f"the FEP sends no {transaction.label} in {self.name}")

    def _code_of(self, message: Message | None, answer: Answer) -> str | None:
        if message is not None and (code := message.code_of(answer)) is not None:
            return code
        return self.format.codes[answer.code]


def _name_of(place: str, *sheets: Sheet) -> str:
    """Return the name of the field that is bound to ``place``."""
    for sheet in sheets:
        for field_ in sheet.fields:
            if field_.attribute == place:
                return field_.name
    raise LocalProtocolError(f"no field is bound to {place}")


def _traced(format_: Format, message: Message | None) -> list[tuple[str, str]]:
    """Return what a log line calls the fields that identify a request, and what the format calls them."""
    if message is None:
        return []
    sheets = (format_.request_head, message.request)
    return [(key, _name_of(f"head.{key}", *sheets)) for key in ("bank_date", "bank_serial")]


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
    for sheet in (format_.reply_head, message.reply, message.refusal):
        for field_ in sheet.fields:
            if isinstance(field_.attribute, Echo | Equal) and field_.attribute.name not in asked:
                name = field_.attribute.name
                raise LocalProtocolError(
                    f"{format_.name} {message.code}: {field_.name} repeats {name}, which is not asked"
                )
