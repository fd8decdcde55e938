"""Lanes 通道: one connection each, and the batches that run on it, one after the other."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

import structlog
from sqlalchemy import Connection, RootTransaction
from sqlalchemy.exc import SQLAlchemyError

from dbgate.attempts import Alarm, Answers, Attempts
from dbgate.backends.base import FileIdentity, driver_connection
from dbgate.clearing import ClearingDates
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable
from dbgate.records import Identity
from dbgate.work import Work
from dbgate.working_set import WorkingSet

log = structlog.get_logger(__name__)

Turn = AbstractContextManager[object]
"""Whose turn it is to use the interpreter, where the database runs in this process (see ``Gate``)."""


class Lane(ABC):
    """One connection and the batches that run on it; used by one thread.

    Subclasses say in ``attempt`` what one transaction is, and in ``prove`` what shows that one would work.

    Args:
        database: of the gate.
        clearing: the clearing dates of the gate.
        turn: see ``Gate``; held where the database runs in this process.
        alarm: told when a batch has failed because of the database.
    """

    money = False
    stages: tuple[tuple[str, float, float], ...]
    """Those of the last transaction that went well, as ``Work.stages`` has them."""

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
        self.alarm = alarm or Alarm()
        self._open: Connection | None = None
        self._driver: object = None
        self._identity: FileIdentity | None = None
        self._running: Sequence[Work] = ()
        self.stages: tuple[tuple[str, float, float], ...] = ()

    @property
    def about(self) -> dict[str, Any]:
        """What a log line says of the database, where there may be several."""
        return self._database.about

    def run(self, works: Sequence[Work]) -> list[tuple[Work, object]]:
        """Run one batch and return every work, in order, with its answer or a GateError."""
        self._running = works
        self.stages = ()
        answers = Attempts(self, works).run()
        self._running = ()
        return [(work, answers[id(work)]) for work in works]

    @abstractmethod
    def prove(self, deadline: float) -> None:
        """Show, in a transaction of its own, that a batch would work; raises what it would raise."""

    def locked_accounts(self, works: Sequence[Work]) -> set[str]:
        """Return the accounts of ``works`` that somebody else holds right now: for who only reads, none."""
        return set()

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
    def attempt(self, works: Sequence[Work], taken: frozenset[Identity]) -> Answers:
        """Run one transaction and return its answers; ``taken``: identities that a transaction before found taken."""

    # --- the connection

    def _connection(self) -> Connection:
        """Return the lane's connection, a new one when the database's file is another by now."""
        identity = self._database.file_identity()
        if self._open is not None and identity != self._identity:
            log.error("database_file_replaced", money=self.money, **self.about)
            self.drop()
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

    def drop(self) -> None:
        """Throw the connection away, whose state nobody knows."""
        if self._open is not None:
            with suppress(SQLAlchemyError):
                self._open.invalidate()
        self.close()

    def _roll_back(self, transaction: RootTransaction) -> None:
        try:
            transaction.rollback()
        except SQLAlchemyError:
            self.drop()

    def _let_go(self, transaction: RootTransaction) -> None:
        """End a transaction that has changed nothing.

        By COMMIT, of which nothing depends: at a ROLLBACK, psycopg forgets all statements that it has prepared.
        """
        try:
            transaction.commit()
        except SQLAlchemyError:
            self.drop()

    def _note_days(self, works: Iterable[Work], working_set: WorkingSet) -> None:
        for bank_code in {work.needs.bank_code for work in works}:
            day = working_set.day(bank_code)
            if day is not None:
                self._clearing.note(day)
