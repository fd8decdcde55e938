"""Arrears 欠费: bills that are not settled, as they stand now: sums and households, and the list.

What a bill costs late depends on each bill alone (rounding, floor, cap), so the late fee is not summed in SQL: bills
that are equal in all it depends on are counted there, and ``late_fee`` is asked once for each such group.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Integer, Select, case, distinct, func, literal_column, select

from dbgate.loading import constant
from dbgate.records import BillState, CollectMode, UserClass
from dbgate.reports.criteria import OF_BILLS, Criteria, Dimension, Period, in_order, key_of, labelled
from dbgate.reports.snapshots import stream
from dbgate.tables import accounts, bills

Key = tuple[Any, ...]


class Arrears(NamedTuple):
    """Sums of one group of unsettled bills.

    Attributes:
        households: accounts with at least one of them.
        principal_fen: without late fees and balances.
        overdue_fen, in_debit_fen: principal, of those that are overdue, or that a debit batch holds.
    """

    households: int = 0
    bill_count: int = 0
    principal_fen: int = 0
    overdue_count: int = 0
    overdue_fen: int = 0
    in_debit_fen: int = 0


class OverdueBills(NamedTuple):
    """Bills of one group that are equal in all that the late fee depends on."""

    key: Key
    user_class: UserClass
    due_date: date
    principal_fen: int
    bill_count: int


class ArrearsBill(NamedTuple):
    """One unsettled bill and whose it is."""

    account_no: str
    name: str
    address: str
    supply_branch: str
    user_class: UserClass
    collect_mode: CollectMode
    balance_fen: int
    bill_no: str
    month: int
    principal_fen: int
    due_date: date
    state: BillState


def arrears_statement(on: date, due: Period | None, criteria: Criteria, by: Sequence[Dimension]) -> Select[Any]:
    """Return the statement of ``arrears``."""
    rows = _unsettled(due, criteria, [*labelled(OF_BILLS, by), *_ALL_OF_BILL]).subquery("unsettled")
    groups = list(rows.c)[: len(by)]
    principal = rows.c.principal_fen
    nothing = literal_column("0", Integer)
    is_overdue = rows.c.due_date < on
    return select(
        *groups,
        func.count(distinct(rows.c.account_no)),
        func.count(),
        func.sum(principal),
        func.sum(case((is_overdue, literal_column("1", Integer)), else_=nothing)),
        func.sum(case((is_overdue, principal), else_=nothing)),
        func.sum(case((rows.c.state == constant(BillState.IN_DEBIT), principal), else_=nothing)),
    ).group_by(*groups)


def overdue_statement(on: date, due: Period | None, criteria: Criteria, by: Sequence[Dimension]) -> Select[Any]:
    """Return the statement of ``overdue_bills``."""
    columns = [*labelled(OF_BILLS, by), accounts.c.user_class, bills.c.due_date, bills.c.principal_fen]
    rows = _unsettled(due, criteria, columns).where(bills.c.due_date < on).subquery("overdue")
    return select(*rows.c, func.count()).group_by(*rows.c)


def list_statement(due: Period | None, criteria: Criteria) -> Select[Any]:
    """Return the statement of ``arrears_bills``."""
    columns = (
        *(accounts.c.account_no, accounts.c.name, accounts.c.address, accounts.c.supply_branch),
        *(accounts.c.user_class, accounts.c.collect_mode, accounts.c.balance_fen),
        *(bills.c.bill_no, bills.c.month, bills.c.principal_fen, bills.c.due_date, bills.c.state),
    )
    return _unsettled(due, criteria, columns).order_by(accounts.c.account_no, bills.c.month, bills.c.seq)


def arrears(
    connections: Sequence[Connection], on: date, due: Period | None, criteria: Criteria, by: Sequence[Dimension]
) -> dict[Key, Arrears]:
    """Return the sums over all databases, each of which has accounts of its own.

    Args:
        connections: one snapshot of each database.
        on: bills due before this day are overdue.
        due: only bills due in this time; None for all.
        criteria: of accounts only; what it says of banks and tellers is not asked.
        by: of ``criteria.OF_BILLS``. A household with bills in two groups counts in both, so a total is asked for
            without dimensions.
    """
    found: dict[Key, Arrears] = {}
    statement = arrears_statement(on, due, criteria, by)
    for connection in connections:
        for row in connection.execute(statement):
            if row[len(by)]:
                key = key_of(by, row[: len(by)])
                both = zip(found.get(key, Arrears()), row[len(by) :], strict=True)
                found[key] = Arrears(*(old + int(new) for old, new in both))
    return in_order(found)


def overdue_bills(
    connections: Sequence[Connection], on: date, due: Period | None, criteria: Criteria, by: Sequence[Dimension]
) -> Iterator[OverdueBills]:
    """Yield the bills that cost a late fee on the day ``on``, equal ones together; arguments as of ``arrears``."""
    statement = overdue_statement(on, due, criteria, by)
    for connection in connections:
        for row in stream(connection, statement):
            user_class, due_date, principal_fen, count = row[len(by) :]
            yield OverdueBills(key_of(by, row[: len(by)]), user_class, due_date, principal_fen, int(count))


def arrears_bills(connections: Sequence[Connection], due: Period | None, criteria: Criteria) -> Iterator[ArrearsBill]:
    """Yield unsettled bills by account and month, oldest first, one database after the other."""
    statement = list_statement(due, criteria)
    for connection in connections:
        for row in stream(connection, statement):
            yield ArrearsBill._make(row)


_ALL_OF_BILL = (bills.c.account_no, bills.c.principal_fen, bills.c.due_date, bills.c.state)


def _unsettled(due: Period | None, criteria: Criteria, columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
    statement = (
        select(*columns)
        .select_from(bills.join(accounts, accounts.c.account_no == bills.c.account_no))
        .where(bills.c.state.in_([constant(BillState.OPEN), constant(BillState.IN_DEBIT)]), *criteria.of_accounts())
    )
    return statement if due is None else statement.where(bills.c.due_date.between(due.first, due.last))
