"""The bank's side 银行侧: a described dialect that also builds banks' requests and reads the FEP's replies."""

from types import MappingProxyType
from typing import Any

from protocol.bound import Reading, Sources
from protocol.canonical.messages import Head, RequestBody
from protocol.canonical.push import PushReply, PushRequest
from protocol.described import NO_NONCE, DescribedDialect
from protocol.dialect import BankReply, Envelope, Outgoing, Sealing
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.fields import FieldInvalid
from protocol.flags import ENCRYPTED, REPEAT, RESPONSE
from protocol.format import Format, Message
from protocol.scopes import Facts, Opened, OwnFrame
from protocol.transactions import Transaction


class BankSide(DescribedDialect):
    """``protocol.dialect.BankDialect`` for a format whose bodies are whole layouts."""

    def __init__(self, format_: Format) -> None:
        super().__init__(format_)
        self._asked = {message.transaction: message for message in format_.messages}

    def bank_request(self, transaction: Transaction, head: Head, body: RequestBody, sealing: Sealing) -> Outgoing:
        """Build a request as a bank sends it."""
        message = self._asked[transaction]
        flags = ENCRYPTED if sealing.nonce else 0
        nonce = sealing.nonce or NO_NONCE
        frame = OwnFrame(
            message.code, head.bank_code, None, None, flags, nonce, sealing.key_version, self.format.version
        )
        sources = Sources({"frame": frame, "head": head, "body": body})
        outgoing = self._packager.pack(self._head, message.request, sources)
        assert outgoing is not None, "there is nothing that it would have to answer"
        return outgoing

    def bank_reply(self, envelope: Envelope, plain_body: bytes) -> BankReply:
        """Read the FEP's authenticated reply; MessageInvalid names what is wrong, header first."""
        opened: Opened = envelope.raw
        message = self._answered(envelope, opened)
        reading = Reading(opened.received_at.date(), sent=opened.sent)
        self.format.reply_head.read_sent(reading)
        answer = reading.values["answer"]
        code: str = answer["code"]
        approved = code == self._approved
        part = message.reply if approved else message.refusal or self.format.refusal
        part.read(plain_body, reading)
        body: Any = reading.body
        if approved and body is None:
            raise LocalProtocolError("only whole bodies are read as objects")
        return BankReply(
            transaction=message.transaction,
            code=code,
            message="" if approved else answer["message"],
            body=body if approved else None,
            fields=MappingProxyType(part.named(plain_body)),
            repeat=bool(answer["flags"] & REPEAT),
            bank_date=self._sent_value("head.bank_date", opened),
            bank_serial=self._sent_value("head.bank_serial", opened),
            fep_serial=answer["fep_serial"],
            clearing_date=answer["clearing_date"],
        )

    def push_asked(self, envelope: Envelope, plain_body: bytes) -> PushRequest:
        """Read the FEP's authenticated request to debit a bill; MessageInvalid names what is wrong."""
        opened: Opened = envelope.raw
        if envelope.is_response or envelope.transaction is not Transaction.BILL_PUSH or opened.message is None:
            raise MessageInvalid(self._head.where_at("frame.code"), "no request of the FEP")
        reading = Reading(opened.received_at.date())
        opened.message.request.read(plain_body, reading)
        assert isinstance(reading.body, PushRequest), "only whole bodies are read as objects"
        return reading.body

    def fep_answered(self, envelope: Envelope, body: PushReply | None, sealing: Sealing) -> Outgoing:
        """Build a bank's reply to a request of the FEP; ``body`` is None where the request has none, as ECHO."""
        opened: Opened = envelope.raw
        if opened.message is None:
            raise LocalProtocolError("only what is known can be answered")
        flags = RESPONSE | (ENCRYPTED if sealing.nonce else 0)
        nonce = sealing.nonce or NO_NONCE
        assert self._approved is not None
        at = opened.received_at
        facts = Facts(
            self._approved, "", "", envelope.fep_serial, None, at.date(), at, 0, flags, nonce, sealing.key_version
        )
        sources = Sources({"answer": facts, "body": body}, opened.sent)
        outgoing = self._packager.pack(self.format.reply_head, opened.message.reply, sources)
        assert outgoing is not None, "there is a request that it answers"
        return outgoing

    def _answered(self, envelope: Envelope, opened: Opened) -> Message:
        """Return the message that a frame answers, if it is a reply."""
        if not envelope.supported:
            raise MessageInvalid(self._head.where_at("frame.version"), "not supported")
        if not envelope.is_response:
            raise MessageInvalid(self._head.where_at("frame.flags"), "RESPONSE is not set in a reply")
        if opened.message is None:
            raise MessageInvalid(self._head.where_at("frame.code"), "unknown")
        return opened.message

    def _sent_value(self, place: str, opened: Opened) -> Any:
        """Return a field of the request's header that the reply repeats."""
        field = self._head.places[place]
        try:
            return field.type.parse(opened.sent[field.name])
        except FieldInvalid as error:
            raise MessageInvalid(self._head.where(field.name), str(error)) from None
