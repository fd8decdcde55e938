"""Cut-off 日切: rolls clearing dates outside of any batch: at start, by a timer, by an operator's command."""

import sqlite3
import time
from collections.abc import Callable, Iterable
from datetime import date
from typing import TypeVar

from sqlalchemy import Connection, delete, select
from sqlalchemy.exc import SQLAlchemyError

from dbgate import rows
from dbgate.clearing import ClearingDates
from dbgate.clearing_locks import ROLL_RETRY_S
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable, OutcomeUnknown
from dbgate.faults import Fault, fault_of, label_of
from dbgate.prepared import Change, Statement
from dbgate.tables import limit_uses
from dbgate.trip import run

_ALL_DAYS = Statement("select_all_days", lambda _: select(*rows.CLEARING_DAY_COLUMNS))
_FORGET_LIMIT_USES = Change("delete_limit_uses", lambda _: delete(limit_uses))

WAIT_S = 10.0
"""How long locks are waited for: as long as a request would wait, ``db_timeout``."""

Outcome = TypeVar("Outcome")


class CutOff:
    """Each call is short transactions on a connection of its own, and blocks until they have committed."""

    def __init__(self, database: Database, clearing: ClearingDates) -> None:
        self._database = database
        self._clearing = clearing

    def ensure(self, bank_codes: Iterable[str]) -> None:
        """Create the clearing dates of banks that have none, and roll those of the others that are due.

        Raises:
            DatabaseUnavailable: nothing was done.
        """
        wanted = list(bank_codes)
        self._run(lambda connection: self._clearing.roll(connection, wanted, self._database))

    def roll_all(self) -> None:
        """Roll every clearing date that is due; safe at any time. Raises as ``ensure``."""

        def _roll(connection: Connection) -> None:
            known = [row[0] for row in run(connection, _ALL_DAYS).rows]
            self._clearing.roll(connection, known, self._database)

        self._run(_roll)

    def forget_counters(self) -> None:
        """Forget the counters of daily limits; the next payment under a limit counts what is posted anew.

        A counter moves only while its limit is set, so one that was made before a change of the settings may be wrong.
        Raises as ``ensure``.
        """
        self._run(lambda connection: run(connection, _FORGET_LIMIT_USES).count)

    def close_day(self, bank_code: str) -> date:
        """Move a bank one day on and return its new date; that evening's roll is then void.

        That the day is closed is committed first: batches then leave it alone, and the roll does not wait for long.

        Raises:
            KeyError: the bank has no clearing date.
            DatabaseUnavailable: nothing was done.
            OutcomeUnknown: the day is closed for all batches to come, but its date could not be moved in time; the
                next payment of the bank does it, or the next roll.
        """
        closed = self._run(lambda connection: self._clearing.close_day(connection, bank_code, self._database))
        try:
            self.ensure([bank_code])
        except DatabaseUnavailable as error:
            raise OutcomeUnknown(
                f"{closed} of bank {bank_code} is closed, its date has not moved yet: {error}"
            ) from None
        moved = self._clearing.last_read(bank_code)
        assert moved is not None, "the roll has read it"
        return moved

    def _run(self, operation: Callable[[Connection], Outcome]) -> Outcome:
        """Run an operation that may be run again, in a transaction; while others hold its locks, again in time."""
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                return self._transact(operation, deadline)
            except (SQLAlchemyError, sqlite3.Error) as error:
                if fault_of(error) is not Fault.LOCKED or time.monotonic() >= deadline:
                    raise DatabaseUnavailable(f"clearing dates were not rolled: {label_of(error)}") from None
            time.sleep(ROLL_RETRY_S)

    def _transact(self, operation: Callable[[Connection], Outcome], deadline: float) -> Outcome:
        connection = self._database.connect(money=True)
        try:
            with self._database.begin(connection, deadline):
                outcome = operation(connection)
                days = run(connection, _ALL_DAYS).rows
        finally:
            connection.close()
        for day in map(rows.clearing_day_of, days):
            self._clearing.note(day)
        return outcome
