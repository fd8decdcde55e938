"""Turns 轮次: how many frames of one bank are taken in a round of the event loop.

A round takes what has arrived on every connection. A bank that sends without waiting has tens of thousands of frames
there, and the others' payments, one on each of their links, would wait until all of them are answered.
"""

from collections.abc import Callable
from typing import Protocol

import structlog

FRAMES_MAX = 64
"""Of each bank in a round, some five milliseconds: a bank that sends one request on each of 64 links never waits, and
one with more makes batches as large as they are useful."""

_log = structlog.get_logger()


class TakesTurns(Protocol):
    """A connection."""

    def take_turn(self) -> None:
        """Take the frames that wait."""
        ...


class Turns:
    """Counts the frames of each bank in this round; of the loop's thread.

    Args:
        after_round: has a function called when the loop has read what has arrived.
    """

    def __init__(self, after_round: Callable[[Callable[[], object]], object]) -> None:
        self._after_round = after_round
        self._counts: dict[object, int] = {}
        self._waiting: dict[object, dict[TakesTurns, None]] = {}

    def takes(self, bank: object, connection: TakesTurns) -> bool:
        """Tell whether one more frame of ``bank`` may be taken; else ``take_turn`` is called in the next round."""
        if self._counts.get(bank, 0) < FRAMES_MAX:
            return True
        self._waiting.setdefault(bank, {})[connection] = None
        return False

    def taken(self, bank: object) -> None:
        """Count a frame of ``bank``."""
        is_first = not self._counts
        self._counts[bank] = self._counts.get(bank, 0) + 1
        if is_first:
            self._after_round(self._begin)

    def leave(self, bank: object, connection: TakesTurns) -> None:
        """Forget a connection that has gone."""
        waiting = self._waiting.get(bank)
        if waiting is not None:
            waiting.pop(connection, None)

    def _begin(self) -> None:
        """Begin a round with those that waited, in their order."""
        self._counts.clear()
        waiting, self._waiting = self._waiting, {}
        for bank, connections in waiting.items():
            while connections and self._counts.get(bank, 0) < FRAMES_MAX:
                connection = next(iter(connections))
                del connections[connection]
                try:
                    connection.take_turn()
                except Exception as error:  # noqa: BLE001 - a bug of ours must cost one connection, not all that wait
                    _log.error("turn_failed", error=error)
            if connections:  # had no turn, so they come before those that had one
                self._waiting[bank] = connections | self._waiting.get(bank, {})
