"""SQLite, the embedded engine 嵌入式数据库: a file, one writer, no clock and no server of its own."""

import os
import sqlite3
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.dialects.sqlite import insert

from dbgate.backends.base import Backend, FileIdentity, driver_connection, execute_many, open_engine
from dbgate.errors import DatabaseUnavailable


def _open(url: URL, read_only: bool) -> Engine:
    if not url.database or url.database == ":memory:":
        raise DatabaseUnavailable("SQLite needs a file: a database in memory is lost with the process")
    # mode=rw: SQLite makes the file that it does not find, and a daemon whose database was moved away would go on with
    # an empty one; only schema.upgrade makes it. isolation_level None: the driver begins nothing by itself.
    uri = f"file:{quote(str(Path(url.database).absolute()))}?mode=rw"
    engine = open_engine(
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
        driver_connection(connection).execute(begin)

    event.listen(engine, "connect", _connected)
    event.listen(engine, "begin", _begin)
    return engine


def _file_identity(url: URL) -> FileIdentity | None:
    try:
        status = os.stat(url.database or "")
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _room_bytes(url: URL) -> int:
    disk = os.statvfs(url.database or "")
    return disk.f_bavail * disk.f_frsize


def _set_wait(connection: Connection, wait_s: float) -> None:
    # At least 1 ms: 0 would not try twice. At most a day: SQLite counts milliseconds in 32 bits.
    wait_ms = ceil(max(0.001, min(wait_s, 86_400.0)) * 1000)
    driver_connection(connection).execute(f"PRAGMA busy_timeout = {wait_ms}")


SQLITE = Backend(
    open=_open,
    set_wait=_set_wait,
    clock_statement=None,
    insert_if_new=lambda table: insert(table).on_conflict_do_nothing(),
    execute_if_new=execute_many,
    money_lanes=1,
    # The busy handler of SQLite sleeps between its tries, so a daemon that begins again at once starves the others.
    pause_s=0.001,
    runs_in_process=True,
    file_identity=_file_identity,
    room_bytes=_room_bytes,
)
