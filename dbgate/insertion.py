"""Insertion 插入: INSERT that leaves rows alone whose key is taken, and counts those that it inserts.

Engines say it in different ways, and Oracle only in the driver's call (batch errors), so a statement layer that sends
texts of its own goes by these two: ``insert_if_new`` gives it the statement, ``execute_if_new`` runs the text.
"""

from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Insert, Table

from dbgate.backends.base import Values
from dbgate.backends.registry import BACKENDS


@lru_cache(maxsize=64)
def insert_if_new(table: Table, dialect: str) -> Insert:
    """Return an INSERT into ``table``; on engines that can say so it leaves rows alone whose key is taken."""
    return BACKENDS[dialect].insert_if_new(table)


def execute_if_new(cursor: Any, dialect: Dialect, text: str, rows: list[Values]) -> None:
    """Run the text of ``insert_if_new`` on a driver's cursor for all rows; ``rowcount`` is how many were inserted.

    Raises:
        The driver's own errors.
    """
    BACKENDS[dialect.name].execute_if_new(cursor, dialect, text, rows)
