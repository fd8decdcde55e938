"""Insertion 插入: INSERT that leaves rows alone whose key is taken; the one place that knows how engines say it."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite

_DO_NOTHING: dict[str, Callable[[Table], Insert]] = {
    "sqlite": lambda table: sqlite.insert(table).on_conflict_do_nothing(),
    "postgresql": lambda table: postgresql.insert(table).on_conflict_do_nothing(),
}


@lru_cache(maxsize=64)
def insert_if_new(table: Table, dialect: str) -> Insert:
    """Return INSERT … ON CONFLICT DO NOTHING into ``table`` for the engine called ``dialect``."""
    return _DO_NOTHING[dialect](table).execution_options(preserve_rowcount=True)


def insert_new(connection: Connection, table: Table, parameters: list[dict[str, Any]]) -> int:
    """Insert the rows whose key is free, in their order, and return how many were."""
    result = connection.execute(insert_if_new(table, connection.dialect.name), parameters)
    return result.rowcount
