"""Framing 报文分帧: a stream of bytes becomes frames, without I/O.

Feed what arrives with :meth:`FrameReader.receive_data`, then take frames with :meth:`FrameReader.next_frame` until it
returns None. How a dialect writes its length field is a :class:`~protocol.lengths.LengthField`; the reader knows
only that interface.
"""

from protocol.errors import LocalProtocolError
from protocol.lengths import LengthField

UNREAD_BYTES_MAX = 1024 * 1024
"""More than this may not wait unread when another chunk is fed: sixteen reads of the reactor (64 KiB each).

A caller that cannot take frames pauses its transport, which ends reading at once; so more means that it did not.
"""


class FrameReader:
    """Cuts one connection's bytes into frames.

    It holds at most ``UNREAD_BYTES_MAX`` and one chunk; when frames are taken after every chunk, less than one frame.
    What holds nothing, as most connections do at most times, keeps no buffer.
    """

    __slots__ = ("_frame_size", "_length", "_start", "_unread")

    def __init__(self, length: LengthField) -> None:
        self._length = length
        self._unread = b""
        self._start = 0  # where the next frame's length field begins; what is before has been taken
        self._frame_size = -1  # bytes that follow the length field at _start; -1 while it is not read

    def receive_data(self, data: bytes) -> None:
        """Add what has arrived; copied only behind what is left of the chunk before.

        Raises:
            LocalProtocolError: fed although ``UNREAD_BYTES_MAX`` wait unread.
        """
        left = len(self._unread) - self._start
        if left > UNREAD_BYTES_MAX:
            raise LocalProtocolError("bytes were fed while too many wait unread")
        self._unread = self._unread[self._start :] + data if left else data
        self._start = 0

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
        frame = self._unread[begin : self._start]
        if self._start == len(self._unread):
            self._unread = b""
            self._start = 0
        return frame

    @property
    def mid_frame(self) -> bool:
        """A frame has begun and is not complete; asked after ``next_frame`` returned None."""
        return len(self._unread) > self._start and not self._complete()

    def _complete(self) -> bool:
        """Return whether a whole frame waits at ``_start``; reads its length field once."""
        begin = self._start + self._length.width
        if self._frame_size < 0:
            if len(self._unread) < begin:
                return False
            self._frame_size = self._length.decode(self._unread[self._start : begin])
        return len(self._unread) >= begin + self._frame_size
