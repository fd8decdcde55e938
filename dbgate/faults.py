"""Faults 数据库故障: what an error of a driver means for the batch that met it.

One table for each engine, by the engine's own codes; whatever stands in none concerns the statement.
"""

import errno
import re
from collections.abc import Mapping
from enum import Enum

from sqlalchemy.exc import DBAPIError

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
    "08": Fault.UNAVAILABLE,  # connection exception
    "53": Fault.UNAVAILABLE,  # insufficient resources
    "57": Fault.UNAVAILABLE,  # operator intervention: shutdown
    "58": Fault.UNAVAILABLE,  # system error
}

# Messages of Oracle and of its drivers, by prefix and number: https://docs.oracle.com/error-help/db/ and, for DPI and
# DPY, the drivers' own lists. The drivers turn some ORA numbers into codes of their own; both stand here.
ORACLE_FAULTS: Mapping[tuple[str, int], Fault] = {
    **dict.fromkeys(
        [
            ("ORA", 51),  # timeout while waiting for a resource
            ("ORA", 54),  # resource busy, NOWAIT or timeout expired
            ("ORA", 60),  # deadlock detected; the statement alone has been rolled back, the batch is as a whole
            ("ORA", 1013),  # the current operation was cancelled: by the call timeout
            ("ORA", 1555),  # snapshot too old: a new one will do
            ("ORA", 2049),  # timeout while waiting for a lock of a distributed transaction
            ("ORA", 4020),  # deadlock on an object of the library cache
            ("ORA", 4021),  # timeout while waiting to lock an object: somebody runs DDL
            ("ORA", 8176),  # consistent read failed: a new snapshot will do
            ("ORA", 8177),  # cannot serialize access
            ("ORA", 30006),  # resource busy, WAIT timeout expired
            # The call timeout is all that bounds the wait of an INSERT or UPDATE for another's row. The drivers raise
            # these two only when the server has answered their request to break off; when it has not, they close the
            # connection, and DPY-4011 or DPI-1080 says so.
            ("DPI", 1067),
            ("DPY", 4024),
        ],
        Fault.LOCKED,
    ),
    **dict.fromkeys(
        [
            ("ORA", 18),  # maximum number of sessions exceeded
            ("ORA", 20),  # maximum number of processes exceeded
            ("ORA", 22),  # invalid session
            ("ORA", 28),  # the session has been killed
            ("ORA", 31),  # the session is marked for kill
            ("ORA", 45),  # the session has been terminated
            ("ORA", 257),  # archiver error: the archive destination is full
            ("ORA", 376),  # a data file cannot be read
            ("ORA", 378),  # buffer pools cannot be created as specified
            ("ORA", 600),  # internal error
            ("ORA", 602),  # internal programming exception
            ("ORA", 603),  # server session terminated by fatal error
            ("ORA", 609),  # could not attach to incoming connection
            ("ORA", 1012),  # not logged on
            ("ORA", 1014),  # shutdown in progress
            ("ORA", 1033),  # initialization or shutdown in progress
            ("ORA", 1034),  # not available
            ("ORA", 1035),  # restricted session
            ("ORA", 1041),  # internal error, hostdef extension does not exist: the connection is broken
            ("ORA", 1043),  # user side memory corruption
            ("ORA", 1089),  # immediate shutdown in progress
            ("ORA", 1090),  # shutdown in progress
            ("ORA", 1092),  # instance terminated, disconnection forced
            ("ORA", 1109),  # database not open
            ("ORA", 1115),  # a block cannot be read
            ("ORA", 1536),  # space quota exceeded
            ("ORA", 1652),  # unable to extend a temporary segment
            ("ORA", 1653),  # unable to extend a table
            ("ORA", 1654),  # unable to extend an index
            ("ORA", 1683),  # unable to extend an index partition
            ("ORA", 1688),  # unable to extend a table partition
            ("ORA", 2391),  # sessions per user exceeded
            ("ORA", 2396),  # idle time exceeded
            ("ORA", 2399),  # connect time exceeded
            ("ORA", 3113),  # end-of-file on communication channel
            ("ORA", 3114),  # not connected
            ("ORA", 3122),  # attempt to close the connection
            ("ORA", 3135),  # connection lost contact
            ("ORA", 4030),  # out of process memory
            ("ORA", 4031),  # out of shared memory
            ("ORA", 12757),  # the instance does not know of the service at present
            ("ORA", 16000),  # open for read-only access: a standby
            ("ORA", 16456),  # switchover to the standby in progress
            ("ORA", 25401),  # failover: cannot continue fetches
            ("ORA", 25402),  # failover: transaction must roll back
            ("ORA", 25403),  # failover: could not reconnect
            ("ORA", 25404),  # failover: lost instance
            ("ORA", 25405),  # failover: transaction status unknown
            ("ORA", 25407),  # failover: connection terminated
            ("ORA", 25408),  # failover: cannot safely replay the call
            ("ORA", 25409),  # failover: happened during a network operation
            ("ORA", 27101),  # shared memory realm does not exist
            ("ORA", 27146),  # initialization after fork failed
            ("ORA", 28511),  # lost connection to a remote agent
            ("ORA", 30036),  # unable to extend undo
            ("ORA", 56600),  # another thread has closed the connection
            ("DPI", 1010),  # not connected
            ("DPI", 1080),  # the connection was closed by an ORA error
            ("DPY", 1001),  # not connected
            ("DPY", 4005),  # no connection to be had from the pool
            ("DPY", 4011),  # the database or the network closed the connection
            ("DPY", 4033),  # idle time exceeded
        ],
        Fault.UNAVAILABLE,
    ),
}

# Whole families, as classes of SQLSTATEs: (prefix, first, last).
ORACLE_UNAVAILABLE = (
    ("ORA", 12150, 12699),  # Oracle Net: listener, connection, encryption
    ("TNS", 12150, 12699),  # the same, as Oracle Net says it itself
    ("DPY", 5000, 5999),  # what the server sent is not understood: nobody knows the state of the connection
    ("DPY", 6000, 6999),  # the connection cannot be made
)

_ORACLE_CODE = re.compile(r"\b(ORA|TNS|DPI|DPY)-(\d{3,5})\b", re.ASCII)


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
    if type(origin).__name__ == "OperationalError" and hasattr(origin, "sqlstate"):
        return Fault.UNAVAILABLE  # psycopg's own: the connection is closed, or has just been lost
    oracle_code = _oracle_code(origin)
    return Fault.STATEMENT if oracle_code is None else _oracle_fault(*oracle_code)


def label_of(error: BaseException) -> str:
    """Return a name and codes of ``error`` for messages: never its text, which may quote a customer's values.

    Of a connection that was not to be had, return the reason in words.
    """
    origin = getattr(error, "orig", None) or error
    if (reason := connect_reason(origin)) is not None:
        return reason
    code = getattr(origin, "sqlite_errorname", None) or getattr(origin, "sqlstate", None)
    codes = _oracle_labels(origin) if code is None else [str(code)]
    label = " ".join([type(origin).__name__, *codes])
    return f"{_WORDS[code]} ({label})" if code in _WORDS else label


def _oracle_labels(origin: BaseException) -> list[str]:
    """Return all codes that an error names: DPY-6005 alone would not tell an unknown service from a closed port."""
    code = _oracle_code(origin)
    if code is None:
        return []
    message = str(getattr(origin.args[0], "message", ""))
    labels = ["-".join(found.groups()) for found in _ORACLE_CODE.finditer(message)] or [f"{code[0]}-{code[1]:05d}"]
    if isinstance(cause := origin.__cause__, OSError):
        labels.append(errno.errorcode.get(cause.errno or 0, type(cause).__name__))
    return list(dict.fromkeys(labels))


def _oracle_code(origin: BaseException) -> tuple[str, int] | None:
    """Return prefix and number of an error of python-oracledb or cx_Oracle.

    Both raise with one object that has ``code`` and ``message``; its code is 0 for errors of the driver's own, so the
    message, which begins with prefix and number, is what says it.
    """
    error = origin.args[0] if origin.args else None
    number, message = getattr(error, "code", None), getattr(error, "message", None)
    if not isinstance(number, int):
        return None
    found = _ORACLE_CODE.match(message) if isinstance(message, str) else None
    if found is not None:
        return found[1], int(found[2])
    return ("ORA", number) if number else None


def _oracle_fault(prefix: str, number: int) -> Fault:
    fault = ORACLE_FAULTS.get((prefix, number))
    if fault is None and any(prefix == name and first <= number <= last for name, first, last in ORACLE_UNAVAILABLE):
        return Fault.UNAVAILABLE
    return fault or Fault.STATEMENT
