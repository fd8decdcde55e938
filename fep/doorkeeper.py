"""Doorkeeper 接入守护: keeps a listening port from turning in circles when there is no file descriptor for who waits.

Twisted keeps a spare descriptor for that too, but loses it for good to any thread that opens a file in that moment; the
queue is then reported as readable for ever, and the loop does nothing else.
"""

from typing import Any

from fep.descriptors import Descriptors
from fep.links.services import Clock

PAUSE_S = 1.0
"""Before a queue is looked at again that could not even be emptied."""


class Doorkeeper:
    """Stands before ``doRead`` of a port of Twisted's.

    Args:
        port: that listens.
        descriptors: of this process.
        clock: monotonic.
        reactor: Twisted's.
    """

    def __init__(self, port: Any, descriptors: Descriptors, clock: Clock, reactor: Any) -> None:
        self._port = port
        self._accept = port.doRead
        self._descriptors = descriptors
        self._clock = clock
        self._reactor = reactor
        self.is_paused = False
        port.doRead = self._read
        descriptors.keep_spare()

    def _read(self) -> None:
        """Accept who waits, or close him when there are no descriptors."""
        if not self._descriptors.are_none():
            self._accept()
        elif not self._descriptors.turn_away(self._port.socket, self._clock.seconds()):
            self.is_paused = True
            self._port.stopReading()
            self._reactor.callLater(PAUSE_S, self._resume)

    def _resume(self) -> None:
        self.is_paused = False
        if self._port.connected:
            self._port.startReading()
