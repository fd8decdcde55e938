"""Undos 冲销核查: what was undone has the row that undid it, and the other way round."""

from typing import Any

from sqlalchemy import Integer, Select, and_, case, func, literal_column, null, or_, select

from dbgate.audits.checks import Check
from dbgate.loading import constant
from dbgate.records import Movement, PaymentState
from dbgate.reports.collected import undid_something
from dbgate.tables import payments

_ONE, _ZERO = literal_column("1", Integer), literal_column("0", Integer)
_NEVER_ARRIVED = literal_column("2", Integer)


def _undone_payments() -> Select[Any]:
    """Select payments that are undone without exactly one row that did it, or not undone with one, or by other sums."""
    columns = payments.c
    is_cancel = case((columns.movement == constant(Movement.CANCEL), _ONE), else_=_ZERO)
    named = (columns.original_bank_code, columns.original_bank_date, columns.original_bank_serial)
    undos = (
        select(
            *named,
            func.count().label("undo_count"),
            func.sum(is_cancel).label("cancel_count"),
            func.sum(columns.amount_fen).label("amount_fen"),
            func.sum(columns.balance_change_fen).label("change_fen"),
        )
        .where(undid_something())
        .group_by(*named)
        .subquery("undos")
    )
    is_of = and_(
        undos.c.original_bank_code == columns.bank_code,
        undos.c.original_bank_date == columns.bank_date,
        undos.c.original_bank_serial == columns.bank_serial,
    )
    is_cancelled = columns.state == constant(PaymentState.CANCELLED)
    is_undone = or_(is_cancelled, columns.state == constant(PaymentState.REVERSED))
    expected = case((is_undone, _ONE), else_=_ZERO)
    found = func.coalesce(undos.c.undo_count, _ZERO)
    cancels = func.coalesce(undos.c.cancel_count, _ZERO)
    differs = or_(
        found != expected,
        cancels != case((is_cancelled, _ONE), else_=_ZERO),
        and_(found == _ONE, undos.c.amount_fen != columns.amount_fen),
        and_(found == _ONE, undos.c.change_fen != -columns.balance_change_fen),
    )
    return (
        select(columns.fep_serial, expected, found)
        .select_from(payments.outerjoin(undos, is_of))
        .where(columns.movement == constant(Movement.PAY), differs)
        .order_by(columns.fep_serial)
    )


def _undos_of_nothing() -> Select[Any]:
    """Select rows that undid something which is no payment, or reversed before arrival what has no tombstone."""
    undos, originals = payments, payments.alias("originals")
    is_of = and_(
        originals.c.bank_code == undos.c.original_bank_code,
        originals.c.bank_date == undos.c.original_bank_date,
        originals.c.bank_serial == undos.c.original_bank_serial,
    )
    barred = and_(undos.c.movement == constant(Movement.REVERSE), undos.c.outcome == _NEVER_ARRIVED)
    has_payment = and_(originals.c.movement == constant(Movement.PAY), ~barred)
    has_tombstone = and_(originals.c.movement == constant(Movement.TOMBSTONE), barred)
    return (
        select(undos.c.fep_serial, null(), undos.c.original_fep_serial)
        .select_from(undos.outerjoin(originals, and_(is_of, or_(has_payment, has_tombstone))))
        .where(or_(undid_something(), barred), originals.c.bank_code.is_(None))
        .order_by(undos.c.fep_serial)
    )


def _tombstones_of_nothing() -> Select[Any]:
    """Select tombstones that no reversal has set; they have no number, so their serial is told."""
    undos = payments.alias("undos")
    setting = select(undos.c.bank_serial).where(
        undos.c.movement == constant(Movement.REVERSE),
        undos.c.outcome == _NEVER_ARRIVED,
        undos.c.original_bank_code == payments.c.bank_code,
        undos.c.original_bank_date == payments.c.bank_date,
        undos.c.original_bank_serial == payments.c.bank_serial,
        # Set in the same transaction: so that it is looked for among the day's rows.
        undos.c.bank_code == payments.c.bank_code,
        undos.c.clearing_date == payments.c.clearing_date,
    )
    return (
        select(payments.c.bank_serial, null(), null())
        .where(payments.c.movement == constant(Movement.TOMBSTONE), ~setting.correlate(payments).exists())
        .order_by(payments.c.bank_serial)
    )


CHECKS = (
    Check("undone", _undone_payments),
    Check("undo_alone", _undos_of_nothing),
    Check("tombstone_alone", _tombstones_of_nothing),
)
