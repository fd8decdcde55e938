"""2003 CANCEL and 2004 REVERSE byte for byte, and how much they may hold."""

import struct
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.canonical.business import UndoReply, UndoRequest
from protocol.canonical.codes import UndoOutcome
from protocol.dialects.standard.messages.undo import UNDO_REPLY, UNDO_REQUEST
from protocol.errors import MessageInvalid
from tests.protocol.frames import an

REQUEST = UndoRequest(date(2026, 11, 20), "000000000117", "0102003004", 12504, 255)


def request(
    day: bytes = b"20261120",
    serial: bytes = b"000000000117",
    account: bytes = b"0102003004      ",
    rsv: bytes = bytes(19),
) -> bytes:
    return struct.pack(">8s12s16sqB19s", day, serial, account, 12504, 255, rsv)


def test_the_request_both_ways() -> None:
    """64 bytes."""
    assert UNDO_REQUEST.size == 64
    assert UNDO_REQUEST.parse(request()) == REQUEST
    assert UNDO_REQUEST.build(REQUEST) == request()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("body.original_date", request(day=b"00000000")),
        ("body.original_date", request(day=b"20260231")),
        ("body.original_serial", request(serial=b"000000000000")),
        ("body.original_serial", request(serial=b"117         ")),
        ("body.rsv@45", request(rsv=b"\1" + bytes(18))),
    ],
)
def test_what_is_refused(path: str, body: bytes) -> None:
    """The original must be named by a real day and a serial."""
    with pytest.raises(MessageInvalid) as error:
        UNDO_REQUEST.parse(body)
    assert error.value.path == path


@given(st.binary(min_size=16, max_size=16))
def test_the_account_may_hold_anything_and_comes_back(account: bytes) -> None:
    """A tombstone keeps the account as the bank gave it, and the reply repeats it byte for byte."""
    read = UNDO_REQUEST.parse(request(account=account))
    reply = UNDO_REPLY.build(UndoReply(read.account_no, read.amount_fen, None, 0, 0, UndoOutcome.NEVER_ARRIVED))

    assert reply[:16] == account


def test_the_reply_both_ways() -> None:
    """64 bytes; an original that never arrived has zeros for its number."""
    for serial, digits in ((None, b"000000000000"), (42, b"000000000042")):
        reply = UndoReply("0102003004", 12504, serial, -7, 8, UndoOutcome.UNDONE_BEFORE)
        expected = struct.pack(">16sq12s4sqqB7s", an("0102003004", 16), 12504, digits, b"", -7, 8, 3, b"")
        assert UNDO_REPLY.build(reply) == expected
        assert UNDO_REPLY.parse(expected) == reply
    assert UNDO_REPLY.size == 64
