"""Adjustments 调账: what operators posted and undid to mend days that were over; counted apart from all collections.

An adjustment stands on the clearing date on which it was made, and names the day that it mends. It is in the totals of
neither.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select

from dbgate.details import adjusts
from dbgate.records import Movement
from dbgate.reports.collected import source_of
from dbgate.reports.criteria import Criteria, Period
from dbgate.tables import payments


class AdjustmentDay(NamedTuple):
    """Where adjustments stand and what they mend."""

    bank_code: str
    clearing_date: date
    mends_date: date


class Adjustments(NamedTuple):
    """Sums of adjustments: payments that were posted, and payments that were undone."""

    posted_count: int = 0
    posted_fen: int = 0
    undone_count: int = 0
    undone_fen: int = 0

    @property
    def net_fen(self) -> int:
        """What they come to."""
        return self.posted_fen - self.undone_fen

    def with_row(self, movement: Movement, amount_fen: int) -> "Adjustments":
        """Return the sums with one more."""
        if movement is Movement.PAY:
            return self._replace(posted_count=self.posted_count + 1, posted_fen=self.posted_fen + amount_fen)
        return self._replace(undone_count=self.undone_count + 1, undone_fen=self.undone_fen + amount_fen)


def adjustments_statement(period: Period, criteria: Criteria) -> Select[Any]:
    """Return the statement of ``adjustments``: one row for each, for two people have made each of them.

    They are added up here: asked for groups, and for banks, SQLite reads all payments of the period by their index.
    """
    columns = payments.c
    return (
        select(columns.bank_code, columns.clearing_date, columns.mends_date, columns.movement, columns.amount_fen)
        .select_from(source_of(criteria))
        .where(adjusts(), columns.clearing_date.between(period.first, period.last), *criteria.of_payments())
    )


def adjustments(
    connections: Sequence[Connection], period: Period, criteria: Criteria
) -> dict[AdjustmentDay, Adjustments]:
    """Return the adjustments made in a period by bank, clearing date and day that they mend, over all databases."""
    found: dict[AdjustmentDay, Adjustments] = {}
    statement = adjustments_statement(period, criteria)
    for connection in connections:
        for bank_code, clearing_date, mends_date, movement, amount_fen in connection.execute(statement):
            key = AdjustmentDay(bank_code, clearing_date, mends_date)
            found[key] = found.get(key, Adjustments()).with_row(movement, amount_fen)
    return dict(sorted(found.items()))
