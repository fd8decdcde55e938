"""Lanes 通道: one connection each, the batches that run on it, and what is done when one fails.

| what failed                        | what is done                                                             |
|------------------------------------|--------------------------------------------------------------------------|
| one decision                       | ``DecisionFailed`` for that request; the others go on                    |
| something decided on has moved     | roll back, load more, decide again                                       |
| the clearing date is due           | roll back, roll the date in a transaction of its own, begin again        |
| a lock was not to be had           | again, after a pause; then by account: only those who want it wait on    |
| the database                       | connect and try once more, then ``DatabaseUnavailable``                  |
| a statement, or our own code       | again, one by one: only the guilty request fails                         |
| COMMIT                             | the same work again, account locks first: identities are unique, so it   |
|                                    | finds out what happened; ``OutcomeUnknown`` when there is no time for it |

Every request is answered, whatever happens, and soon after its deadline at the latest.
"""

import random
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace

import structlog
from sqlalchemy import Connection, RootTransaction
from sqlalchemy.exc import SQLAlchemyError

from dbgate.backends.base import FileIdentity, driver_connection
from dbgate.clearing import ClearingDates
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable, DecisionFailed, GateError, OutcomeUnknown, StatementFailed
from dbgate.faults import Fault, fault_of, label_of
from dbgate.records import Identity
from dbgate.storing import StaleBatch
from dbgate.work import Work
from dbgate.working_set import WorkingSet

log = structlog.get_logger(__name__)

TRIES_MAX = 5
"""How often a batch is decided again because something moved. On SQLite only the clearing date can; elsewhere the locks
leave identities and daily counters, and losing twice in a row is already rare."""

RETRY_S = 0.1
"""Pause before a database that has just failed is asked again: at most a hundred tries before ``db_timeout``."""

LOCKED_TRIES_TOGETHER = 2
"""How often a whole batch waits for a lock: two batches that met in a deadlock do not meet twice."""

LOCKED_TRIES_MAX = 8
"""How often the requests of one account do: each wait takes LOCK_WAIT_S, so ``db_timeout`` ends it before; where a lock
fails at once, the pauses alone have taken two seconds by then."""

LOCKED_PAUSE_S = 0.02
LOCKED_PAUSE_S_MAX = 0.5

Turn = AbstractContextManager[object]
"""Whose turn it is to use the interpreter, where the database runs in this process (see ``Gate``)."""

Answers = dict[int, object]
"""By ``id(work)``: the decision's answer or a GateError."""


class Alarm:
    """Whom a lane tells that its database fails; this one does nothing about it."""

    def trip(self, reason: str) -> None:
        """Take note that the database cannot be had."""

    def suspect(self, reason: str) -> None:
        """Take note that the database did not answer in time."""


class CommitLost(Exception):
    """COMMIT failed: what it did is not known."""


@dataclass(slots=True)
class Group:
    """Works that are run together, and what has become of them so far.

    Attributes:
        is_lost: a COMMIT that held them is of unknown outcome.
        taken: identities that were found taken.
    """

    works: Sequence[Work]
    is_lost: bool = False
    taken: frozenset[Identity] = frozenset()
    stale_count: int = 0
    failure_count: int = 0
    locked_count: int = 0

    def failed(self, error: GateError) -> Answers:
        """Answer all with ``error``, or with ``OutcomeUnknown`` when a COMMIT has been sent."""
        return dict.fromkeys(map(id, self.works), OutcomeUnknown("COMMIT was sent") if self.is_lost else error)

    def singly(self) -> list["Group"]:
        """Return a group for each work."""
        return [Group([work], self.is_lost) for work in self.works]

    def by_account(self) -> list["Group"]:
        """Return a group for each account, in order of arrival, so that the works of one keep their order."""
        groups: dict[str | None, list[Work]] = {}
        for work in self.works:
            groups.setdefault(work.needs.account_no, []).append(work)
        return [replace(self, works=works) for works in groups.values()]


@dataclass(slots=True)
class _Run:
    """One batch on its way."""

    pending: deque[Group]
    answers: Answers = field(default_factory=dict)
    told: set[str] = field(default_factory=set)  # each kind of failure is logged once, however often it happens


class Lane(ABC):
    """One connection and the batches that run on it; used by one thread.

    Subclasses say in ``_attempt`` what one transaction is, and in ``prove`` what shows that one would work.

    Args:
        database: of the gate.
        clearing: the clearing dates of the gate.
        turn: see ``Gate``; held where the database runs in this process.
        alarm: told when a batch has failed because of the database.
    """

    money = False

    def __init__(
        self,
        database: Database,
        clearing: ClearingDates,
        turn: Turn | None = None,
        alarm: Alarm | None = None,
    ) -> None:
        self._database = database
        self._clearing = clearing
        self._turn = turn if turn is not None and database.backend.runs_in_process else nullcontext()
        self._alarm = alarm or Alarm()
        self._open: Connection | None = None
        self._driver: object = None
        self._identity: FileIdentity | None = None
        self._running: Sequence[Work] = ()

    def run(self, works: Sequence[Work]) -> list[tuple[Work, object]]:
        """Run one batch and return every work, in order, with its answer or a GateError."""
        self._running = works
        run = _Run(deque([Group(works)]))
        while run.pending:
            self._try(run.pending.popleft(), run)
        self._running = ()
        return [(work, run.answers[id(work)]) for work in works]

    @abstractmethod
    def prove(self, deadline: float) -> None:
        """Show, in a transaction of its own, that a batch would work; raises what it would raise."""

    def abandon(self) -> None:
        """End what runs as if its time were up; from any thread."""
        now = time.monotonic()
        for work in self._running:
            work.deadline = min(work.deadline, now)
        if self._driver is not None:
            self._database.backend.abandon(self._driver)

    def close(self) -> None:
        """Let go of the connection."""
        self._driver = None
        if self._open is not None:
            with suppress(SQLAlchemyError):
                self._open.close()
            self._open = None

    @abstractmethod
    def _attempt(self, works: Sequence[Work], taken: frozenset[Identity]) -> Answers:
        """Run one transaction and return its answers; ``taken``: identities that a transaction before found taken."""

    # --- what is done when an attempt fails

    def _try(self, group: Group, run: _Run) -> None:
        """Attempt one group: afterwards it is answered, or pending again, whole or in parts."""
        if not self._drop_expired(group, run):
            return
        try:
            found = self._attempt(group.works, group.taken)
            run.answers |= _unsure(found) if group.is_lost else found
        except CommitLost as lost:
            if not group.is_lost:
                self._tell(run, group, lost, "COMMIT_LOST")
            group.is_lost = True
            self._retry(group, run)
        except StaleBatch as stale:
            group.stale_count += 1
            group.taken |= stale.identities
            if group.stale_count >= TRIES_MAX:
                self._isolate(group, run, stale)
            else:
                run.pending.appendleft(group)
        except Exception as error:  # noqa: BLE001 - every request is answered, whatever happens
            fault = fault_of(error)
            self._tell(run, group, error, fault.name)
            match fault:
                case Fault.STATEMENT:
                    self._isolate(group, run, error)
                case Fault.UNAVAILABLE:
                    self._connect_again(group, run, error)
                case Fault.LOCKED:
                    self._wait_for_lock(group, run, error)

    def _drop_expired(self, group: Group, run: _Run) -> bool:
        """Answer the works whose deadline has passed, and tell whether there are others."""
        now = time.monotonic()
        expired = replace(group, works=[work for work in group.works if work.deadline <= now])
        if expired.works:
            run.answers |= expired.failed(DatabaseUnavailable("not started"))
            group.works = [work for work in group.works if work.deadline > now]
            if group.failure_count and not group.works:
                self._alarm.suspect("no answer before the deadline")
        return bool(group.works)

    def _isolate(self, group: Group, run: _Run, error: Exception) -> None:
        """Run the works of a failed group again, each alone; the one that fails alone too is the guilty one."""
        if len(group.works) == 1:
            run.answers |= group.failed(_failure(error))
        else:
            run.pending.extendleft(reversed(group.singly()))

    def _connect_again(self, group: Group, run: _Run, error: Exception) -> None:
        """Try once more on a new connection; after that only what may have been committed is worth any more tries."""
        group.failure_count += 1
        if group.failure_count == 1 or group.is_lost:
            if group.failure_count > 1:
                self._alarm.trip(label_of(error))
            return self._retry(group, run)
        self._drop()
        self._alarm.trip(label_of(error))
        for failed in [group, *(other for other in run.pending if not other.is_lost)]:
            run.answers |= failed.failed(DatabaseUnavailable(f"nothing was done: {label_of(error)}"))
        run.pending = deque(other for other in run.pending if other.is_lost)
        return None

    def _wait_for_lock(self, group: Group, run: _Run, error: Exception) -> None:
        """Try again what somebody else's lock kept out, a bounded number of times; the others do not wait for it.

        On SQLite, where a try lasts until the earliest deadline, each try ends some request instead.
        """
        if min(work.deadline for work in group.works) <= time.monotonic():
            return run.pending.appendleft(group)
        group.locked_count += 1
        if group.locked_count >= LOCKED_TRIES_MAX and not group.is_lost:
            run.answers |= group.failed(DatabaseUnavailable(f"nothing was done: {label_of(error)}"))
        elif group.locked_count == LOCKED_TRIES_TOGETHER:
            run.pending.extend(group.by_account())
        else:
            if not run.pending:  # what else there is to do is pause enough
                pause_s = min(LOCKED_PAUSE_S * 2**group.locked_count, LOCKED_PAUSE_S_MAX)
                # Jittered, so that two that met do not meet again.
                time.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            run.pending.append(group)
        return None

    def _retry(self, group: Group, run: _Run) -> None:
        """Throw the connection away, whose state nobody knows, and wait before there is a new one."""
        self._drop()
        time.sleep(RETRY_S)
        run.pending.appendleft(group)

    def _tell(self, run: _Run, group: Group, error: Exception, fault: str) -> None:
        """Tell the operator why a batch failed; a driver's own text is not shown: it may quote a customer's values."""
        if fault not in run.told:
            run.told.add(fault)
            reason = str(error) if isinstance(error, GateError | CommitLost) else label_of(error)
            log.error("batch_failed", fault=fault, reason=reason, money=self.money, batch_size=len(group.works))

    # --- the connection

    def _connection(self) -> Connection:
        """Return the lane's connection, a new one when the database's file is another by now."""
        identity = self._database.file_identity()
        if self._open is not None and identity != self._identity:
            log.error("database_file_replaced", money=self.money)
            self._drop()
        if self._open is None:
            self._identity = identity
            self._open = self._database.connect(money=self.money)
            self._driver = driver_connection(self._open)
        return self._open

    def _begin(self, deadline: float) -> RootTransaction:
        """Begin a transaction that waits until ``deadline`` at most."""
        return self._database.begin(self._connection(), deadline)

    def _require_same_file(self) -> None:
        """Raise DatabaseUnavailable when the file that this lane works on is not the database's any more."""
        if self._database.file_identity() != self._identity:
            raise DatabaseUnavailable("the database file was replaced")

    def _drop(self) -> None:
        if self._open is not None:
            with suppress(SQLAlchemyError):
                self._open.invalidate()
        self.close()

    def _roll_back(self, transaction: RootTransaction) -> None:
        try:
            transaction.rollback()
        except SQLAlchemyError:
            self._drop()

    def _note_days(self, works: Iterable[Work], working_set: WorkingSet) -> None:
        for bank_code in {work.needs.bank_code for work in works}:
            day = working_set.day(bank_code)
            if day is not None:
                self._clearing.note(day)


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
