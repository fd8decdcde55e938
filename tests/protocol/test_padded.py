"""Padded fields: what peers write is read whatever side they fill; our own are written as described."""

import pytest

from protocol.fields import FieldInvalid
from protocol.padded import Amount, Characters, Count, PaddedText


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
