"""What an engine is to the gate 引擎接口: one ``Backend`` for each; everything else is one code path.

Money transactions begin with the right to write, read transactions are one read-only snapshot.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, Insert, NullPool, Table, create_engine

LOCK_WAIT_S = 2
"""How long a statement of a server engine waits for a lock; well inside ``db_timeout`` (10 s)."""

FileIdentity = tuple[int, int]
"""Device and inode of a database file."""

Values = tuple[Any, ...]
"""Values of one row, as the driver takes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """What is particular about one engine.

    Attributes:
        open: (url, read_only) to an Engine whose transactions begin as they should.
        set_wait: before a transaction begins: how many seconds it may wait, for locks and for answers.
        clock_statement: SQL that tells the wall clock in Asia/Shanghai; None: the machine's clock is the database's.
        insert_if_new: table to an INSERT that leaves rows alone whose key is taken, as far as the engine can say so.
        execute_if_new: runs the text of such an INSERT on a driver's cursor for all rows; ``rowcount`` then tells how
            many it inserted.
        copy_rows: stores rows in a table by a quicker way than INSERT and tells whether all their keys were free; when
            one was not, nothing is stored and the transaction is lost. None: there is no such way.
        lift_time_limit: in a transaction that migrates or loads: its statements may take as long as they need, but
            they wait for locks no longer than others.
        read_at_length: in a transaction that reads whole tables for a report: likewise, and statements are planned for
            many rows.
        money_lanes: transactions that may usefully run at the same time.
        read_lanes: likewise for reading.
        remarks: what about this server an operator should know before he relies on it, read in a transaction.
        encoding: Python's name of the encoding in which the driver sends text; what it lacks cannot be stored.
        abandon: a driver's connection, from another thread: what it waits for ends at once, with an error; nothing for
            engines that wait on no network.
        pause_s: what a lane leaves between two batches, so that another daemon may begin.
        has_shared_locks: several transactions may hold a lock on the same row (FOR SHARE), or one lock holds off all.
        runs_in_process: its statements are work of this process, and between BEGIN and COMMIT they wait for nobody.
        file_identity: of its file, None when that has gone. In WAL mode SQLite does not notice that its file was moved
            away or replaced, and would commit into what nobody will ever open again.
        room_bytes: what the disk of its file has left for this user; None: the server looks after its own disk.
    """

    open: Callable[[URL, bool], Engine]
    set_wait: Callable[[Connection, float], None]
    clock_statement: str | None
    insert_if_new: Callable[[Table], Insert]
    execute_if_new: Callable[[Any, Dialect, str, Sequence[Values]], None]
    money_lanes: int
    read_lanes: int = 1
    remarks: Callable[[Connection], list[str]] = lambda connection: []
    copy_rows: Callable[[Connection, Table, Iterable[Values]], bool] | None = None
    lift_time_limit: Callable[[Connection], None] = lambda connection: None
    read_at_length: Callable[[Connection], None] = lambda connection: None
    encoding: Callable[[Connection], str] = lambda connection: "utf-8"
    abandon: Callable[[Any], None] = lambda driver: None
    pause_s: float = 0.0
    has_shared_locks: bool = True
    runs_in_process: bool = False
    file_identity: Callable[[URL], FileIdentity | None] | None = None
    room_bytes: Callable[[URL], int] | None = None


def open_engine(url: URL, **options: Any) -> Engine:
    """Return an Engine without a pool, for each lane keeps its one connection.

    Parameters name customers, so no error text may show them.

    Raises:
        ImportError: the driver is not installed, or lacks a part of its own.
    """
    return create_engine(url, poolclass=NullPool, hide_parameters=True, **options)


def driver_connection(connection: Connection) -> Any:
    """Return the driver's own connection, for what SQLAlchemy does not pass on."""
    return connection.connection.dbapi_connection


def execute_many(cursor: Any, dialect: Dialect, text: str, rows: Sequence[Values]) -> None:
    """Run ``text`` for all rows."""
    cursor.executemany(text, rows)
