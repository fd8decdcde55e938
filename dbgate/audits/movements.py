"""Movements 流水核查: each by itself, and those of an account against its balance."""

from typing import Any

from sqlalchemy import Integer, Select, and_, case, func, literal_column, null, or_, select
from sqlalchemy.sql.expression import Subquery

from dbgate.audits.checks import Check
from dbgate.loading import constant
from dbgate.records import Movement
from dbgate.tables import accounts, payments

_ZERO = literal_column("0", Integer)


def _sums() -> Subquery:
    """Return what the movements of each account add up to."""
    account_no = payments.c.account_no
    moved = func.sum(payments.c.balance_change_fen).label("moved_fen")
    return select(account_no, moved).where(account_no.is_not(None)).group_by(account_no).subquery("sums")


def _balances() -> Select[Any]:
    sums = _sums()
    moved = func.coalesce(sums.c.moved_fen, _ZERO)
    return (
        select(accounts.c.account_no, accounts.c.balance_fen, moved)
        .select_from(accounts.outerjoin(sums, sums.c.account_no == accounts.c.account_no))
        .where(accounts.c.balance_fen != moved)
        .order_by(accounts.c.account_no)
    )


def _money_of_no_account() -> Select[Any]:
    """Select sums of accounts that are not there; a REVERSE may name any, and moves nothing then."""
    sums = _sums()
    return (
        select(sums.c.account_no, null(), sums.c.moved_fen)
        .select_from(sums.outerjoin(accounts, sums.c.account_no == accounts.c.account_no))
        .where(accounts.c.account_no.is_(None), sums.c.moved_fen != _ZERO)
        .order_by(sums.c.account_no)
    )


def _amounts() -> Select[Any]:
    """Select movements whose parts do not add up to their amount, as ``dbgate.records.Payment`` says they do."""
    columns = payments.c
    settled = columns.settled_principal_fen + columns.settled_late_fee_fen
    is_in = columns.movement.in_([constant(Movement.PAY), constant(Movement.OPEN)])
    is_apply = columns.movement == constant(Movement.APPLY)
    parts = case((is_in, settled + columns.balance_change_fen), (is_apply, settled), else_=columns.amount_fen)
    is_wrong = or_(
        columns.amount_fen != parts,
        and_(is_apply, columns.amount_fen != -columns.balance_change_fen),
        and_(~is_in, ~is_apply, settled != _ZERO),
    )
    return select(columns.fep_serial, columns.amount_fen, parts).where(is_wrong).order_by(columns.fep_serial)


CHECKS = (
    Check("balance", _balances),
    Check("account_missing", _money_of_no_account),
    Check("amount", _amounts),
)
