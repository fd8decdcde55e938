"""Short transactions 短事务: what a command changes in the books, whole or not at all."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable, OutcomeUnknown
from dbgate.faults import Fault, fault_of, label_of

WAIT_S = 30.0
"""How long a command waits for the right to write: batches hold it for milliseconds, a load for half a minute."""


@contextmanager
def transaction(database: Database) -> Iterator[Connection]:
    """Yield a connection in a transaction that is committed when the block ends well, and rolled back else.

    Raises:
        DatabaseUnavailable: nothing was done.
        OutcomeUnknown: the answer to COMMIT was lost.
    """
    connection = database.connect(money=True)
    try:
        try:
            begun = database.begin(connection, time.monotonic() + WAIT_S)
            try:
                yield connection
            except BaseException:
                with suppress(SQLAlchemyError):
                    begun.rollback()
                raise
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise DatabaseUnavailable(f"nothing was done: {label_of(error)}") from None
        try:
            begun.commit()
        except (SQLAlchemyError, sqlite3.Error) as error:
            if fault_of(error) is Fault.LOCKED:  # SQLite says so of a COMMIT that did nothing
                raise DatabaseUnavailable(f"nothing was done: {label_of(error)}") from None
            raise OutcomeUnknown(f"COMMIT was sent: {label_of(error)}") from None
    finally:
        connection.close()
