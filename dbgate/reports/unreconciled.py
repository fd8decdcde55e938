"""Unreconciled days 未对账日: closed clearing dates with payments in them that nobody has reconciled yet."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, select

from dbgate.details import counts
from dbgate.reports.criteria import Period
from dbgate.reports.days import days_of, reconciled, spans
from dbgate.tables import payments


class Unsettled(NamedTuple):
    """What is left to do for the closed days of a bank.

    Attributes:
        days: not reconciled, in order.
        difference_count: differences of reconciled days that nobody has settled.
    """

    days: list[date]
    difference_count: int


def unsettled(connections: Sequence[Connection], period: Period) -> dict[str, Unsettled]:
    """Return what is left to do for the days of ``period``, by bank.

    Args:
        connections: of all databases; the books of banks stand in the first one.
        period: days that are looked at; those on which nothing counted need no reconciling.
    """
    results = reconciled(connections[0], period)
    found: dict[str, Unsettled] = {}
    for bank_code, span in spans(connections).items():
        closed = (day for day in days_of(span, period) if day < span.present and (bank_code, day) not in results)
        days = [day for day in closed if any(_has_payments(each, bank_code, day) for each in connections)]
        open_count = sum(result.open_count for (code, _), result in results.items() if code == bank_code)
        found[bank_code] = Unsettled(days, open_count)
    return found


def _has_payments(connection: Connection, bank_code: str, day: date) -> bool:
    of_day = select(payments.c.fep_serial).where(
        payments.c.bank_code == bank_code, payments.c.clearing_date == day, counts()
    )
    return connection.execute(of_day.limit(1)).first() is not None
