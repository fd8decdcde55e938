"""Statements 账户报表: what counts in one clearing date of a bank, and the adjustments made on it: sums and rows."""

from collections.abc import Iterator, Sequence
from datetime import date
from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, select

from dbgate.details import adjusts, counts
from dbgate.records import Movement
from dbgate.reports.collected import in_period
from dbgate.reports.criteria import Criteria, Period
from dbgate.reports.details import Detail, rows_of, rows_statement
from dbgate.tables import clearing_dates, payments


class Entries(Enum):
    """Which rows of a clearing date a statement has."""

    COUNTED = "counted"  # what RECON_TOTALS (3001) counts
    ADJUSTING = "adjusting"  # what operators posted on it to mend another day

    @property
    def condition(self) -> ColumnElement[bool]:
        """The condition for the rows."""
        return counts() if self is Entries.COUNTED else adjusts()


class Turnover(NamedTuple):
    """Sums of a statement: payments are its credits, and what was undone its debits."""

    credit_count: int = 0
    credit_fen: int = 0
    debit_count: int = 0
    debit_fen: int = 0

    @property
    def net_fen(self) -> int:
        """What is left."""
        return self.credit_fen - self.debit_fen

    def with_row(self, movement: Movement, count: int, amount_fen: int) -> "Turnover":
        """Return the sums with so many more rows."""
        if movement is Movement.PAY:
            return self._replace(credit_count=self.credit_count + count, credit_fen=self.credit_fen + amount_fen)
        return self._replace(debit_count=self.debit_count + count, debit_fen=self.debit_fen + amount_fen)


def turnovers_statement(day: date, entries: Entries) -> Select[Any]:
    """Return the statement of ``turnovers``."""
    columns = payments.c
    return (
        select(columns.bank_code, columns.movement, func.count(), func.sum(columns.amount_fen))
        .where(entries.condition, *in_period(Period(day, day)))
        .group_by(columns.bank_code, columns.movement)
    )


def turnovers(connections: Sequence[Connection], day: date, entries: Entries) -> dict[str, Turnover]:
    """Return the sums of a clearing date by bank, over all databases; a bank without a row is left out."""
    found: dict[str, Turnover] = {}
    statement = turnovers_statement(day, entries)
    for connection in connections:
        for bank_code, movement, count, amount_fen in connection.execute(statement):
            before = found.get(bank_code, Turnover())
            found[bank_code] = before.with_row(movement, int(count), int(amount_fen))
    return found


def entries_of(connections: Sequence[Connection], bank_code: str, day: date, entries: Entries) -> Iterator[Detail]:
    """Yield the rows of a bank's clearing date by FEP serial, one database after the other."""
    yield from rows_of(connections, entries_statement(bank_code, day, entries))


def entries_statement(bank_code: str, day: date, entries: Entries) -> Select[Any]:
    """Return the statement of ``entries_of``."""
    return rows_statement(entries.condition, Period(day, day), Criteria(banks=(bank_code,)))


def first_days(connections: Sequence[Connection]) -> dict[str, date]:
    """Return each bank's first clearing date, in whichever database it came first."""
    found: dict[str, date] = {}
    for connection in connections:
        for bank_code, day in connection.execute(select(clearing_dates.c.bank_code, clearing_dates.c.first_date)):
            found[bank_code] = min(day, found.get(bank_code, day))
    return found
