"""Oracle by python-oracledb in thin mode, or cx_Oracle 甲骨文数据库: how it connects, begins, waits and tells the time.

What is sent here has been compared with Oracle's documentation and with the drivers' own code, never with a server:
``docs/oracle.md`` says how to look on the first one.

What may hang, and what ends it:

| what                                        | ended by                                                            |
|---------------------------------------------|---------------------------------------------------------------------|
| connecting                                  | ``ConnectionAttempts``                                              |
| FOR UPDATE that meets a lock                | the server: WAIT or NOWAIT, in the statement (``row_locks``)        |
| INSERT, UPDATE that meets a lock            | the driver: ``call_timeout``; the server confirms that it has       |
|                                             | broken off, and the connection goes on                              |
| a server that has stopped, a network that   | ``call_timeout`` twice over: once for the answer, once for that     |
| swallows everything                         | confirmation; the driver then closes the connection                 |
| a dead network below an idle connection     | TCP keepalives, by ``expire_time``                                  |
| a transaction whose daemon cannot be heard  | the server, when its DBA has set it up: MAX_IDLE_BLOCKER_TIME and   |
|                                             | SQLNET.EXPIRE_TIME (``docs/oracle.md``)                             |
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, Insert, Table, event, insert

from dbgate.backends.base import LOCK_WAIT_S, Backend, Values, driver_connection, open_engine
from dbgate.backends.connection_attempts import ConnectionAttempts

CONNECT_TIMEOUT_S = 5.0
"""How long a connection may take: half of ``db_timeout``, so that a request may still see a second try."""

KEEP_ALIVE_MINUTES = 1
"""python-oracledb probes a silent connection after so long; a dead host is then noticed within two minutes."""

FIRST_TIMEOUT_S = 2.0 * LOCK_WAIT_S
"""How long a round trip may take before a transaction has said what it can wait."""

WAIT_S_MIN = 1.0
"""A round trip is not broken off sooner, for what the server has done by then is lost."""

WHOLE_CHARACTER_SETS = ("AL32UTF8", "UTF8", "ZHS32GB18030")
"""Character sets that have every character of a name that GB18030 has."""

UNIQUE_VIOLATED = 1
"""ORA-00001, the number of the one batch error that means: the key is taken."""

ROWS_AHEAD = 256
"""Rows that come with the answer to a SELECT: as many as a batch of 64 finds of bills, in one round trip."""

_SESSION = (
    # A linguistic comparison, where the instance is set to one, would take account numbers for equal that are not, and
    # would lock rows in another order than other sessions do.
    "ALTER SESSION SET NLS_COMP = BINARY NLS_SORT = BINARY",
    # An instance may be set not to await the redo log: a COMMIT would then return before it is durable.
    "ALTER SESSION SET COMMIT_WAIT = WAIT",
)


def _open(url: URL, read_only: bool) -> Engine:
    options: dict[str, Any] = {}
    if url.get_driver_name() == "oracledb":
        options["connect_args"] = {"tcp_connect_timeout": CONNECT_TIMEOUT_S, "expire_time": KEEP_ALIVE_MINUTES}
    engine = open_engine(url, isolation_level="READ COMMITTED", **options)
    if url.get_driver_name() == "oracledb":
        # A setting of the driver as a whole; cx_Oracle has none and fetches what is more than two rows separately.
        _dbapi(engine.dialect).defaults.prefetchrows = ROWS_AHEAD
    attempts = ConnectionAttempts(CONNECT_TIMEOUT_S)

    def _connect(dialect: Any, _record: object, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
        connection = attempts.connect(lambda: dialect.connect(*arguments, **options))
        # Before anything is sent: every further round trip has a bound.
        connection.call_timeout = _milliseconds(FIRST_TIMEOUT_S)
        connection.module = "fep-daemon"  # what V$SESSION shows a DBA who looks for the holder of a lock
        return connection

    def _connected(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            for statement in _SESSION:
                cursor.execute(statement)

    event.listen(engine, "do_connect", _connect)
    event.listen(engine, "connect", _connected)
    if read_only:
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("SET TRANSACTION READ ONLY"))
    return engine


def _set_wait(connection: Connection, wait_s: float) -> None:
    # Half, so that there is time for the confirmation, or for a second try.
    driver_connection(connection).call_timeout = _milliseconds(max(WAIT_S_MIN, wait_s / 2))


def _lift_time_limit(connection: Connection) -> None:
    driver_connection(connection).call_timeout = 0


def _abandon(driver: Any) -> None:
    # A server that does not answer any more is left to the call timeout.
    with suppress(Exception):
        driver.cancel()


def _remarks(connection: Connection) -> list[str]:
    asked = "SELECT value FROM nls_database_parameters WHERE parameter = 'NLS_CHARACTERSET'"
    character_set = connection.exec_driver_sql(asked).scalar_one()
    if character_set in WHOLE_CHARACTER_SETS:
        return []
    return [
        f"it keeps characters as {character_set}: one that this lacks, in a name or an address, is stored as another"
    ]


def _milliseconds(seconds: float) -> int:
    return round(min(seconds, 86_400.0) * 1000)


def _insert_if_new(table: Table) -> Insert:
    # Oracle has no ON CONFLICT, and its hint IGNORE_ROW_ON_DUPKEY_INDEX wants one index and knows no executemany.
    return insert(table)


def _execute_if_new(cursor: Any, dialect: Dialect, text: str, rows: Sequence[Values]) -> None:
    # ``rowcount`` is the sum over the rows that went in: the drivers' own tests say so.
    cursor.executemany(text, rows, batcherrors=True)
    for error in cursor.getbatcherrors():
        if error.code != UNIQUE_VIOLATED:
            raise _dbapi(dialect).DatabaseError(error)


def _dbapi(dialect: Dialect) -> Any:
    """Return the driver's module."""
    assert dialect.dbapi is not None
    return dialect.dbapi


ORACLE = Backend(
    open=_open,
    set_wait=_set_wait,
    # Six digits of a second: a cast to three would round up, into the next clearing date. The gate cuts.
    clock_statement="SELECT CAST(SYSTIMESTAMP AT TIME ZONE 'Asia/Shanghai' AS TIMESTAMP(6)) FROM dual",
    money_lanes=4,
    read_lanes=2,
    lift_time_limit=_lift_time_limit,
    read_at_length=_lift_time_limit,
    abandon=_abandon,
    remarks=_remarks,
    insert_if_new=_insert_if_new,
    execute_if_new=_execute_if_new,
    has_shared_locks=False,
)
