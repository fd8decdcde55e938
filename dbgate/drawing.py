"""Drawing 取号: fep_serials for what is no money work, e.g. the FEP's own requests."""

import sqlite3
import time

from sqlalchemy.exc import SQLAlchemyError

from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable
from dbgate.faults import label_of
from dbgate.numbers import FEP_SERIAL, fep_serial_of, take_block

WAIT_S = 10.0
"""How long the write lock is waited for: as long as a request would wait, ``db_timeout``."""


def draw_fep_serials(database: Database, count: int) -> list[int]:
    """Draw ``count`` fep_serials that no other daemon gets, in a transaction of its own; blocks.

    Raises:
        DatabaseUnavailable: nothing was drawn, or a gap is left.
    """
    try:
        with database.connect(money=True) as connection, database.begin(connection, time.monotonic() + WAIT_S):
            block = take_block(connection, FEP_SERIAL, count)
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise DatabaseUnavailable(f"no serial numbers were drawn: {label_of(error)}") from None
    return [fep_serial_of(database.database_no, number) for number in block]
