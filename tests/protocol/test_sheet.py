"""Sheets: fields bound one by one, echoes, constants, and rows to the end."""

import struct
from dataclasses import dataclass, replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from protocol.bindings import Blank, Constant, Echo
from protocol.bound import Reading, Sources
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.layout import Field
from protocol.moments import DayOfYear
from protocol.padded import Amount, Characters, Count
from protocol.sheet import RowsToEnd, Sheet

TODAY = date(2026, 11, 22)


@dataclass(frozen=True)
class Row:
    """A canonical row."""

    bill_no: str
    amount_fen: int


ROW = Sheet(
    "row",
    Field("XH", Count(2), "row number", "序号", "#"),
    Field("YSH", Characters(6), "bill", "应收号", "bill_no"),
    Field("JE", Amount(5), "amount", "金额", "amount_fen"),
)
REQUEST = Sheet(
    "body",
    Field("WTC", Characters(4), "node", "节点", "head.node"),
    Field("RQ", DayOfYear(), "day", "日期", "head.bank_date"),
    Field("CUN", Characters(3), "currency", "币种", Constant("RMB")),
    Field("BZ", Characters(5), "remark", "备注"),
    rows=RowsToEnd("body.bills", Row, ROW, rows_max=3),
)
REPLY = Sheet(
    "body",
    Field("OCN", Characters(6), "original node", "原节点", Echo("WTC")),
    Field("OBZ", Characters(5), "original remark", "原备注", Echo("BZ")),
    Field("LOST", Characters(2), "not in the request", "无", Echo("NONE")),
    Field("LSH", Count(4, justify="right", filler="0"), "serial", "流水", "answer.fep_serial"),
)
ROWS = b"1 B1    100  " + b"2 B2    20   "
MESSAGE = b"301 1121RMB\xff\xfehi " + ROWS


def test_what_is_bound_is_read() -> None:
    """Places are filled, days get their year, everything sent is kept; what is not bound is not looked at."""
    reading = Reading(TODAY)
    REQUEST.read(MESSAGE, reading)

    assert reading.values == {
        "head": {"node": "301", "bank_date": date(2026, 11, 21)},
        "body": {"bills": (Row("B1", 100), Row("B2", 20))},
    }
    assert reading.sent == {"WTC": b"301 ", "RQ": b"1121", "CUN": b"RMB", "BZ": b"\xff\xfehi "}


def test_what_is_built() -> None:
    """Constants and places; rows are numbered."""
    head = SimpleNamespace(node="301", bank_date=date(2026, 11, 21))
    body = SimpleNamespace(bills=(Row("B1", 100), Row("B2", 20)))

    assert REQUEST.build(Sources({"head": head, "body": body})) == b"301 1121RMB     " + ROWS


def test_echoes() -> None:
    """As they were sent where the sizes agree, else their text; what was not sent is blank."""
    reading = Reading(TODAY)
    REQUEST.read(MESSAGE, reading)
    built = REPLY.build(Sources({"answer": SimpleNamespace(fep_serial=7)}, reading.sent))

    assert struct.unpack("6s5s2s4s", built) == (b"301   ", b"\xff\xfehi ", b"  ", b"0007")


@pytest.mark.parametrize(
    ("data", "path", "reason"),
    [
        (MESSAGE[:15], "body", "15 bytes, fewer than the 16 in front of the rows"),
        (MESSAGE[:-1], "body", "25 bytes of rows, which are 13 bytes each: the last is not whole"),
        (MESSAGE + ROWS, "body", "4 rows, more than 3"),
        (b"301 0230" + MESSAGE[8:], "body.RQ", "no such day"),
        (MESSAGE[:-5] + b"2.00 ", "body.rows[1].JE", "not an amount in digits"),
    ],
)
def test_what_does_not_fit(data: bytes, path: str, reason: str) -> None:
    """The error says where and what, and quotes nothing."""
    with pytest.raises(MessageInvalid) as caught:
        REQUEST.read(data, Reading(TODAY))
    assert (caught.value.path, caught.value.reason) == (path, reason)


def test_sizes_without_rows() -> None:
    """A sheet without rows has one size."""
    with pytest.raises(MessageInvalid, match="16 bytes instead of 17"):
        REPLY.read(bytes(16), Reading(TODAY))


def test_our_own_mistakes() -> None:
    """What is built wrong, or described wrong, is ours."""
    with pytest.raises(LocalProtocolError, match=r"body\.LSH"):
        REPLY.build(Sources({"answer": SimpleNamespace(fep_serial=12345)}))
    with pytest.raises(LocalProtocolError, match="share a name"):
        Sheet("body", Field("A", Count(1), "", ""), Field("A", Count(1), "", ""))
    with pytest.raises(LocalProtocolError, match="CUN: the constant does not fit"):
        Sheet("body", Field("CUN", Characters(2), "", "", Constant("RMB")))


# --- pages, names, changes

PAGED = Sheet(
    "body",
    Field("PAGE", Count(1), "page", "页码", "body.page"),
    rows=RowsToEnd("body.bills", Row, ROW, rows_max=3, is_paged=True),
)
BILLS = tuple(Row(f"B{number}", number) for number in range(1, 8))


@pytest.mark.parametrize(
    ("page", "numbers", "bills"), [(1, "123", "123"), (2, "123", "456"), (3, "1", "7"), (4, "", ""), (9, "", "")]
)
def test_the_page_that_was_asked_for(page: int, numbers: str, bills: str) -> None:
    """So many rows of all, numbered on their page; past the last there are none."""
    body = SimpleNamespace(page=page, bills=BILLS)
    rows = b"".join(
        b"%-2sB%-5s%-5s" % (n.encode(), b.encode(), b.encode()) for n, b in zip(numbers, bills, strict=True)
    )
    assert PAGED.build(Sources({"body": body})) == b"%d" % page + rows


def test_rows_of_a_body_that_has_none() -> None:
    """As of a refusal, or of a payment that lists nothing."""
    sheet = Sheet("body", rows=RowsToEnd("body.bills", Row, ROW, rows_max=3))
    for body in (SimpleNamespace(bills=None), SimpleNamespace(bills=()), SimpleNamespace(), None):
        assert sheet.build(Sources({"body": body})) == b""


def test_all_rows_where_nothing_is_paged() -> None:
    """Another format carries them all: how many one may have is said for what is read."""
    sheet = Sheet("body", rows=RowsToEnd("body.bills", Row, ROW, rows_max=3))
    assert len(sheet.build(Sources({"body": SimpleNamespace(bills=BILLS)}))) == 7 * ROW.size


def test_rows_that_are_not_read() -> None:
    """They are counted and left alone, whatever stands in them."""
    sheet = Sheet("body", rows=RowsToEnd("body.bills", None, ROW, rows_max=2))
    reading = Reading(TODAY)
    sheet.read(b"\xff" * 26, reading)
    assert reading.values == {}
    with pytest.raises(MessageInvalid, match="3 rows, more than 2"):
        sheet.read(b"\xff" * 39, Reading(TODAY))


def test_fields_by_name() -> None:
    """Every field of what was sent, bound or not, for whoever shows a message; the first that does not fit is named."""
    assert REQUEST.named(MESSAGE.replace(b"\xff\xfe", b"  ")) == {
        "WTC": "301",
        "RQ": DayOfYear().parse(b"1121"),
        "CUN": "RMB",
        "BZ": "hi",
    }
    with pytest.raises(MessageInvalid, match=r"body\.BZ: not printable ASCII"):
        REQUEST.named(MESSAGE)
    with pytest.raises(MessageInvalid, match="15 bytes"):
        REQUEST.named(MESSAGE[:15])


def test_the_same_sheet_with_other_fields() -> None:
    """Each field may be changed, those of the rows too; the sheet that was described stays as it is."""

    def change(field: Field) -> Field:
        kind: Any = Amount(8, justify="right", filler="0") if isinstance(field.type, Amount) else field.type
        return replace(field, type=kind, attribute="head.channel" if field.name == "BZ" else field.attribute)

    changed = REQUEST.changed(change)
    assert (changed.size, changed.rows.sheet.size, REQUEST.rows.sheet.size) == (REQUEST.size, 16, 13)
    assert (changed.name_at("head.channel"), REQUEST.name_at("head.channel")) == ("BZ", "")
    body = SimpleNamespace(bills=(Row("B1", 100),))
    head = SimpleNamespace(node="301", bank_date=date(2026, 11, 21), channel="05")
    assert changed.build(Sources({"head": head, "body": body})) == b"301 1121RMB05   " + b"1 B1    00000100"
    assert REPLY.changed(change).rows is None


def test_a_blank_in_a_row() -> None:
    """The row is named, and the field in it."""
    row = Sheet("row", Field("A", Characters(1), "", "", "bill_no"), Field("B", Characters(1), "", "", Blank("unused")))
    sheet = Sheet("body", rows=RowsToEnd("body.bills", lambda bill_no: bill_no, row, rows_max=3))
    reading = Reading(TODAY)
    sheet.read(b"a b ", reading)
    assert reading.values["body"]["bills"] == ("a", "b")
    with pytest.raises(MessageInvalid, match=r"^body\.rows\[1\]\.B: unused$"):
        sheet.read(b"a bx", Reading(TODAY))
