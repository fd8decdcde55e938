"""Errors of Oracle 甲骨文错误码: codes of the server and of both drivers, what they mean, and their words.

Sources: https://docs.oracle.com/error-help/db/ and, for DPI and DPY, the drivers' own lists. The drivers turn some ORA
numbers into codes of their own; both stand here.
"""

import errno
import re
from collections.abc import Sequence

Code = tuple[str, int]
"""Prefix and number."""

LOCKED: frozenset[Code] = frozenset(
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
    ]
)
"""Somebody else is in the way: the same may succeed a little later."""

UNAVAILABLE: frozenset[Code] = frozenset(
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
    ]
)
"""The database or the way to it: another connection may be better, or a later time."""

UNAVAILABLE_FAMILIES = (
    ("ORA", 12150, 12699),  # Oracle Net: listener, connection, encryption
    ("TNS", 12150, 12699),  # the same, as Oracle Net says it itself
    ("DPY", 5000, 5999),  # what the server sent is not understood: nobody knows the state of the connection
    ("DPY", 6000, 6999),  # the connection cannot be made
)
"""Likewise, whole families of codes: (prefix, first, last)."""

_CODE = re.compile(r"\b(ORA|TNS|DPI|DPY)-(\d{3,5})\b", re.ASCII)

# First that fits wins; by the codes that an error names, and by what the system said.
_REASONS: Sequence[tuple[str, frozenset[str]]] = (
    ("the user or the password is not accepted", frozenset({"ORA-01017", "ORA-01005", "DPY-4001"})),
    ("the user is locked", frozenset({"ORA-28000"})),
    ("the password has expired", frozenset({"ORA-28001"})),
    ("the user may not do this", frozenset({"ORA-01031", "ORA-01045", "ORA-01950"})),
    (
        "the listener does not know the service",
        frozenset({"ORA-12514", "ORA-12505", "ORA-12521", "DPY-6001", "DPY-6003"}),
    ),
    ("nobody listens at the address", frozenset({"ORA-12541", "ECONNREFUSED"})),
    ("the host or the net service name is not known", frozenset({"ORA-12154", "ORA-12545", "DPY-4000", "gaierror"})),
    ("there is no way to the host", frozenset({"EHOSTUNREACH", "ENETUNREACH", "ORA-12543"})),
    ("there was no answer in time", frozenset({"ORA-12170", "ORA-12535", "ETIMEDOUT", "TimeoutError"})),
    (
        "the server has no connection left",
        frozenset({"ORA-00018", "ORA-00020", "ORA-12516", "ORA-12518", "ORA-12519", "ORA-12520", "ORA-02391"}),
    ),
    (
        "the server is starting or stopping",
        frozenset({"ORA-01033", "ORA-01034", "ORA-01089", "ORA-01090", "ORA-01109", "ORA-12526", "ORA-12528"}),
    ),
    ("the server wants Oracle's own network encryption: use TCPS, or oracle+cx_oracle", frozenset({"ORA-12660"})),
    ("the server is too old for python-oracledb: use oracle+cx_oracle", frozenset({"DPY-3010"})),
    ("the user's password must be set again, in a present format", frozenset({"DPY-3015"})),
    ("the libraries of Oracle Client are not installed", frozenset({"DPI-1047"})),
    ("Oracle Client is older than 18", frozenset({"DPI-1050"})),
)
ORACLE_REASONS = tuple(reason for reason, _ in _REASONS)
"""Every reason there is."""


def code_of(error: BaseException) -> Code | None:
    """Return prefix and number of an error of python-oracledb or cx_Oracle, None for any other.

    Both raise with one object that has ``code`` and ``message``; its code is 0 for errors of the driver's own, so the
    message, which begins with prefix and number, is what says it.
    """
    details = error.args[0] if error.args else None
    number, message = getattr(details, "code", None), getattr(details, "message", None)
    if not isinstance(number, int):
        return None
    found = _CODE.match(message) if isinstance(message, str) else None
    if found is not None:
        return found[1], int(found[2])
    return ("ORA", number) if number else None


def is_unavailable(code: Code) -> bool:
    """Tell whether the code concerns the database as a whole, not the statement."""
    prefix, number = code
    families = ((first, last) for name, first, last in UNAVAILABLE_FAMILIES if name == prefix)
    return code in UNAVAILABLE or any(first <= number <= last for first, last in families)


def labels_of(error: BaseException) -> list[str]:
    """Return all codes that an error names: DPY-6005 alone would not tell an unknown service from a closed port."""
    code = code_of(error)
    if code is None:
        return []
    message = str(getattr(error.args[0], "message", ""))
    labels = ["-".join(found.groups()) for found in _CODE.finditer(message)] or [f"{code[0]}-{code[1]:05d}"]
    if isinstance(cause := error.__cause__, OSError):
        labels.append(errno.errorcode.get(cause.errno or 0, type(cause).__name__))
    return list(dict.fromkeys(labels))


def reason_of(labels: Sequence[str]) -> str | None:
    """Return in words what an operator meets while he connects; None when the codes say nothing of that."""
    return next((reason for reason, codes in _REASONS if codes.intersection(labels)), None)
