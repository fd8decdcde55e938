"""2006 PAYMENTS and 2007 CONSUMPTION byte for byte."""

import struct
from dataclasses import replace
from datetime import date, time

import pytest

from protocol.canonical.business import ConsumptionReply, ConsumptionRow, HistoryRequest, PaymentRow, PaymentsReply
from protocol.canonical.codes import BillState, OriginalState
from protocol.dialects.standard.messages.history import CONSUMPTION_REPLY, HISTORY_REQUEST, PAYMENTS_REPLY
from protocol.errors import MessageInvalid
from tests.protocol.frames import an, text


def request(months: int = 24, page: int = 2, rsv: bytes = bytes(14)) -> bytes:
    return struct.pack(">16sBB14s", an("0102003004", 16), months, page, rsv)


def head(count: int, page: int, shown: int) -> bytes:
    return struct.pack(">16s64sHBB12s", an("0102003004", 16), text("李四", 64), count, page, shown, b"")


def test_the_request_both_ways() -> None:
    """32 bytes."""
    assert HISTORY_REQUEST.size == 32
    assert HISTORY_REQUEST.parse(request()) == HistoryRequest("0102003004", 24, 2)
    assert HISTORY_REQUEST.build(HistoryRequest("0102003004", 24, 2)) == request()


def test_zeros_are_the_usual_values() -> None:
    """0 months are 3, page 0 is 1."""
    assert HISTORY_REQUEST.parse(request(0, 0)) == HistoryRequest("0102003004", 3, 1)


@pytest.mark.parametrize(
    ("path", "body"), [("body.months", request(months=25)), ("body.rsv@18", request(rsv=b"\0" * 13 + b"\1"))]
)
def test_what_is_refused(path: str, body: bytes) -> None:
    """More than 24 months are refused, not cut."""
    with pytest.raises(MessageInvalid) as error:
        HISTORY_REQUEST.parse(body)
    assert error.value.path == path


def test_payments_both_ways() -> None:
    """15 rows a page; the second page of 16 shows one."""
    last = PaymentRow(date(2026, 11, 20), time(0, 0, 1), 7, 12504, 42, "0102", OriginalState.CANCELLED, -5)
    rows = (*(replace(last, fep_serial=100 + n) for n in range(15)), last)
    row = struct.pack(
        ">8s6s2sq12s4sB7sq8s", b"20261120", b"000001", b"07", 12504, b"000000000042", b"0102", 2, b"", -5, b""
    )
    expected = head(16, 2, 1) + row + bytes(14 * 64)
    canonical = PaymentsReply("0102003004", "李四", 2, rows)

    assert len(expected) == PAYMENTS_REPLY.size == 1056
    assert PAYMENTS_REPLY.build(canonical) == expected
    assert PAYMENTS_REPLY.parse(expected) == replace(canonical, rows=(last,))
    assert PAYMENTS_REPLY.parse(PAYMENTS_REPLY.build(replace(canonical, page=1))).rows == rows[:15]


def test_consumption_both_ways() -> None:
    """24 rows a page; the second page of 25 shows one."""
    last = ConsumptionRow(202401, 1, 123456, 6000, 7000, 1000, BillState.SETTLED)
    rows = (*(replace(last, month=202601, seq=n) for n in range(24)), last)
    row = struct.pack(">6s2sqqqqB7s", b"202401", b"01", 123456, 6000, 7000, 1000, 3, b"")
    expected = head(25, 2, 1) + row + bytes(23 * 48)
    canonical = ConsumptionReply("0102003004", "李四", 2, rows)

    assert len(expected) == CONSUMPTION_REPLY.size == 1248
    assert CONSUMPTION_REPLY.build(canonical) == expected
    assert CONSUMPTION_REPLY.parse(expected) == replace(canonical, rows=(last,))
    assert CONSUMPTION_REPLY.parse(CONSUMPTION_REPLY.build(replace(canonical, page=1))).rows == rows[:24]
