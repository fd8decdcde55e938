"""Prepared statements 预编译语句: a Core statement compiled once for each engine and run with many tuples at once.

SQLAlchemy's own executemany builds a dictionary and looks at each value of each row, which costs more than SQLite needs
to store it. The text is SQLAlchemy's, so the code path stays the portable one; values are given as the driver takes
them (``column_types`` has the functions).
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Update

Values = tuple[Any, ...]


class Prepared:
    """One INSERT or UPDATE.

    Args:
        build: dialect name to the statement.
        names: the parameters (columns of an INSERT), in the order of the tuples.
    """

    def __init__(self, build: Callable[[str], Insert | Update], names: Sequence[str]) -> None:
        self._build = build
        self._names = tuple(names)
        self._compiled: dict[str, tuple[str, Callable[[list[Values]], Any]]] = {}

    def run(self, connection: Connection, rows: list[Values]) -> int:
        """Run the statement for each of ``rows`` and return how many rows it inserted or updated in all."""
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = self._compile(dialect)
        text, arrange = compiled
        return connection.exec_driver_sql(text, arrange(rows), {"preserve_rowcount": True}).rowcount

    def _compile(self, dialect: Dialect) -> tuple[str, Callable[[list[Values]], Any]]:
        compiled = self._build(dialect.name).compile(dialect=dialect, column_keys=list(self._names))
        order: Sequence[str] | None = getattr(compiled, "positiontup", None)
        names = self._names
        if order is None:
            return str(compiled), lambda rows: [dict(zip(names, row, strict=True)) for row in rows]
        if tuple(order) == names:
            return str(compiled), lambda rows: rows
        pick = itemgetter(*(names.index(name) for name in order))
        return str(compiled), lambda rows: list(map(pick, rows))
