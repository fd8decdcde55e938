"""2008 INVOICE byte for byte."""

import struct
from dataclasses import replace
from datetime import date

import pytest

from protocol.canonical.business import InvoiceReply, InvoiceRequest, InvoiceRow
from protocol.canonical.codes import InvoiceAction
from protocol.dialects.standard.messages.invoice import INVOICE_REPLY, INVOICE_REQUEST
from protocol.errors import MessageInvalid
from tests.protocol.frames import an, text

ROW = InvoiceRow(202609, 1, 15000, 100, 15100, 6000, 342)
REPLY = InvoiceReply(
    "INV0001",
    "0102003004",
    "张三",
    "新华路1号",
    12504,
    "壹佰贰拾伍元零肆分",
    2,
    202609,
    202610,
    2,
    (ROW,) * 12 + (replace(ROW, seq=2),),
)


def request(action: int = 2, page: int = 3, rsv: bytes = bytes(10)) -> bytes:
    fields = (b"20261120", b"000000000117", an("0102003004", 16), action, page, rsv)
    return struct.pack(">8s12s16sBB10s", *fields)


def head(count: int, first: bytes = b"202609", last: bytes = b"202610") -> bytes:
    return struct.pack(
        ">16s16s64s96sq96sBB14s6s6s12s",
        an("INV0001", 16),
        an("0102003004", 16),
        text("张三", 64),
        text("新华路1号", 96),
        12504,
        text("壹佰贰拾伍元零肆分", 96),
        2,
        count,
        b"",
        first,
        last,
        b"",
    )


def row(seq: bytes) -> bytes:
    return struct.pack(">6s2sqqqqq", b"202609", seq, 15000, 100, 15100, 6000, 342)


def test_the_request_both_ways() -> None:
    """48 bytes; page 0 is page 1."""
    expected = InvoiceRequest(date(2026, 11, 20), "000000000117", "0102003004", InvoiceAction.REPRINT, 3)
    assert INVOICE_REQUEST.size == 48
    assert INVOICE_REQUEST.parse(request()) == expected
    assert INVOICE_REQUEST.build(expected) == request()
    assert INVOICE_REQUEST.parse(request(page=0)).page == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [("body.action", request(action=0)), ("body.action", request(action=3)), ("body.rsv@38", request(rsv=b"\1" * 10))],
)
def test_what_is_refused(path: str, body: bytes) -> None:
    """Print or reprint, nothing else."""
    with pytest.raises(MessageInvalid) as error:
        INVOICE_REQUEST.parse(body)
    assert error.value.path == path


def test_the_reply_both_ways() -> None:
    """912 bytes; it does not say its page, so that reads as 0, and its rows end at the first of zero bytes."""
    expected = head(13) + row(b"02") + bytes(11 * 48)

    assert len(head(13)) == 336
    assert len(expected) == INVOICE_REPLY.size == 912
    assert INVOICE_REPLY.build(REPLY) == expected
    assert INVOICE_REPLY.parse(expected) == replace(REPLY, page=0, rows=REPLY.rows[12:])
    assert INVOICE_REPLY.build(replace(REPLY, page=1)) == head(13) + row(b"01") * 12
    assert INVOICE_REPLY.parse(INVOICE_REPLY.build(replace(REPLY, page=1))).rows == REPLY.rows[:12]
    assert len(INVOICE_REPLY.named(expected)["rows"]) == 1  # type: ignore[arg-type]


def test_an_invoice_over_the_amount_has_no_rows() -> None:
    """A payment that settled nothing has neither rows nor months."""
    reply = replace(REPLY, page=1, first_month=None, last_month=None, rows=())

    assert INVOICE_REPLY.build(reply) == head(0, b"000000", b"000000") + bytes(12 * 48)


def test_more_rows_than_can_be_counted() -> None:
    """One byte counts 255 rows at most: an invoice of more says 255, and its pages go on."""
    assert INVOICE_REPLY.build(replace(REPLY, rows=(ROW,) * 255))[297] == 255
    assert INVOICE_REPLY.build(replace(REPLY, rows=(ROW,) * 300))[297] == 255
