"""The billing database as a DBA sees it: the only place of the system tests that opens it. 数据库旁观

Reading it proves what the wire cannot show; holding its write lock makes a database that answers late.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


def file_of(directory: Path) -> Path:
    """Return the SQLite file of a demo directory."""
    files = [path for path in directory.rglob("*") if path.is_file() and _is_sqlite(path)]
    assert len(files) == 1, files
    return files[0]


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"


@contextmanager
def write_lock(directory: Path) -> Iterator[None]:
    """Hold the write lock of the database: reads go on, nothing can be stored meanwhile."""
    with closing(sqlite3.connect(file_of(directory), isolation_level=None, timeout=20)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")


def execute(directory: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    """Run one statement, commit it and return its rows."""
    with closing(sqlite3.connect(file_of(directory), timeout=20)) as connection, connection:
        return connection.execute(statement, values).fetchall()


def columns(directory: Path, table: str) -> set[str]:
    """Return the column names of a table."""
    return {str(row[1]) for row in execute(directory, f"PRAGMA table_info({table})")}
