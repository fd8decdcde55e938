"""Header rules: whatever a bank's request may not say in its header is refused by name."""

from datetime import date, datetime, time
from typing import Any

import pytest

from protocol.canonical.messages import Head
from protocol.dialect import Envelope
from protocol.dialects.registry import DIALECTS
from protocol.dialects.standard.header import REQUEST_HEAD
from protocol.errors import MessageInvalid
from protocol.layout import placed_fields
from protocol.transactions import Transaction
from tests.protocol.frames import frame, header, pay_body

STANDARD = DIALECTS["standard"]


def opened(content: bytes) -> Envelope:
    return STANDARD.open(content, datetime(2026, 11, 21, 10, 15, 31))  # noqa: DTZ001 - the wall clock of the link


VIOLATIONS: list[tuple[str, Any]] = [
    ("version", 2),
    ("flags", 1),
    ("flags", 4),
    ("flags", 6),
    ("flags", 8),
    ("flags", 0x80),
    ("txn_code", 2999),
    ("response_code", b"0000"),
    ("response_code", b"   \0"),
    ("bank_code", b"01 2"),
    ("branch_code", b"\0" * 12),
    ("branch_code", b" 01020000117"),
    ("teller_id", b"T\xff      "),
    ("bank_date", b"20260231"),
    ("bank_date", b"00000000"),
    ("bank_date", b"2026112 "),
    ("bank_time", b"240000"),
    ("bank_time", b"10153x"),
    ("channel", b"00"),
    ("channel", b"11"),
    ("channel", b" 1"),
    ("bank_serial", b"000000000000"),
    ("bank_serial", b"117         "),
    ("clearing_date", b"20261121"),
    ("clearing_date", b"        "),
    ("fep_serial", b"000000000001"),
    ("nonce", b"\0\0\0\0\0\0\0\1"),
    ("reserved", b"\0\0\0\1"),
]


def test_the_header_has_its_96_bytes() -> None:
    """Size and offsets are those of the specification."""
    assert REQUEST_HEAD.size == 96
    offsets = {placed.key: placed.offset for placed in placed_fields(REQUEST_HEAD.fields)[0]}
    assert offsets["bank_serial"] == 48
    assert offsets["nonce"] == 80


def test_a_good_header_is_read() -> None:
    """Who asks, from where, when, and under which serial."""
    request = STANDARD.request(opened(frame(header(), pay_body())), pay_body())

    assert request.head == Head(
        "0102", "01020000117", "T0000042", date(2026, 11, 21), time(10, 15, 30), 1, "000000000117"
    )


@pytest.mark.parametrize(("name", "value"), VIOLATIONS)
def test_each_violation_is_named(name: str, value: object) -> None:
    """The error names the field and never quotes it."""
    envelope = opened(frame(header(**{name: value}), pay_body()))

    with pytest.raises(MessageInvalid) as error:
        STANDARD.request(envelope, pay_body())

    assert error.value.path == f"header.{name}"
    if isinstance(value, bytes):
        assert value.decode("latin-1") not in str(error.value)


@pytest.mark.parametrize("code", [1002, 1004])
def test_link_transactions_may_name_no_channel(code: int) -> None:
    """Channel 00 is allowed in 1001 to 1004."""
    request = STANDARD.request(opened(frame(header(txn_code=code, channel=b"00"))), b"")

    assert request.head.channel == 0


@pytest.mark.parametrize("code", [1001, 1002, 1003, 1004])
def test_link_transactions_are_never_encrypted(code: int) -> None:
    """ENCRYPTED on a frame that is never encrypted is malformed."""
    body = bytes(32) if code in {1001, 1003} else b""
    envelope = opened(frame(header(txn_code=code, flags=2, nonce=b"nonce678"), body))

    with pytest.raises(MessageInvalid) as error:
        STANDARD.request(envelope, body)
    assert error.value.path == "header.flags"


def test_an_encrypted_request_carries_its_nonce() -> None:
    """With ENCRYPTED the nonce may hold anything; the body is read decrypted."""
    envelope = opened(frame(header(flags=2, nonce=b"nonce678"), bytes(80)))
    assert envelope.is_encrypted
    assert envelope.nonce == b"nonce678"

    assert STANDARD.request(envelope, pay_body()).transaction is Transaction.PAY


def test_any_channel_up_to_ten() -> None:
    """01 to 10 are channels of a business request."""
    for channel in range(1, 11):
        envelope = opened(frame(header(channel=b"%02d" % channel), pay_body()))
        assert STANDARD.request(envelope, pay_body()).head.channel == channel
