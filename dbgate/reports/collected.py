"""Collected 收费统计: payments counted and summed by whatever dimensions, and the check of their undos.

A payment counts where it was made: its bank, outlet, teller, channel and clearing date, undone or not. As banks undo a
payment on its own clearing date only, the sums of a bank and day are those of RECON_TOTALS (3001). What operators
adjusted afterwards changes them no more: see ``adjustments``.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
)

from dbgate.details import reversed_something
from dbgate.loading import constant
from dbgate.records import Movement, PaymentState
from dbgate.reports.criteria import OF_ACCOUNT, OF_PAYMENTS, Criteria, Dimension, Period, in_order, key_of, labelled
from dbgate.tables import accounts, clearing_dates, payments

Key = tuple[Any, ...]


class Collected(NamedTuple):
    """Sums of one group of payments; what they settled is counted of those that stand.

    Attributes:
        pay_count, amount_fen: all payments, undone or not.
        principal_fen, late_fee_fen, balance_change_fen: what became of the money that stands; they add up to it.
    """

    pay_count: int = 0
    amount_fen: int = 0
    cancelled_count: int = 0
    cancelled_fen: int = 0
    reversed_count: int = 0
    reversed_fen: int = 0
    principal_fen: int = 0
    late_fee_fen: int = 0
    balance_change_fen: int = 0

    @property
    def undone_count(self) -> int:
        """How many were cancelled or reversed."""
        return self.cancelled_count + self.reversed_count

    @property
    def undone_fen(self) -> int:
        """What was cancelled or reversed."""
        return self.cancelled_fen + self.reversed_fen

    @property
    def net_count(self) -> int:
        """How many stand."""
        return self.pay_count - self.undone_count

    @property
    def net_fen(self) -> int:
        """What stands."""
        return self.amount_fen - self.undone_fen


class Undone(NamedTuple):
    """Sums of the undos that undid something, of one bank and day, from their own rows."""

    cancelled_count: int = 0
    cancelled_fen: int = 0
    reversed_count: int = 0
    reversed_fen: int = 0


def in_period(period: Period, rows: FromClause = payments) -> list[ColumnElement[bool]]:
    """Return the conditions for rows of ``period``; the banks are named so that the index by bank and day is used."""
    return [
        rows.c.bank_code.in_(select(clearing_dates.c.bank_code)),
        rows.c.clearing_date.between(period.first, period.last),
    ]


def collected_statement(period: Period, criteria: Criteria, by: Sequence[Dimension]) -> Select[Any]:
    """Return the statement of ``collected``."""
    columns = payments.c
    rows = (
        select(
            *labelled(OF_PAYMENTS, by),
            columns.state,
            columns.amount_fen,
            columns.settled_principal_fen,
            columns.settled_late_fee_fen,
            columns.balance_change_fen,
        )
        .select_from(source_of(criteria, by))
        .where(
            columns.movement == constant(Movement.PAY),
            columns.mends_date.is_(None),
            *in_period(period),
            *criteria.of_payments(),
        )
        .subquery("made")
    )
    groups = list(rows.c)[: len(by)]
    state = rows.c.state
    cancelled, reversed_ = (_is(state, PaymentState.CANCELLED), _is(state, PaymentState.REVERSED))
    stands = _is(state, PaymentState.POSTED)
    return select(
        *groups,
        func.count(),
        func.sum(rows.c.amount_fen),
        func.sum(_if(cancelled)),
        func.sum(_if(cancelled, rows.c.amount_fen)),
        func.sum(_if(reversed_)),
        func.sum(_if(reversed_, rows.c.amount_fen)),
        func.sum(_if(stands, rows.c.settled_principal_fen)),
        func.sum(_if(stands, rows.c.settled_late_fee_fen)),
        func.sum(_if(stands, rows.c.balance_change_fen)),
    ).group_by(*groups)


def taken_back_statement(period: Period, criteria: Criteria, by: Sequence[Dimension]) -> Select[Any]:
    """Return the statement of payments that operators have undone since: as their day is told, they stand."""
    made, undo = payments.c, payments.alias("adjustment")
    same = and_(
        made.bank_code == undo.c.original_bank_code,
        made.bank_date == undo.c.original_bank_date,
        made.bank_serial == undo.c.original_bank_serial,
    )
    rows = (
        select(
            *labelled(OF_PAYMENTS, by),
            made.amount_fen,
            made.settled_principal_fen,
            made.settled_late_fee_fen,
            made.balance_change_fen,
        )
        .select_from(source_of(criteria, by).join(undo, same))
        .where(
            undo.c.mends_date.is_not(None),
            undo.c.movement == constant(Movement.CANCEL),
            made.mends_date.is_(None),
            *in_period(period),
            *criteria.of_payments(),
        )
        .subquery("taken_back")
    )
    groups = list(rows.c)[: len(by)]
    sums = [func.sum(column) for column in list(rows.c)[len(by) :]]
    return select(*groups, func.count(), *sums).group_by(*groups)


def undone_statement(period: Period, criteria: Criteria) -> Select[Any]:
    """Return the statement of ``undone``."""
    columns = payments.c
    is_cancel, is_reverse = (columns.movement == constant(movement) for movement in (Movement.CANCEL, Movement.REVERSE))
    return (
        select(
            columns.bank_code,
            columns.clearing_date,
            func.sum(_if(is_cancel)),
            func.sum(_if(is_cancel, columns.amount_fen)),
            func.sum(_if(is_reverse)),
            func.sum(_if(is_reverse, columns.amount_fen)),
        )
        .where(did_undo(), *in_period(period), *Criteria(banks=criteria.banks).of_payments())
        .group_by(columns.bank_code, columns.clearing_date)
    )


def collected(
    connections: Sequence[Connection], period: Period, criteria: Criteria, by: Sequence[Dimension]
) -> dict[Key, Collected]:
    """Return the sums over all databases, by the values of ``by`` in order; groups without a payment are left out."""
    found: dict[Key, Collected] = {}
    for connection in connections:
        for row in connection.execute(collected_statement(period, criteria, by)):
            _add(found, by, row, Collected._make)
        for row in connection.execute(taken_back_statement(period, criteria, by)):
            _add(found, by, row, _standing)
    return in_order(found)


def _add(
    found: dict[Key, Collected],
    by: Sequence[Dimension],
    row: Sequence[Any],
    made_of: Callable[[Iterable[int]], Collected],
) -> None:
    """Add a group of a statement to what was found in other databases."""
    if row[len(by)]:  # without dimensions SQL has a row of nothing
        key = key_of(by, row[: len(by)])
        found[key] = total([found.get(key, Collected()), made_of(map(int, row[len(by) :]))])


def _standing(sums: Iterable[int]) -> Collected:
    """Return what payments change that were counted as cancelled, and stand as their day is told."""
    count, amount_fen, principal_fen, late_fee_fen, balance_change_fen = sums
    return Collected(
        cancelled_count=-count,
        cancelled_fen=-amount_fen,
        principal_fen=principal_fen,
        late_fee_fen=late_fee_fen,
        balance_change_fen=balance_change_fen,
    )


def undone(connections: Sequence[Connection], period: Period, criteria: Criteria) -> dict[tuple[str, date], Undone]:
    """Return what the undos of each bank and clearing date say of themselves, over all databases."""
    found: dict[tuple[str, date], Undone] = {}
    statement = undone_statement(period, criteria)
    for connection in connections:
        for bank_code, day, *sums in connection.execute(statement):
            before = found.get((bank_code, day), Undone())
            found[bank_code, day] = Undone(*(old + int(new) for old, new in zip(before, sums, strict=True)))
    return found


def total(sums: Sequence[Collected]) -> Collected:
    """Return all of them added up."""
    return Collected(*map(sum, zip(*sums, strict=True))) if sums else Collected()


def clearing_days(connections: Sequence[Connection]) -> dict[str, date]:
    """Return each bank's present clearing date: a day is over when it is over in every database."""
    found: dict[str, date] = {}
    for connection in connections:
        for bank_code, day in connection.execute(select(clearing_dates.c.bank_code, clearing_dates.c.clearing_date)):
            found[bank_code] = min(day, found.get(bank_code, day))
    return found


def did_undo() -> ColumnElement[bool]:
    """Return the condition for rows by which a bank undid a payment; operators' adjustments are none of them."""
    return and_(payments.c.mends_date.is_(None), undid_something())


def undid_something() -> ColumnElement[bool]:
    """Return the condition for rows that undid a payment, whoever asked for it: every stored CANCEL did."""
    return or_(payments.c.movement == constant(Movement.CANCEL), reversed_something())


def source_of(criteria: Criteria, by: Sequence[Dimension] = ()) -> FromClause:
    """Return the payments, with their accounts where something of those is asked for."""
    if criteria.of_account or OF_ACCOUNT & set(by):
        return payments.outerjoin(accounts, accounts.c.account_no == payments.c.account_no)
    return payments


def _is(column: ColumnElement[Any], state: PaymentState) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = column == constant(state)
    return condition


def _if(condition: ColumnElement[bool], value: ColumnElement[Any] | None = None) -> ColumnElement[Any]:
    one, nothing = literal_column("1", Integer), literal_column("0", Integer)
    return case((condition, one if value is None else value), else_=nothing)
