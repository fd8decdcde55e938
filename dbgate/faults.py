"""Faults 数据库故障: what an error of a driver means for the batch that met it.

One table for each engine, by the engine's own codes (Oracle's: ``oracle_errors``); whatever stands in none concerns
the statement.
"""

from enum import Enum

from sqlalchemy.exc import DBAPIError

from dbgate import oracle_errors
from dbgate.connect_reasons import connect_reason
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
    "25006": Fault.UNAVAILABLE,  # read_only_sql_transaction: the server has become a standby
    "25P03": Fault.UNAVAILABLE,  # idle_in_transaction_session_timeout: the session has ended
    "0A000": Fault.UNAVAILABLE,  # feature_not_supported: a plan whose tables have changed; a new connection helps
    "26000": Fault.UNAVAILABLE,  # invalid_sql_statement_name: somebody else's DEALLOCATE
    "08": Fault.UNAVAILABLE,  # connection exception
    "53": Fault.UNAVAILABLE,  # insufficient resources
    "57": Fault.UNAVAILABLE,  # operator intervention: shutdown
    "58": Fault.UNAVAILABLE,  # system error
}

_WITHOUT_A_SERVER = frozenset({"OperationalError", "DatabaseError"})
"""What psycopg and libpq raise of their own accord: the connection is closed, or has just been lost."""

_WORDS = {"42501": "the user may not do this"}
"""Codes that an operator meets at the first start, by SQLSTATE."""


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
    if type(origin).__name__ in _WITHOUT_A_SERVER and hasattr(origin, "sqlstate"):
        return Fault.UNAVAILABLE
    code = oracle_errors.code_of(origin)
    if code in oracle_errors.LOCKED:
        return Fault.LOCKED
    return Fault.UNAVAILABLE if code is not None and oracle_errors.is_unavailable(code) else Fault.STATEMENT


def is_suspicion(error: BaseException) -> bool:
    """Whether ``error`` says only that no answer came in time, which may have been too little of it."""
    return bool(getattr(getattr(error, "orig", None) or error, "is_suspicion", False))


def label_of(error: BaseException) -> str:
    """Return a name and codes of ``error`` for messages: never its text, which may quote a customer's values.

    Of a connection that was not to be had, return the reason in words.
    """
    origin = getattr(error, "orig", None) or error
    if (reason := connect_reason(origin)) is not None:
        return reason
    code = getattr(origin, "sqlite_errorname", None) or getattr(origin, "sqlstate", None)
    codes = oracle_errors.labels_of(origin) if code is None else [str(code)]
    label = " ".join([type(origin).__name__, *codes])
    words = _WORDS.get(code or "") or oracle_errors.reason_of(codes)
    return f"{words} ({label})" if words else label
