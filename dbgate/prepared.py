"""Prepared statements 预编译语句: a Core statement compiled once for each engine, and run on the driver's own cursor.

SQLAlchemy's own way to a result looks at each value of each row and parameter, which costs more than the database needs
for them. The text is SQLAlchemy's, so the code path stays the portable one; values are given and read as the driver
has them (``column_types`` has the functions).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import BindParameter, ClauseElement, ColumnElement, Dialect, Table, bindparam

from dbgate.forms import FORMS, Arrange, Form


class Prepared(ABC):
    """A statement of the gate.

    Args:
        name: unique; the stored texts of all statements go by it.
    """

    has_rows = False
    """Whether it is a SELECT. The driver would tell too, but it makes objects of all columns for that."""

    _all: "dict[str, Prepared]" = {}  # noqa: RUF012 - the register of the whole class

    def __init__(self, name: str) -> None:
        if name in self._all:
            raise ValueError(f"there are two statements called {name}")
        self._all[name] = self
        self.name = name
        self._compiled: dict[object, tuple[str, Arrange | None]] = {}

    @staticmethod
    def all() -> "Iterator[Prepared]":
        """Yield every statement of the gate whose module has been imported, by name."""
        yield from (statement for _, statement in sorted(Prepared._all.items()))

    @abstractmethod
    def text(self, dialect: Dialect) -> str:
        """Return the statement as ``dialect`` has it, with two keys or rows where it takes many."""

    def text_of_one(self, dialect: Dialect) -> str:
        """Return the text for one row: often the same."""
        return self.text(dialect)

    @abstractmethod
    def execute(self, cursor: Any, dialect: Dialect, arguments: Sequence[Any]) -> None:
        """Run it on a driver's cursor."""


class Keys:
    """What the builder of a ``Statement`` makes its conditions with.

    Args:
        sizes: by name, of the parameters that are lists.
    """

    def __init__(self, form: Form, sizes: dict[str, int]) -> None:
        self._form = form
        self._sizes = sizes

    def among(self, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        """Return the condition that ``column`` is one of the list called ``name``."""
        return self._form.among(column, name, self._sizes[name])

    def one(self, name: str) -> BindParameter[Any]:
        """Return the parameter called ``name``."""
        return bindparam(name)


class Statement(Prepared):
    """A SELECT by single values and lists of keys.

    Args:
        build: from its ``Keys`` to the Core statement.
        parameters: names in the order of the arguments; those in ``lists`` take lists of keys.
    """

    has_rows = True

    def __init__(
        self,
        name: str,
        build: Callable[[Keys], ClauseElement],
        parameters: Sequence[str] = (),
        lists: Sequence[str] = (),
    ) -> None:
        super().__init__(name)
        self._build = build
        self._parameters = tuple(parameters)
        self._lists = frozenset(lists)

    def text(self, dialect: Dialect) -> str:
        """Return the text for two keys in each list."""
        form = FORMS[dialect.name]
        return self._compile(dialect, form, (form.size_of(2),) * len(self._lists))[0]

    def execute(self, cursor: Any, dialect: Dialect, arguments: Sequence[Any]) -> None:
        """Run it with ``arguments`` in the order of ``parameters``."""
        form = FORMS[dialect.name]
        values: list[Any] = []
        sizes = []
        for name, argument in zip(self._parameters, arguments, strict=True):
            if name in self._lists:
                size = form.size_of(len(argument))
                sizes.append(size)
                values += form.keys(argument, size)
            else:
                values.append(argument)
        shape = (dialect.name, *sizes)
        text, arrange = self._compiled.get(shape) or self._compile(dialect, form, tuple(sizes))
        cursor.execute(text, values if arrange is None else arrange(tuple(values)))

    def _compile(self, dialect: Dialect, form: Form, sizes: tuple[int, ...]) -> tuple[str, Arrange | None]:
        names: list[str] = []
        by_name: dict[str, int] = {}
        remaining = iter(sizes)
        for name in self._parameters:
            if name in self._lists:
                by_name[name] = next(remaining)
                names += form.names_of_keys(name, by_name[name])
            else:
                names.append(name)
        compiled = _compile(self._build(Keys(form, by_name)), dialect, names)
        self._compiled[dialect.name, *sizes] = compiled
        return compiled


class Change(Statement):
    """An INSERT, UPDATE or DELETE by single values and lists of keys."""

    has_rows = False


class _RowsStatement(Prepared):
    """A statement for many rows."""

    _if_new = False

    def __init__(self, name: str, names: Sequence[str]) -> None:
        super().__init__(name)
        self._names = tuple(names)

    @abstractmethod
    def _build(self, form: Form) -> ClauseElement:
        """Return the Core statement."""

    def text(self, dialect: Dialect) -> str:
        """Return the text for two rows, which is the same for any larger number."""
        return self._compile(dialect, FORMS[dialect.name].of_rows(2))[0]

    def text_of_one(self, dialect: Dialect) -> str:
        """Return the text for one row."""
        return self._compile(dialect, FORMS[dialect.name].of_rows(1))[0]

    def execute(self, cursor: Any, dialect: Dialect, arguments: Sequence[Any]) -> None:
        """Run it for the rows that are its one argument."""
        rows = arguments[0]
        form = FORMS[dialect.name].of_rows(len(rows))
        text, arrange = self._compiled.get(form) or self._compile(dialect, form)
        form.execute(cursor, dialect, text, rows, arrange, if_new=self._if_new)

    def _compile(self, dialect: Dialect, form: Form) -> tuple[str, Arrange | None]:
        compiled = _compile(self._build(form), dialect, self._names)
        self._compiled[form] = compiled
        return compiled


class InsertRows(_RowsStatement):
    """INSERT of many rows into ``table``, values in the order of its columns but for those that number themselves.

    Args:
        if_new: rows whose key is taken are left alone; ``rowcount`` is how many were not.
    """

    def __init__(self, name: str, table: Table, *, if_new: bool = False) -> None:
        super().__init__(name, [column.name for column in table.c if column.identity is None])
        self._table = table
        self._if_new = if_new

    def _build(self, form: Form) -> ClauseElement:
        return form.insert(self._table, if_new=self._if_new)


class UpdateRows(_RowsStatement):
    """UPDATE of many rows of ``table``, each found by certain values; ``rowcount`` is how many were found.

    Args:
        changes: columns that are set: the first values of each row.
        where: columns that the row is found by: the values after them, as they were loaded.
    """

    def __init__(self, name: str, table: Table, changes: Sequence[str], where: Sequence[str]) -> None:
        super().__init__(name, [f"new_{column}" for column in changes] + [f"old_{column}" for column in where])
        self._table = table
        self._changes = changes
        self._where = where

    def _build(self, form: Form) -> ClauseElement:
        return form.update(self._table, self._changes, self._where)


def _compile(statement: ClauseElement, dialect: Dialect, names: Sequence[str]) -> tuple[str, Arrange | None]:
    compiled = statement.compile(dialect=_positional(dialect), column_keys=list(names))
    text = str(compiled).rstrip()  # a suffix of another engine's leaves a space behind
    order: Sequence[str] = getattr(compiled, "positiontup", None) or ()
    if tuple(order) == tuple(names):
        return text, None
    # What the builder does not name is a constant of the engine's own grammar, as the OFFSET that SQLite wants.
    constants = [name for name in order if name not in names]
    given = tuple(compiled.params[name] for name in constants)
    pick = _picker([[*names, *constants].index(name) for name in order])
    return text, lambda values: pick((*values, *given))


def _picker(places: Sequence[int]) -> Arrange:
    if len(places) == 1:
        return lambda values: (values[places[0]],)
    return itemgetter(*places)


def _positional(dialect: Dialect) -> Dialect:
    """Return the dialect with parameters that go by position: tuples are cheaper than dictionaries."""
    if dialect.positional:
        return dialect
    return type(dialect)(paramstyle="numeric" if dialect.name == "oracle" else "format")  # type: ignore[call-arg]
