"""Movements to be told 应留痕的流水: what an audit log must have, from some clearing date on."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select

from dbgate.loading import constant
from dbgate.records import NO_BANK_CODE, Movement
from dbgate.reports.snapshots import tuples
from dbgate.tables import clearing_dates, payments


class Posted(NamedTuple):
    """A movement as it stands in the journal."""

    fep_serial: int
    bank_code: str
    bank_date: date
    bank_serial: str
    movement: Movement
    account_no: str
    amount_fen: int
    clearing_date: date
    created_at: datetime


def posted_statement(since: date, bank_codes: Sequence[str]) -> Select[Any]:
    """Return the statement of all movements but loaded balances, of banks that are named so that their index is used.

    What was reversed before it arrived has no number: its reversal has.
    """
    columns = payments.c
    told = [constant(each) for each in (Movement.PAY, Movement.CANCEL, Movement.REVERSE, Movement.APPLY)]
    return (
        select(
            columns.fep_serial,
            columns.bank_code,
            columns.bank_date,
            columns.bank_serial,
            columns.movement,
            columns.account_no,
            columns.amount_fen,
            columns.clearing_date,
            columns.created_at,
        )
        .where(
            columns.bank_code.in_([NO_BANK_CODE, *bank_codes]),
            columns.clearing_date >= since,
            columns.movement.in_(told),
        )
        .order_by(columns.fep_serial)
    )


def posted_since(connection: Connection, since: date) -> Iterator[Posted]:
    """Yield the movements of one database from a clearing date on, by their numbers."""
    bank_codes = list(connection.scalars(select(clearing_dates.c.bank_code)))
    for row in tuples(connection, posted_statement(since, bank_codes)):
        yield Posted(*row)
