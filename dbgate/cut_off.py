"""Cut-off 日切: rolls clearing dates outside of any batch: at start, by a timer, by an operator's command."""

import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date
from typing import TypeVar

from sqlalchemy import Connection, RootTransaction, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from dbgate import rows
from dbgate.books.acts import Act, record_act
from dbgate.clearing import ClearingDates
from dbgate.clearing_locks import ROLL_RETRY_S
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable, OutcomeUnknown
from dbgate.faults import Fault, fault_of, label_of
from dbgate.loading import LIMIT, POSTED_SUM, of_limit
from dbgate.prepared import Change, Statement
from dbgate.row_locks import for_update
from dbgate.tables import clearing_dates, limit_uses
from dbgate.trip import run

_ALL_DAYS = Statement("select_all_days", lambda _: select(*rows.CLEARING_DAY_COLUMNS))
_OLDEST_DAY = select(func.min(clearing_dates.c.clearing_date)).scalar_subquery()
_DELETE_PAST_LIMITS = Change(
    "delete_past_limits", lambda _: delete(limit_uses).where(limit_uses.c.clearing_date < _OLDEST_DAY)
)
_LOCK_LIMITS = Statement(
    "lock_limits",
    lambda _: for_update(
        select(limit_uses.c.bank_code, limit_uses.c.channel, limit_uses.c.clearing_date).order_by(
            limit_uses.c.bank_code, limit_uses.c.channel, limit_uses.c.clearing_date
        )
    ),
)
_SET_LIMIT = Change(
    "set_limit",
    lambda keys: update(limit_uses).where(*of_limit(keys)).values(used_fen=keys.one("new_used_fen")),
    ("new_used_fen", *LIMIT),
)


def _recount_limits(connection: Connection) -> None:
    run(connection, _DELETE_PAST_LIMITS)
    for bank_code, channel, clearing_date in run(connection, _LOCK_LIMITS).rows:
        used_fen = int(run(connection, POSTED_SUM, bank_code, channel, clearing_date).rows[0][0])
        run(connection, _SET_LIMIT, used_fen, bank_code, channel, clearing_date)


WAIT_S = 10.0
"""How long locks are waited for: as long as a request would wait, ``db_timeout``."""

Outcome = TypeVar("Outcome")


class _CommitLost(DatabaseUnavailable):
    """COMMIT failed: what it did is not known."""


def _commit(transaction: RootTransaction) -> None:
    try:
        transaction.commit()
    except (SQLAlchemyError, sqlite3.Error) as error:
        if fault_of(error) is Fault.LOCKED:
            raise  # SQLite says so of a COMMIT that did nothing
        raise _CommitLost(f"clearing dates may not have been stored: {label_of(error)}") from None


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

    def recount_limits(self) -> None:
        """Count anew what is posted under each daily limit, and forget those of past days.

        A counter moves only while its limit is set, so one that was made before a change of the settings may be wrong.
        All are locked before anything is counted: a payment that is under way is either posted by then, or adds itself
        to the new count. Raises as ``ensure``.
        """
        self._run(_recount_limits)

    def present_day(self, bank_code: str) -> date:
        """Return the bank's day that can be closed; those before it are over.

        Raises:
            KeyError: the bank has no clearing date.
            DatabaseUnavailable: it cannot be asked.
        """
        return self._run(lambda connection: self._clearing.present_day(connection, bank_code, self._database))

    def close_day(self, bank_code: str, day: date, act: Act | None = None) -> date:
        """End a bank's ``day`` and return its new date; that evening's roll is then void.

        ``act`` goes into the record of operators in the same transaction.

        That the day is closed is committed first: batches then leave it alone, and the roll does not wait for long. A
        day that is over already stays so: this may be called again.

        Raises:
            KeyError: the bank has no clearing date.
            DayNotOpen: ``day`` has not begun.
            DatabaseUnavailable: nothing was done.
            OutcomeUnknown: whether the day is closed is not known, for the answer to COMMIT was lost; or it is closed
                for all batches to come, but its date could not be moved in time: the next payment of the bank does it,
                or the next roll.
        """

        def _close(connection: Connection) -> None:
            self._clearing.close_day(connection, bank_code, day, self._database)
            if act is not None:
                record_act(connection, act, self._database.now(connection))

        try:
            self._run(_close)
        except _CommitLost as lost:
            raise OutcomeUnknown(f"whether {day} of bank {bank_code} is closed is not known: {lost}") from None
        try:
            self.ensure([bank_code])
        except DatabaseUnavailable as error:
            raise OutcomeUnknown(f"{day} of bank {bank_code} is closed, its date has not moved yet: {error}") from None
        moved = self._clearing.last_read(bank_code)
        assert moved is not None, "the roll has read it"
        return moved

    def _run(self, operation: Callable[[Connection], Outcome]) -> Outcome:
        """Run an operation that may be run again, in a transaction; while others hold its locks, again in time.

        Raises:
            DatabaseUnavailable: nothing was done.
            _CommitLost: which is a DatabaseUnavailable too, for what may be done twice.
        """
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
            transaction = self._database.begin(connection, deadline)
            try:
                outcome = operation(connection)
                days = run(connection, _ALL_DAYS).rows
            except BaseException:
                with suppress(SQLAlchemyError):
                    transaction.rollback()
                raise
            _commit(transaction)
        finally:
            connection.close()
        for day in map(rows.clearing_day_of, days):
            self._clearing.note(day)
        return outcome
