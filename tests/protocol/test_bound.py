"""Bound fields: where the value of each comes from, and where it goes."""

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from protocol.bindings import Binding, Blank, Constant, Echo, Equal
from protocol.bound import ROW_NUMBER, Reading, Sources, place_of
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.fields import U16
from protocol.layout import Field
from protocol.moments import DayOfYear
from protocol.padded import Amount, Characters, Count
from protocol.sheet import Sheet

TODAY = date(2026, 11, 22)


def field(name: str, kind: Any, binding: Binding = "") -> Field:
    return Field(name, kind, "meaning", "含义", binding)


def read(sheet: Sheet, data: bytes, today: date = TODAY, **sent: bytes) -> Reading:
    reading = Reading(today, sent=dict(sent))
    sheet.read(data, reading)
    return reading


def built(sheet: Sheet, sent: dict[str, Any] | None = None, **scopes: Any) -> bytes:
    return sheet.build(Sources({name: SimpleNamespace(**values) for name, values in scopes.items()}, sent or {}))


def test_places_by_scope() -> None:
    """Each field fills its attribute in its scope; the frame's own has been read before, by whoever opened it."""
    sheet = Sheet(
        "header",
        field("CODE", Characters(2), "frame.code"),
        field("SERIAL", Characters(4), "head.bank_serial"),
        field("COUNT", Count(2), "body.totals.pay_count"),
        field("KEYS", U16, "body.keys"),
        field("OPEN", Characters(1)),
    )
    reading = read(sheet, b"10S1  7 \x01\x02\xff")

    assert reading.values == {"head": {"bank_serial": "S1"}, "body": {"totals.pay_count": 7, "keys": 258}}
    assert reading.sent == {"CODE": b"10", "SERIAL": b"S1  ", "COUNT": b"7 ", "KEYS": 258, "OPEN": b"\xff"}
    body = {"totals": SimpleNamespace(pay_count=7), "keys": 258}
    assert built(sheet, frame={"code": "10"}, head={"bank_serial": "S1"}, body=body) == b"10S1  7 \x01\x02 "


@pytest.mark.parametrize(
    ("binding", "place"),
    [
        ("head.bank_serial", ("head", "bank_serial")),
        ("body.totals.pay_count", ("body", "totals.pay_count")),
        ("bill_no", ("", "bill_no")),
        (ROW_NUMBER, (ROW_NUMBER, "real")),
    ],
)
def test_what_a_place_is(binding: str, place: tuple[str, str]) -> None:
    """Scope and attribute; in a row, the attribute alone, or its number."""
    assert place_of(binding) == place


@pytest.mark.parametrize(
    ("today", "day"),
    [
        (date(2027, 1, 1), date(2026, 12, 31)),
        (date(2026, 12, 31), date(2026, 12, 31)),
        (date(2026, 7, 1), date(2025, 12, 31)),
        (date(2026, 7, 2), date(2026, 12, 31)),
    ],
)
def test_a_day_gets_its_year(today: date, day: date) -> None:
    """The one that is nearest to today."""
    sheet = Sheet("header", field("RQ", DayOfYear(), "head.bank_date"))
    assert read(sheet, b"1231", today).values == {"head": {"bank_date": day}}


def test_a_day_without_a_year_near_by() -> None:
    """29 February is refused by name in years that have none beside them."""
    sheet = Sheet("header", field("RQ", DayOfYear(), "head.bank_date"))
    with pytest.raises(MessageInvalid, match=r"header\.RQ: no such day within a year"):
        read(sheet, b"0229", date(2026, 6, 1))
    assert read(sheet, b"0229", date(2027, 3, 1)).values["head"] == {"bank_date": date(2028, 2, 29)}


EQUAL = Sheet("body", field("OJN", Characters(6), Equal("NODE")))


@pytest.mark.parametrize("said", [b"301   ", b"   301", b"      "])
def test_an_equal_field(said: bytes) -> None:
    """What an earlier field says, on whatever side of its filler, or a blank; built it is that field again."""
    assert read(EQUAL, said, NODE=b" 301  ").values == {}
    assert built(EQUAL, {"NODE": b"301       "}) == b"301   "


@pytest.mark.parametrize("said", [b"302   ", b"30    ", b"3011  ", b"0301  "])
def test_a_field_that_is_not_equal(said: bytes) -> None:
    """The error names both fields and quotes neither."""
    with pytest.raises(MessageInvalid) as caught:
        read(EQUAL, said, NODE=b"301   ")
    assert (caught.value.path, caught.value.reason) == ("body.OJN", "another than in NODE")


def test_a_field_equal_to_one_before_it_in_the_same_body() -> None:
    """The fields of one body are compared too."""
    sheet = Sheet("body", field("OJA", Amount(4), "body.amount_fen"), field("CXA", Amount(4), Equal("OJA")))
    assert read(sheet, b"100  100").values == {"body": {"amount_fen": 100}}
    with pytest.raises(MessageInvalid, match=r"body\.CXA: another than in OJA"):
        read(sheet, b"100 101 ")


def test_a_field_that_must_be_blank() -> None:
    """Anything else is refused for the reason that the description gives; text blank is spaces, a number's zero."""
    sheet = Sheet("body", field("A", Characters(3), Blank("not served")), field("B", U16, Blank("always zero")))
    assert built(sheet) == b"   \0\0"
    assert read(sheet, b"   \0\0").values == {}
    with pytest.raises(MessageInvalid, match=r"^body\.A: not served$"):
        read(sheet, b" x \0\0")
    with pytest.raises(MessageInvalid, match=r"^body\.B: always zero$"):
        read(sheet, b"   \0\1")


def test_a_constant() -> None:
    """Written always, not looked at when read: banks write what they like there."""
    sheet = Sheet("body", field("CUN", Characters(3), Constant("RMB")), field("PRI", U16, Constant(9)))
    assert built(sheet) == b"RMB\0\x09"
    assert read(sheet, b"\xff\0x\1\1").values == {}


@pytest.mark.parametrize(
    ("kind", "sent", "built_as"),
    [
        (Characters(4), b"301 ", b"301 "),
        (Characters(4), b"\xff\0 1", b"\xff\0 1"),
        (Characters(6), b" 301", b"301   "),
        (Characters(2), b" 301", b"30"),
        (Characters(4), None, b"    "),
        (U16, 258, b"\1\2"),
    ],
)
def test_an_echo(kind: Any, sent: bytes | int | None, built_as: bytes) -> None:
    """Byte for byte where the sizes agree, else its text as far as it fits; what was not sent is blank."""
    sheet = Sheet("reply", field("O", kind, Echo("WTC")))
    assert built(sheet, {} if sent is None else {"WTC": sent}) == built_as


def test_what_is_not_bound() -> None:
    """Blank when it is built, anything when it is read."""
    sheet = Sheet("body", field("A", Characters(2)), field("B", Amount(3)), field("C", U16))
    assert built(sheet) == b"     \0\0"
    assert read(sheet, b"\xff\xff-.5\1\1").values == {}


def test_what_does_not_fit_is_named() -> None:
    """Theirs or ours, the field is named and its value is not quoted."""
    sheet = Sheet("body", field("JFH", Characters(4), "body.account_no"), field("KKA", Amount(4), "body.amount_fen"))
    with pytest.raises(MessageInvalid) as theirs:
        read(sheet, b"0900" + b"12.5")
    assert (theirs.value.path, theirs.value.reason) == ("body.KKA", "not an amount in digits")
    with pytest.raises(LocalProtocolError, match=r"^body\.JFH: longer than 4 bytes$"):
        built(sheet, body={"account_no": "0900000001", "amount_fen": 1})
    with pytest.raises(LocalProtocolError, match=r"^body\.KKA: not an amount of zero or more$"):
        built(sheet, body={"account_no": "09", "amount_fen": -1})


def test_where_things_are() -> None:
    """A field is found by its place, and errors call it by the name of its part."""
    sheet = Sheet("header", field("CLZ", Characters(4), "head.bank_serial"))
    assert sheet.name_at("head.bank_serial") == "CLZ"
    assert sheet.name_at("head.channel") == ""
    assert sheet.where_at("head.bank_serial") == "header.CLZ"
    assert sheet.where_at("head.channel") == "header.head.channel"


def test_descriptions_that_are_wrong() -> None:
    """Two fields of one name, a constant that does not fit: refused when they are described."""
    with pytest.raises(LocalProtocolError, match="body: two fields share a name"):
        Sheet("body", field("A", Count(1)), field("A", Count(1)))
    with pytest.raises(LocalProtocolError, match="A: the constant does not fit"):
        Sheet("body", field("A", Count(1), Constant(10)))
