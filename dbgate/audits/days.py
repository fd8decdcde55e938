"""Days 清算日核查: each movement stands in a day that its bank has had, and the days add up to all there is."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Integer, Select, and_, func, literal_column, null, select, type_coerce

from dbgate.audits.checks import Check, Finding, WholeCheck
from dbgate.books.tables import reconciliations
from dbgate.details import counts
from dbgate.records import NO_BANK_CODE, DayTotals, Movement
from dbgate.reports.criteria import Period
from dbgate.reports.days import day_totals, spans
from dbgate.tables import clearing_dates, payments

_SIGNS = {Movement.PAY: 1, Movement.CANCEL: -1, Movement.REVERSE: -1}


def _movements_without_day() -> Select[Any]:
    """Select what stands before the first day of its bank or after the present one, or is of a bank that has none."""
    columns, days = payments.c, clearing_dates
    is_inside = and_(
        columns.bank_code == days.c.bank_code, columns.clearing_date.between(days.c.first_date, days.c.clearing_date)
    )
    of_bank = columns.bank_code != literal_column(f"'{NO_BANK_CODE}'")
    return (
        select(columns.fep_serial, type_coerce(columns.clearing_date, Integer), null())
        .select_from(payments.outerjoin(days, is_inside))
        .where(of_bank, days.c.bank_code.is_(None))
    )


def totals_of_all_statement() -> Select[Any]:
    """Return the statement of what each bank's requests come to over all days, each kind of movement by itself."""
    by = (payments.c.bank_code, payments.c.movement)
    return select(*by, func.count(), func.sum(payments.c.amount_fen)).where(counts()).group_by(*by)


def _days_against_all(connections: Sequence[Connection]) -> Iterator[Finding]:
    """Yield the banks whose days do not add up to all of their requests."""
    periods = [Period(span.first, span.present) for span in spans(connections).values()]
    by_days: Counter[str] = Counter()
    if periods:
        whole = Period(min(period.first for period in periods), max(period.last for period in periods))
        for (bank_code, _), totals in day_totals(connections, whole).items():
            by_days[bank_code] += net_fen(totals)
    of_all: Counter[str] = Counter()
    for connection in connections:
        for bank_code, movement, _, amount_fen in connection.execute(totals_of_all_statement()):
            of_all[bank_code] += _SIGNS[movement] * int(amount_fen)
    for bank_code in sorted(by_days.keys() | of_all.keys()):
        if by_days[bank_code] != of_all[bank_code]:
            yield Finding(DAYS_SUM, bank_code, by_days[bank_code], of_all[bank_code])


def _reconciled_totals(connections: Sequence[Connection]) -> Iterator[Finding]:
    """Yield the reconciled days whose journal is not what it was when they were reconciled."""
    columns = reconciliations.c
    rows = (
        connections[0]
        .execute(select(columns.bank_code, columns.clearing_date, columns.fep_row_count, columns.fep_total_fen))
        .all()
    )
    if not rows:
        return
    totals = day_totals(connections, Period(min(row[1] for row in rows), max(row[1] for row in rows)))
    for bank_code, day, row_count, total_fen in sorted(rows):
        of_day = totals.get((bank_code, day), DayTotals())
        counted = of_day.pay_count + of_day.cancel_count + of_day.reverse_count
        if row_count != counted:
            yield Finding(RECONCILED_COUNT, f"{bank_code} {day}", row_count, counted)
        if total_fen != net_fen(of_day):
            yield Finding(RECONCILED_TOTAL, f"{bank_code} {day}", total_fen, net_fen(of_day))


def net_fen(totals: DayTotals) -> int:
    """Return what a day comes to."""
    return totals.pay_amount_fen - totals.cancel_amount_fen - totals.reverse_amount_fen


DAYS_SUM, RECONCILED_COUNT, RECONCILED_TOTAL = "days_sum", "reconciled_count", "reconciled_total"
CHECKS = (Check("day_missing", _movements_without_day),)
WHOLE_CHECKS = (
    WholeCheck((DAYS_SUM,), _days_against_all),
    WholeCheck((RECONCILED_COUNT, RECONCILED_TOTAL), _reconciled_totals),
)
