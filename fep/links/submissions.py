"""Submissions 待交作业: what one round of the event loop brings goes to the gate together.

A lane takes all that waits as soon as it is woken. Woken at the first request of a round it would begin with that one
alone, the next lane with the second, and a round of thirty requests would cost many small transactions instead of one.
Nobody waits for it: a round ends when what has arrived already is read.
"""

from collections.abc import Callable
from typing import Protocol

import structlog

from dbgate.errors import GateError
from dbgate.work import Work

AfterRound = Callable[[Callable[[], object]], object]
"""Has a function called when the loop has read what has arrived."""

_log = structlog.get_logger()


class TakesWork(Protocol):
    """What takes work in: the gate."""

    def submit(self, work: Work) -> None:
        """Take work in; ``work.done`` is called later, once.

        Raises:
            GateError: it was not taken.
        """
        ...


def at_once(function: Callable[[], object]) -> object:
    """Call ``function`` without waiting for the end of a round."""
    return function()


class Submissions:
    """Work on its way to the gate, in order of arrival.

    Bounded by what the links may have in work: each piece counts there before it comes here.
    """

    def __init__(self, gate: TakesWork, after_round: AfterRound) -> None:
        self._gate = gate
        self._after_round = after_round
        self._works: list[Work] = []

    def add(self, work: Work) -> None:
        """Submit ``work`` at the end of the round; one that the gate does not take is done with the gate's error."""
        self._works.append(work)
        if len(self._works) == 1:
            self._after_round(self.flush)

    def flush(self) -> None:
        """Submit what there is now."""
        works, self._works = self._works, []
        for work in works:
            try:
                self._gate.submit(work)
            except GateError as error:
                _refuse(work, error)


def _refuse(work: Work, refusal: GateError) -> None:
    try:
        work.done(refusal)
    except Exception as error:  # noqa: BLE001 - one reply that cannot be built must not keep the others from the gate
        _log.error("reply_failed", error=error)
