"""Forms 语句写法: how an engine takes many keys, or many rows, in one statement.

| form       | many keys                       | many rows                                  | engines         |
|------------|---------------------------------|--------------------------------------------|-----------------|
| ``Lists``  | ``IN (:a, :b, …)``              | one statement, executed for each row       | SQLite, Oracle  |
| ``Arrays`` | ``= ANY(:array)``               | ``SELECT … FROM unnest(:array, :array, …)``| PostgreSQL      |
| ``OneRow`` |                                 | of one row, its values                     | PostgreSQL      |

Lists are filled up to a power of two with their last key, so that there are eleven texts of a statement and not a
thousand: each text is parsed and planned once.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Insert,
    String,
    Table,
    Update,
    any_,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeDecorator

from dbgate.backends.base import Values
from dbgate.insertion import execute_if_new, insert_if_new

Arrange = Callable[[Values], Values]
"""Brings values into the order of the statement's parameters."""

IN_LIST_MAX = 1000
"""Items of an IN list: Oracle's limit (ORA-01795)."""

NEW, OLD = "new_", "old_"
"""What the parameters of an UPDATE are called beside their column: what it sets, and what it finds rows by."""


class Form(ABC):
    """How one engine takes sets. Statements are built by it once and filled by it each time."""

    def of_rows(self, count: int) -> "Form":
        """Return the form that takes ``count`` rows best."""
        return self

    @abstractmethod
    def size_of(self, count: int) -> int:
        """Return how many parameters a list of ``count`` keys has in the statement; each size has a text of its own."""

    @abstractmethod
    def among(self, column: ColumnElement[Any], name: str, size: int) -> ColumnElement[bool]:
        """Return the condition that ``column`` is one of the keys called ``name``."""

    @abstractmethod
    def names_of_keys(self, name: str, size: int) -> list[str]:
        """Return the parameters that ``among`` has made."""

    @abstractmethod
    def keys(self, keys: Sequence[Any], size: int) -> Values:
        """Return the values of these parameters."""

    @abstractmethod
    def insert(self, table: Table, *, if_new: bool) -> Insert:
        """Return an INSERT of whole rows; ``if_new``: it leaves rows alone whose key is taken."""

    @abstractmethod
    def update(self, table: Table, changes: Sequence[str], where: Sequence[str]) -> Update:
        """Return an UPDATE of the columns ``changes`` in the rows that certain values of the columns ``where`` name."""

    @abstractmethod
    def execute(
        self, cursor: Any, dialect: Dialect, text: str, rows: list[Values], arrange: Arrange | None, *, if_new: bool
    ) -> None:
        """Run what ``insert`` or ``update`` returned for all ``rows``; ``arrange``: into the order of the text."""

    def together(self, driver: Any) -> AbstractContextManager[object]:
        """Return a context in which the driver's connection sends statements without awaiting their results."""
        return nullcontext()

    def cursor(self, driver: Any, name: str) -> Any:
        """Return a cursor of the driver's connection for the statement called ``name``."""
        return driver.cursor()

    def stream_cursor(self, driver: Any, name: str) -> Any:
        """Return a cursor that fetches the rows of one long SELECT as they are asked for, and holds no others."""
        return driver.cursor()

    def done(self, driver: Any, name: str, cursor: Any) -> None:
        """Take back what ``cursor`` has returned, once its results are read."""
        cursor.close()


class Lists(Form):
    """IN lists, and one execution for each row.

    Args:
        engine: SQLAlchemy's name of it.
    """

    def __init__(self, engine: str) -> None:
        self._engine = engine

    def size_of(self, count: int) -> int:
        """Return the next power of two, or the most that Oracle takes."""
        return min(1 << (count - 1).bit_length(), IN_LIST_MAX)

    def among(self, column: ColumnElement[Any], name: str, size: int) -> ColumnElement[bool]:
        """Return ``column IN (…)``."""
        return column.in_([bindparam(key) for key in self.names_of_keys(name, size)])

    def names_of_keys(self, name: str, size: int) -> list[str]:
        """Return one name for each place of the list."""
        return [f"{name}_{place}" for place in range(size)]

    def keys(self, keys: Sequence[Any], size: int) -> Values:
        """Return the keys, the last of them again until the list is full."""
        return (*keys, *([keys[-1]] * (size - len(keys))))

    def insert(self, table: Table, *, if_new: bool) -> Insert:
        """Return INSERT … VALUES; inline, for Oracle would return the numbers that rows give themselves."""
        return (insert_if_new(table, self._engine) if if_new else insert(table)).inline()

    def update(self, table: Table, changes: Sequence[str], where: Sequence[str]) -> Update:
        """Return UPDATE … WHERE."""
        conditions = [table.c[name] == bindparam(OLD + name) for name in where]
        return update(table).where(*conditions).values({name: bindparam(NEW + name) for name in changes})

    def execute(
        self, cursor: Any, dialect: Dialect, text: str, rows: list[Values], arrange: Arrange | None, *, if_new: bool
    ) -> None:
        """Execute the statement for each row."""
        arranged = rows if arrange is None else list(map(arrange, rows))
        if if_new:
            execute_if_new(cursor, dialect, text, arranged)
        else:
            cursor.executemany(text, arranged)


class OneRow(Lists):
    """One row by its values; as text, so that the driver does not choose a type by the size of each number."""

    def execute(
        self, cursor: Any, dialect: Dialect, text: str, rows: list[Values], arrange: Arrange | None, *, if_new: bool
    ) -> None:
        """Execute the statement once, for the one row."""
        values = rows[0] if arrange is None else arrange(rows[0])
        cursor.execute(text, [None if value is None else str(value) for value in values])


class Arrays(Form):
    """Array parameters: one text and one execution whatever the number of keys or rows."""

    _one_row = OneRow("postgresql")

    def of_rows(self, count: int) -> Form:
        """Return ``OneRow`` for one: the server starts a scan for each array."""
        return self._one_row if count == 1 else self

    def size_of(self, count: int) -> int:
        """Return 1: the array."""
        return 1

    def among(self, column: ColumnElement[Any], name: str, size: int) -> ColumnElement[bool]:
        """Return ``column = ANY(…)``."""
        condition: ColumnElement[bool] = column == any_(bindparam(name, type_=_array_type(column)))
        return condition

    def names_of_keys(self, name: str, size: int) -> list[str]:
        """Return the array's own name."""
        return [name]

    def keys(self, keys: Sequence[Any], size: int) -> Values:
        """Return the keys as one array."""
        return (array_of(keys),)

    def insert(self, table: Table, *, if_new: bool) -> Insert:
        """Return INSERT … SELECT … FROM unnest(…)."""
        names = [column.name for column in table.c if column.identity is None]
        rows = _unnested({name: table.c[name] for name in names})
        statement = postgresql.insert(table).from_select(names, select(*rows.c))
        return statement.on_conflict_do_nothing() if if_new else statement

    def update(self, table: Table, changes: Sequence[str], where: Sequence[str]) -> Update:
        """Return UPDATE … FROM unnest(…)."""
        columns = {NEW + name: table.c[name] for name in changes} | {OLD + name: table.c[name] for name in where}
        rows = _unnested(columns)
        conditions = [table.c[name] == rows.c[OLD + name] for name in where]
        return update(table).where(*conditions).values({name: rows.c[NEW + name] for name in changes})

    def execute(
        self, cursor: Any, dialect: Dialect, text: str, rows: list[Values], arrange: Arrange | None, *, if_new: bool
    ) -> None:
        """Execute the statement once, with an array for each column."""
        arrays = tuple(map(array_of, zip(*rows, strict=True)))
        cursor.execute(text, arrays if arrange is None else arrange(arrays))

    def together(self, driver: Any) -> AbstractContextManager[object]:
        """Return a pipeline of psycopg's."""
        pipeline: AbstractContextManager[object] = driver.pipeline()
        return pipeline

    def cursor(self, driver: Any, name: str) -> Any:
        """Return one that has run the statement before, if there is one."""
        return driver.spare_cursor(name)

    def stream_cursor(self, driver: Any, name: str) -> Any:
        """Return one of the server's own: else the driver would fetch all rows at once."""
        return driver.cursor(name=name)

    def done(self, driver: Any, name: str, cursor: Any) -> None:
        """Keep it for the next time."""
        driver.spare(name, cursor)


def _array_type(column: ColumnElement[Any]) -> ARRAY[Any]:
    """Return the type of an array of the column's; of text without a length, for the server would cut to it."""
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    return ARRAY(String() if isinstance(kind, String) else kind)


def _unnested(columns: Mapping[str, ColumnElement[Any]]) -> Any:
    arrays = [bindparam(name, type_=_array_type(column)) for name, column in columns.items()]
    return func.unnest(*arrays).table_valued(*columns).render_derived(name="given")


def array_of(values: Iterable[int | str | None]) -> str:
    """Return an array in PostgreSQL's own notation.

    Handed over as text: the driver's conversion of a list looks at each item with an object of its own, and 31 columns
    of a batch then cost more than the server needs to store them.
    """
    return "{" + ",".join([_item(value) for value in values]) + "}"


def _item(value: int | str | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        if '"' in value or "\\" in value:
            value = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{value}"'
    return str(value)


__all__ = ["FORMS", "IN_LIST_MAX", "Arrange", "Arrays", "Form", "Lists", "Values", "array_of"]

FORMS: Mapping[str, Form] = {"sqlite": Lists("sqlite"), "oracle": Lists("oracle"), "postgresql": Arrays()}
"""By SQLAlchemy's name of the engine."""
