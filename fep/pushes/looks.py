"""Looks at the outbox 划拨巡查: which pushes are due or too old in one database, and how many there are; in threads."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from dbgate.books.due_pushes import DuePush, aged_pushes, due_pushes, push_counts
from dbgate.books.states import PushState
from dbgate.branch import Branch
from dbgate.errors import GateError

Threaded = Callable[..., "Deferred[Any]"]
"""Calls a function in a thread."""

Takes = Callable[[Iterable[DuePush]], None]

_TOLD = (PushState.WAITING, PushState.ACCEPTED, PushState.DEAD)

_log = structlog.get_logger()


class PushLooks:
    """Looks of one daemon; ``threaded`` is for looking at a database, which blocks."""

    def __init__(self, threaded: Threaded) -> None:
        self._threaded = threaded
        self._counts: dict[Branch, dict[str, dict[PushState, int]]] = {}
        self._troubled: set[Branch] = set()

    def at_due(self, branch: Branch, bank_codes: Iterable[str], takes: Takes) -> "Deferred[None]":
        """Hand the due pushes of these banks to ``takes``."""
        return self._looked(branch, due_pushes, takes, branch.database, tuple(bank_codes))

    def at_aged(self, branch: Branch, ages: Mapping[str, timedelta], takes: Takes) -> "Deferred[None]":
        """Hand the pushes that are older than their bank allows to ``takes``."""
        return self._looked(branch, aged_pushes, takes, branch.database, ages)

    def at_counts(self, branch: Branch, bank_codes: Iterable[str]) -> "Deferred[None]":
        """Count what there is of these banks, for ``counts``."""
        counted = partial(self._counts.__setitem__, branch)
        return self._looked(branch, push_counts, counted, branch.database, tuple(bank_codes))

    def counts(self, bank_code: str) -> dict[str, int]:
        """Return how many pushes of a bank wait, are accepted and are dead, in all databases together."""
        counts = [of_branch.get(bank_code, {}) for of_branch in self._counts.values()]
        return {state.value: sum(count.get(state, 0) for count in counts) for state in _TOLD}

    def _looked(
        self, branch: Branch, look: Callable[..., Any], found: Callable[[Any], object], *arguments: object
    ) -> "Deferred[None]":
        looking = self._threaded(look, *arguments)
        looking.addCallback(self._well, branch, found).addErrback(self._look_failed, branch)
        return looking

    def _well(self, result: Any, branch: Branch, found: Callable[[Any], object]) -> None:
        self._troubled.discard(branch)
        found(result)

    def _look_failed(self, failure: Failure, branch: Branch) -> None:
        """A database that is away is told once; anything else is a bug of ours, and the next look may do better."""
        if not failure.check(GateError):
            _log.error("push_look_failed", **branch.database.about, error=failure.value)
        elif branch not in self._troubled:
            self._troubled.add(branch)
            _log.warning("push_look_failed", **branch.database.about, reason=str(failure.value))
