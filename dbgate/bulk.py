"""Bulk loading 批量装载: accounts and bills by the million, from CSV files or from a generator of rows.

A file is read and checked whole before the database is locked; then all of it is stored in one transaction, or nothing.
Loading the same file again changes nothing: a row is known by its key, and equal or changed by the digest of what was
loaded, whatever has been paid since.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, bindparam, select
from sqlalchemy.exc import SQLAlchemyError

from dbgate import rows
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable, LoadRefused
from dbgate.faults import label_of
from dbgate.forms import IN_LIST_MAX, Values
from dbgate.load_file import BadRow, GoodRow, LoadFile
from dbgate.load_kinds import ACCOUNTS, BALANCE_INDEX, Kind
from dbgate.numbers import FEP_SERIAL, fep_serial_of, take_block
from dbgate.opening import opening_of
from dbgate.prepared import InsertRows
from dbgate.staging import Staging
from dbgate.tables import accounts, payments
from dbgate.trip import run, translated
from dbgate.wanted import in_chunks

BAD_ROWS_SHOWN = 50
"""Bad rows that are listed; the rest are counted. Whoever has more than a screenful has one mistake in all of them."""

STORE_CHUNK = 5_000
"""Rows handed to the driver at once: a few megabytes, and more would not be faster."""

LOCK_WAIT_S = 60.0
"""How long a load waits for the right to write: batches of money work hold it for milliseconds."""

Progress = Callable[[int, int], None]
"""(rows done, bytes done)."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did: ``new_count`` rows were stored, ``repeated_count`` were there already."""

    kind: str
    new_count: int
    repeated_count: int


@dataclass(slots=True)
class _BadRows:
    shown: list[tuple[int, str]] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, reason: str) -> None:
        self.count += 1
        if len(self.shown) < BAD_ROWS_SHOWN:
            self.shown.append((line, reason))


def load_file(database: Database, path: Path, progress: Progress | None = None) -> Loaded:
    """Load one CSV file of accounts or bills; its header row says which.

    Raises:
        LoadRefused: rows are bad; nothing was loaded. The message lists lines and reasons.
        DatabaseUnavailable: the database refused; nothing was loaded.
        OSError: the file cannot be read.
    """
    with path.open("rb") as binary:
        file = LoadFile(binary)
        with Staging(len(file.kind.table.c)) as staging:
            repeated_count = _check(database, file, staging, progress)
            new_count = staging.count_new()
            openings = staging.count_new(f"v{BALANCE_INDEX} <> 0") if file.kind is ACCOUNTS else 0
            serials = _draw(database, openings)
            with _transaction(database) as connection:
                _store(connection, file.kind, staging.new_rows(), serials, database)
    return Loaded(file.kind.name, new_count, repeated_count)


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
            known = _digests(connection, kind, [row[0] for row in chunk])
            new = [kind.stored(row) for row in chunk if row[0] not in known]
            openings = sum(row[BALANCE_INDEX] != 0 for row in new) if kind is ACCOUNTS else 0
            block = take_block(connection, FEP_SERIAL, openings) if openings else range(0)
            serials = (fep_serial_of(database.database_no, number) for number in block)
            _store(connection, kind, new, serials, database)
            new_count += len(new)
            if progress is not None:
                progress(row_count, 0)
    return Loaded(kind.name, new_count, row_count - new_count)


def _check(database: Database, file: LoadFile, staging: Staging, progress: Progress | None) -> int:
    """Stage the rows of a file, and return how many of them were loaded before; LoadRefused when any is bad."""
    bad = _BadRows()
    row_count = repeated_count = 0
    with _reading(database) as connection:
        for chunk in in_chunks(file, IN_LIST_MAX):
            for row in chunk:
                if isinstance(row, BadRow):
                    bad.add(row.line, row.reason)
            good = [row for row in chunk if isinstance(row, GoodRow)]
            repeated_count += _check_chunk(connection, file.kind, good, staging, bad)
            # Each chunk sees the database in a short snapshot: a long one would keep the log from being cleared.
            connection.rollback()
            row_count += len(chunk)
            if progress is not None:
                progress(row_count, file.bytes_read)
    if bad.count:
        lines = [f"line {line}: {reason}" for line, reason in sorted(bad.shown)]
        if bad.count > len(bad.shown):
            lines.append(f"and {bad.count - len(bad.shown)} more")
        summary = f"{bad.count} of {row_count} rows of this file of {file.kind.name} are bad; nothing was loaded"
        raise LoadRefused("\n".join([summary, *lines]), sorted(bad.shown), bad.count)
    return repeated_count


def _check_chunk(connection: Connection, kind: Kind, good: Sequence[GoodRow], staging: Staging, bad: _BadRows) -> int:
    known = _digests(connection, kind, [row.values[0] for row in good])
    missing = _missing_accounts(connection, kind, good)
    to_stage = []
    for row in good:
        stored = kind.stored(row.values)
        digest = known.get(row.values[0])
        if digest is not None and digest != stored[-1]:
            bad.add(row.line, "differs from what was loaded before under the same key")
        elif kind.account_index is not None and row.values[kind.account_index] in missing:
            bad.add(row.line, "account_no is not known")
        else:
            to_stage.append((row.line, stored, digest is None))
    for line, first in staging.add(to_stage):
        bad.add(line, f"has the same key as line {first}")
    return sum(not is_new for _, _, is_new in to_stage)


def _digests(connection: Connection, kind: Kind, keys: Sequence[str]) -> dict[str, int]:
    """Return the digests of those ``keys`` that the database has."""
    key = kind.table.columns[next(iter(kind.columns))]
    statement = select(key, kind.table.c.load_digest).where(key.in_(bindparam("items", expanding=True)))
    found: dict[str, int] = {}
    for chunk in in_chunks(keys):
        found.update((row[0], row[1]) for row in connection.execute(statement, {"items": chunk}))
    return found


_KNOWN_ACCOUNTS = select(accounts.c.account_no).where(accounts.c.account_no.in_(bindparam("items", expanding=True)))


def _missing_accounts(connection: Connection, kind: Kind, good: Sequence[GoodRow]) -> set[str]:
    if kind.account_index is None:
        return set()
    named = {row.values[kind.account_index] for row in good}
    missing = set(named)
    for chunk in in_chunks(sorted(named)):
        missing.difference_update(connection.execute(_KNOWN_ACCOUNTS, {"items": chunk}).scalars())
    return missing


def _store(
    connection: Connection,
    kind: Kind,
    stored: Iterable[Values],
    serials: Iterator[int],
    database: Database,
) -> None:
    """Store the rows, and the OPEN movement of each balance; nobody else may have loaded one of them meanwhile."""
    now = database.now(connection)
    for chunk in in_chunks(stored, STORE_CHUNK):
        _store_new(connection, kind.table, kind.insert, chunk, database)
        if kind is ACCOUNTS:
            opened = [opening_of(row, next(serials), now) for row in chunk if row[BALANCE_INDEX] != 0]
            _store_new(connection, payments, rows.INSERT_PAYMENTS, opened, database)


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
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise DatabaseUnavailable(f"nothing was loaded: {label_of(error)}") from None
    finally:
        connection.close()


@contextmanager
def _reading(database: Database) -> Iterator[Any]:
    connection = database.connect(money=False)
    try:
        yield connection
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise DatabaseUnavailable(f"nothing was loaded: {label_of(error)}") from None
    finally:
        connection.close()
