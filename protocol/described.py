"""Described dialects 描述式方言: a ``Format`` made into a ``Dialect``. Nothing here is of one bank format."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from protocol.bodies import BODIES, OWN_PLACES
from protocol.bound import Reading, Sources
from protocol.canonical.codes import PushOutcome
from protocol.canonical.messages import Answer, Head, Request, RequestBody
from protocol.canonical.push import PushReply
from protocol.dialect import Envelope, Outgoing, OwnReply, Sealing
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.fields import FieldInvalid
from protocol.flags import ENCRYPTED, REPEAT, RESPONSE
from protocol.format import Format, Message
from protocol.format_check import bound_parts, check
from protocol.framing import FrameReader
from protocol.packager import FrameFields
from protocol.response_codes import ResponseCode
from protocol.scopes import Facts, Opened, OwnFrame
from protocol.sheet import Sheet
from protocol.transactions import LINK_TRANSACTIONS, Transaction

DIGEST_SIZE = 16
CHANNEL_MAX = 10
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Wall clock of every link. China has kept one offset and no summer time since 1991, so no time zone data is needed."""

NO_NONCE = bytes(8)
DATE_DIGITS = 8
_TRACED = {"bank_date": DATE_DIGITS, "bank_serial": 32, "channel": 2}
"""What a log line has of a request, and the most digits of it: a stranger may write anything into a field."""


_HEAD_GIVEN = {"head.branch_code": "", "head.teller_id": "", "head.bank_time": time.min, "head.channel": 1}
"""What most formats do not say of who asks."""


class DescribedDialect:
    """``protocol.dialect.Dialect`` for a format: reads requests and builds replies as it describes them.

    Args:
        format_: the description; checked here, when the module that describes it is imported.
    """

    def __init__(self, format_: Format) -> None:
        check(format_)
        self.format = format_
        self.name, self.session, self.port_offset = format_.name, format_.session, format_.port_offset
        self._packager, self._head = format_.packager, format_.request_head
        self._own_head = format_.own_head or format_.request_head
        self._own_fields = FrameFields(self._own_head)
        self._flags_name = self._head.name_at("frame.flags")
        self._approved = format_.codes[ResponseCode.APPROVED]
        self._messages = {code: message for message in format_.messages for code in (message.code, *message.also)}
        self._requests = {code: message.request for code, message in self._messages.items()}
        self._own_messages = {message.transaction: message for message in format_.own_messages}
        self._own_codes = {message.code: message for message in format_.own_messages}
        self._given = {message: _given(_HEAD_GIVEN, format_.given, message.given) for message in format_.messages}
        self._serials = {message: _serial_at(format_, message) for message in format_.messages}
        self._serials_in_head = {m for m, (name, _) in self._serials.items() if name in self._head.names}
        self._prefixes = {message: f"{message.code}\0".encode() for message in format_.messages}
        known = (None, *format_.messages, *format_.own_messages)
        self._traced = {message: _traced(format_, message) for message in known}

    def reader(self) -> FrameReader:
        """Return a new frame reader for one connection."""
        return FrameReader(self.format.length)

    def open(self, frame: bytes, received_at: datetime) -> Envelope:
        """Open a framed frame, whatever its header holds; nothing in it is to be believed yet."""
        unpacked = self._packager.unpack(frame, self._requests)
        said = unpacked.said
        code, flags = said["code"], said.get("flags", 0)
        message = self._messages.get(code)
        node = said.get("node", "")
        is_response = bool(flags & RESPONSE)
        if is_response or code in self.format.fep_codes:
            message = self._own_codes.get(code, message)
        transaction = None if message is None else message.transaction
        is_own = is_response or transaction in self._own_messages
        return Envelope(
            supported=said.get("version", self.format.version) == self.format.version,
            transaction=transaction,
            is_response=is_response,
            is_misdirected=not is_response and code in self.format.fep_codes,
            is_encrypted=bool(flags & ENCRYPTED),
            bank_code=node,
            key_version=said.get("key_version", 0),
            fep_serial=self._own_fields.said(unpacked.sent).get("fep_serial") if is_own else None,
            nonce=said.get("nonce", NO_NONCE),
            header=unpacked.header,
            body=unpacked.body,
            signed=unpacked.signed,
            mac=unpacked.mac,
            problem=unpacked.problem,
            raw=Opened(message, node, received_at, unpacked.sent),
        )

    def trace(self, envelope: Envelope) -> dict[str, str]:
        """Return the fields for a log line: of a stranger digits alone, of an authenticated bank any serial."""
        opened: Opened = envelope.raw
        traced = self._traced[opened.message]
        texts = {}
        for key, name, most in traced:
            said = opened.sent.get(name, b"").strip(b" ")
            if said.isdigit() and len(said) <= most:
                texts[key] = said.decode("ascii")
        head = opened.head
        if head is not None:
            if len(texts.get("bank_date", "")) < DATE_DIGITS:
                texts["bank_date"] = f"{head.bank_date:%Y%m%d}"
            if head.bank_serial.isalnum():
                texts["bank_serial"] = head.bank_serial
        return texts

    def signed(self, outgoing: Outgoing) -> bytes:
        """Return what the MAC of a frame of ours covers."""
        return self._packager.signed(outgoing)

    def seal(self, outgoing: Outgoing, mac: bytes) -> bytes:
        """Return the finished frame, length field included."""
        content = self._packager.seal(outgoing, mac)
        return self.format.length.encode(len(content)) + content

    # --- requests of banks

    def request(self, envelope: Envelope, plain_body: bytes) -> Request:
        """Read the whole request; MessageInvalid names the field that does not fit."""
        opened: Opened = envelope.raw
        message = self._readable(envelope, opened)
        head_given, body_given = self._given[message]
        reading = Reading(opened.received_at.date(), sent=opened.sent)
        who, what = reading.values["head"], reading.values["body"]
        who.update(head_given)
        what.update(body_given)
        self._head.read_sent(reading)
        message.request.read(plain_body, reading)
        if message.transaction is Transaction.FILE_NOTICE:
            what["file_name"] = self._file_name(opened)
        if message not in self._serials_in_head:
            self._check_serial(message, opened)
        opened.head = head = Head(opened.node, **who)
        if not (1 <= head.channel <= CHANNEL_MAX or (head.channel == 0 and message.transaction in LINK_TRANSACTIONS)):
            raise MessageInvalid(self._head.where_at("head.channel"), "no such channel")
        body: Any = reading.body if reading.body is not None else BODIES[message.transaction](**what)
        original = getattr(body, "original_serial", "-")
        if not original.strip(" 0"):
            raise MessageInvalid(message.request.where_at("body.original_serial"), "zero" if original else "blank")
        return Request(message.transaction, head, body, self._digest(message, plain_body, reading))

    def _file_name(self, opened: Opened) -> str:
        """Return the name of the file that a request tells of; MessageInvalid when it tells of none."""
        field = self._head.places["frame.file_name"]
        try:
            name: str = field.type.parse(opened.sent[field.name])
        except FieldInvalid as error:
            raise MessageInvalid(self._head.where(field.name), str(error)) from None
        if not name:
            raise MessageInvalid(self._head.where(field.name), "blank")
        return name

    def _digest(self, message: Message, plain_body: bytes, reading: Reading) -> str:
        """Return the digest of what is asked: the message's code and its content, no header field."""
        content = self._prefixes[message] + message.request.content(plain_body, reading)
        return hashlib.blake2b(content, digest_size=DIGEST_SIZE).hexdigest()

    def _readable(self, envelope: Envelope, opened: Opened) -> Message:
        """Return the message of a frame that says of itself what a bank's request may say."""
        if envelope.problem is not None:
            raise envelope.problem
        if not envelope.supported:
            raise MessageInvalid(self._head.where_at("frame.version"), "not supported")
        message = opened.message
        if message is None or envelope.is_misdirected:
            raise MessageInvalid(self._head.where_at("frame.code"), "unknown")
        if not opened.node:
            raise MessageInvalid(self._head.where_at("frame.node"), "blank or malformed")
        self._check_serial(message, opened)  # before all others: so an ECHO of our own that comes back is known as one
        flags = opened.sent.get(self._flags_name, 0)
        if flags & ~ENCRYPTED:
            raise MessageInvalid(self._head.where_at("frame.flags"), "only ENCRYPTED may be set in a request")
        if flags and message.transaction in LINK_TRANSACTIONS:
            raise MessageInvalid(
                self._head.where_at("frame.flags"), "ENCRYPTED is set on a frame that is never encrypted"
            )
        if not flags and envelope.nonce != NO_NONCE:
            raise MessageInvalid(self._head.where_at("frame.nonce"), "not zeros although nothing is encrypted")
        return message

    def _check_serial(self, message: Message, opened: Opened) -> None:
        """Refuse a request that nothing identifies, as soon as its serial has been cut."""
        name, where = self._serials[message]
        raw = opened.sent.get(name)
        if raw is not None and not raw.strip(b" 0"):
            raise MessageInvalid(where, "zero" if b"0" in raw else "blank")

    def sayable(self, envelope: Envelope, answer: Answer) -> Answer:
        """Return ``answer``, or the refusal that stands for it where a message has no room for so many rows."""
        opened: Opened = envelope.raw
        most = None if opened.message is None else opened.message.rows_max
        if most is None or len(getattr(answer.body, "rows", ())) <= most:
            return answer
        return Answer(ResponseCode.PAY_AT_UTILITY, clearing_date=answer.clearing_date)

    def reply(self, envelope: Envelope, answer: Answer, sealing: Sealing) -> Outgoing | None:
        """Build the reply to ``envelope``, or return None when this format has no word for it."""
        opened: Opened = envelope.raw
        message = opened.message
        code, said = self._said(message, answer)
        if code is None:
            return None
        refusal = self.format.refusal if message is None or message.refusal is None else message.refusal
        if code != self._approved:
            gloss = f"{said.gloss}: {answer.detail}" if answer.detail else said.gloss
            body, reason = refusal, f"{said.code} {gloss}"
        elif message is not None:
            body, gloss, reason = message.reply, "", ""
        else:
            raise LocalProtocolError("a transaction that is unknown cannot be approved")
        facts = Facts(
            code,
            gloss,
            reason,
            answer.fep_serial,
            answer.clearing_date,
            answer.clearing_date or opened.received_at.date(),
            opened.received_at,
            len(getattr(answer.body, "rows", ())),
            RESPONSE | (REPEAT if answer.repeat else 0) | (ENCRYPTED if sealing.nonce else 0),
            sealing.nonce or NO_NONCE,
            sealing.key_version,
        )
        sources = Sources({"answer": facts, "body": answer.body}, opened.sent)
        return self._packager.pack(self.format.reply_head, body, sources)

    def _said(self, message: Message | None, answer: Answer) -> tuple[str | None, ResponseCode]:
        """Return the wire code of an answer, and the response code whose words go with it."""
        if message is not None and (said := message.code_of(answer)) is not None:
            return said
        return self.format.codes[answer.code], answer.code

    # --- requests of the FEP

    def can_name(self, node: str) -> bool:
        """Tell whether the field that names the bank takes ``node`` and gives it back."""
        field = self._head.places["frame.node"]
        try:
            return bool(field.type.parse(field.type.build(node)) == node)
        except FieldInvalid:
            return False

    def own_request(
        self,
        transaction: Transaction,
        body: RequestBody,
        node: str,
        fep_serial: int,
        now: datetime,
        sealing: Sealing,
    ) -> Outgoing:
        """Build a request of the FEP, numbered by ``fep_serial``; ``now`` is an aware moment."""
        message = self._own_messages.get(transaction)
        if message is None:
            raise LocalProtocolError(f"the FEP sends no {transaction.label} in {self.name}")
        if now.tzinfo is None:
            raise LocalProtocolError("the moment has no time zone")
        at = now.astimezone(SHANGHAI).replace(tzinfo=None)
        frame = OwnFrame(
            message.code,
            node,
            at,
            fep_serial,
            ENCRYPTED if sealing.nonce else 0,
            sealing.nonce or NO_NONCE,
            sealing.key_version,
            self.format.version,
            getattr(body, "file_name", ""),
            getattr(body, "row_count", 0),
            _given(message.given)[0].get("channel", 0),
        )
        outgoing = self._packager.pack(self._own_head, message.request, Sources({"frame": frame, "body": body}))
        assert outgoing is not None, "there is nothing that it would have to answer"
        return outgoing

    def can_ask(self, transaction: Transaction) -> bool:
        """Tell whether the FEP can ask a bank for ``transaction`` in this format."""
        return transaction in self._own_messages

    def own_answer(self, envelope: Envelope, plain_body: bytes) -> OwnReply:
        """Read a bank's authenticated reply to a request of the FEP, on a connection of the bank's.

        Raises:
            MessageInvalid: it is not well formed.
        """
        opened: Opened = envelope.raw
        message = self._own_codes[opened.message.code] if opened.message is not None else None
        if message is None or envelope.transaction is None:
            raise LocalProtocolError(f"{self.name}: read as a reply to the FEP what is none")
        code = self._answered_code(opened)
        if code != self._approved:
            return OwnReply(False, code, "")
        reading = Reading(opened.received_at.date())
        message.reply.read(plain_body, reading)
        if message.transaction is not Transaction.BILL_PUSH:
            return OwnReply(True, code, "")
        assert isinstance(reading.body, PushReply), "bodies of the bank's own connections are whole"
        return OwnReply(True, code, "", _certain(message, reading.body))

    def _answered_code(self, opened: Opened) -> str:
        field = self.format.reply_head.places["answer.code"]
        try:
            return str(field.type.parse(opened.sent[field.name]))
        except FieldInvalid as error:
            raise MessageInvalid(self.format.reply_head.where(field.name), str(error)) from None

    def own_reply(self, frame: bytes, asked: Outgoing, transaction: Transaction) -> OwnReply:
        """Read a bank's reply to a request of the FEP, on a connection that the FEP has opened for it.

        Raises:
            MessageInvalid: it is not well formed, or no reply to ``asked``.
        """
        message, head = self._own_messages[transaction], self.format.own_reply_head
        if head is None or not isinstance(self._own_head, Sheet):
            raise LocalProtocolError(f"{self.name} describes no reply to a request of the FEP")
        header, rest = frame[: head.size], frame[head.size :]
        asked_fields = self._own_head.cut(asked.header)
        if isinstance(message.request, Sheet):
            asked_fields |= message.request.cut(asked.body)
        reading = Reading(date.min, sent={f"asked.{name}": raw for name, raw in asked_fields.items()})
        head.read(header, reading)
        code, words = reading.values["answer"]["code"], reading.values["answer"]["message"]
        is_approved = code == self._approved
        if not is_approved:
            return OwnReply(
                False, code, words, PushReply(PushOutcome.REFUSED, code) if code in message.refused else None
            )
        reading.values["body"].update(_given(message.given)[1])
        message.reply.read(rest, reading)
        body = OWN_PLACES[transaction][1](**reading.values["body"])
        return OwnReply(True, code, words, _certain(message, body) if isinstance(body, PushReply) else body)


def _certain(message: Message, reply: PushReply) -> PushReply:
    """Return ``reply`` if it says by which payment how much was debited; MessageInvalid when it leaves that open."""
    if reply.outcome is not PushOutcome.DEBITED:
        return reply
    reasons = {
        "debit_date": "absent" if reply.debit_date is None else "",
        "debit_serial": "" if reply.debit_serial.strip(" 0") else "blank",
        "amount_fen": "not above zero" if reply.amount_fen <= 0 else "",
    }
    for attribute, reason in reasons.items():
        if reason:
            raise MessageInvalid(message.reply.where_at(f"body.{attribute}"), reason)
    return reply


def _given(*sets: Mapping[str, object]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is given of head and body."""
    values: dict[str, dict[str, Any]] = {"head": {}, "body": {}}
    for given in sets:
        for place, value in given.items():
            scope, _, attribute = place.partition(".")
            values[scope][attribute] = value
    return values["head"], values["body"]


def _serial_at(format_: Format, message: Message) -> tuple[str, str]:
    """Return the name of the field that holds the bank's serial, and how errors call it."""
    for part in bound_parts(format_, message):
        if name := part.name_at("head.bank_serial"):
            return name, part.where(name)
    raise LocalProtocolError(f"{format_.name} {message.code}: no field is bound to head.bank_serial")


def _traced(format_: Format, message: Message | None) -> list[tuple[str, str, int]]:
    """Return what a log line calls the fields that identify a request, what the format calls them, and their most."""
    parts = [format_.request_head] if message is None else list(bound_parts(format_, message))
    return [
        (key, name, most) for key, most in _TRACED.items() for part in parts if (name := part.name_at(f"head.{key}"))
    ]
