"""1001 SIGN_IN and 1003 KEY_EXCHANGE byte for byte, and those that have no body."""

import struct

import pytest

from protocol.canonical.link import KeyReply, KeyRequest, NoBody
from protocol.dialects.standard.messages.link import EMPTY, KEY_REPLY, KEY_REQUEST
from protocol.errors import LocalProtocolError, MessageInvalid

RANDOM = bytes(range(16))
REPLY = KeyReply(RANDOM, 7, 86400, "20261121101530", b"M" * 16, b"kcv1", b"T" * 16, b"kcv2")
REPLY_BYTES = struct.pack(
    ">16sII14s2s16s4s16s4s", RANDOM, 7, 86400, b"20261121101530", b"", b"M" * 16, b"kcv1", b"T" * 16, b"kcv2"
)


def test_the_request_both_ways() -> None:
    """16 random bytes, then 16 zero bytes."""
    assert KEY_REQUEST.parse(RANDOM + bytes(16)) == KeyRequest(RANDOM)
    assert KEY_REQUEST.build(KeyRequest(RANDOM)) == RANDOM + bytes(16)


def test_reserved_bytes_of_a_request_are_zero() -> None:
    """Reserved bytes are named by their offset."""
    with pytest.raises(MessageInvalid) as error:
        KEY_REQUEST.parse(RANDOM + bytes(15) + b"\1")
    assert error.value.path == "body.rsv@16"


def test_the_reply_both_ways() -> None:
    """80 bytes with both wrapped keys; reserved bytes of a reply are not looked at."""
    assert KEY_REPLY.build(REPLY) == REPLY_BYTES
    assert KEY_REPLY.parse(REPLY_BYTES) == REPLY
    assert KEY_REPLY.parse(REPLY_BYTES[:38] + b"??" + REPLY_BYTES[40:]) == REPLY
    assert KEY_REPLY.size == 80


def test_secrets_stay_out_of_repr() -> None:
    """No log shows wrapped keys or randoms."""
    assert "MMMM" not in repr(REPLY)


def test_an_empty_body_is_empty() -> None:
    """One byte is one too many."""
    assert EMPTY.parse(b"") == NoBody()
    assert EMPTY.build(NoBody()) == b""
    with pytest.raises(MessageInvalid) as error:
        EMPTY.parse(b"\0")
    assert error.value.path == "body"


def test_client_random_has_16_bytes() -> None:
    """A shorter one is our bug."""
    with pytest.raises(LocalProtocolError, match=r"body\.client_random"):
        KEY_REQUEST.build(KeyRequest(b"short"))
