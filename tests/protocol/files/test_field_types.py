"""Field types that only files have."""

from enum import Enum

import pytest

from protocol.fields import FieldInvalid
from protocol.files.field_types import Code, Marker, OptionalDigits, PrintableText, Required, by_value


class Colour(Enum):
    RED = "1"
    DARK_BLUE = "2"


def test_codes() -> None:
    """Only what is defined, by digits."""
    code = Code(1, by_value(Colour))
    assert (code.parse(b"2"), code.build(Colour.RED), code.accepts) == (Colour.DARK_BLUE, b"1", "1 red, 2 dark blue")
    with pytest.raises(FieldInvalid):
        code.parse(b"3")
    with pytest.raises(FieldInvalid):
        Code(1, {"1": Colour.RED}).build(Colour.DARK_BLUE)


def test_required() -> None:
    """Blank is no account, read or written."""
    required = Required(4)
    assert (required.parse(b"12  "), required.build("12")) == ("12", b"12  ")
    with pytest.raises(FieldInvalid, match="blank"):
        required.parse(b"    ")
    with pytest.raises(FieldInvalid, match="blank"):
        required.build("")


def test_optional_digits() -> None:
    """Zeros are nothing, both ways; leading zeros stay."""
    digits = OptionalDigits(4)
    assert (digits.parse(b"0000"), digits.parse(b"0012")) == ("", "0012")
    assert (digits.build(""), digits.build("12")) == (b"0000", b"0012")
    with pytest.raises(FieldInvalid):
        digits.parse(b"    ")


def test_text_that_would_break_a_line() -> None:
    """Control characters are written as spaces, one for one."""
    assert PrintableText(8).build("A\tB\0C\x7f\r\n") == b"A B C   "
    assert PrintableText(6, "gbk").build("户\n名") == b"\xbb\xa7 \xc3\xfb "


def test_marker() -> None:
    """One kind of line and no other."""
    assert Marker("D").parse(b"D") == b"D"
    assert Marker("D").build("D") == b"D"
    with pytest.raises(FieldInvalid):
        Marker("D").parse(b"H")
