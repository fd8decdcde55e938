"""Padded fields: what peers write is read whatever side they fill; our own are written as described."""

from enum import IntEnum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.fields import FieldInvalid
from protocol.padded import Amount, Characters, Coded, Count, Hex, PaddedText, members


@pytest.mark.parametrize("raw", [b"301         ", b"         301", b"    301     "])
def test_characters_filled_on_either_side(raw: bytes) -> None:
    """Spaces on both sides are filler."""
    assert Characters(12).parse(raw) == "301"


def test_characters_that_keep_their_left_side() -> None:
    """Where the left side means something, only the right side is filler."""
    assert Characters(8, keeps_left=True).parse(b"  12    ") == "  12"
    assert Characters(8, keeps_left=True).build("  12") == b"  12    "


def test_our_own_characters() -> None:
    """Justified and filled as described; too long is no field of ours."""
    assert Characters(6).build("ab") == b"ab    "
    assert Characters(6, justify="right").build("ab") == b"    ab"
    assert Characters(6, justify="right", filler="0").build("12") == b"000012"
    for value in ("abcdefg", "户", "a\n"):
        with pytest.raises(FieldInvalid):
            Characters(6).build(value)


@pytest.mark.parametrize("raw", [b"12\xd6\xd0  ", b"12\x00   ", b"1\t2   "])
def test_what_is_no_printable_ascii(raw: bytes) -> None:
    """Nothing else may come in as a number of somebody."""
    with pytest.raises(FieldInvalid):
        Characters(6).parse(raw)


def test_text_of_another_encoding() -> None:
    """GBK is cut between characters when it is built, and refused when it is read cut in one."""
    text = PaddedText(7, "gbk")
    assert text.build("电费单位") == "电费单".encode("gbk") + b" "
    assert text.parse("电费单".encode("gbk") + b" ") == "电费单"
    with pytest.raises(FieldInvalid, match="not gbk"):
        text.parse("电费单".encode("gbk") + "位".encode("gbk")[:1])


@pytest.mark.parametrize("raw", [b"12345       ", b"       12345", b"000000012345", b" 00012345   "])
def test_amounts_in_fen(raw: bytes) -> None:
    """Both justifications and both fillers."""
    assert Amount(12).parse(raw) == 12345


@pytest.mark.parametrize(
    "raw", [b"123.45      ", b"-12345      ", b"+12345      ", b"123 45      ", b" " * 12, b"1e5" + b" " * 9]
)
def test_what_is_no_amount_in_fen(raw: bytes) -> None:
    """A point, a sign, a gap or nothing at all."""
    with pytest.raises(FieldInvalid, match="not an amount in digits"):
        Amount(12).parse(raw)


def test_amounts_in_yuan() -> None:
    """Two digits behind the point, neither more nor fewer."""
    yuan = Amount(10, in_yuan=True)
    assert (yuan.parse(b"123.45    "), yuan.build(12345), yuan.build(5)) == (12345, b"123.45    ", b"0.05      ")
    for raw in (b"123       ", b"123.4     ", b"123.456   ", b".         ", b"1.2.34    "):
        with pytest.raises(FieldInvalid):
            yuan.parse(raw)


def test_our_own_amounts() -> None:
    """Justified and filled as described; what does not fit is never cut."""
    assert Amount(6).build(120) == b"120   "
    assert Amount(6, justify="right", filler="0").build(120) == b"000120"
    assert Amount(6, optional=True).build(None) == b"      "
    assert Amount(6, optional=True).parse(b"      ") is None
    for value in (1_000_000, -1, None):
        with pytest.raises(FieldInvalid):
            Amount(6).build(value)
    with pytest.raises(FieldInvalid, match="more than 15 digits"):
        Amount(20).parse(b"1234567890123456    ")


def test_counts() -> None:
    """A blank count is zero."""
    assert [Count(4).parse(raw) for raw in (b"    ", b"7   ", b"0007")] == [0, 7, 7]
    assert (Count(4).build(7), Count(4, justify="right", filler="0").build(7)) == (b"7   ", b"0007")
    with pytest.raises(FieldInvalid):
        Count(4).parse(b"a   ")


def test_characters_of_which_fewer_mean_something() -> None:
    """A field may be wider than its value; spaces do not count."""
    outlet = Characters(15, most=12)
    assert outlet.parse(b"901017".ljust(15)) == "901017"
    assert outlet.parse(b"   901017000117") == "901017000117"
    assert (outlet.accepts, Characters(15).accepts) == ("at most 12", "")
    for raw in (b"9010170001170  ", b"9" * 15):
        with pytest.raises(FieldInvalid, match="more than 12 characters"):
            outlet.parse(raw)


def test_amounts_that_may_be_absent() -> None:
    """A blank stands for what the description says, in both directions; zero is an amount."""
    seen = Amount(6, justify="right", filler="0", optional=True, absent=-1)
    assert [seen.parse(raw) for raw in (b"      ", b"000000", b"   120")] == [-1, 0, 120]
    assert [seen.build(value) for value in (-1, 0, 120)] == [b"      ", b"000000", b"000120"]
    with pytest.raises(FieldInvalid):
        seen.build(-2)
    with pytest.raises(FieldInvalid):
        Amount(6, absent=-1).build(-1)


@settings(deadline=None)
@given(st.integers(0, 10**15 - 1), st.sampled_from(["left", "right"]), st.booleans())
def test_every_amount_comes_back(fen: int, justify: str, in_yuan: bool) -> None:
    """Whatever side it stands on and whatever fills it, up to ten trillion yuan."""
    for filler in " " if justify == "left" else " 0":
        kind = Amount(20, justify=justify, filler=filler, in_yuan=in_yuan)
        assert kind.parse(kind.build(fen)) == fen


@pytest.mark.parametrize("raw", [b"\xb2\xb3\xb9   ", b"1_0   ", b"0x10  ", b"1\t2   ", b"1,000 ", b"\x00\x00100 "])
def test_digits_are_ascii_digits(raw: bytes) -> None:
    """Nothing that Python would read as a number, and no bank means."""
    for kind in (Amount(6), Count(6)):
        with pytest.raises(FieldInvalid):
            kind.parse(raw)


def test_counts_of_which_zero_means_something() -> None:
    """Zero and blank stand for the usual number; none at all is written as zero."""
    page = Count(2, justify="right", filler="0", absent=1)
    assert [page.parse(raw) for raw in (b"00", b"  ", b" 0", b"01", b"12")] == [1, 1, 1, 1, 12]
    assert page.accepts == "0 = 1"
    reference = Count(4, absent=None)
    assert [reference.parse(raw) for raw in (b"0000", b"    ", b"7   ")] == [None, None, 7]
    assert [reference.build(value) for value in (None, 0, 7)] == [b"0   ", b"0   ", b"7   "]
    for value in (-1, 10_000):
        with pytest.raises(FieldInvalid):
            reference.build(value)


class Kind(IntEnum):
    """A canonical value."""

    CASH = 1
    BANK_CARD = 3


def test_codes() -> None:
    """Characters of which only some mean something; a blank is none of them unless it is said to be."""
    kind = Coded(1, members(Kind))
    assert (kind.parse(b"3"), kind.build(Kind.BANK_CARD)) == (Kind.BANK_CARD, b"3")
    assert kind.accepts == "1 cash, 3 bank card"
    for raw in (b"2", b" ", b"0", b"\xff", b""):
        with pytest.raises(FieldInvalid, match="none of the values"):
            kind.parse(raw)
    for value in (None, 2, "3"):
        with pytest.raises(FieldInvalid, match="none of the values"):
            kind.build(value)


def test_codes_that_may_be_blank() -> None:
    """The blank means the same as the value that it stands for, which is written in its own characters."""
    flag = Coded(2, {"01": True, "00": False}, absent=False)
    assert [flag.parse(raw) for raw in (b"01", b"00", b"  ")] == [True, False, False]
    assert [flag.build(value) for value in (True, False)] == [b"01", b"00"]
    assert flag.accepts == "01 yes, 00 no, blank no"


def test_hexadecimal() -> None:
    """Two digits a byte, capital when written, either when read; fewer bytes stand left of zeros."""
    key = Hex(4)
    assert (key.size, key.wire_name, key.blank) == (8, "hex8", b"00000000")
    assert key.parse(b"0aFf10A0") == bytes.fromhex("0AFF10A0")
    assert key.build(bytes.fromhex("0aff10a0")) == b"0AFF10A0"
    assert key.build(b"\x0a") == b"0A000000"
    for raw in (b"0aFf10A", b"0aFf10Ag", b"0a ff 10", b"0A FF10 ", b"0x0aff10", b"        ", b"\xb2" * 8):
        with pytest.raises(FieldInvalid, match="not hexadecimal digits"):
            key.parse(raw)
    with pytest.raises(FieldInvalid, match="more than 4 bytes"):
        key.build(bytes(5))


def test_text_filled_on_its_left() -> None:
    """Spaces on both sides are filler, the full-width space 全角空格 is not."""
    assert PaddedText(8, "gbk").parse("  王建 ".encode("gbk") + b" ") == "王建"
    assert PaddedText(8, "gbk").parse("　王建　".encode("gbk")) == "　王建　"
