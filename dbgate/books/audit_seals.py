"""Seals of audit logs 审计封存: where each chain stood when, so that a log that was cut off later is found.

Rows are added, never changed; they stand in the first database.
"""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select
from sqlalchemy.exc import SQLAlchemyError

from dbgate.books.tables import PLACE_CHARS, audit_seals
from dbgate.column_types import clock_number
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable
from dbgate.faults import label_of
from dbgate.prepared import InsertRows
from dbgate.record import record
from dbgate.reports.snapshots import tuples
from dbgate.trip import run

_INSERT = InsertRows("insert_audit_seals", audit_seals, if_new=True)


@record
class AuditSeal:
    """A seal of a chain.

    Attributes:
        chain: its number, 16 hex digits.
        line_no: of the seal.
        line_hash: of that line, 64 hex digits.
        place: machine and folder of the chain.
        sealed_at: database clock when it was stored.
    """

    chain: str
    line_no: int
    line_hash: str
    place: str
    sealed_at: datetime | None = None


def record_seals(database: Database, seals: Sequence[AuditSeal], within_s: float) -> None:
    """Add seals that are not there yet, in a transaction of its own; blocks, ``within_s`` at most.

    Raises:
        DatabaseUnavailable: they were not added, or that is not known: they may be given again.
    """
    try:
        with database.connect(money=True) as connection, database.begin(connection, time.monotonic() + within_s):
            now = clock_number(database.now(connection))
            rows = [(each.chain, each.line_no, each.line_hash, each.place[:PLACE_CHARS], now) for each in seals]
            run(connection, _INSERT, rows)
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise DatabaseUnavailable(f"seals were not recorded: {label_of(error)}") from None


def audit_seals_statement() -> Select[Any]:
    """Return the statement of all seals, chain by chain, in the order of their lines."""
    columns = audit_seals.c
    return select(columns.chain, columns.line_no, columns.line_hash, columns.place, columns.sealed_at).order_by(
        columns.chain, columns.line_no
    )


def seals_of(connection: Connection) -> Iterator[AuditSeal]:
    """Yield all seals, chain by chain."""
    for row in tuples(connection, audit_seals_statement()):
        yield AuditSeal(*row)
