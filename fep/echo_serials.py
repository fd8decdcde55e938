"""Numbers of the FEP's own requests 自发报文流水号: drawn ahead in blocks, because a link may not wait for the database."""

from collections import deque
from typing import Protocol

import structlog
from twisted.internet.threads import deferToThreadPool

BLOCK = 1000
"""A thousand idle links ask for an ECHO a minute each: one block a minute."""

_log = structlog.get_logger()


class DrawsSerials(Protocol):
    """What is needed of the database."""

    def draw_serials(self, count: int) -> list[int]:
        """Draw ``count`` fep_serials that no other daemon has."""
        ...


class EchoSerials:
    """Draws the first block at once and each next one when half is used."""

    def __init__(self, database: DrawsSerials, reactor: object) -> None:
        self._database = database
        self._reactor = reactor
        self._serials = deque(database.draw_serials(BLOCK))
        self._is_drawing = False

    def draw(self) -> int | None:
        """Return the next number, None when the database has given none for a whole block's time."""
        if len(self._serials) <= BLOCK // 2 and not self._is_drawing:
            self._is_drawing = True
            pool = self._reactor.getThreadPool()  # type: ignore[attr-defined]
            deferToThreadPool(self._reactor, pool, self._database.draw_serials, BLOCK).addCallbacks(  # type: ignore[arg-type]
                self._drawn, self._failed
            )
        return self._serials.popleft() if self._serials else None

    def _drawn(self, serials: list[int]) -> None:
        self._serials.extend(serials)
        self._is_drawing = False

    def _failed(self, failure: object) -> None:
        self._is_drawing = False
        _log.warning("echo_serials_not_drawn", error=getattr(failure, "value", failure))
