"""Database 数据库: one billing database, its engines, its clock and its transactions."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, RootTransaction, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from dbgate.backends.base import LOCK_WAIT_S, FileIdentity
from dbgate.backends.registry import BACKENDS, driver_of
from dbgate.clock import SystemClock, system_clock
from dbgate.errors import DatabaseUnavailable
from dbgate.faults import label_of
from dbgate.trip import Trip

ENGINES_SERVED = "this version serves SQLite, PostgreSQL and Oracle"
MALFORMED = "the database URL is malformed: expected postgresql+psycopg://user@host:5432/name"

ROOM_BYTES_MIN = 8 << 20
"""What a batch of SQLite's may write ahead: 128 payments, some ten pages of 4 KiB each, with as much again to spare."""


class DatabaseUnserved(DatabaseUnavailable):
    """An engine that this installation cannot use: not served, or its driver is missing; waiting mends nothing."""


class Database:
    """One billing database.

    Args:
        url: SQLAlchemy's URL, e.g. ``sqlite:///fep.db``.
        database_no: 1 to 99; fep_serial and invoice_no begin with it.
        name: what the configuration calls it, for log lines; empty where nobody has said.
        clock: the clock where the engine has none of its own (SQLite), naive Asia/Shanghai; tests move time by it.

    Raises:
        DatabaseUnavailable: the URL is malformed.
        DatabaseUnserved: it names an engine that is not supported, or one whose driver is not installed.
    """

    def __init__(self, url: str, *, database_no: int = 1, name: str = "", clock: SystemClock = system_clock) -> None:
        if not 1 <= database_no <= 99:
            raise ValueError(f"database_no is 1 to 99, not {database_no}")
        try:
            parsed = make_url(url)
        except (ArgumentError, ValueError):
            # The text of the error would show the URL, and its password.
            raise DatabaseUnavailable(MALFORMED) from None
        backend = BACKENDS.get(parsed.get_backend_name())
        if backend is None:
            raise DatabaseUnserved(f"no support for {parsed.get_backend_name()}; {ENGINES_SERVED}")
        self.database_no = database_no
        self.name = name
        self.backend = backend
        self._clock = clock
        self._kept: Connection | None = None
        try:
            self.money_engine: Engine = backend.open(parsed, False)
            self.read_engine: Engine = backend.open(parsed, True)
        except (ArgumentError, ValueError):
            raise DatabaseUnavailable(MALFORMED) from None
        except ImportError as error:
            raise DatabaseUnserved(_driver_missing(driver_of(parsed), error)) from None

    @property
    def about(self) -> dict[str, Any]:
        """What a log line says of it: its number, and its name where it has one."""
        return {"database_no": self.database_no} | ({"database": self.name} if self.name else {})

    def now(self, connection: Connection) -> datetime:
        """Read the database clock: naive Asia/Shanghai, cut to milliseconds as it is stored."""
        trip = Trip(connection)
        clock = self.ask_clock(trip)
        trip.go()
        return clock()

    def ask_clock(self, trip: Trip) -> Callable[[], datetime]:
        """Add the reading of the clock to ``trip``; what is returned gives ``now`` once the trip has been made."""
        statement = self.backend.clock_statement
        if statement is None:
            return lambda: _cut(self._clock())
        reply = trip.ask_text(statement)
        return lambda: _cut(reply.rows[0][0])

    def connect(self, *, money: bool) -> Connection:
        """Open a connection for money work or for reading; DatabaseUnavailable when there is none to be had."""
        engine = self.money_engine if money else self.read_engine
        try:
            return engine.connect()
        except DBAPIError as error:
            raise DatabaseUnavailable(f"cannot connect: {label_of(error)}") from None

    def keep_open(self) -> None:
        """Hold a connection that nobody uses, where the database is a file, until ``let_go``.

        SQLite takes its write-ahead log away with the last connection. On a disk that is full by then the next one
        could not make it again, not even to read.

        Raises:
            DatabaseUnavailable: there is none to be had.
        """
        if self.backend.file_identity is not None and self._kept is None:
            self._kept = self.connect(money=False)

    def let_go(self) -> None:
        """Close what ``keep_open`` holds."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def remarks(self) -> list[str]:
        """Return what about the server an operator should know before he relies on it.

        Raises:
            DatabaseUnavailable: it cannot be asked.
        """
        try:
            with self.connect(money=False) as connection, self.begin(connection, time.monotonic() + LOCK_WAIT_S):
                return self.backend.remarks(connection)
        except DBAPIError as error:
            raise DatabaseUnavailable(f"the server's settings cannot be read: {label_of(error)}") from None

    def file_identity(self) -> FileIdentity | None:
        """Return what the database's file is right now; None for engines without one.

        Raises:
            DatabaseUnavailable: the file has gone.
        """
        if self.backend.file_identity is None:
            return None
        identity = self.backend.file_identity(self.money_engine.url)
        if identity is None:
            raise DatabaseUnavailable("the database file has gone")
        return identity

    def require_room(self) -> None:
        """Raise DatabaseUnavailable when the disk of the database's file may not hold one more batch.

        A COMMIT that meets the end of the disk is of unknown outcome; one that is not begun is not.
        """
        if self.backend.room_bytes is None:
            return
        try:
            room_bytes = self.backend.room_bytes(self.money_engine.url)
        except OSError:
            return  # the file has gone, which whoever looks at its identity says
        if room_bytes < ROOM_BYTES_MIN:
            raise DatabaseUnavailable(f"the disk of the database has less than {ROOM_BYTES_MIN >> 20} MiB left")

    def begin(self, connection: Connection, deadline: float) -> RootTransaction:
        """Begin a transaction that waits, for locks and answers, until ``deadline`` (``time.monotonic()``) at most."""
        self.backend.set_wait(connection, deadline - time.monotonic())
        return connection.begin()

    def dispose(self) -> None:
        """Let go of whatever the engines hold."""
        self.let_go()
        self.money_engine.dispose()
        self.read_engine.dispose()


def _cut(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _driver_missing(requirement: str, error: ImportError) -> str:
    """Name the driver and its remedy; a driver may be there and lack a part of its own (psycopg without libpq)."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        problem = f"the driver {error.name} is not installed"
    else:
        problem = f"the driver cannot be imported ({str(error).partition(chr(10))[0]})"
    return f"{problem}; pip install '{requirement}'"
