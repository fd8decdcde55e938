"""Rounds 定时任务: what a daemon does every few seconds or minutes, until it ends."""

from collections.abc import Callable
from typing import Any

from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure


class Rounds:
    """The loops of one daemon.

    Args:
        reactor: whose clock they go by.
        failed: is told when one of them has ended by an error.
    """

    def __init__(self, reactor: Any, failed: Callable[[Failure], None]) -> None:
        self._reactor = reactor
        self._failed = failed
        self._loops: list[LoopingCall] = []

    def every(self, interval_s: float, function: Callable[[], object]) -> None:
        """Call ``function`` in each interval, the first time when one has passed; never while it is still at it."""
        loop = LoopingCall(function)
        loop.clock = self._reactor
        self._loops.append(loop)
        loop.start(interval_s, now=False).addErrback(self._failed)

    def end(self) -> None:
        """Call nothing any more."""
        for loop in self._loops:
            if loop.running:
                loop.stop()
