"""Data elements: those that a message has, those that it must have, and fixed fields inside of one."""

from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from protocol.bindings import Blank, Constant, Echo, Equal
from protocol.bound import Reading, Sources
from protocol.characters import Number
from protocol.elements import Composite, Elements, Variable
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.layout import Field
from protocol.moments import DayOfYear
from protocol.padded import Amount, Characters, Count, PaddedText
from protocol.sheet import RowsToEnd, Sheet

TODAY = date(2026, 11, 22)


@dataclass(frozen=True)
class Row:
    """A canonical row."""

    bill_no: str


DATA = Sheet(
    "DE 48",
    Field("account", Characters(4), "account", "户号", "body.account_no"),
    Field("page", Count(2, justify="right", filler="0", absent=1), "page", "页码", "body.page"),
    rows=RowsToEnd("body.rows", Row, Sheet("row", Field("bill", Characters(3), "bill", "应收号", "bill_no")), 2),
)
REQUEST = Elements(
    Field("4", Amount(6, justify="right", filler="0"), "amount", "金额", "body.amount_fen"),
    Field("13", DayOfYear(), "date", "日期", "head.bank_date"),
    Field("32", Variable(Characters(11)), "node", "节点", "frame.node"),
    Field("49", Characters(3), "currency", "货币"),
    Field("48", Composite(DATA), "data", "附加数据"),
    Field("60", Variable(Count(2)), "channel", "渠道", "head.channel"),
    optional="49 60",
)
SENT = {"4": b"000120", "13": b"1122", "32": b"301", "48": b"090002B1 B2 "}


def read(elements: Elements, sent: dict[str, Any]) -> Reading:
    reading = Reading(TODAY, sent=dict(sent))
    elements.read(b"", reading)
    return reading


def built(elements: Elements, sent: dict[str, Any] | None = None, **scopes: Any) -> dict[str, bytes]:
    return elements.build(Sources({name: SimpleNamespace(**of) for name, of in scopes.items()}, sent or {}))


def test_what_is_read() -> None:
    """Elements and the fields inside of one fill their places; what may be absent is, and says nothing."""
    reading = read(REQUEST, SENT)
    assert reading.values["head"] == {"bank_date": TODAY}
    assert reading.values["body"] == {
        "amount_fen": 120,
        "account_no": "0900",
        "page": 2,
        "rows": (Row("B1"), Row("B2")),
    }
    assert read(REQUEST, {**SENT, "60": b"03"}).values["head"] == {"bank_date": TODAY, "channel": 3}


@pytest.mark.parametrize("name", ["4", "13", "32", "48"])
def test_an_element_that_must_be_there(name: str) -> None:
    """Its absence is said by its number, whichever it is."""
    with pytest.raises(MessageInvalid) as caught:
        read(REQUEST, {key: raw for key, raw in SENT.items() if key != name})
    assert (caught.value.path, caught.value.reason) == (f"DE {name}", "missing")


def test_the_first_that_is_missing_is_named() -> None:
    """In the order of the description, always the same."""
    with pytest.raises(MessageInvalid, match=r"^DE 4: missing$"):
        read(REQUEST, {})


@pytest.mark.parametrize(
    ("name", "raw", "path", "reason"),
    [
        ("4", b"12.000", "DE 4", "not an amount in digits"),
        ("13", b"0230", "DE 13", "no such day"),
        ("13", b"0229", "DE 13", "no such day within a year"),
        ("48", b"09000", "DE 48", "5 bytes, fewer than the 6 in front of the rows"),
        ("48", b"", "DE 48", "0 bytes, fewer than the 6 in front of the rows"),
        ("48", b"090001B1", "DE 48", "2 bytes of rows, which are 3 bytes each: the last is not whole"),
        ("48", b"090001B1 B2 B3 ", "DE 48", "3 rows, more than 2"),
        ("48", b"09000x", "DE 48.page", "not a number in digits"),
        ("48", b"\xff90001", "DE 48.account", "not printable ASCII"),
        ("48", b"090001B1 \xd6\xd0 ", "DE 48.rows[1].bill", "not printable ASCII"),
        ("60", b"3x", "DE 60", "not a number in digits"),
    ],
)
def test_what_does_not_fit(name: str, raw: bytes, path: str, reason: str) -> None:
    """The error says the element, and the field inside of it."""
    with pytest.raises(MessageInvalid) as caught:
        read(REQUEST, {**SENT, name: raw})
    assert (caught.value.path, caught.value.reason) == (path, reason)


def test_optional_elements_that_must_be_blank_or_equal() -> None:
    """Where they are absent they say nothing else; where they are there they are looked at."""
    elements = Elements(
        Field("32", Variable(Characters(11)), "node", "节点", "frame.node"),
        Field("33", Variable(Characters(11)), "forwarder", "转发机构", Equal("32")),
        Field("54", Characters(3), "further amounts", "附加金额", Blank("no further amounts")),
        optional="32 33 54",
    )
    for sent in ({"32": b"301"}, {"32": b"301", "33": b"301 ", "54": b"   "}, {}):
        assert read(elements, sent).values == {}
    for sent, why in (
        ({"32": b"301", "33": b"302"}, "DE 33: another than in 32"),
        ({"33": b"302"}, "DE 33: another than in 32"),
        ({"54": b"001"}, "DE 54: no further amounts"),
    ):
        with pytest.raises(MessageInvalid) as caught:
            read(elements, sent)
        assert str(caught.value) == why


def test_what_errors_call_them() -> None:
    """By number; the type by its name."""
    elements = Elements(Field("t", Characters(4), "type", "类型", "frame.code"))
    assert (elements.where("t"), REQUEST.where("48"), REQUEST.where_at("head.channel")) == ("MTI", "DE 48", "DE 60")


def test_content_is_what_says_something_of_the_body() -> None:
    """Amount and data, in the order of their numbers; who asks and when do not belong to it."""

    def content(**changes: bytes) -> bytes:
        sent = SENT | {name.removeprefix("de"): raw for name, raw in changes.items()}
        return REQUEST.content(b"", Reading(TODAY, sent=sent))

    assert content() == b"000120\x00090002B1 B2 "
    assert content(de13=b"1121", de32=b"302", de49=b"156", de60=b"05") == content()
    assert content(de4=b"000121") != content()
    assert content(de48=b"090002B1 ") != content()
    assert len({content(de4=b"0001", de48=b"20090002"), content(de4=b"000120", de48=b"090002")}) == 2


def test_an_element_that_is_fixed_fields_has_no_names_for_documents() -> None:
    """What an element is called is its number."""
    assert REQUEST.named(b"") == {}


REPLY = Elements(
    Field("11", Number(6), "trace", "跟踪号", Echo("11")),
    Field("15", DayOfYear(), "day", "清算日期", "answer.clearing_date"),
    Field("39", Characters(2), "code", "应答码", "answer.code"),
    Field("44", Variable(PaddedText(9, "gbk")), "reason", "原因", "answer.reason"),
    Field("49", Characters(3), "currency", "货币", Constant("156")),
    Field("62", Characters(3), "reserved", "保留"),
)


def test_what_is_built() -> None:
    """Values in full size or, where they vary, as long as they are; constants; nothing for what is not bound."""
    answer = {"clearing_date": date(2026, 2, 9), "code": "14", "reason": "2001 "}
    assert built(REPLY, {"11": b"ab\xff123"}, answer=answer) == {
        "11": b"ab\xff123",
        "15": b"0209",
        "39": b"14",
        "44": b"2001",
        "49": b"156",
    }


def test_what_has_no_value_is_left_out() -> None:
    """What the request did not have, and what is not known: no element instead of a blank one."""
    answer = {"clearing_date": None, "code": "31", "reason": ""}
    assert built(REPLY, {}, answer=answer) == {"39": b"31", "44": b"", "49": b"156"}


def test_a_long_text_is_cut_between_characters() -> None:
    """GBK, never inside of a character."""
    answer = {"clearing_date": None, "code": "31", "reason": "无此银行号"}
    assert built(REPLY, {}, answer=answer)["44"] == "无此银行".encode("gbk")


def test_fixed_fields_inside_an_element_are_built() -> None:
    """With their rows."""
    elements = Elements(Field("48", Composite(DATA), "data", "附加数据"))
    body = {"account_no": "0900", "page": 1, "rows": (Row("B1"),)}
    assert built(elements, body=body) == {"48": b"090001B1 "}


def test_our_own_mistakes() -> None:
    """What we cannot build is said by number, without its value."""
    with pytest.raises(LocalProtocolError, match=r"^DE 39: longer than 2 bytes$"):
        built(REPLY, {}, answer={"clearing_date": None, "code": "2001", "reason": ""})
    elements = Elements(Field("48", Composite(DATA), "data", "附加数据"))
    with pytest.raises(LocalProtocolError, match=r"^DE 48\.account: longer than 4 bytes$"):
        built(elements, body={"account_no": "0900000001", "page": 1, "rows": ()})


def test_how_documents_show_them() -> None:
    """A type that varies, and one that is fixed fields with rows behind them or without."""
    assert Variable(Characters(11)).wire_name == "..c11"
    assert Composite(DATA).wire_name == "6.."
    assert Composite(Sheet("DE 48", Field("a", Characters(4), "", ""))).wire_name == "..4"
