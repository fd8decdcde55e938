"""Staging 暂存: the checked rows of a load file, on disk and by key, until the whole file is known to be right.

A scratch database of SQLite's that vanishes with the process, whatever the billing database is: it finds duplicates in
ten million rows without holding them in memory, and gives them back in key order, in which a load is fastest.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from dbgate.forms import Values


class Staging:
    """Rows by their first value; a context manager.

    Args:
        width: how many values a row has.
    """

    def __init__(self, width: int) -> None:
        # An empty name: a private file that SQLite removes at once; its cache is the default of 2 MB.
        self._scratch = sqlite3.connect("", isolation_level=None)
        values = ", ".join(f"v{index}" for index in range(1, width))
        marks = ", ".join("?" * (width + 2))
        self._scratch.execute(f"CREATE TABLE staged (key TEXT PRIMARY KEY, {values}, line, new_to) WITHOUT ROWID")
        self._insert = f"INSERT OR IGNORE INTO staged VALUES ({marks})"  # noqa: S608 - our own names
        self._select = f"SELECT key, {values} FROM staged WHERE new_to = ? ORDER BY key"  # noqa: S608 - our own names
        self._scratch.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._scratch.close()

    def add(self, rows: Sequence[tuple[int, Values, int | None]]) -> list[tuple[int, int]]:
        """Stage (line, values, new to which database; None: to none).

        Returns:
            (line, line of the first) of each row whose key was there already.
        """
        staged = self._scratch.executemany(self._insert, ((*values, line, new_to) for line, values, new_to in rows))
        if staged.rowcount == len(rows):
            return []
        duplicates = []
        for line, values, _ in rows:
            (first,) = self._scratch.execute("SELECT line FROM staged WHERE key = ?", values[:1]).fetchone()
            if first != line:
                duplicates.append((line, first))
        return duplicates

    def count_new(self, place: int, condition: str = "1") -> int:
        """Return how many rows that are new to a database fulfil ``condition`` (ours, never a user's)."""
        query = f"SELECT count(*) FROM staged WHERE new_to = ? AND {condition}"  # noqa: S608
        (count,) = self._scratch.execute(query, (place,)).fetchone()
        return int(count)

    def new_rows(self, place: int) -> Iterator[Values]:
        """Return the rows that are new to a database, in key order."""
        return self._scratch.execute(self._select, (place,))

    def texts(self, index: int) -> Iterator[str]:
        """Return the ``index``-th values of all rows, new or not, in order and each once; 0 is the key."""
        column = f"v{index}" if index else "key"
        found = self._scratch.execute(f"SELECT DISTINCT {column} FROM staged ORDER BY {column}")  # noqa: S608
        return (text for (text,) in found)
