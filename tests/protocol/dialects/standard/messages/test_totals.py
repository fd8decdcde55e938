"""3001 RECON_TOTALS byte for byte."""

import struct
from datetime import date

import pytest

from protocol.canonical.codes import TotalsResult
from protocol.canonical.reconciliation import Totals, TotalsReply, TotalsRequest
from protocol.dialects.standard.messages.totals import TOTALS_REPLY, TOTALS_REQUEST
from protocol.errors import LocalProtocolError, MessageInvalid

TOTALS = Totals(3, 300, 2, 200, 1, 100)
TOTALS_BYTES = struct.pack(">I4sqI4sqI4sq", 3, b"", 300, 2, b"", 200, 1, b"", 100)


def request(day: bytes = b"20261120", rsv: bytes = bytes(8), totals: bytes = TOTALS_BYTES) -> bytes:
    return day + rsv + totals


def test_the_request_both_ways() -> None:
    """64 bytes: the day, and three counts with their amounts."""
    expected = TotalsRequest(date(2026, 11, 20), TOTALS)
    assert len(request()) == TOTALS_REQUEST.size == 64
    assert TOTALS_REQUEST.parse(request()) == expected
    assert TOTALS_REQUEST.build(expected) == request()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("body.clearing_date", request(day=b"00000000")),
        ("body.rsv@8", request(rsv=b"\0" * 7 + b"\1")),
        ("body.rsv@20", request(totals=TOTALS_BYTES[:4] + b"\1" + TOTALS_BYTES[5:])),
        ("body.rsv@52", request(totals=TOTALS_BYTES[:36] + b"\1" + TOTALS_BYTES[37:])),
    ],
)
def test_what_is_refused(path: str, body: bytes) -> None:
    """A real day, and reserved bytes that are zero, those between count and amount too."""
    with pytest.raises(MessageInvalid) as error:
        TOTALS_REQUEST.parse(body)
    assert error.value.path == path


def test_the_reply_both_ways() -> None:
    """80 bytes; the batch is zeros until a reconciliation has run."""
    for batch, digits in ((0, b"000000000000"), (42, b"000000000042")):
        canonical = TotalsReply(date(2026, 11, 20), TotalsResult.STILL_OPEN, TOTALS, batch)
        expected = b"20261120\x03" + bytes(7) + TOTALS_BYTES + digits + bytes(4)
        assert TOTALS_REPLY.build(canonical) == expected
        assert TOTALS_REPLY.parse(expected) == canonical
    assert TOTALS_REPLY.size == 80


def test_counts_that_do_not_fit() -> None:
    """A negative count is our bug."""
    with pytest.raises(LocalProtocolError, match=r"body\.cancel_count"):
        TOTALS_REQUEST.build(TotalsRequest(date(2026, 11, 20), Totals(cancel_count=-1)))
