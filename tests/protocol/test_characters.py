"""Field types of characters: an, n and text, and the account number that may hold anything."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.characters import Alphanumeric, Digits, LenientAlphanumeric, Number, Text
from protocol.fields import FieldInvalid

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "standard.json").read_text("utf-8"))


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=8))
def test_an_is_left_justified(value: str) -> None:
    """Printable ASCII stands left, spaces behind it, and comes back without them."""
    kind = Alphanumeric(8)

    assert kind.build(value) == (value + " " * 8)[:8].encode()
    assert kind.parse(kind.build(value)) == value


@pytest.mark.parametrize(
    "raw", [b"\0       ", b"abc\n    ", b"\x7f       ", "甲".encode("gb18030") + b"      ", b" abc    "]
)
def test_an_refuses_what_is_no_left_justified_ascii(raw: bytes) -> None:
    """Control characters, other bytes and right-justified content are malformed."""
    with pytest.raises(FieldInvalid):
        Alphanumeric(8).parse(raw)


@pytest.mark.parametrize("value", ["123456789", "甲", "a\n"])
def test_an_that_does_not_fit_is_not_cut(value: str) -> None:
    """A number that is too long would be another number when cut."""
    with pytest.raises(FieldInvalid):
        Alphanumeric(8).build(value)


def test_an_of_spaces_is_empty() -> None:
    """Spaces alone are the absent value."""
    assert Alphanumeric(4).parse(b"    ") == ""
    assert Alphanumeric(4).blank == b"    "
    assert Alphanumeric(4).parse(b"a b ") == "a b"


@given(st.binary(min_size=16, max_size=16))
def test_a_lenient_an_keeps_every_content(raw: bytes) -> None:
    """Whatever 16 bytes a bank sends, they go back the same."""
    kind = LenientAlphanumeric(16)

    assert kind.build(kind.parse(raw)) == raw


def test_a_lenient_an_maps_other_bytes_apart() -> None:
    """Byte b that is not printable ASCII becomes U+0100 + b; a right value reads as ever."""
    kind = LenientAlphanumeric(8)

    assert kind.parse(b"\x00a\xff b  ") == "\u0100a\u01ff b"
    assert kind.parse(b"0102    ") == "0102"
    assert kind.parse(b"  x     ") == "  x"
    for value in ("123456789", "甲"):
        with pytest.raises(FieldInvalid):
            kind.build(value)


@pytest.mark.parametrize("vector", VECTORS["text"], ids=lambda vector: vector["value"][-3:])
def test_text_is_cut_between_characters(vector: dict[str, Any]) -> None:
    """A name that is too long loses whole characters, those of four bytes too."""
    assert Text(vector["size"]).build(vector["value"]) == bytes.fromhex(vector["hex"])


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_cut_text_is_the_longest_beginning_that_fits(value: str) -> None:
    """A name keeps as many whole characters as fit, and spaces fill the rest."""
    fitting = max(count for count in range(len(value) + 1) if len(value[:count].encode("gb18030")) <= 16)

    assert Text(16).build(value) == value[:fitting].encode("gb18030").ljust(16)


def test_text_that_is_no_gb18030_is_refused() -> None:
    """Half a character is malformed, and the error does not hold the name."""
    with pytest.raises(FieldInvalid) as error:
        Text(4).parse(b"\xbc\xd7\xbc ")

    assert error.value.__context__ is None


def test_text_never_fails_to_be_sent() -> None:
    """A character that cannot be written becomes a question mark."""
    assert Text(4).build("a\ud800") == b"a?  "


def test_digits_keep_their_zeros() -> None:
    """A serial is a string of digits, filled with zeros in front."""
    assert Digits(6).parse(b"000117") == "000117"
    assert Digits(6).build("117") == b"000117"
    assert Digits(6).accepts == ""
    for raw in (b"00011 ", b"-00117", b"\xb2\xb2\xb2\xb2\xb2\xb2"):
        with pytest.raises(FieldInvalid):
            Digits(6).parse(raw)
    for value in ("1234567", "12a", "²"):
        with pytest.raises(FieldInvalid):
            Digits(6).build(value)


def test_digits_that_may_not_be_zero() -> None:
    """A serial of zeros names nothing."""
    assert Digits(3, nonzero=True).parse(b"001") == "001"
    with pytest.raises(FieldInvalid):
        Digits(3, nonzero=True).parse(b"000")


def test_numbers() -> None:
    """A number is an int; where it may be absent zero is None."""
    assert Number(3).parse(b"007") == 7
    assert Number(3).parse(b"000") == 0
    assert Number(3).build(42) == b"042"
    optional = Number(3, optional=True)
    assert optional.parse(b"000") is None
    assert optional.build(None) == b"000"
    assert optional.build(5) == b"005"
    with pytest.raises(FieldInvalid):
        Number(3).parse(b" 42")
    for value in (1000, -1, None):
        with pytest.raises(FieldInvalid):
            Number(3).build(value)


def test_numbers_that_saturate() -> None:
    """A count says so many or more rather than nothing at all, and nothing for what is less; absent is a mistake."""
    count = Number(3, saturates=True)
    assert [count.build(value) for value in (-1, 0, 42, 998, 999, 1000, 10**9)] == [
        *(b"000", b"000", b"042", b"998", b"999", b"999", b"999")
    ]
    assert count.parse(b"999") == 999
    assert (count.accepts, Number(3).accepts) == ("nines: as many or more", "")
    with pytest.raises(FieldInvalid):
        count.build(None)
