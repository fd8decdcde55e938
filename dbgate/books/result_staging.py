"""Result staging 回盘暂存: the rows of a debit result, on disk and by number, while they are compared and posted.

A scratch database of SQLite's that vanishes with the process, as ``dbgate.staging`` is: banks return rows in any order,
and a million of them need not be held in memory.
"""

import sqlite3
from collections.abc import Iterator
from types import TracebackType
from typing import NamedTuple, Self


class StagedRow(NamedTuple):
    """One row of a debit result.

    Attributes:
        row_no: as listed.
        line: of the file, for whoever has to be told what is wrong with it.
        place: index of the database that its account stands in.
        debit_date: integer YYYYMMDD, None in a row that was not debited, as ``debit_serial``.
    """

    row_no: int
    line: int
    place: int
    account_no: str
    name: str
    passbook: str
    month: int
    seq: int
    bill_no: str
    principal_fen: int
    late_fee_fen: int
    result: str
    debited_fen: int
    debit_date: int | None
    debit_serial: str | None


_COLUMNS = ", ".join(StagedRow._fields)
_MARKS = ", ".join("?" * len(StagedRow._fields))


class ResultStaging:
    """Rows by their number; a context manager."""

    def __init__(self) -> None:
        # An empty name: a private file that SQLite removes at once; its cache is the default of 2 MB.
        self._scratch = sqlite3.connect("", isolation_level=None)
        typed = _COLUMNS.replace("row_no", "row_no INTEGER PRIMARY KEY", 1)
        self._scratch.execute(f"CREATE TABLE staged ({typed})")
        # NULLs are all different: rows that were not debited have no identity.
        self._scratch.execute("CREATE UNIQUE INDEX identity ON staged (debit_date, debit_serial)")
        self._insert = f"INSERT OR IGNORE INTO staged VALUES ({_MARKS})"  # noqa: S608 - our own names
        self._select = f"SELECT {_COLUMNS} FROM staged WHERE "  # noqa: S608 - our own names
        self._scratch.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._scratch.close()

    def add(self, row: StagedRow) -> StagedRow | None:
        """Stage a row; return the one that has its number or its identity already, None when it is the first."""
        if self._scratch.execute(self._insert, row).rowcount == 1:
            return None
        same = "row_no = ? OR (debit_date = ? AND debit_serial = ?)"
        found = self._scratch.execute(self._select + same, (row.row_no, row.debit_date, row.debit_serial)).fetchone()
        return StagedRow(*found)

    def row(self, row_no: int) -> StagedRow | None:
        """Return the row of that number, None when there is none."""
        found = self._scratch.execute(self._select + "row_no = ?", (row_no,)).fetchone()
        return None if found is None else StagedRow(*found)

    def rows_of(self, place: int) -> Iterator[StagedRow]:
        """Yield the rows of a database by number, which is by account."""
        for found in self._scratch.execute(self._select + "place = ? ORDER BY row_no", (place,)):
            yield StagedRow(*found)
