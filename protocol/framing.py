"""Framing 报文分帧: a stream of bytes becomes frames, without I/O.

Feed what arrives with :meth:`FrameReader.receive_data`, then take frames with :meth:`FrameReader.next_frame` until it
returns None. How a dialect writes its length field is a :class:`LengthField`; the reader knows only that interface.
"""

from dataclasses import dataclass
from typing import Protocol

from protocol.errors import LengthInvalid, LocalProtocolError

UNREAD_BYTES_MAX = 1024 * 1024
"""More than this may not wait unread when another chunk is fed: sixteen reads of the reactor (64 KiB each).

A caller that cannot take frames pauses its transport, which ends reading at once; so more means that it did not.
"""


class LengthField(Protocol):
    """How a dialect writes the length of a frame in front of it."""

    @property
    def width(self) -> int:
        """Bytes of the field itself."""
        ...

    def decode(self, raw: bytes) -> int:
        """Return how many bytes follow the field.

        Raises:
            LengthInvalid: the field is malformed or out of bounds.
        """
        ...

    def encode(self, size: int) -> bytes:
        """Return the field in front of ``size`` bytes.

        Raises:
            LocalProtocolError: ``size`` is out of bounds.
        """
        ...


@dataclass(frozen=True, slots=True)
class BinaryLength:
    """A big-endian unsigned length that does not count itself.

    Attributes:
        width: bytes of the field.
        minimum: fewest bytes that may follow.
        maximum: most bytes that may follow; bounds what one connection can make us buffer.
    """

    width: int
    minimum: int
    maximum: int

    def decode(self, raw: bytes) -> int:
        """Return how many bytes follow the field; LengthInvalid when out of bounds."""
        size = int.from_bytes(raw, "big")
        if not self.minimum <= size <= self.maximum:
            raise LengthInvalid(f"length {size} is not between {self.minimum} and {self.maximum}")
        return size

    def encode(self, size: int) -> bytes:
        """Return the field in front of ``size`` bytes; LocalProtocolError when out of bounds."""
        if not self.minimum <= size <= self.maximum:
            raise LocalProtocolError(f"length {size} is not between {self.minimum} and {self.maximum}")
        return size.to_bytes(self.width, "big")


class FrameReader:
    """Cuts one connection's bytes into frames.

    It holds at most ``UNREAD_BYTES_MAX`` and one chunk; when frames are taken after every chunk, less than one frame.
    """

    __slots__ = ("_buffer", "_frame_size", "_length", "_start")

    def __init__(self, length: LengthField) -> None:
        self._length = length
        self._buffer = bytearray()
        self._start = 0  # where the next frame's length field begins; what is before has been taken
        self._frame_size = -1  # bytes that follow the length field at _start; -1 while it is not read

    def receive_data(self, data: bytes) -> None:
        """Add what has arrived; one copy, however many frames it holds.

        Raises:
            LocalProtocolError: fed although ``UNREAD_BYTES_MAX`` wait unread.
        """
        if len(self._buffer) - self._start > UNREAD_BYTES_MAX:
            raise LocalProtocolError("bytes were fed while too many wait unread")
        if self._start:
            del self._buffer[: self._start]
            self._start = 0
        self._buffer += data

    def next_frame(self) -> bytes | None:
        """Return the next complete frame without its length field, or None when more bytes are needed.

        Raises:
            LengthInvalid: the next length field is out of bounds. The stream cannot be followed; every call raises.
        """
        if not self._complete():
            return None
        begin = self._start + self._length.width
        self._start = begin + self._frame_size
        self._frame_size = -1
        return bytes(self._buffer[begin : self._start])

    @property
    def mid_frame(self) -> bool:
        """A frame has begun and is not complete; asked after ``next_frame`` returned None."""
        return len(self._buffer) > self._start and not self._complete()

    def _complete(self) -> bool:
        """Return whether a whole frame waits at ``_start``; reads its length field once."""
        begin = self._start + self._length.width
        if self._frame_size < 0:
            if len(self._buffer) < begin:
                return False
            self._frame_size = self._length.decode(bytes(self._buffer[self._start : begin]))
        return len(self._buffer) >= begin + self._frame_size
