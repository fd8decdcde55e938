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
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable
from dbgate.faults import label_of
from dbgate.prepared import Statement
from dbgate.tables import clearing_dates, limit_uses
from dbgate.trip import run

_ALL_DAYS = Statement("select_all_days", lambda _: select(*rows.CLEARING_DAY_COLUMNS))

WAIT_S = 10.0
"""How long the write lock is waited for: as long as a request would wait, ``db_timeout``."""

Outcome = TypeVar("Outcome")


class CutOff:
    """Each call is one short transaction on a connection of its own, and blocks until it has committed."""

    def __init__(self, database: Database, clearing: ClearingDates) -> None:
        self._database = database
        self._clearing = clearing

    def ensure(self, bank_codes: Iterable[str]) -> None:
        """Create the clearing dates of banks that have none, and roll those of the others that are due.

        Raises:
            DatabaseUnavailable: nothing was done.
        """
        wanted = list(bank_codes)
        self._run(lambda connection: self._clearing.roll(connection, wanted, self._database.now))

    def roll_all(self) -> None:
        """Roll every clearing date that is due; safe at any time. Raises as ``ensure``."""

        def _roll(connection: Connection) -> None:
            known = connection.execute(select(clearing_dates.c.bank_code)).scalars().all()
            self._clearing.roll(connection, known, self._database.now)

        self._run(_roll)

    def forget_counters(self) -> None:
        """Forget the counters of daily limits; the next payment under a limit counts what is posted anew.

        A counter moves only while its limit is set, so one that was made before a change of the settings may be wrong.
        Raises as ``ensure``.
        """
        self._run(lambda connection: connection.execute(delete(limit_uses)).rowcount)

    def close_day(self, bank_code: str) -> date:
        """Move a bank one day on and return its new date; that evening's roll is then void.

        Raises:
            KeyError: the bank has no clearing date.
            DatabaseUnavailable: nothing was done.
        """
        return self._run(lambda connection: self._clearing.close_day(connection, bank_code))

    def _run(self, operation: Callable[[Connection], Outcome]) -> Outcome:
        connection = self._database.connect(money=True)
        try:
            with self._database.begin(connection, time.monotonic() + WAIT_S):
                outcome = operation(connection)
                days = run(connection, _ALL_DAYS).rows
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise DatabaseUnavailable(f"clearing dates were not rolled: {label_of(error)}") from None
        finally:
            connection.close()
        for day in map(rows.clearing_day_of, days):
            self._clearing.note(day)
        return outcome
