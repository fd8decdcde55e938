"""Pace 节奏: work on a large file gives way to the event loop, for both need the interpreter.

Hashing and reading let go of the interpreter; taking lines apart does not, and a thread that never lets go makes the
loop wait at each of its system calls. So such work is done while ``turn`` is held, as a lane of an embedded database
does, in pieces of a few milliseconds, and rests between them for as long as it has worked.
"""

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager

from protocol.files.lines import BLOCK_BYTES

PIECE_BYTES = BLOCK_BYTES
"""Some two milliseconds of taking lines apart."""


class Interrupted(Exception):
    """The daemon ends; what was begun is done when the bank asks for it again."""


class Pace:
    """How work on files gives way.

    Args:
        turn: held by whoever needs the interpreter for long.
        is_ending: tells that the daemon ends.
    """

    def __init__(self, turn: AbstractContextManager[object], is_ending: Callable[[], bool] = lambda: False) -> None:
        self._turn = turn
        self._is_ending = is_ending

    def resting(self, pieces: Iterable[bytes]) -> Generator[bytes, None, None]:
        """Yield ``pieces``; whoever takes one works on it in its turn, and rests before the next.

        Raises:
            Interrupted: the daemon ends.
        """
        for piece in self.interruptible(pieces):
            with self._turn:
                began_s = time.monotonic()
                yield piece
                worked_s = time.monotonic() - began_s
            time.sleep(worked_s)

    def interruptible(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield ``pieces`` until the daemon ends.

        Raises:
            Interrupted: it does.
        """
        for piece in pieces:
            if self._is_ending():
                raise Interrupted
            yield piece
