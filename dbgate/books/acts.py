"""Acts of operators 操作记录: who did what and why, in the transaction that did it; rows are added, never changed."""

import sqlite3
import time
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from dbgate.books.tables import REASON_CHARS, operator_acts
from dbgate.column_types import clock_number
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable
from dbgate.faults import label_of
from dbgate.prepared import InsertRows
from dbgate.record import record
from dbgate.trip import run

_INSERT = InsertRows("insert_operator_acts", operator_acts)


@record
class Act:
    """What an operator did.

    Attributes:
        operator: as the system knows him.
        act: a name of this list's: ``day_close``, ``reconcile``, ``difference_propose`` and so on.
        bank_code: whose books, empty when of none.
        subject: of what: a number, a date, a file; no customer's data.
        reason: in the operator's words.
    """

    operator: str
    act: str
    bank_code: str = ""
    subject: str = ""
    reason: str = ""


def record_act(connection: Connection, act: Act, now: datetime) -> None:
    """Add ``act`` in the caller's transaction."""
    reason = act.reason[:REASON_CHARS] or None
    run(
        connection,
        _INSERT,
        [(clock_number(now), act.operator, act.act, act.bank_code or None, act.subject or None, reason)],
    )


def record_alone(database: Database, act: Act, within_s: float) -> None:
    """Add ``act``, done where no database is, in a transaction of its own; blocks, ``within_s`` at most.

    Raises:
        DatabaseUnavailable: it was not added, or that is not known.
    """
    try:
        with database.connect(money=True) as connection, database.begin(connection, time.monotonic() + within_s):
            record_act(connection, act, database.now(connection))
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise DatabaseUnavailable(f"the act was not recorded: {label_of(error)}") from None
