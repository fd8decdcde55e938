"""Log writer 日志输出: a thread of its own writes the log, so that a reader that stalls stalls no bank.

Whatever has gathered while the last write ran goes out together, in pieces that a pipe takes whole or not at all: so a
daemon that ends while nobody reads leaves no half of a line. What cannot be written, because the disk is full or the
reader has gone, waits and is tried again; once it can be, the log says for how long it could not. When so much waits as
``WAITING_CHARS_MAX``, lines are dropped and their number is logged as soon as there is room again: the journal in the
database has every transaction, the log is what people read.
"""

import json
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from io import UnsupportedOperation
from select import PIPE_BUF
from time import monotonic
from typing import TextIO

from fep.log_lines import timestamp

WAITING_CHARS_MAX = 8 * 1024 * 1024
"""Some 30,000 transactions: seconds of full load, which is longer than a rotation or a restart of the reader takes."""

GATHER_S = 0.1
"""Pause between two writes: waking for each line would cost the loop more than making the line. Nobody who reads a log
misses a tenth of a second."""

RETRY_S = 1.0
"""Pause before what could not be written is tried again: somebody has to make room on the disk first."""

CLOSE_LIMIT_S = 5.0
"""How long ``close`` waits for a reader that takes nothing."""


class LogWriter:
    """Has what a logger needs of a stream: ``write``, ``flush`` and ``isatty``; lines are written whole.

    Args:
        stream: that is written to, past its own buffers where it has a file descriptor.
        on_trouble: called in the writer's thread with the reason when nothing can be written, and with an empty one
            when it can be again.
    """

    def __init__(self, stream: TextIO, on_trouble: Callable[[str], object] = lambda _reason: None) -> None:
        self._stream = stream
        self._put = _putter(stream)
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._on_trouble = on_trouble
        self._trouble = ""
        self._troubled_since_s = 0.0
        self._unsent: deque[bytes] = deque()  # of the thread alone
        self._lines: list[str] = []
        self._waiting_chars = 0
        self._dropped_count = 0
        self._is_closed = False
        self._closing = threading.Event()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Queue one line; never blocks and never raises."""
        with self._changed:
            if self._is_closed or self._waiting_chars + len(line) > WAITING_CHARS_MAX:
                self._dropped_count += 1
                return
            self._lines.append(line)
            self._waiting_chars += len(line)
            if len(self._lines) == 1:
                self._changed.notify()

    def flush(self) -> None:
        """Nothing to do: each write of the thread is flushed."""

    def isatty(self) -> bool:
        """Tell whether a person reads along."""
        return self._stream.isatty()

    def close(self) -> None:
        """Write what waits, for ``CLOSE_LIMIT_S`` at most."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._closing.set()
        self._thread.join(CLOSE_LIMIT_S)

    def _run(self) -> None:
        while self._take():
            while not self._send():
                if self._closing.wait(RETRY_S) and not self._send():
                    return  # nobody takes it, and nobody waits for it any more
            self._closing.wait(GATHER_S)

    def _take(self) -> bool:
        """Wait for lines and make pieces of them; False: there are none, and there will be none."""
        with self._changed:
            while not self._lines and not self._is_closed:
                self._changed.wait()
            lines, self._lines = self._lines, []
            self._waiting_chars = 0
            if lines:
                lines += self._told_of_drops()
        self._unsent.extend(piece.encode(self._encoding, "backslashreplace") for piece in _pieces(lines))
        return bool(lines)

    def _send(self) -> bool:
        """Write what has not been written, and tell whether all of it was."""
        try:
            while self._unsent:
                rest = self._unsent[0][self._put(self._unsent[0]) :]
                self._unsent.popleft()
                if rest:  # the end of a disk; or of a pipe's room, for a line that is longer than a piece
                    self._unsent.appendleft(rest)
                elif not self._unsent:
                    self._over()
        except (OSError, ValueError) as error:  # a full disk, a reader that has gone; a stream that was closed
            self._begun(getattr(error, "strerror", None) or str(error) or type(error).__name__)
            return False
        return True

    def _begun(self, reason: str) -> None:
        if not self._trouble:
            self._trouble, self._troubled_since_s = reason, monotonic()
            self._on_trouble(reason)

    def _over(self) -> None:
        """Say that there was trouble: behind what it held up, as that is in the order of time."""
        if self._trouble:
            lasted_s, reason, self._trouble = round(monotonic() - self._troubled_since_s, 3), self._trouble, ""
            event = {"event": "log_resumed", "level": "warning", "reason": reason, "interrupted_s": lasted_s}
            line = json.dumps(event | {"timestamp": timestamp()}) + "\n"
            self._unsent.append(line.encode())
            self._on_trouble("")

    def _told_of_drops(self) -> list[str]:
        count, self._dropped_count = self._dropped_count, 0
        return [f'{{"event": "log_lines_dropped", "level": "warning", "count": {count}}}\n'] if count else []


def _putter(stream: TextIO) -> Callable[[bytes], int]:
    """Return what writes bytes to ``stream`` and says how many it took.

    A text stream that has failed once may have kept a part, or lost one, and does not say which; a descriptor does.
    """
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError, UnsupportedOperation):

        def _put(piece: bytes) -> int:
            stream.write(piece.decode())
            stream.flush()
            return len(piece)

        return _put
    stream.flush()
    return lambda piece: os.write(descriptor, piece)


def _pieces(lines: Iterable[str]) -> Iterator[str]:
    """Return ``lines`` in pieces of at most ``PIPE_BUF`` bytes; a line that is longer is one of its own."""
    piece: list[str] = []
    size = 0
    for line in lines:
        length = len(line) if line.isascii() else len(line.encode("utf-8", "surrogatepass"))
        if piece and size + length > PIPE_BUF:
            yield "".join(piece)
            piece.clear()
            size = 0
        piece.append(line)
        size += length
    if piece:
        yield "".join(piece)
