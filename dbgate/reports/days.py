"""Days 清算日统计: the totals of banks' clearing dates as RECON_TOTALS (3001) has them, and what became of the days."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from dbgate.books.states import DifferenceState
from dbgate.books.tables import differences, reconciliations
from dbgate.details import counts
from dbgate.records import DayTotals, Movement
from dbgate.reports.collected import in_period
from dbgate.reports.criteria import Period
from dbgate.tables import clearing_dates, closings, payments

BankDay = tuple[str, date]
"""A bank and a clearing date of it."""

_OPEN_STATES = [DifferenceState.OPEN, DifferenceState.PROPOSED]


class Span(NamedTuple):
    """The days that a bank has: the first one and the present one, which is open; those between are closed."""

    first: date
    present: date


class Reconciled(NamedTuple):
    """What reconciliation says of a closed day: its batch, and how many differences are not settled yet."""

    batch_no: int
    open_count: int


def spans(connections: Sequence[Connection]) -> dict[str, Span]:
    """Return the days of each bank: a day is over when it is over in every database."""
    found: dict[str, Span] = {}
    for connection in connections:
        rows = select(clearing_dates.c.bank_code, clearing_dates.c.first_date, clearing_dates.c.clearing_date)
        for bank_code, first, present in connection.execute(rows.order_by(clearing_dates.c.bank_code)):
            known = found.get(bank_code, Span(first, present))
            found[bank_code] = Span(min(known.first, first), min(known.present, present))
    return dict(sorted(found.items()))


def days_of(span: Span, period: Period) -> Iterator[date]:
    """Yield the days of ``span`` in ``period``, those too that were jumped over: they are closed and empty."""
    day, last = max(span.first, period.first), min(span.present, period.last)
    while day <= last:
        yield day
        day += timedelta(days=1)


def totals_statement(period: Period) -> Select[Any]:
    """Return the statement of ``day_totals``."""
    by = (payments.c.bank_code, payments.c.clearing_date, payments.c.movement)
    sums = select(*by, func.count(), func.sum(payments.c.amount_fen))
    return sums.where(counts(), *in_period(period)).group_by(*by)


def day_totals(connections: Sequence[Connection], period: Period) -> dict[BankDay, DayTotals]:
    """Return the totals of each bank and day over all databases; days on which nothing counted are left out."""
    found: dict[BankDay, dict[Movement, tuple[int, int]]] = {}
    for connection in connections:
        for bank_code, day, movement, count, amount_fen in connection.execute(totals_statement(period)):
            of_day = found.setdefault((bank_code, day), {})
            before_count, before_fen = of_day.get(movement, (0, 0))
            of_day[movement] = before_count + int(count), before_fen + int(amount_fen)
    return {key: _totals_of(of_day) for key, of_day in found.items()}


def reconciled_statement(period: Period) -> Select[Any]:
    """Return the statement of ``reconciled``; it is for the first database, where the books of banks stand."""
    open_count = (
        select(func.count())
        .where(
            differences.c.bank_code == reconciliations.c.bank_code,
            differences.c.clearing_date == reconciliations.c.clearing_date,
            differences.c.state.in_(_OPEN_STATES),
        )
        .scalar_subquery()
    )
    of_day = reconciliations.c.clearing_date.between(period.first, period.last)
    return select(
        reconciliations.c.bank_code, reconciliations.c.clearing_date, reconciliations.c.batch_no, open_count
    ).where(of_day)


def reconciled(first: Connection, period: Period) -> dict[BankDay, Reconciled]:
    """Return the days that have been reconciled."""
    rows = first.execute(reconciled_statement(period))
    return {(bank_code, day): Reconciled(batch_no, open_count) for bank_code, day, batch_no, open_count in rows}


def closed_by_command(connections: Sequence[Connection], period: Period) -> dict[BankDay, datetime]:
    """Return when days were closed by command: the last database counts."""
    found: dict[BankDay, datetime] = {}
    rows = select(closings.c.bank_code, closings.c.clearing_date, closings.c.closed_at)
    for connection in connections:
        for bank_code, day, moment in connection.execute(
            rows.where(closings.c.clearing_date.between(period.first, period.last))
        ):
            found[bank_code, day] = max(moment, found.get((bank_code, day), moment))
    return found


def _totals_of(sums: dict[Movement, tuple[int, int]]) -> DayTotals:
    pay, cancel, reverse = (sums.get(each, (0, 0)) for each in (Movement.PAY, Movement.CANCEL, Movement.REVERSE))
    return DayTotals(*pay, *cancel, *reverse)
