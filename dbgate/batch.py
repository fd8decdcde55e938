"""Batches 批: load, decide, store: one transaction for all work that waits, and what happens when it fails.

| what failed                        | what is done                                                             |
|------------------------------------|--------------------------------------------------------------------------|
| one decision                       | ``DecisionFailed`` for that request; the others go on                    |
| something decided on has moved     | roll back, load more, decide again                                       |
| the clearing date is due           | roll back, roll the date in a transaction of its own, begin again        |
| a lock was not to be had           | again, until the deadline                                                |
| the database                       | connect and try once more, then ``DatabaseUnavailable``                  |
| a statement, or our own code       | again, one by one: only the guilty request fails                         |
| COMMIT                             | the same work again, account locks first: identities are unique, so it   |
|                                    | finds out what happened; ``OutcomeUnknown`` when there is no time for it |

Every request is answered, whatever happens.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import datetime

import structlog
from sqlalchemy import Connection, RootTransaction
from sqlalchemy.exc import SQLAlchemyError

from dbgate.backends.base import FileIdentity
from dbgate.changes import NOTHING, Changes
from dbgate.clearing import ClearingDateDue, ClearingDates
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable, DecisionFailed, GateError, OutcomeUnknown, StatementFailed
from dbgate.faults import Fault, fault_of, label_of
from dbgate.loading import load_money
from dbgate.numbers import Numbers
from dbgate.reading import load_read
from dbgate.records import Identity
from dbgate.storing import StaleBatch, store
from dbgate.wanted import union_of
from dbgate.work import Decision, Moment, Work
from dbgate.working_set import WorkingSet

log = structlog.get_logger(__name__)

TRIES_MAX = 5
"""How often a batch is decided again because something moved. On SQLite only the clearing date can; elsewhere the locks
leave identities and daily counters, and losing twice in a row is already rare."""

RETRY_S = 0.1
"""Pause before a database that has just failed is asked again: at most a hundred tries before ``db_timeout``."""

Turn = AbstractContextManager[object]
"""Whose turn it is to use the interpreter, where the database runs in this process (see ``Gate``)."""

Answers = dict[int, object]
"""By ``id(work)``: the decision's answer or a GateError."""


class CommitLost(Exception):
    """COMMIT failed: what it did is not known."""


class Lane(ABC):
    """One connection, the batches that run on it, and what is done when one fails; used by one thread.

    Subclasses say in ``_attempt`` what one transaction is.
    """

    money = False

    def __init__(self, database: Database, clearing: ClearingDates, turn: Turn | None = None) -> None:
        self._database = database
        self._clearing = clearing
        self._turn = turn if turn is not None and database.backend.runs_in_process else nullcontext()
        self._open: Connection | None = None
        self._identity: FileIdentity | None = None

    def run(self, works: Sequence[Work]) -> list[tuple[Work, object]]:
        """Run one batch and return every work, in order, with its answer or a GateError."""
        answers = self._run(works, is_lost=False)
        return [(work, answers[id(work)]) for work in works]

    def close(self) -> None:
        """Let go of the connection."""
        if self._open is not None:
            with suppress(SQLAlchemyError):
                self._open.close()
            self._open = None

    @abstractmethod
    def _attempt(self, works: Sequence[Work], taken: frozenset[Identity]) -> Answers:
        """Run one transaction and return its answers; ``taken``: identities that a transaction before found taken."""

    def _run(self, works: Sequence[Work], *, is_lost: bool) -> Answers:
        """Answer all ``works``; ``is_lost``: a COMMIT that held them is of unknown outcome."""
        answers: Answers = {}
        taken: frozenset[Identity] = frozenset()
        stale_count = failure_count = 0
        told: set[Fault] = set()  # each kind is logged once, however often it is tried again
        while works := _drop_expired(works, answers, is_lost=is_lost):
            try:
                found = self._attempt(works, taken)
                return answers | (_unsure(found) if is_lost else found)
            except CommitLost as lost:
                # Bounded by the deadline: until then nothing is worth more than to find out.
                if not is_lost:
                    _log_failure(works, lost, "COMMIT_LOST", money=self.money)
                is_lost = True
                self._pause()
            except StaleBatch as stale:
                stale_count += 1
                taken |= stale.identities
                if stale_count >= TRIES_MAX:
                    return answers | self._isolate(works, stale, is_lost=is_lost)
            except Exception as error:  # noqa: BLE001 - every request is answered, whatever happens
                fault = fault_of(error)
                if fault not in told:
                    _log_failure(works, error, fault.name, money=self.money)
                    told.add(fault)
                if fault is Fault.STATEMENT:
                    return answers | self._isolate(works, error, is_lost=is_lost)
                if fault is Fault.UNAVAILABLE:
                    failure_count += 1
                    if failure_count > 1 and not is_lost:
                        failure = DatabaseUnavailable(f"nothing was done: {label_of(error)}")
                        return answers | dict.fromkeys(map(id, works), failure)
                    self._pause()
        return answers

    def _isolate(self, works: Sequence[Work], error: Exception, *, is_lost: bool) -> Answers:
        """Run the works of a failed batch again, each alone; the one that fails alone too is the guilty one."""
        if len(works) == 1:
            return {id(works[0]): OutcomeUnknown("COMMIT was sent") if is_lost else _failure(error)}
        answers: Answers = {}
        for work in works:
            answers |= self._run([work], is_lost=is_lost)
        return answers

    def _connection(self) -> Connection:
        """Return the lane's connection, a new one when the database's file is another by now."""
        identity = self._database.file_identity()
        if self._open is not None and identity != self._identity:
            log.error("database_file_replaced", money=self.money)
            self._drop()
        if self._open is None:
            self._identity = identity
            self._open = self._database.connect(money=self.money)
        return self._open

    def _require_same_file(self) -> None:
        """Raise DatabaseUnavailable when the file that this lane works on is not the database's any more."""
        if self._database.file_identity() != self._identity:
            raise DatabaseUnavailable("the database file was replaced")

    def _pause(self) -> None:
        """Throw the connection away, whose state nobody knows, and wait before there is a new one."""
        self._drop()
        time.sleep(RETRY_S)

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


class MoneyLane(Lane):
    """Batches that lock, store and commit."""

    money = True

    def __init__(self, database: Database, clearing: ClearingDates, turn: Turn | None = None) -> None:
        super().__init__(database, clearing, turn)
        self._numbers = Numbers(database.database_no)

    def _attempt(self, works: Sequence[Work], taken: frozenset[Identity]) -> Answers:
        deadline = min(work.deadline for work in works)
        self._stock_numbers(works, deadline)
        try:
            return self._transact(works, taken, deadline)
        except ClearingDateDue as due:
            self._roll(due.bank_codes, deadline)
            raise StaleBatch("the clearing date was due") from None

    def _transact(self, works: Sequence[Work], taken: frozenset[Identity], deadline: float) -> Answers:
        transaction = self._database.begin(self._connection(), deadline)
        try:
            with self._turn:
                wanted = union_of((work.needs for work in works), taken)
                working_set, now = load_money(transaction.connection, wanted, self._database.ask_clock)
                self._clearing.require_current({code: working_set.day(code) for code in wanted.bank_codes}, now)
                answers = _decide(works, working_set, now, self._numbers)
                has_changed = store(transaction.connection, working_set)
            self._require_same_file()
        except BaseException:
            self._roll_back(transaction)
            raise
        if has_changed:
            self._commit(transaction)
        else:
            # With nothing to store there is no COMMIT that could be lost.
            self._roll_back(transaction)
        self._note_days(works, working_set)
        return answers

    def _commit(self, transaction: RootTransaction) -> None:
        try:
            transaction.commit()
        except Exception as error:  # noqa: BLE001 - whatever it is, the outcome is unknown
            raise CommitLost(label_of(error)) from None

    def _roll(self, bank_codes: Iterable[str], deadline: float) -> None:
        """Create or roll the clearing dates of the banks, in a transaction of its own."""
        with self._short_transaction(deadline) as connection:
            self._clearing.roll(connection, bank_codes, self._database.now)

    def _stock_numbers(self, works: Sequence[Work], deadline: float) -> None:
        """Take new blocks of numbers when the lane's own do not last for this batch."""
        fep_serials = sum(work.needs.serial for work in works)
        invoice_nos = sum(work.needs.invoice for work in works)
        if not self._numbers.lacks(fep_serials, invoice_nos):
            return
        with self._short_transaction(deadline) as connection:
            blocks = self._numbers.refill(connection, fep_serials, invoice_nos)
        self._numbers.stock(blocks)

    @contextmanager
    def _short_transaction(self, deadline: float) -> Iterator[Connection]:
        """Run what may be repeated, or be done in vain, in a transaction beside the batch's own."""
        transaction = self._database.begin(self._connection(), deadline)
        try:
            yield transaction.connection
            transaction.commit()
        except BaseException:
            self._roll_back(transaction)
            raise


class ReadLane(Lane):
    """Batches that only read, each in one snapshot."""

    def _attempt(self, works: Sequence[Work], taken: frozenset[Identity]) -> Answers:
        transaction = self._connection().begin()
        try:
            with self._turn:
                wanted = union_of(work.needs for work in works)
                working_set, now = load_read(transaction.connection, wanted, self._database.ask_clock)
                answers = _decide(works, working_set, now, None)
        finally:
            self._roll_back(transaction)
        self._note_days(works, working_set)
        return answers


def _drop_expired(works: Sequence[Work], answers: Answers, *, is_lost: bool) -> Sequence[Work]:
    """Answer the works whose deadline has passed and return the others."""
    now = time.monotonic()
    alive = [work for work in works if work.deadline > now]
    for work in works:
        if work.deadline <= now:
            answers[id(work)] = OutcomeUnknown("COMMIT was sent") if is_lost else DatabaseUnavailable("not started")
    return alive


def _log_failure(works: Sequence[Work], error: Exception, fault: str, *, money: bool) -> None:
    """Tell the operator why a batch failed; a driver's own text is not shown, for it may quote a customer's values."""
    reason = str(error) if isinstance(error, GateError | CommitLost) else label_of(error)
    log.error("batch_failed", fault=fault, reason=reason, money=money, batch_size=len(works))


def _failure(error: Exception) -> GateError:
    """Return what the guilty request is answered with; nothing of it was stored."""
    if isinstance(error, GateError):
        return error
    if isinstance(error, StaleBatch):
        return StatementFailed(f"{error}, {TRIES_MAX} times")
    if isinstance(error, SQLAlchemyError):
        return StatementFailed(label_of(error))
    return _decision_failed(error)


def _unsure(answers: Answers) -> Answers:
    """Return what may be said after a lost COMMIT: a decision that fails now did not find out what it had done."""
    return {
        key: OutcomeUnknown("COMMIT was sent") if isinstance(answer, DecisionFailed) else answer
        for key, answer in answers.items()
    }


def _decision_failed(error: Exception) -> DecisionFailed:
    failed = DecisionFailed(f"the decision raised {type(error).__name__}")
    failed.__cause__ = error
    return failed


def _decide(works: Sequence[Work], working_set: WorkingSet, now: datetime, numbers: Numbers | None) -> Answers:
    """Let each work decide in order of arrival, on records that the ones before it have moved on."""
    answers: Answers = {}
    for work in works:
        needs = work.needs
        day = working_set.day(needs.bank_code)
        moment = Moment(
            now,
            None if day is None else day.clearing_date,
            numbers.fep_serial() if numbers is not None and needs.serial else None,
            numbers.invoice_no() if numbers is not None and needs.invoice else None,
        )
        try:
            decision = work.decide(working_set, moment)
            changes = _checked(decision, working_set, may_store=numbers is not None)
        except Exception as error:  # noqa: BLE001 - one request's bug must not be another's
            answers[id(work)] = _decision_failed(error)
            continue
        working_set.apply(changes)
        answers[id(work)] = decision.answer
    return answers


def _checked(decision: Decision, working_set: WorkingSet, *, may_store: bool) -> Changes:
    """Return the decision's changes; refuse what the gate could not store, before it has touched the working set."""
    changes = decision.changes
    if changes is NOTHING:
        return changes
    if not may_store:
        raise TypeError("read work has decided to change something")
    # An account or bill that was not loaded is not locked either, and its change would be lost without a word.
    for account in changes.accounts:
        if working_set.account(account.account_no) is None:
            raise LookupError("a decision changes an account that was not loaded")
    for bill in changes.bills:
        if working_set.bill(bill.bill_no) is None:
            raise LookupError("a decision changes a bill that was not loaded")
    return changes
