"""Log writer 日志输出: a thread of its own writes the log, so that a reader that stalls stalls no bank.

Whatever has gathered while the last write ran goes out together, in pieces that a pipe takes whole or not at all: so a
daemon that ends while nobody reads leaves no half of a line. When the reader takes nothing for so long that
``WAITING_CHARS_MAX`` wait, lines are dropped and their number is logged as soon as it reads again: the journal in the
database has every transaction, the log is what people read.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from select import PIPE_BUF
from typing import TextIO

WAITING_CHARS_MAX = 8 * 1024 * 1024
"""Some 30,000 transactions: seconds of full load, which is longer than a rotation or a restart of the reader takes."""

GATHER_S = 0.1
"""Pause between two writes: waking for each line would cost the loop more than making the line. Nobody who reads a log
misses a tenth of a second."""

CLOSE_LIMIT_S = 5.0
"""How long ``close`` waits for a reader that takes nothing."""


class LogWriter:
    """Has what a logger needs of a stream: ``write``, ``flush`` and ``isatty``; lines are written whole."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
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
        while True:
            with self._changed:
                while not self._lines and not self._is_closed:
                    self._changed.wait()
                if not self._lines:
                    return
                lines, self._lines = [*self._lines, *self._told_of_drops()], []
                self._waiting_chars = 0
            with suppress(OSError, ValueError):  # a full disk, or a reader that has gone, costs lines only
                for piece in _pieces(lines):
                    self._stream.write(piece)
                    self._stream.flush()
            self._closing.wait(GATHER_S)

    def _told_of_drops(self) -> list[str]:
        count, self._dropped_count = self._dropped_count, 0
        return [f'{{"event": "log_lines_dropped", "level": "warning", "count": {count}}}\n'] if count else []


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
