"""Sheets: fields bound one by one, echoes, constants, and rows to the end."""

import struct
from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace

import pytest

from protocol.bindings import Constant, Echo
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
