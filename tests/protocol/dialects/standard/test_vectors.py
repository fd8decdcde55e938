"""Golden frames: each is read to the values that it was made of, and built to the same bytes again."""

from datetime import datetime
from typing import Any

import pytest

from protocol.canonical.link import KeyReply
from protocol.canonical.messages import Answer
from protocol.dialect import Envelope, Outgoing, Sealing
from protocol.dialects.registry import DEFAULT
from protocol.dialects.standard.codes import CODES as TXN_CODES
from protocol.dialects.standard.messages.link import KEY_REPLY
from protocol.response_codes import ResponseCode
from tests.protocol.frames import VECTORS

STANDARD = DEFAULT
TRANSACTIONS = {code: transaction for transaction, code in TXN_CODES.items()}
CODES = {code.code: code for code in ResponseCode}
REQUESTS = [case for case in VECTORS["frames"] if case["direction"] == "request"]
REPLIES = [case for case in VECTORS["frames"] if case["direction"] == "reply"]


def opened(content: bytes) -> Envelope:
    return STANDARD.open(content, datetime(2026, 11, 21, 10, 15, 31))  # noqa: DTZ001 - the wall clock of the link


def name_of(case: dict[str, Any]) -> str:
    return str(case["name"])


def cut(case: dict[str, Any]) -> bytes:
    """Return the frame as the reader cuts it from the stream."""
    reader = STANDARD.reader()
    reader.receive_data(bytes.fromhex(case["frame"]))
    frame = reader.next_frame()
    assert frame is not None
    assert reader.next_frame() is None
    return frame


@pytest.mark.parametrize("case", REQUESTS, ids=name_of)
def test_a_request_is_read(case: dict[str, Any]) -> None:
    """Every value of the vector is found in the canonical request."""
    envelope = opened(cut(case))
    plain = bytes.fromhex(case["plain_body"])
    assert envelope.supported
    assert not envelope.is_response
    assert envelope.is_encrypted == ("encrypted" in case["name"])

    request = STANDARD.request(envelope, plain)

    assert request.transaction is TRANSACTIONS[case["txn_code"]]
    for name, value in case["fields"].items():
        actual = getattr(request.body, name, None)
        if actual is None:
            actual = getattr(request.body, f"{name}_fen")
        assert (actual.hex() if isinstance(actual, bytes) else actual) == value


@pytest.mark.parametrize("case", REQUESTS, ids=name_of)
def test_a_request_is_built(case: dict[str, Any]) -> None:
    """The bank's side builds the bytes of the vector: header, plain body, and the frame around the vector's MAC."""
    frame = cut(case)
    envelope = opened(frame)
    plain = bytes.fromhex(case["plain_body"])
    request = STANDARD.request(envelope, plain)
    sealing = Sealing(envelope.key_version, envelope.nonce if envelope.is_encrypted else None)

    outgoing = STANDARD.bank_request(request.transaction, request.head, request.body, sealing)

    assert outgoing.header == frame[:96]
    assert outgoing.body == plain
    assert STANDARD.signed(Outgoing(outgoing.header, envelope.body)) == envelope.signed == frame[:-8]
    assert STANDARD.seal(Outgoing(outgoing.header, envelope.body), frame[-8:]).hex() == case["frame"]


@pytest.mark.parametrize("case", REPLIES, ids=name_of)
def test_a_reply_is_read(case: dict[str, Any]) -> None:
    """The bank's side finds every value of the vector by its name in the interface document."""
    envelope = opened(cut(case))

    reply = STANDARD.bank_reply(envelope, bytes.fromhex(case["plain_body"]))

    fields = dict(case["fields"])
    assert reply.transaction is TRANSACTIONS[case["txn_code"]]
    assert reply.repeat == fields.pop("repeat", False)
    for secret in ("kek", "mak", "tek"):
        fields.pop(secret, None)
    for name, value in fields.items():
        actual = reply.fields[name]
        assert (f"{actual:06d}" if name.endswith("_month") else actual) == value
    assert (reply.body is None) == ("error" in case["name"])
    assert reply.message == fields.get("message", "")


@pytest.mark.parametrize("case", REPLIES, ids=name_of)
def test_a_reply_is_built(case: dict[str, Any]) -> None:
    """The FEP builds the bytes of the vector from the request that it answers and a canonical answer."""
    frame = cut(case)
    envelope = opened(frame)
    plain = bytes.fromhex(case["plain_body"])
    read = STANDARD.bank_reply(envelope, plain)
    request_header = bytes([1, 0]) + frame[2:4] + b"    " + frame[8:60] + b"0" * 20 + bytes(8) + frame[88:92] + bytes(4)
    answer = Answer(
        CODES[read.code],
        read.body,
        repeat=read.repeat,
        fep_serial=read.fep_serial,
        clearing_date=read.clearing_date,
    )
    sealing = Sealing(envelope.key_version, envelope.nonce if envelope.is_encrypted else None)

    outgoing = STANDARD.reply(opened(request_header + bytes(8)), answer, sealing)

    assert outgoing is not None
    assert outgoing.header == frame[:96]
    assert outgoing.body == plain
    assert STANDARD.seal(Outgoing(outgoing.header, envelope.body), frame[-8:]).hex() == case["frame"]


def test_values_of_a_golden_sign_in_reply() -> None:
    """The 8-byte keys of suite des stand left in their fields, and a shorter wrap is filled with zeros."""
    case = next(case for case in REPLIES if case["name"] == "SIGN_IN reply, des")
    plain = bytes.fromhex(case["plain_body"])
    body = KeyReply(
        client_random=bytes(range(16)),
        key_version=1,
        key_lifetime_s=86400,
        server_time="20261121101530",
        wrapped_mak=bytes.fromhex("728e182a01586842"),
        mak_kcv=bytes.fromhex("72305bf7"),
        wrapped_tek=bytes.fromhex("7231c9656d66f39a"),
        tek_kcv=bytes.fromhex("5ffe0009"),
    )

    assert KEY_REPLY.build(body) == plain


def test_an_error_reply_carries_the_gloss() -> None:
    """The teller reads the Chinese meaning of the code."""
    case = next(case for case in REPLIES if case["name"].startswith("error reply 2001"))
    message = ResponseCode.ACCOUNT_NOT_FOUND.gloss

    assert message.encode("gb18030").ljust(64) == bytes.fromhex(case["plain_body"])
