"""Load check 装载检查: reads a file whole and stages what is new, or says what is wrong with which row.

Each row is checked against the database that its account belongs to; nothing is locked and nothing stored yet.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable, LoadRefused
from dbgate.faults import label_of
from dbgate.forms import IN_LIST_MAX
from dbgate.load_file import BadRow, GoodRow, LoadFile
from dbgate.load_kinds import Kind
from dbgate.prepared import Statement
from dbgate.staging import Staging
from dbgate.tables import accounts
from dbgate.trip import run
from dbgate.wanted import in_chunks

BAD_ROWS_SHOWN = 50
"""Bad rows that are listed; the rest are counted. Whoever has more than a screenful has one mistake in all of them."""

Progress = Callable[[int, int], None]
"""(rows done, bytes done)."""

PlaceOf = Callable[[str], int | None]
"""The index of the database that an account number belongs to, None when it belongs to none."""


@dataclass(slots=True)
class _BadRows:
    shown: list[tuple[int, str]] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, reason: str) -> None:
        self.count += 1
        if len(self.shown) < BAD_ROWS_SHOWN:
            self.shown.append((line, reason))

    def refuse_any(self, row_count: int, kind: Kind) -> None:
        """Raise LoadRefused when there is one."""
        if not self.count:
            return
        lines = [f"line {line}: {reason}" for line, reason in sorted(self.shown)]
        if self.count > len(self.shown):
            lines.append(f"and {self.count - len(self.shown)} more")
        summary = f"{self.count} of {row_count} rows of this file of {kind.name} are bad; nothing was loaded"
        raise LoadRefused("\n".join([summary, *lines]), sorted(self.shown), self.count)


def check(
    databases: Sequence[Database], place_of: PlaceOf, file: LoadFile, staging: Staging, progress: Progress | None
) -> list[int]:
    """Stage the rows of a file; return how many of them were loaded before, for each database.

    Raises:
        LoadRefused: rows are bad.
        DatabaseUnavailable: a database cannot be asked.
    """
    bad = _BadRows()
    row_count = 0
    repeated_counts = [0] * len(databases)
    with ExitStack() as stack:
        connections = [stack.enter_context(_reading(database)) for database in databases]
        for chunk in in_chunks(file, IN_LIST_MAX):
            for place, rows in enumerate(_by_place(chunk, file.kind, place_of, len(databases), bad)):
                repeated_counts[place] += _check_rows(
                    databases[place], connections[place], file.kind, rows, place, staging, bad
                )
            row_count += len(chunk)
            if progress is not None:
                progress(row_count, file.bytes_read)
    bad.refuse_any(row_count, file.kind)
    return repeated_counts


def _by_place(
    chunk: Sequence[GoodRow | BadRow], kind: Kind, place_of: PlaceOf, place_count: int, bad: _BadRows
) -> list[list[GoodRow]]:
    """Sort the good rows by the database that their account belongs to."""
    places: list[list[GoodRow]] = [[] for _ in range(place_count)]
    account_index = kind.account_index or 0  # the key of an account is its number
    for row in chunk:
        if isinstance(row, BadRow):
            bad.add(row.line, row.reason)
            continue
        place = place_of(row.values[account_index])
        if place is None:
            bad.add(row.line, "account_no fits the prefixes of no database")
        else:
            places[place].append(row)
    return places


def _check_rows(
    database: Database,
    connection: Connection,
    kind: Kind,
    rows: Sequence[GoodRow],
    place: int,
    staging: Staging,
    bad: _BadRows,
) -> int:
    """Stage what is new to the database; return how many rows it has already."""
    if not rows:
        return 0
    # Each chunk sees the database in a short snapshot: a long one would keep the log from being cleared.
    with connection.begin():
        known = digests(connection, kind, [row.values[0] for row in rows])
        missing = _missing_accounts(connection, kind, rows)
    to_stage = []
    encoding = database.backend.encoding(connection)
    for row in rows:
        if (column := _unfit_column(kind, row, encoding)) is not None:
            bad.add(row.line, f"{column} has a character that the database does not hold, its encoding is {encoding}")
            continue
        stored = kind.stored(row.values)
        digest = known.get(row.values[0])
        if digest is not None and digest != stored[-1]:
            bad.add(row.line, "differs from what was loaded before under the same key")
        elif kind.account_index is not None and row.values[kind.account_index] in missing:
            bad.add(row.line, "account_no is not known")
        else:
            to_stage.append((row.line, stored, place if digest is None else None))
    for line, first in staging.add(to_stage):
        bad.add(line, f"has the same key as line {first}")
    return sum(new_to is None for _, _, new_to in to_stage)


def _unfit_column(kind: Kind, row: GoodRow, encoding: str) -> str | None:
    """Return the first column whose text the encoding does not have; None: it has all of them."""
    if encoding == "utf-8":
        return None
    for column, value in zip(kind.columns, row.values, strict=True):
        try:
            str(value).encode(encoding)
        except UnicodeEncodeError:
            return column
    return None


def digests(connection: Connection, kind: Kind, keys: Sequence[str]) -> dict[str, int]:
    """Return the digests of those ``keys`` that the database has."""
    found: dict[str, int] = {}
    for chunk in in_chunks(keys):
        found.update(run(connection, kind.digests, chunk).rows)
    return found


_KNOWN_ACCOUNTS = Statement(
    "load_known_accounts",
    lambda keys: select(accounts.c.account_no).where(keys.among(accounts.c.account_no, "account_nos")),
    ("account_nos",),
    lists=("account_nos",),
)


def _missing_accounts(connection: Connection, kind: Kind, rows: Sequence[GoodRow]) -> set[str]:
    if kind.account_index is None:
        return set()
    named = {row.values[kind.account_index] for row in rows}
    missing = set(named)
    for chunk in in_chunks(sorted(named)):
        missing.difference_update(row[0] for row in run(connection, _KNOWN_ACCOUNTS, chunk).rows)
    return missing


@contextmanager
def _reading(database: Database) -> Iterator[Connection]:
    connection = database.connect(money=False)
    try:
        yield connection
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise DatabaseUnavailable(f"nothing was loaded: {label_of(error)}") from None
    finally:
        connection.close()
