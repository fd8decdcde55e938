"""Framing: bytes become frames, however they are cut, and a length that cannot be followed ends the stream."""

import struct
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import LengthInvalid, LocalProtocolError
from protocol.framing import UNREAD_BYTES_MAX, FrameReader
from protocol.lengths import BinaryLength

LENGTH = BinaryLength(width=2, minimum=104, maximum=8192)


def framed(payload: bytes) -> bytes:
    return struct.pack(">H", len(payload)) + payload


def test_a_frame_comes_out_without_its_length() -> None:
    """The reader returns what follows the length field, then waits."""
    reader = FrameReader(LENGTH)
    reader.receive_data(framed(b"x" * 104))

    assert reader.next_frame() == b"x" * 104
    assert reader.next_frame() is None
    assert not reader.mid_frame


@pytest.mark.parametrize("size", [104, 8192])
def test_both_bounds_are_good_lengths(size: int) -> None:
    """The smallest and the largest frame pass."""
    reader = FrameReader(LENGTH)
    reader.receive_data(framed(bytes(size)))

    assert reader.next_frame() == bytes(size)


@pytest.mark.parametrize("size", [0, 103, 8193, 65535])
def test_a_length_out_of_bounds_is_refused_at_once(size: int) -> None:
    """The two bytes of the length are enough to refuse it, and it stays refused."""
    reader = FrameReader(LENGTH)
    reader.receive_data(struct.pack(">H", size))

    for _ in range(2):
        with pytest.raises(LengthInvalid):
            reader.next_frame()


def test_frames_before_a_bad_length_are_still_read() -> None:
    """A bad length does not take away the good frame in front of it."""
    reader = FrameReader(LENGTH)
    reader.receive_data(framed(b"a" * 110) + b"\0\0")

    assert reader.next_frame() == b"a" * 110
    with pytest.raises(LengthInvalid):
        reader.next_frame()


def test_mid_frame_tells_a_begun_frame_from_silence() -> None:
    """A frame has begun from its first byte until its last."""
    reader = FrameReader(LENGTH)
    data = framed(bytes(104))
    assert not reader.mid_frame

    for byte in data[:-1]:
        reader.receive_data(bytes([byte]))
        assert reader.next_frame() is None
        assert reader.mid_frame
    reader.receive_data(data[-1:])
    assert not reader.mid_frame
    assert reader.next_frame() == bytes(104)
    assert not reader.mid_frame


@given(st.lists(st.integers(104, 300), max_size=8), st.lists(st.integers(1, 400), max_size=20))
def test_cuts_do_not_matter(sizes: list[int], cuts: list[int]) -> None:
    """The same frames come out wherever the network cuts the stream."""
    payloads = [bytes([index]) * size for index, size in enumerate(sizes)]
    stream = b"".join(map(framed, payloads))
    reader = FrameReader(LENGTH)
    seen = []
    at = 0
    for cut in [*cuts, len(stream)]:
        reader.receive_data(stream[at : at + cut])
        at += cut
        while (frame := reader.next_frame()) is not None:
            seen.append(frame)

    assert seen == payloads


def test_thousands_of_frames_in_one_chunk_cost_no_quadratic_copying() -> None:
    """Twice the frames take about twice the time, not four times."""

    def seconds(count: int) -> float:
        reader = FrameReader(LENGTH)
        reader.receive_data(framed(bytes(184)) * count)
        begin = time.perf_counter()
        for _ in range(count):
            assert reader.next_frame() is not None
        return time.perf_counter() - begin

    short = min(seconds(2_000) for _ in range(5))
    long = min(seconds(16_000) for _ in range(5))

    assert long < short * 8 * 4


def test_feeding_on_without_taking_frames_is_our_bug() -> None:
    """The buffer is bounded: whoever does not take frames may not feed more."""
    reader = FrameReader(LENGTH)
    reader.receive_data(bytes(UNREAD_BYTES_MAX))
    reader.receive_data(b"\0")

    with pytest.raises(LocalProtocolError):
        reader.receive_data(b"\0")


def test_taken_frames_leave_room() -> None:
    """Only what is unread counts against the bound."""
    reader = FrameReader(LENGTH)
    chunk = framed(bytes(8192)) * 140  # more than the bound
    for _ in range(3):
        reader.receive_data(chunk)
        assert sum(reader.next_frame() is not None for _ in range(140)) == 140


def test_memory_does_not_grow_with_the_stream() -> None:
    """A connection that lives for weeks holds no frame that has been taken."""
    reader = FrameReader(LENGTH)
    stream = framed(bytes(8192)) * 40
    reader.receive_data(stream[:1])
    tracemalloc.start()
    try:
        for _ in range(40):  # 13 MB
            reader.receive_data(stream[1:] + stream[:1])  # a frame has always begun when the next chunk comes
            assert sum(reader.next_frame() is not None for _ in range(41)) == 40
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 2_000_000


def test_the_length_field_of_a_frame_is_built() -> None:
    """What is sent carries its length; what does not fit is our bug."""
    assert LENGTH.encode(0x0148) == b"\x01\x48"
    with pytest.raises(LocalProtocolError):
        LENGTH.encode(8193)
