"""Due pushes 到期划拨: which pushes are to be looked at, read without a lock; what becomes of each is decided later."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, func, literal_column, select
from sqlalchemy.exc import SQLAlchemyError

from dbgate.books.states import PushState
from dbgate.books.tables import pushes
from dbgate.column_types import clock_number
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable
from dbgate.faults import label_of
from dbgate.prepared import Keys, Statement
from dbgate.record import record
from dbgate.trip import Trip

Seen = TypeVar("Seen")

LOOK_MAX = 256
"""Pushes of a bank found at once: more than are ever pushed between two looks."""

WAIT_S = 5.0
"""How long a look waits for the database; the next one is soon."""

_COLUMNS = (pushes.c.bill_no, pushes.c.account_no, pushes.c.bank_code, pushes.c.fep_serial)


@record
class DuePush:
    """A push that is to be looked at; ``is_numbered``: it has been pushed before, under a number that it keeps."""

    bill_no: str
    account_no: str
    bank_code: str
    is_numbered: bool


def _state(state: PushState) -> Any:
    return literal_column(f"'{state.value}'")


def _due(state: PushState) -> Statement:
    """Return the statement that finds due pushes in one state, by the index: a range of it in its own order."""

    def build(keys: Keys) -> Select[Any]:
        return (
            select(*_COLUMNS)
            .where(
                pushes.c.bank_code == keys.one("bank_code"),
                pushes.c.state == _state(state),
                pushes.c.due_at <= keys.one("now"),
            )
            .order_by(pushes.c.due_at)
            .limit(literal_column(str(LOOK_MAX)))
        )

    return Statement(f"select_due_{state.value}_pushes", build, ("bank_code", "now"))


def _aged(keys: Keys) -> Select[Any]:
    return (
        select(*_COLUMNS)
        .where(
            pushes.c.bank_code == keys.one("bank_code"),
            pushes.c.state.in_([_state(PushState.WAITING), _state(PushState.ACCEPTED)]),
            pushes.c.created_at <= keys.one("before"),
            pushes.c.due_at <= keys.one("now"),
        )
        .limit(literal_column(str(LOOK_MAX)))
    )


def _counts(keys: Keys) -> Select[Any]:
    return (
        select(pushes.c.state, func.count())
        .where(
            pushes.c.bank_code == keys.one("bank_code"),
            pushes.c.state.in_([_state(s) for s in (PushState.WAITING, PushState.ACCEPTED, PushState.DEAD)]),
        )
        .group_by(pushes.c.state)
    )


_DUE = tuple(_due(state) for state in (PushState.WAITING, PushState.ACCEPTED))
_AGED = Statement("select_aged_pushes", _aged, ("bank_code", "before", "now"))
_COUNTS = Statement("count_pushes", _counts, ("bank_code",))


def due_pushes(database: Database, bank_codes: Iterable[str]) -> list[DuePush]:
    """Return up to ``LOOK_MAX`` of each bank's pushes in each state that are due, those due longest first; blocks.

    Raises:
        DatabaseUnavailable: it cannot be asked.
    """

    def look(connection: Connection, now: datetime) -> list[DuePush]:
        trip = Trip(connection)
        replies = [trip.ask(due, code, clock_number(now)) for code in sorted(bank_codes) for due in _DUE]
        trip.go()
        return [_due_push(row) for reply in replies for row in reply.rows]

    return _looked(database, look)


def aged_pushes(database: Database, ages: Mapping[str, timedelta]) -> list[DuePush]:
    """Return pushes that are older than their bank's age limit, whether the bank can be reached or not; blocks.

    Raises:
        DatabaseUnavailable: it cannot be asked.
    """

    def look(connection: Connection, now: datetime) -> list[DuePush]:
        trip = Trip(connection)
        replies = [
            trip.ask(_AGED, code, clock_number(now - age), clock_number(now)) for code, age in sorted(ages.items())
        ]
        trip.go()
        return [_due_push(row) for reply in replies for row in reply.rows]

    return _looked(database, look)


def push_counts(database: Database, bank_codes: Iterable[str]) -> dict[str, dict[PushState, int]]:
    """Return by bank how many pushes wait, are accepted, and are dead; blocks.

    Raises:
        DatabaseUnavailable: it cannot be asked.
    """
    codes = sorted(bank_codes)

    def look(connection: Connection, _now: datetime) -> dict[str, dict[PushState, int]]:
        trip = Trip(connection)
        replies = [trip.ask(_COUNTS, code) for code in codes]
        trip.go()
        return {
            code: {PushState(state): int(count) for state, count in reply.rows}
            for code, reply in zip(codes, replies, strict=True)
        }

    return _looked(database, look)


def _looked(database: Database, look: Callable[[Connection, datetime], Seen]) -> Seen:
    try:
        with (
            database.connect(money=False) as connection,
            database.begin(connection, time.monotonic() + WAIT_S),
        ):
            return look(connection, database.now(connection))
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise DatabaseUnavailable(f"pushes cannot be looked at: {label_of(error)}") from None


def _due_push(row: Any) -> DuePush:
    bill_no, account_no, bank_code, fep_serial = row
    return DuePush(bill_no, account_no, bank_code, fep_serial is not None)
