"""3002 RECON_DETAIL byte for byte."""

import struct
from dataclasses import replace
from datetime import date

import pytest

from protocol.canonical.codes import OriginalState
from protocol.canonical.reconciliation import DetailReply, DetailRequest, DetailRow, Page
from protocol.dialects.standard.messages.detail import DETAIL_REPLY, DETAIL_REQUEST
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.transactions import Transaction
from tests.protocol.frames import an

DAY = date(2026, 11, 20)
PAID = DetailRow(
    date(2026, 11, 21), "000000000117", 11_0000000042, "0102003004", 12504, Transaction.PAY, OriginalState.REVERSED
)
PAID_BYTES = (
    b"20261121" + b"000000000117" + b"110000000042" + b"0102003004      " + struct.pack(">qHB5s", 12504, 2002, 3, b"")
)


def request(day: bytes = b"20261120", page: int = 2, rsv: bytes = bytes(22)) -> bytes:
    return struct.pack(">8sH22s", day, page, rsv)


def head(count: int, page: int, shown: int) -> bytes:
    return struct.pack(">8sIHB1s", b"20261120", count, page, shown, b"")


def test_the_request_both_ways() -> None:
    """32 bytes; a page has twenty rows in this format."""
    assert len(request()) == DETAIL_REQUEST.size == 32
    for number in (1, 2, 65_535):
        canonical = DetailRequest(DAY, Page(number, 20))
        assert DETAIL_REQUEST.parse(request(page=number)) == canonical
        assert DETAIL_REQUEST.build(canonical) == request(page=number)


def test_page_0_is_the_first() -> None:
    """As in the other paged messages."""
    assert DETAIL_REQUEST.parse(request(page=0)).page == Page(1, 20)


def test_the_rows_before_a_page() -> None:
    """The last page that can be named begins with row 1,310,680."""
    assert [Page(number, 20).first_row for number in (1, 2, 65_535)] == [0, 20, 1_310_680]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("body.clearing_date", request(day=b"00000000")),
        ("body.clearing_date", request(day=b"20261131")),
        ("body.rsv@10", request(rsv=bytes(21) + b"\1")),
    ],
)
def test_what_is_refused(path: str, body: bytes) -> None:
    """A real day, and reserved bytes that are zero."""
    with pytest.raises(MessageInvalid) as error:
        DETAIL_REQUEST.parse(body)
    assert error.value.path == path


def test_the_reply_both_ways() -> None:
    """1,296 bytes: the rows are those of the page alone, and the count is of the day."""
    undone = replace(PAID, transaction=Transaction.CANCEL, state=OriginalState.POSTED)
    canonical = DetailReply(DAY, 1_000_002, 50_001, (PAID, undone))
    undone_bytes = PAID_BYTES[:56] + struct.pack(">HB5s", 2003, 1, b"")
    expected = head(1_000_002, 50_001, 2) + PAID_BYTES + undone_bytes + bytes(18 * 64)

    assert len(expected) == DETAIL_REPLY.size == 1296
    assert DETAIL_REPLY.build(canonical) == expected
    assert DETAIL_REPLY.parse(expected) == canonical


def test_a_full_and_an_empty_page() -> None:
    """Twenty rows fill it; a page past the last is zero bytes."""
    full = DetailReply(DAY, 20, 1, tuple(replace(PAID, fep_serial=n) for n in range(20)))
    assert DETAIL_REPLY.parse(DETAIL_REPLY.build(full)) == full
    assert DETAIL_REPLY.build(DetailReply(DAY, 20, 2, ())) == head(20, 2, 0) + bytes(20 * 64)


def test_more_rows_than_a_page_has() -> None:
    """It is our bug, and no row is lost without a word."""
    with pytest.raises(LocalProtocolError, match=r"body\.rows: more than 20"):
        DETAIL_REPLY.build(DetailReply(DAY, 21, 1, (PAID,) * 21))


@pytest.mark.parametrize(
    ("changed", "place", "blank"),
    [
        ({"account_no": "0" * 17}, slice(32, 48), b" " * 16),
        ({"bank_serial": "0" * 13}, slice(8, 20), b"0" * 12),
        ({"bank_serial": "S0000007"}, slice(8, 20), b"0" * 12),
    ],
    ids=["account", "serial", "letters"],
)
def test_what_is_wider_than_its_field(changed: dict[str, str], place: slice, blank: bytes) -> None:
    """What another format of the bank's left behind stays blank: the rest of the page is worth having."""
    row = DETAIL_REPLY.build(DetailReply(DAY, 1, 1, (replace(PAID, **changed),)))[16:80]  # type: ignore[arg-type]
    assert row[place] == blank
    assert row[: place.start] + row[place.stop :] == PAID_BYTES[: place.start] + PAID_BYTES[place.stop :]


def test_an_account_goes_out_as_it_came_in() -> None:
    """The longest one, and the odd one that a CANCEL was taken with."""
    for account_no, raw in (("0102003004005006", "0102003004005006"), ("01\u01000", "01\x000")):
        canonical = DetailReply(DAY, 1, 1, (replace(PAID, account_no=account_no),))
        assert DETAIL_REPLY.build(canonical)[48:64] == an(raw, 16)
        assert DETAIL_REPLY.parse(DETAIL_REPLY.build(canonical)) == canonical


def test_nobody_reads_an_account_off_a_traceback() -> None:
    """It is left out of what a row says of itself."""
    assert "0102003004" not in repr(PAID)
