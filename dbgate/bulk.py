"""Bulk loading 批量装载: accounts and bills by the million, from CSV files or from a generator of rows.

A file is read and checked whole before the database is locked; then all of it is stored in one transaction, or nothing.
Loading the same file again changes nothing: a row is known by its key, and equal or changed by the digest of what was
loaded, whatever has been paid since.
"""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Table
from sqlalchemy.exc import SQLAlchemyError

from dbgate import rows
from dbgate.books.outbox import NO_TARGETS, Outbox, PushTargets
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable, LoadRefused
from dbgate.faults import label_of
from dbgate.forms import Values
from dbgate.load_check import PlaceOf, Progress, check, digests
from dbgate.load_file import LoadFile
from dbgate.load_kinds import ACCOUNTS, BALANCE_INDEX, BILLS, Kind
from dbgate.numbers import FEP_SERIAL, fep_serial_of, take_block
from dbgate.opening import opening_of
from dbgate.prepared import InsertRows
from dbgate.staging import Staging
from dbgate.tables import payments
from dbgate.trip import run, translated
from dbgate.wanted import in_chunks

STORE_CHUNK = 5_000
"""Rows handed to the driver at once: a few megabytes, and more would not be faster."""

LOCK_WAIT_S = 60.0
"""How long a load waits for the right to write: batches of money work hold it for milliseconds."""

_UNFIT_TEXT = "a text has a character that the database does not hold"
_UNTRANSLATABLE = "22P05"
"""SQLSTATE untranslatable_character: the server found it, for the driver sends text in another encoding."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did: ``new_count`` rows were stored, ``repeated_count`` were there already."""

    kind: str
    new_count: int
    repeated_count: int


class CheckedFile:
    """A file all of whose rows are right: staged, and ready to be stored in each of its databases by itself."""

    def __init__(self, kind: Kind, databases: Sequence[Database], staging: Staging, repeated_counts: list[int]) -> None:
        self._kind = kind
        self._databases = databases
        self._staging = staging
        self._repeated_counts = repeated_counts

    @property
    def kind(self) -> str:
        """What it has: ``accounts`` or ``bills``."""
        return self._kind.name

    def account_nos(self, place_of: PlaceOf, place: int) -> Iterator[str]:
        """Yield the accounts of all its bills, loaded before or not, that belong to the ``place``-th database.

        In order, each once; none for a file of accounts.
        """
        if self._kind.account_index is not None:
            yield from (each for each in self._staging.texts(self._kind.account_index) if place_of(each) == place)

    def store(self, place: int, targets: PushTargets = NO_TARGETS) -> Loaded:
        """Store what is new to the ``place``-th database, from 0, in one transaction.

        Bills are written down to be pushed where the account has a mandate at one of the banks in ``targets``.

        Raises:
            LoadRefused: another load stored some of these rows meanwhile; nothing was stored in this database.
            DatabaseUnavailable: the database refused; nothing was stored in it.
        """
        database, kind, staging = self._databases[place], self._kind, self._staging
        new_count = staging.count_new(place)
        openings = staging.count_new(place, f"v{BALANCE_INDEX} <> 0") if kind is ACCOUNTS else 0
        if new_count:
            serials = _draw(database, openings)
            with _transaction(database) as connection:
                _store(connection, kind, staging.new_rows(place), serials, database, targets)
        return Loaded(kind.name, new_count, self._repeated_counts[place])


@contextmanager
def checked_file(
    databases: Sequence[Database], place_of: PlaceOf, path: Path, progress: Progress | None = None
) -> Iterator[CheckedFile]:
    """Read and check one CSV file of accounts or bills; its header row says which.

    Args:
        databases: all that its rows may belong to.
        place_of: the index of the database that an account number belongs to.
        path: the file.
        progress: is told how far the check has come.

    Raises:
        LoadRefused: rows are bad; nothing was loaded. The message lists lines and reasons.
        DatabaseUnavailable: a database cannot be asked; nothing was loaded.
        OSError: the file cannot be read.
    """
    with path.open("rb") as binary:
        file = LoadFile(binary)
        with Staging(len(file.kind.table.c)) as staging:
            repeated_counts = check(databases, place_of, file, staging, progress)
            yield CheckedFile(file.kind, databases, staging, repeated_counts)


def load_file(database: Database, path: Path, progress: Progress | None = None) -> Loaded:
    """Load one file into one database; raises as ``checked_file`` and ``CheckedFile.store``."""
    with checked_file([database], lambda _: 0, path, progress) as checked:
        return checked.store(0)


def load_rows(database: Database, kind: Kind, generated: Iterable[Values], progress: Progress | None = None) -> Loaded:
    """Load generated rows that need no checking: tuples of the file's columns, as ``Kind.columns`` would parse them.

    Rows whose key is there already are left as they are and counted. One transaction.

    Raises:
        LoadRefused: another load stored one of the rows meanwhile; nothing was loaded.
        DatabaseUnavailable: the database refused; nothing was loaded.
    """
    new_count = row_count = 0
    with _transaction(database) as connection:
        for chunk in in_chunks(generated, STORE_CHUNK):
            row_count += len(chunk)
            known = digests(connection, kind, [row[0] for row in chunk])
            new = [kind.stored(row) for row in chunk if row[0] not in known]
            openings = sum(row[BALANCE_INDEX] != 0 for row in new) if kind is ACCOUNTS else 0
            block = take_block(connection, FEP_SERIAL, openings) if openings else range(0)
            serials = (fep_serial_of(database.database_no, number) for number in block)
            _store(connection, kind, new, serials, database)
            new_count += len(new)
            if progress is not None:
                progress(row_count, 0)
    return Loaded(kind.name, new_count, row_count - new_count)


def _store(
    connection: Connection,
    kind: Kind,
    stored: Iterable[Values],
    serials: Iterator[int],
    database: Database,
    targets: PushTargets = NO_TARGETS,
) -> None:
    """Store the rows, the OPEN movement of each balance, and what is to be pushed of them.

    Nobody else may have loaded one of them meanwhile.
    """
    now = database.now(connection)
    outbox = Outbox(connection, targets if kind is BILLS else NO_TARGETS, now)
    for chunk in in_chunks(stored, STORE_CHUNK):
        _store_new(connection, kind.table, kind.insert, chunk, database)
        if kind is ACCOUNTS:
            opened = [opening_of(row, next(serials), now) for row in chunk if row[BALANCE_INDEX] != 0]
            _store_new(connection, payments, rows.INSERT_PAYMENTS, opened, database)
        outbox.add(chunk)


def _store_new(connection: Connection, table: Table, insert: InsertRows, new: list[Values], database: Database) -> None:
    """Store rows all of whose keys must be free, by the quickest way that the engine has."""
    if not new:
        return
    copy_rows = database.backend.copy_rows
    if copy_rows is None:
        were_free = run(connection, insert, new).count == len(new)
    else:
        with translated(connection):
            were_free = copy_rows(connection, table, new)
    if not were_free:
        raise LoadRefused("another load stored some of these rows meanwhile; nothing was loaded, load again")


def _draw(database: Database, count: int) -> Iterator[int]:
    """Draw fep_serials in a transaction of its own; an aborted load leaves a gap."""
    if count == 0:
        return iter(())
    with _transaction(database) as connection:
        block = take_block(connection, FEP_SERIAL, count)
    return (fep_serial_of(database.database_no, number) for number in block)


@contextmanager
def _transaction(database: Database) -> Iterator[Connection]:
    connection = database.connect(money=True)
    try:
        with database.begin(connection, time.monotonic() + LOCK_WAIT_S):
            database.backend.lift_time_limit(connection)
            yield connection
    except (SQLAlchemyError, sqlite3.Error, UnicodeError) as error:
        if isinstance(error, UnicodeError) or getattr(getattr(error, "orig", None), "sqlstate", "") == _UNTRANSLATABLE:
            # The error's own text would quote a part of a customer's name.
            raise LoadRefused(f"nothing was loaded: {_UNFIT_TEXT}") from None
        raise DatabaseUnavailable(f"nothing was loaded: {label_of(error)}") from None
    finally:
        connection.close()
