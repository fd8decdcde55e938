"""Faults 数据库故障: what an error of a driver means for the batch that met it.

One table for each engine, by the engine's own codes; whatever stands in none concerns the statement.
"""

from enum import Enum

from sqlalchemy.exc import DBAPIError

from dbgate.errors import DatabaseUnavailable


class Fault(Enum):
    """What to do about an error."""

    LOCKED = "locked"  # somebody else holds it: try again until the deadline
    UNAVAILABLE = "unavailable"  # the database or the way to it: connect again, then give up
    STATEMENT = "statement"  # this work: find the guilty request


# Primary result codes, https://www.sqlite.org/rescode.html
SQLITE_FAULTS = {
    5: Fault.LOCKED,  # SQLITE_BUSY
    6: Fault.LOCKED,  # SQLITE_LOCKED
    7: Fault.UNAVAILABLE,  # SQLITE_NOMEM
    8: Fault.UNAVAILABLE,  # SQLITE_READONLY
    10: Fault.UNAVAILABLE,  # SQLITE_IOERR
    11: Fault.UNAVAILABLE,  # SQLITE_CORRUPT
    13: Fault.UNAVAILABLE,  # SQLITE_FULL
    14: Fault.UNAVAILABLE,  # SQLITE_CANTOPEN
    26: Fault.UNAVAILABLE,  # SQLITE_NOTADB
}

# SQLSTATEs, and classes of two characters, https://www.postgresql.org/docs/current/errcodes-appendix.html
SQLSTATE_FAULTS = {
    "40001": Fault.LOCKED,  # serialization_failure
    "40P01": Fault.LOCKED,  # deadlock_detected
    "55P03": Fault.LOCKED,  # lock_not_available
    "57014": Fault.LOCKED,  # query_canceled, by statement_timeout
    "08": Fault.UNAVAILABLE,  # connection exception
    "53": Fault.UNAVAILABLE,  # insufficient resources
    "57": Fault.UNAVAILABLE,  # operator intervention: shutdown
    "58": Fault.UNAVAILABLE,  # system error
}

# Numbers of ORA- messages.
ORA_FAULTS = {
    54: Fault.LOCKED,  # resource busy, NOWAIT or timeout expired
    60: Fault.LOCKED,  # deadlock detected
    30006: Fault.LOCKED,  # resource busy, WAIT timeout expired
    28: Fault.UNAVAILABLE,  # session has been killed
    1033: Fault.UNAVAILABLE,  # initialization or shutdown in progress
    1034: Fault.UNAVAILABLE,  # not available
    1089: Fault.UNAVAILABLE,  # immediate shutdown in progress
    3113: Fault.UNAVAILABLE,  # end-of-file on communication channel
    3114: Fault.UNAVAILABLE,  # not connected
    12514: Fault.UNAVAILABLE,  # listener does not know of service
    12541: Fault.UNAVAILABLE,  # no listener
}


def fault_of(error: BaseException) -> Fault:
    """Return what ``error`` (SQLAlchemy's or a driver's) means."""
    if isinstance(error, DatabaseUnavailable) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return Fault.UNAVAILABLE
    origin = getattr(error, "orig", None) or error
    sqlite_code = getattr(origin, "sqlite_errorcode", None)
    if sqlite_code is not None:
        return SQLITE_FAULTS.get(sqlite_code & 0xFF, Fault.STATEMENT)
    sqlstate = getattr(origin, "sqlstate", None)
    if sqlstate:
        return SQLSTATE_FAULTS.get(sqlstate) or SQLSTATE_FAULTS.get(sqlstate[:2], Fault.STATEMENT)
    ora_code = getattr(origin.args[0], "code", None) if origin.args else None
    return ORA_FAULTS.get(ora_code, Fault.STATEMENT) if isinstance(ora_code, int) else Fault.STATEMENT


def label_of(error: BaseException) -> str:
    """Return a name and code of ``error`` for messages: never its text, which may quote a customer's values."""
    origin = getattr(error, "orig", None) or error
    code = getattr(origin, "sqlite_errorname", None) or getattr(origin, "sqlstate", None)
    if code is None and origin.args:
        code = getattr(origin.args[0], "full_code", None)
    return type(origin).__name__ if code is None else f"{type(origin).__name__} {code}"
