"""Length fields: what each form reads and writes, and what it refuses."""

import pytest

from protocol.errors import LengthInvalid, LocalProtocolError
from protocol.framing import FrameReader
from protocol.lengths import BinaryLength, DigitsLength, FixedLength

DIGITS = DigitsLength(width=6, minimum=3, maximum=5000)


@pytest.mark.parametrize("raw", [b"000120", b"120   ", b"   120", b" 0120 ", b"  0120"])
def test_digits_are_read_whatever_they_are_filled_with(raw: bytes) -> None:
    """Zeros and spaces on the left, spaces on the right: peers differ."""
    assert DIGITS.decode(raw) == 120


@pytest.mark.parametrize(
    "raw", [b"12 120", b"1 2   ", b"+00120", b"-00120", b"0x0120", b"1_2000", b"      ", b"12a   ", b"\xb2\xb9\xb212 "]
)
def test_what_is_no_number(raw: bytes) -> None:
    """Letters, a sign, spaces in the middle, nothing: the stream cannot be followed."""
    with pytest.raises(LengthInvalid, match="not 6 digits"):
        DIGITS.decode(raw)


@pytest.mark.parametrize("raw", [b"000002", b"005001", b"999999", b"000000"])
def test_digits_out_of_bounds(raw: bytes) -> None:
    """What is announced is bounded before a byte of it is buffered."""
    with pytest.raises(LengthInvalid, match="not between 3 and 5000"):
        DIGITS.decode(raw)


def test_our_own_digits() -> None:
    """Each description writes its own form; a left-justified one is filled with spaces."""
    assert DIGITS.encode(120) == b"000120"
    assert DigitsLength(6, 3, 5000, filler=" ").encode(120) == b"   120"
    assert DigitsLength(6, 3, 5000, filler=" ", justify="left").encode(120) == b"120   "
    with pytest.raises(LocalProtocolError):
        DIGITS.encode(5001)


def test_a_length_that_counts_itself() -> None:
    """The number on the wire is larger by the field's width; what follows is counted without it."""
    digits, binary = DigitsLength(4, 3, 5000, counts_itself=True), BinaryLength(2, 3, 5000, counts_itself=True)

    assert (digits.encode(120), digits.decode(b"0124")) == (b"0124", 120)
    assert (binary.encode(120), binary.decode(b"\0\x7a")) == (b"\0\x7a", 120)
    with pytest.raises(LengthInvalid):
        digits.decode(b"0003")


def test_descriptions_that_cannot_be() -> None:
    """Zeros behind the digits would be other numbers, and a bound must fit the digits."""
    with pytest.raises(LocalProtocolError, match="zeros behind"):
        DigitsLength(6, 3, 5000, justify="left")
    with pytest.raises(LocalProtocolError, match="does not fit 4 digits"):
        DigitsLength(4, 3, 10_000)
    assert DigitsLength(4, 3, 9999).encode(9999) == b"9999"
    with pytest.raises(LocalProtocolError, match="does not fit 2 bytes"):
        BinaryLength(2, 3, 65_535, counts_itself=True)
    assert BinaryLength(2, 3, 65_535).encode(65_535) == b"\xff\xff"


def test_frames_without_a_length_field() -> None:
    """Every frame has the same size; a stream of them is cut there."""
    length = FixedLength(5)
    reader = FrameReader(length)
    reader.receive_data(b"aaaaabbb")

    assert (reader.next_frame(), reader.next_frame(), reader.mid_frame) == (b"aaaaa", None, True)
    reader.receive_data(b"bb")
    assert (reader.next_frame(), reader.next_frame(), reader.mid_frame) == (b"bbbbb", None, False)
    assert length.encode(5) == b""
    with pytest.raises(LocalProtocolError):
        length.encode(6)
