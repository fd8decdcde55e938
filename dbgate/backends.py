"""Backends 数据库引擎: what differs between engines: how they connect, begin, lock, wait and tell the time.

Everything else is one code path. Money transactions begin with the right to write, read transactions are one read-only
snapshot.
"""

import os
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event

from dbgate.errors import DatabaseUnavailable

SHANGHAI = timezone(timedelta(hours=8))
"""Asia/Shanghai: no daylight saving time since 1991; needs no time zone database on the machine."""

LOCK_WAIT_S = 2
"""How long a statement of a server engine waits for a lock; well inside ``db_timeout`` (10 s)."""

SystemClock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the machine's wall clock in Asia/Shanghai, naive."""
    return datetime.now(SHANGHAI).replace(tzinfo=None)


FileIdentity = tuple[int, int]
"""Device and inode of a database file."""


@dataclass(frozen=True, slots=True)
class Backend:
    """What is particular about one engine.

    Attributes:
        open: (url, read_only) to an Engine whose transactions begin as they should.
        set_wait: before a money transaction begins: how many seconds it may wait for locks.
        clock_statement: SQL that tells the wall clock in Asia/Shanghai; None: the machine's clock is the database's.
        money_lanes: transactions that may usefully run at the same time.
        pause_s: what a lane leaves between two batches, so that another daemon may begin.
        file_identity: of its file, None when that has gone. In WAL mode SQLite does not notice that its file was moved
            away or replaced, and would commit into what nobody will ever open again.
        runs_in_process: its statements are work of this process, and between BEGIN and COMMIT they wait for nobody.
    """

    open: Callable[[URL, bool], Engine]
    set_wait: Callable[[Connection, float], None]
    clock_statement: str | None
    money_lanes: int
    pause_s: float
    runs_in_process: bool
    file_identity: Callable[[URL], FileIdentity | None] | None = None


def _open(url: URL, **options: Any) -> Engine:
    # No pool: each lane keeps its one connection. Parameters name customers, so no error text may show them.
    return create_engine(url, poolclass=NullPool, hide_parameters=True, **options)


# --- SQLite


def _open_sqlite(url: URL, read_only: bool) -> Engine:
    if not url.database or url.database == ":memory:":
        raise DatabaseUnavailable("SQLite needs a file: a database in memory is lost with the process")
    # mode=rw: SQLite makes the file that it does not find, and a daemon whose database was moved away would go on with
    # an empty one; only schema.upgrade makes it. isolation_level None: the driver begins nothing by itself.
    uri = f"file:{quote(str(Path(url.database).absolute()))}?mode=rw"
    engine = _open(
        url,
        creator=lambda: sqlite3.connect(
            uri, uri=True, isolation_level=None, check_same_thread=False, cached_statements=512
        ),
    )
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    def _connected(connection: Any, _record: object) -> None:
        # 5 s: only another daemon's first switch to WAL, or a recovery after a crash, is waited for here.
        connection.execute("PRAGMA busy_timeout = 5000")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA query_only = {int(read_only)}")

    def _begin(connection: Connection) -> None:
        _driver_connection(connection).execute(begin)

    event.listen(engine, "connect", _connected)
    event.listen(engine, "begin", _begin)
    return engine


def _file_identity_sqlite(url: URL) -> FileIdentity | None:
    try:
        status = os.stat(url.database or "")
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _set_wait_sqlite(connection: Connection, wait_s: float) -> None:
    # At least 1 ms: 0 would not try twice. At most a day: SQLite counts milliseconds in 32 bits.
    wait_ms = ceil(max(0.001, min(wait_s, 86_400.0)) * 1000)
    _driver_connection(connection).execute(f"PRAGMA busy_timeout = {wait_ms}")


def _driver_connection(connection: Connection) -> Any:
    return connection.connection.dbapi_connection


# --- PostgreSQL


def _open_postgresql(url: URL, read_only: bool) -> Engine:
    if not read_only:
        # lock_timeout counts each wait, so statement_timeout bounds their sum.
        waits = f"-c lock_timeout={LOCK_WAIT_S}s -c statement_timeout={2 * LOCK_WAIT_S}s"
        return _open(url, isolation_level="READ COMMITTED", connect_args={"options": waits})
    engine = _open(url, isolation_level="REPEATABLE READ")
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("SET TRANSACTION READ ONLY"))
    return engine


def _set_no_wait(connection: Connection, wait_s: float) -> None:
    """Leave the waits as they were set when the connection was opened."""


BACKENDS: Mapping[str, Backend] = {
    "sqlite": Backend(
        open=_open_sqlite,
        set_wait=_set_wait_sqlite,
        clock_statement=None,
        money_lanes=1,
        # The busy handler of SQLite sleeps between its tries, so a daemon that begins again at once starves the others.
        pause_s=0.001,
        runs_in_process=True,
        file_identity=_file_identity_sqlite,
    ),
    "postgresql": Backend(
        open=_open_postgresql,
        set_wait=_set_no_wait,
        clock_statement="SELECT date_trunc('milliseconds', clock_timestamp() AT TIME ZONE 'Asia/Shanghai')",
        money_lanes=4,
        pause_s=0.0,
        runs_in_process=False,
    ),
}
