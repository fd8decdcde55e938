"""Batches 批: load, decide, store: one transaction for all work that waits."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, RootTransaction, literal_column, select
from sqlalchemy.exc import DBAPIError

from dbgate.attempts import Alarm, Answers, CommitLost, decision_failed
from dbgate.changes import NOTHING, Changes
from dbgate.clearing import ClearingDateDue, ClearingDates
from dbgate.clearing_locks import ROLL_RETRY_S, lane_slot
from dbgate.database import Database
from dbgate.details import Outlines
from dbgate.faults import Fault, fault_of, label_of
from dbgate.lane import Lane, Turn
from dbgate.loading import load_money, locked_accounts
from dbgate.numbers import FEP_SERIAL, Numbers, take_block
from dbgate.prepared import Statement
from dbgate.reading import load_read
from dbgate.records import Identity, Payment
from dbgate.storing import StaleBatch, store
from dbgate.tables import number_blocks
from dbgate.trip import run
from dbgate.wanted import union_of
from dbgate.work import Decision, Moment, Work
from dbgate.working_set import WorkingSet

_ANYTHING = Statement("select_anything", lambda _: select(number_blocks.c.name).limit(literal_column("1")))


Committed = Callable[[Sequence[Payment], bool], object]
"""Is told of the new journal rows of a batch after its COMMIT, and whether the answer to that has come."""


class MoneyLane(Lane):
    """Batches that lock, store and commit; ``committed`` is told of each that has posted something."""

    money = True

    def __init__(
        self,
        database: Database,
        clearing: ClearingDates,
        turn: Turn | None = None,
        alarm: Alarm | None = None,
        committed: Committed | None = None,
    ) -> None:
        super().__init__(database, clearing, turn, alarm)
        self._committed = committed
        self._numbers = Numbers(database.database_no)
        self._slot = lane_slot(database.backend)

    def _begin(self, deadline: float) -> RootTransaction:
        """Begin a transaction, on a disk that has room for it."""
        self._database.require_room()
        return super()._begin(deadline)

    def prove(self, deadline: float) -> None:
        """Write and commit something that changes nothing: a disk may be full, a server read-only."""
        with self._short_transaction(deadline) as connection:
            take_block(connection, FEP_SERIAL, 0)

    def locked_accounts(self, works: Sequence[Work]) -> set[str]:
        """Return the accounts of ``works`` that somebody else holds right now."""
        account_nos = union_of(work.needs for work in works).account_nos
        with self._short_transaction(min(work.deadline for work in works)) as connection:
            return locked_accounts(connection, account_nos)

    def attempt(self, works: Sequence[Work], taken: frozenset[Identity]) -> Answers:
        """Lock, load, decide, store and commit."""
        deadline = min(work.deadline for work in works)
        self._stock_numbers(works, deadline)
        try:
            return self._transact(works, taken, deadline)
        except ClearingDateDue as due:
            self._roll(due.bank_codes, deadline)
            raise StaleBatch("the clearing date was due") from None

    def _transact(self, works: Sequence[Work], taken: frozenset[Identity], deadline: float) -> Answers:
        begun_s = time.monotonic()
        transaction = self._begin(deadline)
        try:
            with self._turn:
                wanted = union_of((work.needs for work in works), taken)
                working_set, now = load_money(transaction.connection, wanted, self._database.ask_clock, self._slot)
                self._clearing.require_current({code: working_set.day(code) for code in wanted.bank_codes}, now)
                loaded_s = time.monotonic()
                answers = _decide(works, working_set, now, self._numbers)
                decided_s = time.monotonic()
                has_changed = store(transaction.connection, working_set)
                stored_s = time.monotonic()
            self._require_same_file()
        except BaseException:
            self._roll_back(transaction)
            raise
        if has_changed:
            with self._told(working_set):
                self._commit(transaction, works)
        else:
            self._let_go(transaction)
        self.stages = (
            ("load", begun_s, loaded_s),
            ("decide", loaded_s, decided_s),
            ("store", decided_s, stored_s),
            ("commit", stored_s, time.monotonic()),
        )
        self._note_days(works, working_set)
        return answers

    @contextmanager
    def _told(self, working_set: WorkingSet) -> Iterator[None]:
        """Tell of the new journal rows when the COMMIT in the block has been answered, or its answer was lost."""
        posted = [] if self._committed is None else working_set.new_journal()
        try:
            yield
        except CommitLost:
            if self._committed is not None and posted:
                self._committed(posted, False)
            raise
        if self._committed is not None and posted:
            self._committed(posted, True)

    def _commit(self, transaction: RootTransaction, works: Sequence[Work]) -> None:
        try:
            self._announce_commit(works)
        except StaleBatch:
            self._roll_back(transaction)
            raise
        try:
            transaction.commit()
        except Exception as error:  # noqa: BLE001 - whatever it is, the outcome is unknown
            raise CommitLost(label_of(error)) from None

    def _announce_commit(self, works: Sequence[Work]) -> None:
        """Say, before a COMMIT is sent, that these works may be stored from now on; raise when one's time is up.

        Whoever has given up waiting looks at ``fate`` after the deadline, so in this order nobody is told
        "not done" of what is committed afterwards.
        """
        for work in works:
            work.fate.may_be_stored = True
        if min(work.deadline for work in works) <= time.monotonic():
            raise StaleBatch("a deadline passed before COMMIT")

    def _roll(self, bank_codes: Iterable[str], deadline: float) -> None:
        """Create or roll the clearing dates of the banks, in a transaction of its own, once no batch holds them."""
        while True:
            try:
                with self._short_transaction(deadline) as connection:
                    return self._clearing.roll(connection, bank_codes, self._database)
            except DBAPIError as error:
                if fault_of(error) is not Fault.LOCKED or time.monotonic() >= deadline:
                    raise
            time.sleep(ROLL_RETRY_S)

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
        transaction = self._begin(deadline)
        try:
            yield transaction.connection
            transaction.commit()
        except BaseException:
            self._roll_back(transaction)
            raise


class ReadLane(Lane):
    """Batches that only read, each in one snapshot."""

    def __init__(
        self, database: Database, clearing: ClearingDates, turn: Turn | None = None, alarm: Alarm | None = None
    ) -> None:
        super().__init__(database, clearing, turn, alarm)
        self._outlines = Outlines()

    def close(self) -> None:
        """Let go of the connection, and of what was learnt over it."""
        self._outlines.forget()
        super().close()

    def prove(self, deadline: float) -> None:
        """Read something."""
        transaction = self._begin(deadline)
        try:
            run(transaction.connection, _ANYTHING)
        finally:
            self._roll_back(transaction)

    def attempt(self, works: Sequence[Work], taken: frozenset[Identity]) -> Answers:
        """Load and decide."""
        begun_s = time.monotonic()
        transaction = self._begin(min(work.deadline for work in works))
        try:
            wanted = union_of(work.needs for work in works)
            of_days = ((bank_code, wanted_slice.clearing_date) for bank_code, wanted_slice in wanted.details)
            outlines = self._outlines.of(transaction.connection, of_days)
            with self._turn:
                working_set, now = load_read(transaction.connection, wanted, self._database.ask_clock, outlines)
                loaded_s = time.monotonic()
                answers = _decide(works, working_set, now, None)
                self.stages = (("load", begun_s, loaded_s), ("decide", loaded_s, time.monotonic()))
        except BaseException:
            self._roll_back(transaction)
            raise
        self._let_go(transaction)
        self._note_days(works, working_set)
        return answers


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
            answers[id(work)] = decision_failed(error)
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
    for push in changes.pushes:
        if working_set.books.push(push.bill_no) is None:
            raise LookupError("a decision changes a push that was not loaded")
    return changes
