"""The standard dialect 标准方言: frames of the standard link to canonical requests, and answers back.

Stateless; one object serves every connection and both sides of the link.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

from protocol.canonical import Answer, ErrorReply, Head, NoBody, Request, RequestBody
from protocol.dialect import BankReply, Envelope, Outgoing, Sealing
from protocol.dialects.standard.catalogue import CATALOGUE, Message
from protocol.dialects.standard.codes import FEP_CODES, TRANSACTIONS
from protocol.dialects.standard.header import (
    ENCRYPTED,
    HEADER,
    NO_NONCE,
    REPEAT,
    RESPONSE,
    VERSION,
    read_bank_request,
)
from protocol.dialects.standard.messages.error import ERROR_REPLY
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.framing import FrameReader
from protocol.layout import Layout
from protocol.lengths import BinaryLength
from protocol.response_codes import ResponseCode
from protocol.session import Session
from protocol.transactions import Transaction

MAC_SIZE = 8
LENGTH = BinaryLength(width=2, minimum=HEADER.size + MAC_SIZE, maximum=8192)
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Wall clock of the link. China has kept one offset and no summer time since 1991, so no time zone data is needed."""

DIGEST_SIZE = 16

_ERROR_BODIES = {code: ERROR_REPLY.build(ErrorReply(code.gloss)) for code in ResponseCode}
_REPLY_PATCH = HEADER.patcher(
    "version", "flags", "response_code", "clearing_date", "fep_serial", "nonce", "key_version", "reserved"
)


_TRACED = ("bank_date", "bank_serial", "channel")


class StandardDialect:
    """``protocol.dialect.Dialect`` for the standard link, version 1."""

    name = "standard"
    session = Session()
    port_offset = 0

    def reader(self) -> FrameReader:
        """Return a new frame reader for one connection."""
        return FrameReader(LENGTH)

    def open(self, frame: bytes, received_at: datetime | None = None) -> Envelope:
        """Open a framed frame, whatever its header holds; nothing in it is to be believed yet."""
        header = frame[: HEADER.size]
        raw = HEADER.unpack(header)
        serial = raw["fep_serial"]
        is_response = bool(raw["flags"] & RESPONSE)
        return Envelope(
            supported=raw["version"] == VERSION,
            transaction=TRANSACTIONS.get(raw["txn_code"]),
            is_response=is_response,
            is_misdirected=raw["txn_code"] in FEP_CODES and not is_response,
            is_encrypted=bool(raw["flags"] & ENCRYPTED),
            bank_code=raw["bank_code"].decode("latin-1"),
            key_version=raw["key_version"],
            fep_serial=int(serial) if serial.isdigit() else None,
            nonce=raw["nonce"],
            header=header,
            body=frame[HEADER.size : -MAC_SIZE],
            signed=frame[:-MAC_SIZE],
            mac=frame[-MAC_SIZE:],
            raw=raw,
        )

    def trace(self, envelope: Envelope) -> dict[str, str]:
        """Return the fields for a log line, as far as they are digits."""
        raw = envelope.raw or HEADER.unpack(envelope.header)
        return {key: raw[key].decode("ascii") for key in _TRACED if raw[key].isdigit()}

    def signed(self, header: bytes, body: bytes) -> bytes:
        """Return header and body exactly as sent: the body is encrypted first, then MACed."""
        return header + body

    def seal(self, outgoing: Outgoing, mac: bytes) -> bytes:
        """Return the finished frame, length field included."""
        content = outgoing.header + outgoing.body + mac
        return LENGTH.encode(len(content)) + content

    # the FEP's side

    def request(self, envelope: Envelope, plain_body: bytes) -> Request:
        """Read a bank's authenticated request; MessageInvalid names what is wrong, header first."""
        raw = envelope.raw or HEADER.unpack(envelope.header)
        head, transaction = read_bank_request(raw)
        body = CATALOGUE[transaction].request.parse(plain_body)
        return Request(transaction, head, body, _digest(envelope.header, plain_body))

    def reply(self, envelope: Envelope, answer: Answer, sealing: Sealing) -> Outgoing:
        """Build the reply to ``envelope``; txn_code and bank_code to bank_serial are copied byte for byte."""
        flags = RESPONSE | (REPEAT if answer.repeat else 0) | _encrypted(sealing)
        header = _REPLY_PATCH(
            envelope.header,
            VERSION,
            flags,
            answer.code.code,
            answer.clearing_date,
            answer.fep_serial,
            sealing.nonce or NO_NONCE,
            sealing.key_version,
            None,
        )
        return Outgoing(header, _reply_body(envelope.transaction, answer))

    def own_request(
        self,
        transaction: Transaction,
        body: RequestBody,
        bank_code: str,
        fep_serial: int,
        now: datetime,
        sealing: Sealing,
    ) -> Outgoing:
        """Build a request of the FEP: only ECHO, numbered by ``fep_serial``; ``now`` is an aware moment."""
        if transaction is not Transaction.ECHO:
            raise LocalProtocolError(f"the FEP sends no {transaction.label}")
        if now.tzinfo is None:
            raise LocalProtocolError("the moment has no time zone")
        wall_clock = now.astimezone(SHANGHAI)
        head = Head(bank_code, "", "", wall_clock.date(), wall_clock.time(), 0, "0")
        return _request(transaction, head, body, sealing, fep_serial)

    # the bank's side

    def bank_request(self, transaction: Transaction, head: Head, body: RequestBody, sealing: Sealing) -> Outgoing:
        """Build a request as a bank sends it."""
        return _request(transaction, head, body, sealing, None)

    def bank_reply(self, envelope: Envelope, plain_body: bytes) -> BankReply:
        """Read the FEP's authenticated reply; MessageInvalid names what is wrong, header first."""
        header: Mapping[str, Any] = HEADER.named(envelope.header)
        message = _message_of_reply(envelope, header)
        approved = header["response_code"] == ResponseCode.APPROVED.code
        layout: Layout[Any] = message.reply if approved else ERROR_REPLY
        body = layout.parse(plain_body)
        return BankReply(
            transaction=TRANSACTIONS[message.code],
            code=header["response_code"],
            message="" if approved else body.message,
            body=body if approved else None,
            fields=MappingProxyType(layout.named(plain_body)),
            repeat=bool(header["flags"] & REPEAT),
            bank_date=header["bank_date"],
            bank_serial=header["bank_serial"],
            fep_serial=header["fep_serial"],
            clearing_date=header["clearing_date"],
        )


def _digest(header: bytes, plain_body: bytes) -> str:
    """Return the digest of the content: the two bytes of txn_code and the plain body."""
    return hashlib.blake2b(header[2:4] + plain_body, digest_size=DIGEST_SIZE).hexdigest()


def _encrypted(sealing: Sealing) -> int:
    return 0 if sealing.nonce is None else ENCRYPTED


def _request(
    transaction: Transaction, head: Head, body: RequestBody, sealing: Sealing, fep_serial: int | None
) -> Outgoing:
    message = CATALOGUE[transaction]
    header = HEADER.build(
        head,
        version=VERSION,
        flags=_encrypted(sealing),
        txn_code=message.code,
        fep_serial=fep_serial,
        nonce=sealing.nonce or NO_NONCE,
        key_version=sealing.key_version,
    )
    return Outgoing(header, message.request.build(body))


def _reply_body(transaction: Transaction | None, answer: Answer) -> bytes:
    if answer.code is not ResponseCode.APPROVED:
        return _ERROR_BODIES[answer.code]
    if transaction is None:
        raise LocalProtocolError("a transaction that is unknown cannot be approved")
    return CATALOGUE[transaction].reply.build(answer.body if answer.body is not None else NoBody())


def _message_of_reply(envelope: Envelope, header: Mapping[str, Any]) -> Message:
    if header["version"] != VERSION:
        raise MessageInvalid("header.version", "not supported")
    if not header["flags"] & RESPONSE:
        raise MessageInvalid("header.flags", "RESPONSE is not set in a reply")
    if envelope.transaction is None:
        raise MessageInvalid("header.txn_code", "unknown")
    return CATALOGUE[envelope.transaction]
