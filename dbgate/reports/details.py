"""Details 交易明细: every payment, cancel and reversal of a period, as a stream."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, select

from dbgate.loading import constant
from dbgate.records import Movement, PaymentState
from dbgate.reports.collected import in_period, source_of
from dbgate.reports.criteria import Criteria, Period
from dbgate.reports.snapshots import stream
from dbgate.tables import payments

_COLUMNS = (
    payments.c.clearing_date,
    payments.c.created_at,
    payments.c.bank_code,
    payments.c.bank_date,
    payments.c.bank_serial,
    payments.c.fep_serial,
    payments.c.movement,
    payments.c.state,
    payments.c.outcome,
    payments.c.account_no,
    payments.c.account_name,
    payments.c.amount_fen,
    payments.c.settled_principal_fen,
    payments.c.settled_late_fee_fen,
    payments.c.balance_change_fen,
    payments.c.branch_code,
    payments.c.teller_id,
    payments.c.channel,
    payments.c.instrument,
    payments.c.original_bank_date,
    payments.c.original_bank_serial,
    payments.c.mends_date,
)


class Detail(NamedTuple):
    """One row of the journal 交费流水; see ``dbgate.records.Payment``."""

    clearing_date: date
    created_at: datetime
    bank_code: str
    bank_date: date
    bank_serial: str
    fep_serial: int | None
    movement: Movement
    state: PaymentState
    outcome: int | None
    account_no: str
    account_name: str
    amount_fen: int
    principal_fen: int
    late_fee_fen: int
    balance_change_fen: int
    outlet: str
    teller: str
    channel: int
    instrument: int | None
    original_date: date | None
    original_serial: str | None
    mends_date: date | None


def details_statement(period: Period, criteria: Criteria) -> Select[Any]:
    """Return the statement of ``details``, in the order of its index."""
    kinds = [constant(movement) for movement in (Movement.PAY, Movement.CANCEL, Movement.REVERSE)]
    return rows_statement(payments.c.movement.in_(kinds), period, criteria)


def rows_statement(which: ColumnElement[bool], period: Period, criteria: Criteria) -> Select[Any]:
    """Return the statement of the rows of ``Detail`` that meet a condition, in the order of their index."""
    return (
        select(*_COLUMNS)
        .select_from(source_of(criteria))
        .where(which, *in_period(period), *criteria.of_payments())
        .order_by(payments.c.bank_code, payments.c.clearing_date, payments.c.fep_serial)
    )


def details(connections: Sequence[Connection], period: Period, criteria: Criteria) -> Iterator[Detail]:
    """Yield the rows by bank, clearing date and FEP serial, one database after the other."""
    yield from rows_of(connections, details_statement(period, criteria))


def rows_of(connections: Sequence[Connection], statement: Select[Any]) -> Iterator[Detail]:
    """Yield what ``rows_statement`` selects, one database after the other."""
    for connection in connections:
        for row in stream(connection, statement):
            yield Detail._make(row)
