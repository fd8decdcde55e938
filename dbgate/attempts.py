"""Attempts 尝试: what is done when a batch fails, until every request of it is answered.

| what failed                        | what is done                                                             |
|------------------------------------|--------------------------------------------------------------------------|
| one decision                       | ``DecisionFailed`` for that request; the others go on                    |
| something decided on has moved     | roll back, load more, decide again                                       |
| the clearing date is due           | roll back, roll the date in a transaction of its own, begin again        |
| a lock was not to be had           | again, after a pause, without those whose account is still locked; these |
|                                    | are put off, and not done when their account stays locked                |
| the database                       | connect and try once more, then ``DatabaseUnavailable``                  |
| a statement, or our own code       | again, one by one: only the guilty request fails                         |
| COMMIT                             | the same work again, account locks first: identities are unique, so it   |
|                                    | finds out what happened; ``OutcomeUnknown`` when there is no time for    |
|                                    | it, or when COMMIT fails again and again                                 |

Every request is answered, whatever happens, and soon after its deadline at the latest.
"""

import random
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from dbgate.errors import DatabaseUnavailable, DecisionFailed, GateError, OutcomeUnknown, StatementFailed
from dbgate.faults import Fault, fault_of, is_suspicion, label_of
from dbgate.records import Identity
from dbgate.storing import StaleBatch
from dbgate.work import Work

log = structlog.get_logger(__name__)

TRIES_MAX = 5
"""How often a batch is decided again because something moved. On SQLite only the clearing date can; elsewhere the locks
leave identities and daily counters, and losing twice in a row is already rare."""

RETRY_S = 0.1
"""Pause before a database that has just failed is asked again: at most a hundred tries before ``db_timeout``."""

LOCKED_TRIES_MAX = 32
"""How often a batch is tried that meets locks: where they fail at once, as deadlocks do, the pauses alone have taken
``db_timeout`` by then; a wait of LOCK_WAIT_S is over sooner."""

PUT_OFF_MAX = 8
"""How often requests are put off whose account is locked: for some two seconds more than they have waited already, in
which their lane is nobody else's. A program that holds an account for longer holds it for minutes."""

LOCKED_PAUSE_S = 0.02
LOCKED_PAUSE_S_MAX = 0.5

LOST_TRIES_MAX = 5
"""How many COMMITs of a batch may fail: a connection that breaks costs one. A database that takes all but COMMIT, on a
disk that fails, would else keep its lane until ``db_timeout``, and all others behind it."""

Answers = dict[int, object]
"""By ``id(work)``: the decision's answer or a GateError."""


class CommitLost(Exception):
    """COMMIT failed: what it did is not known."""


class Alarm:
    """Whom a lane tells that its database fails; this one does nothing about it."""

    def trip(self, reason: str) -> None:
        """Take note that the database cannot be had."""

    def suspect(self, reason: str) -> None:
        """Take note that the database did not answer in time."""


class Transactor(Protocol):
    """What runs the transactions of a batch: a lane."""

    money: bool
    alarm: Alarm

    @property
    def about(self) -> dict[str, Any]:
        """What a log line says of the database."""
        ...

    def attempt(self, works: Sequence[Work], taken: frozenset[Identity]) -> Answers:
        """Run one transaction and return its answers; ``taken``: identities that a transaction before found taken."""
        ...

    def locked_accounts(self, works: Sequence[Work]) -> set[str]:
        """Return the accounts of ``works`` that somebody else holds right now; waits for nothing."""
        ...

    def drop(self) -> None:
        """Throw the connection away."""
        ...


@dataclass(slots=True)
class Group:
    """Works that are run together, and what has become of them so far.

    Attributes:
        is_lost: a COMMIT that held them is of unknown outcome.
        lost_count: how many were.
        taken: identities that were found taken.
        begin_at: ``time.monotonic()`` seconds before which it is not tried again.
    """

    works: Sequence[Work]
    is_lost: bool = False
    lost_count: int = 0
    taken: frozenset[Identity] = frozenset()
    stale_count: int = 0
    failure_count: int = 0
    locked_count: int = 0
    put_off_count: int = 0
    begin_at: float = 0.0

    def failed(self, error: GateError) -> Answers:
        """Answer all with ``error``, or with ``OutcomeUnknown`` when a COMMIT has been sent."""
        return dict.fromkeys(map(id, self.works), OutcomeUnknown("COMMIT was sent") if self.is_lost else error)

    def singly(self) -> list["Group"]:
        """Return a group for each work."""
        return [Group([work], self.is_lost, self.lost_count) for work in self.works]

    def part(self, locked: set[str]) -> "Group":
        """Take out the works of the accounts that are ``locked``, and return them."""
        kept_out = [work for work in self.works if work.needs.account_no in locked]
        self.works = [work for work in self.works if work.needs.account_no not in locked]
        return replace(self, works=kept_out)

    def pause(self, count: int) -> None:
        """Pause before the next try, longer each time; jittered, so that two that met do not meet again."""
        pause_s = min(LOCKED_PAUSE_S * 2**count, LOCKED_PAUSE_S_MAX)
        self.begin_at = time.monotonic() + pause_s * random.uniform(0.5, 1.0)  # noqa: S311 - no secret


class Attempts:
    """All attempts at one batch."""

    def __init__(self, lane: Transactor, works: Sequence[Work]) -> None:
        self._lane = lane
        self._pending = deque([Group(works)])
        self._answers: Answers = {}
        self._told: set[str] = set()  # each kind of failure is logged once, however often it happens

    def run(self) -> Answers:
        """Return the answers to all works."""
        while self._pending:
            group = self._pending.popleft()
            if (pause_s := group.begin_at - time.monotonic()) > 0:
                time.sleep(pause_s)
            if self._drop_expired(group):
                self._try(group)
        return self._answers

    def _try(self, group: Group) -> None:
        """Attempt one group: afterwards it is answered, or pending again, whole or in parts."""
        try:
            if group.locked_count:
                self._put_off_locked(group)
            if group.works:
                found = self._lane.attempt(group.works, group.taken)
                self._answers |= _unsure(found) if group.is_lost else found
        except CommitLost as lost:
            self._find_out(group, lost)
        except StaleBatch as stale:
            group.stale_count += 1
            group.taken |= stale.identities
            if group.stale_count >= TRIES_MAX:
                self._isolate(group, stale)
            else:
                self._pending.appendleft(group)
        except Exception as error:  # noqa: BLE001 - every request is answered, whatever happens
            fault = fault_of(error)
            self._tell(group, error, fault.name)
            match fault:
                case Fault.STATEMENT:
                    self._isolate(group, error)
                case Fault.UNAVAILABLE:
                    self._connect_again(group, error)
                case Fault.LOCKED:
                    self._try_later(group, error)

    def _find_out(self, group: Group, lost: CommitLost) -> None:
        """Run the group once more, which tells what its COMMIT did; not for ever."""
        if not group.is_lost:
            self._tell(group, lost, "COMMIT_LOST")
        group.is_lost = True
        group.lost_count += 1
        if group.lost_count < LOST_TRIES_MAX:
            return self._retry(group)
        self._lane.alarm.trip(_reason(lost))
        self._lane.drop()
        return self._answers.update(group.failed(OutcomeUnknown("COMMIT was sent")))

    def _drop_expired(self, group: Group) -> bool:
        """Answer the works whose deadline has passed, and tell whether there are others."""
        now = time.monotonic()
        expired = replace(group, works=[work for work in group.works if work.deadline <= now])
        if expired.works:
            self._answers |= expired.failed(DatabaseUnavailable("not started"))
            group.works = [work for work in group.works if work.deadline > now]
            if group.failure_count and not group.works:
                self._lane.alarm.suspect("no answer before the deadline")
        return bool(group.works)

    def _isolate(self, group: Group, error: Exception) -> None:
        """Run the works of a failed group again, each alone; the one that fails alone too is the guilty one."""
        if len(group.works) == 1:
            self._answers |= group.failed(_failure(error))
        else:
            self._pending.extendleft(reversed(group.singly()))

    def _connect_again(self, group: Group, error: Exception) -> None:
        """Try once more on a new connection; after that only what may have been committed is worth any more tries."""
        group.failure_count += 1
        if group.failure_count > 1:
            tell = self._lane.alarm.suspect if is_suspicion(error) else self._lane.alarm.trip
            tell(_reason(error))
        if group.failure_count == 1 or group.is_lost:
            return self._retry(group)
        self._lane.drop()
        self._give_up([group, *(other for other in self._pending if not other.is_lost)], error)
        self._pending = deque(other for other in self._pending if other.is_lost)
        return None

    def _retry(self, group: Group) -> None:
        """Throw the connection away, whose state nobody knows, and wait before there is a new one."""
        self._lane.drop()
        group.begin_at = time.monotonic() + RETRY_S
        self._pending.appendleft(group)

    def _try_later(self, group: Group, error: Exception) -> None:
        """Try again what a lock kept out; on SQLite each try lasts until the earliest deadline and ends a request."""
        if min(work.deadline for work in group.works) <= time.monotonic():
            return self._pending.appendleft(group)
        group.locked_count += 1
        if group.locked_count >= LOCKED_TRIES_MAX and not group.is_lost:
            return self._give_up([group], error)
        group.pause(group.locked_count)
        return self._pending.append(group)

    def _put_off_locked(self, group: Group) -> None:
        """Part from a group that has met a lock the works whose account is locked: the others do not wait for them."""
        kept_out = group.part(self._lane.locked_accounts(group.works))
        if not kept_out.works:
            return None
        kept_out.put_off_count += 1
        if kept_out.put_off_count >= PUT_OFF_MAX and not group.is_lost:
            return self._answers.update(kept_out.failed(DatabaseUnavailable("nothing was done: the account is locked")))
        kept_out.pause(kept_out.put_off_count)
        return self._pending.append(kept_out)

    def _give_up(self, groups: Iterable[Group], error: Exception) -> None:
        for group in groups:
            self._answers |= group.failed(DatabaseUnavailable(f"nothing was done: {_reason(error)}"))

    def _tell(self, group: Group, error: Exception, fault: str) -> None:
        """Tell the operator why a batch failed."""
        if fault not in self._told:
            self._told.add(fault)
            size = len(group.works)
            reason, about = _reason(error), self._lane.about
            log.error("batch_failed", fault=fault, reason=reason, money=self._lane.money, batch_size=size, **about)


def _reason(error: Exception) -> str:
    """Return why something failed; a driver's own text is not shown, for it may quote a customer's values."""
    return str(error) if isinstance(error, GateError | CommitLost) else label_of(error)


def _failure(error: Exception) -> GateError:
    """Return what the guilty request is answered with; nothing of it was stored."""
    if isinstance(error, GateError):
        return error
    if isinstance(error, StaleBatch):
        return StatementFailed(f"{error}, {TRIES_MAX} times")
    if isinstance(error, SQLAlchemyError):
        return StatementFailed(label_of(error))
    return decision_failed(error)


def _unsure(answers: Answers) -> Answers:
    """Return what may be said after a lost COMMIT: a decision that fails now did not find out what it had done."""
    return {
        key: OutcomeUnknown("COMMIT was sent") if isinstance(answer, DecisionFailed) else answer
        for key, answer in answers.items()
    }


def decision_failed(error: Exception) -> DecisionFailed:
    """Return what a request is answered with whose decision raised ``error``."""
    failed = DecisionFailed(f"the decision raised {type(error).__name__}")
    failed.__cause__ = error
    return failed
