"""Settlements 销账核查: movements against their allocations, and bills against the movement that settled them."""

from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, func, literal_column, null, or_, select
from sqlalchemy.sql.expression import Subquery

from dbgate.audits.checks import Check
from dbgate.loading import constant
from dbgate.records import BillState, Movement, PaymentState
from dbgate.tables import allocations, bills, payments

_ZERO = literal_column("0", Integer)


def _allocated() -> Subquery:
    """Return what each movement paid of bills."""
    serial = allocations.c.fep_serial
    return (
        select(
            serial,
            func.sum(allocations.c.principal_fen).label("principal_fen"),
            func.sum(allocations.c.late_fee_fen).label("late_fee_fen"),
            func.count().label("bill_count"),
        )
        .group_by(serial)
        .subquery("allocated")
    )


def _settled_sums() -> Select[Any]:
    allocated = _allocated()
    principal, late_fee = (func.coalesce(allocated.c[name], _ZERO) for name in ("principal_fen", "late_fee_fen"))
    columns = payments.c
    return (
        select(columns.fep_serial, columns.settled_principal_fen + columns.settled_late_fee_fen, principal + late_fee)
        .select_from(payments.outerjoin(allocated, allocated.c.fep_serial == columns.fep_serial))
        .where(or_(columns.settled_principal_fen != principal, columns.settled_late_fee_fen != late_fee))
        .order_by(columns.fep_serial)
    )


def _settled_counts() -> Select[Any]:
    allocated = _allocated()
    count = func.coalesce(allocated.c.bill_count, _ZERO)
    columns = payments.c
    return (
        select(columns.fep_serial, columns.settled_count, count)
        .select_from(payments.outerjoin(allocated, allocated.c.fep_serial == columns.fep_serial))
        .where(columns.settled_count != count)
        .order_by(columns.fep_serial)
    )


def _allocations_of_nothing() -> Select[Any]:
    serial = allocations.c.fep_serial
    return (
        select(serial, allocations.c.principal_fen + allocations.c.late_fee_fen, null())
        .select_from(allocations.outerjoin(payments, payments.c.fep_serial == serial))
        .where(payments.c.fep_serial.is_(None))
        .order_by(serial)
    )


def stands() -> ColumnElement[bool]:
    """Return the condition for movements that settle bills and have not been undone."""
    kinds = [constant(Movement.PAY), constant(Movement.APPLY)]
    return and_(payments.c.movement.in_(kinds), payments.c.state == constant(PaymentState.POSTED))


def _settled_by_nothing() -> Select[Any]:
    """Select bills that no standing movement has settled; those without a number were settled by the utility itself."""
    settling = (
        select(payments.c.fep_serial)
        .join(allocations, allocations.c.fep_serial == payments.c.fep_serial)
        .where(stands(), payments.c.fep_serial == bills.c.settled_by, allocations.c.bill_no == bills.c.bill_no)
        .correlate(bills)
    )
    is_settled = bills.c.state == constant(BillState.SETTLED)
    return (
        select(bills.c.bill_no, bills.c.settled_by, null())
        .where(bills.c.settled_by.is_not(None), or_(~is_settled, ~settling.exists()))
        .order_by(bills.c.bill_no)
    )


def _settled_bills_that_are_not() -> Select[Any]:
    """Select what standing movements have settled and is not, or is settled by another, or was over another sum."""
    of_bill = and_(
        bills.c.bill_no == allocations.c.bill_no,
        bills.c.state == constant(BillState.SETTLED),
        bills.c.settled_by == allocations.c.fep_serial,
        bills.c.principal_fen == allocations.c.principal_fen,
        bills.c.account_no == payments.c.account_no,
    )
    paid = allocations.join(payments, payments.c.fep_serial == allocations.c.fep_serial)
    known = bills.alias("known")
    return (
        select(allocations.c.bill_no, known.c.settled_by, allocations.c.fep_serial)
        .select_from(paid.outerjoin(bills, of_bill).outerjoin(known, known.c.bill_no == allocations.c.bill_no))
        .where(stands(), bills.c.bill_no.is_(None))
        .order_by(allocations.c.bill_no)
    )


CHECKS = (
    Check("settled_sum", _settled_sums),
    Check("settled_count", _settled_counts),
    Check("allocation_alone", _allocations_of_nothing),
    Check("bill_unpaid", _settled_by_nothing),
    Check("bill_not_settled", _settled_bills_that_are_not),
)
