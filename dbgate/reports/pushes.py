"""Pushed bills in SQL 划拨清单: how many there are by bank and state, and those of certain states one by one."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from dbgate.books.records import Push
from dbgate.books.rows import PUSH_COLUMNS
from dbgate.books.states import PushState
from dbgate.books.tables import pushes
from dbgate.record import record

_FETCHED = 1000
"""Rows in memory at once."""


@record
class PushCount:
    """How many pushes of a bank are in a state."""

    bank_code: str
    state: PushState
    count: int


def counted_pushes(connection: Connection, banks: Sequence[str] = ()) -> list[PushCount]:
    """Return counts by bank and state; of all banks where none is named."""
    statement = (
        select(pushes.c.bank_code, pushes.c.state, func.count())
        .where(*_of(banks))
        .group_by(pushes.c.bank_code, pushes.c.state)
        .order_by(pushes.c.bank_code, pushes.c.state)
    )
    return [PushCount(*row) for row in connection.execute(statement)]


def listed_pushes(connection: Connection, states: Collection[PushState], banks: Sequence[str] = ()) -> Iterator[Push]:
    """Yield the pushes in ``states``, by bank and by when they were loaded."""
    statement = (
        select(*PUSH_COLUMNS)
        .where(pushes.c.state.in_(states), *_of(banks))
        .order_by(pushes.c.bank_code, pushes.c.created_at, pushes.c.bill_no)
        .execution_options(yield_per=_FETCHED)
    )
    for row in connection.execute(statement):
        yield Push(*row)


def _of(banks: Sequence[str]) -> list[ColumnElement[Any]]:
    return [pushes.c.bank_code.in_(banks)] if banks else []
