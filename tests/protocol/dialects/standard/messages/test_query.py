"""2001 QUERY byte for byte, its pages, and what is refused."""

import struct
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.canonical.business import BillRow, QueryReply, QueryRequest
from protocol.canonical.codes import AccountState, BillState, CollectMode, KeyKind
from protocol.dialects.standard.messages.query import QUERY_REPLY, QUERY_REQUEST
from protocol.errors import LocalProtocolError, MessageInvalid
from tests.protocol.frames import an, text

FIRST_BILL = BillRow(202601, 1, "DB00", 15000, 6000, 342, date(2026, 9, 25), BillState.OPEN)
LAST_BILL = BillRow(202701, 2, "DB12", -1, 2**40, 0, date(2027, 1, 25), BillState.IN_DEBIT)
BILLS = (*(replace(FIRST_BILL, month=202601 + n, bill_no=f"DB{n:02d}") for n in range(12)), LAST_BILL)
REPLY = QueryReply(
    account_no="0102003004",
    name="张三㐀丰",
    address="朝阳市双塔区新华路一段1号",
    supply_branch="2113",
    account_state=AccountState.SUSPENDED,
    collect_mode=CollectMode.CARD,
    payable_now=True,
    balance_fen=-1,
    principal_due_fen=2,
    late_fee_due_fen=3,
    total_due_fen=5,
    payable_fen=6,
    page=2,
    rows=BILLS,
)


def head(count: int, page: int, shown: int) -> bytes:
    return struct.pack(
        ">16s64s96s8sBBBBHBBqqqqq8s",
        an("0102003004", 16),
        text("张三㐀丰", 64),
        text("朝阳市双塔区新华路一段1号", 96),
        an("2113", 8),
        *(2, 3, 1, 0, count, page, shown),
        *(-1, 2, 3, 5, 6),
        b"",
    )


def bill(month: str, number: str, energy: int, principal: int, late_fee: int, due: str, state: int, seq: str) -> bytes:
    fields = (month.encode(), seq.encode(), an(number, 16), energy, principal, late_fee, due.encode(), state, b"")
    return struct.pack(">6s2s16sqqq8sB7s", *fields)


def request(key: bytes = b"DM0042", kind: int = 2, page: int = 3, rsv: bytes = bytes(14)) -> bytes:
    return struct.pack(">32sBB14s", key.ljust(32), kind, page, rsv)


def test_the_request_both_ways() -> None:
    """48 bytes."""
    assert QUERY_REQUEST.size == 48
    assert QUERY_REQUEST.parse(request()) == QueryRequest("DM0042", KeyKind.METER_NO, 3)
    assert QUERY_REQUEST.build(QueryRequest("DM0042", KeyKind.METER_NO, 3)) == request()


def test_page_0_is_page_1() -> None:
    """A bank that knows no pages sends zeros."""
    assert QUERY_REQUEST.parse(request(page=0)).page == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("body.key_kind", request(kind=0)),
        ("body.key_kind", request(kind=4)),
        ("body.key", request(key="甲".encode("gb18030"))),
        ("body.rsv@34", request(rsv=b" " * 14)),
        ("body", request()[:-1]),
        ("body", request() + b"\0"),
        ("body", b""),
    ],
)
def test_what_is_refused(path: str, body: bytes) -> None:
    """Unknown kinds, foreign characters, reserved bytes and other sizes."""
    with pytest.raises(MessageInvalid) as error:
        QUERY_REQUEST.parse(body)
    assert error.value.path == path


def test_the_last_page_both_ways() -> None:
    """The second page of 13 bills shows one, counts 13, and its unused rows are zero bytes."""
    row = bill("202701", "DB12", -1, 2**40, 0, "20270125", 2, "02")
    expected = head(13, 2, 1) + row + bytes(11 * 64)

    assert len(expected) == QUERY_REPLY.size == 1008
    assert QUERY_REPLY.build(REPLY) == expected
    assert QUERY_REPLY.parse(expected) == replace(REPLY, rows=BILLS[12:])
    fields = QUERY_REPLY.named(expected)
    assert (fields["bill_count"], fields["page"], fields["bills_in_page"]) == (13, 2, 1)
    assert [row["bill_no"] for row in fields["rows"]] == ["DB12"]  # type: ignore[attr-defined]


def test_the_first_page_is_full() -> None:
    """Page 1 shows the oldest twelve."""
    data = QUERY_REPLY.build(replace(REPLY, page=1))

    assert data[:240] == head(13, 1, 12)
    assert data[240:304] == bill("202601", "DB00", 15000, 6000, 342, "20260925", 1, "01")
    assert QUERY_REPLY.parse(data).rows == BILLS[:12]


def test_a_page_past_the_last_has_no_rows() -> None:
    """It is approved, counts all bills and shows none."""
    assert QUERY_REPLY.build(replace(REPLY, page=3)) == head(13, 3, 0) + bytes(12 * 64)
    assert QUERY_REPLY.build(replace(REPLY, page=1, rows=())) == head(0, 1, 0) + bytes(12 * 64)


def test_a_bad_row_is_named() -> None:
    """The error says which field of which row."""
    data = bytearray(QUERY_REPLY.build(replace(REPLY, page=1)))
    data[240 + 3 * 64 : 240 + 3 * 64 + 6] = b"202613"
    with pytest.raises(MessageInvalid) as error:
        QUERY_REPLY.parse(bytes(data))
    assert error.value.path == "body.rows[3].month"


def test_more_rows_than_a_page_holds() -> None:
    """A count beyond the page is malformed."""
    with pytest.raises(MessageInvalid) as error:
        QUERY_REPLY.parse(head(13, 1, 13) + bytes(12 * 64))
    assert error.value.path == "body.bills_in_page"


@pytest.mark.parametrize(
    ("path", "reply"),
    [
        ("body.balance", replace(REPLY, balance_fen=2**63)),
        ("body.page", replace(REPLY, page=0)),
        ("body.page", replace(REPLY, page=256)),
        ("body.supply_branch", replace(REPLY, supply_branch="朝阳")),
        ("row.state", replace(REPLY, page=1, rows=(replace(BILLS[0], state=BillState.SETTLED),))),
        ("row.principal", replace(REPLY, page=1, rows=(replace(BILLS[0], principal_fen=2**63),))),
    ],
)
def test_what_does_not_fit_is_our_bug(path: str, reply: QueryReply) -> None:
    """A number that does not fit is never cut, and the error names it without quoting it."""
    with pytest.raises(LocalProtocolError) as error:
        QUERY_REPLY.build(reply)
    assert str(error.value).startswith(path)
    assert str(2**63) not in str(error.value)


def test_a_long_name_is_cut() -> None:
    """A name of 100 bytes loses whole characters at its end."""
    data = QUERY_REPLY.build(replace(REPLY, name="a" + "甲" * 50))

    assert data[16:80] == text("a" + "甲" * 31, 64)


@given(st.integers(0, 40), st.integers(1, 5))
def test_pages_together_show_every_bill_once(count: int, pages: int) -> None:
    """Whoever reads all pages has read all bills."""
    bills = tuple(replace(BILLS[0], bill_no=f"DB{n}") for n in range(count))
    seen = [
        row
        for page in range(1, pages + 1)
        for row in QUERY_REPLY.parse(QUERY_REPLY.build(replace(REPLY, page=page, rows=bills))).rows
    ]

    assert tuple(seen) == bills[: pages * 12]
