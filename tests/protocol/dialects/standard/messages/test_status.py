"""2005 STATUS byte for byte."""

import struct
from datetime import date

import pytest

from protocol.canonical.business import StatusReply, StatusRequest
from protocol.canonical.codes import OriginalState, Reconciled
from protocol.dialects.standard.messages.status import STATUS_REPLY, STATUS_REQUEST
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.transactions import Transaction
from tests.protocol.frames import an


def request(day: bytes = b"20261120", serial: bytes = b"000000000117", rsv: bytes = bytes(12)) -> bytes:
    return struct.pack(">8s12s16s12s", day, serial, an("0102003004", 16), rsv)


def reply(txn: int, state: int, serial: bytes, day: bytes, reconciled: int) -> bytes:
    fields = (txn, state, b"", an("0102003004", 16), 12504, serial, day, reconciled, b"")
    return struct.pack(">HB5s16sq12s8sB11s", *fields)


def test_the_request_both_ways() -> None:
    """48 bytes."""
    expected = StatusRequest(date(2026, 11, 20), "000000000117", "0102003004")
    assert STATUS_REQUEST.size == 48
    assert STATUS_REQUEST.parse(request()) == expected
    assert STATUS_REQUEST.build(expected) == request()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("body.original_date", request(day=b"20261131")),
        ("body.original_serial", request(serial=b"0" * 12)),
        ("body.rsv@36", request(rsv=b"0" * 12)),
    ],
)
def test_what_is_refused(path: str, body: bytes) -> None:
    """The original must be named by a real day and a serial; reserved bytes are zero, not the digit."""
    with pytest.raises(MessageInvalid) as error:
        STATUS_REQUEST.parse(body)
    assert error.value.path == path


@pytest.mark.parametrize(
    ("canonical", "data"),
    [
        (
            StatusReply(
                Transaction.PAY,
                OriginalState.REVERSED,
                "0102003004",
                12504,
                42,
                date(2026, 11, 21),
                Reconciled.DIFFERENCE,
            ),
            reply(2002, 3, b"000000000042", b"20261121", 2),
        ),
        (
            StatusReply(None, OriginalState.UNKNOWN, "0102003004", 12504, None, None, Reconciled.NO),
            reply(0, 0, b"000000000000", b"00000000", 0),
        ),
        (
            StatusReply(
                Transaction.REVERSE, OriginalState.POSTED, "0102003004", 12504, 1, date(2026, 1, 2), Reconciled.YES
            ),
            reply(2004, 1, b"000000000001", b"20260102", 1),
        ),
    ],
)
def test_the_reply_both_ways(canonical: StatusReply, data: bytes) -> None:
    """64 bytes; what is unknown is zero."""
    assert len(data) == STATUS_REPLY.size == 64
    assert STATUS_REPLY.build(canonical) == data
    assert STATUS_REPLY.parse(data) == canonical


def test_an_original_is_a_money_request() -> None:
    """No other transaction is ever an original."""
    with pytest.raises(LocalProtocolError, match=r"body\.original_txn"):
        STATUS_REPLY.build(StatusReply(Transaction.QUERY, OriginalState.POSTED, "", 0, None, None, Reconciled.NO))
