"""Numbers of the FEP's own requests 自发报文流水号: drawn ahead in blocks; a link may not wait for the database."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

BLOCK = 1000
"""A thousand idle links ask for an ECHO a minute each: one block a minute."""

_log = structlog.get_logger()


class EchoSerials:
    """Draws the first block when it begins, and each next one when half is used."""

    def __init__(self, draw_block: Callable[[int], Sequence[int]], reactor: Any) -> None:
        self._draw_block = draw_block
        self._reactor = reactor
        self._serials: deque[int] = deque()
        self._is_drawing = False

    def begin(self) -> None:
        """Draw the first block. Blocks; raises what the drawing raises."""
        self._serials.extend(self._draw_block(BLOCK))

    def draw(self) -> int | None:
        """Return the next number, None when the database has given none for a whole block's time."""
        if len(self._serials) <= BLOCK // 2 and not self._is_drawing:
            self._is_drawing = True
            pool = self._reactor.getThreadPool()
            drawing = deferToThreadPool(self._reactor, pool, self._draw_block, BLOCK)
            drawing.addCallbacks(self._drawn, self._failed)
        return self._serials.popleft() if self._serials else None

    def _drawn(self, serials: Sequence[int]) -> None:
        self._serials.extend(serials)
        self._is_drawing = False

    def _failed(self, failure: Failure) -> None:
        self._is_drawing = False
        _log.warning("echo_serials_not_drawn", error=failure.value)
