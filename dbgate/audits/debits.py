"""Debits 代扣核查: batches, their rows, the bills they hold and the payments that came of them.

Batches stand in the first database and their rows with the accounts, so sums of rows are compared outside of SQL: there
are a dozen batches a month.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Integer, Select, and_, case, func, literal_column, null, or_, select

from dbgate.audits.checks import Check, Finding, WholeCheck, number_of
from dbgate.books.states import BatchState, DebitState
from dbgate.books.tables import debit_batches, debit_rows
from dbgate.loading import constant
from dbgate.records import BillState, Movement
from dbgate.tables import bills, payments

_ONE, _ZERO = literal_column("1", Integer), literal_column("0", Integer)
_POSTED = [DebitState.SETTLED, DebitState.TO_BALANCE]


class _Rows(NamedTuple):
    """What the rows of one batch come to."""

    row_count: int = 0
    total_fen: int = 0
    listed_count: int = 0
    debited_count: int = 0
    debited_fen: int = 0


def _posted_rows() -> Select[Any]:
    """Select rows that were posted without the payment of the debited amount that did it."""
    is_of = and_(
        payments.c.fep_serial == debit_rows.c.fep_serial,
        payments.c.movement == constant(Movement.PAY),
        payments.c.account_no == debit_rows.c.account_no,
    )
    return (
        select(debit_rows.c.bill_no, debit_rows.c.debited_fen, payments.c.amount_fen)
        .select_from(debit_rows.outerjoin(payments, is_of))
        .where(
            debit_rows.c.state.in_(_POSTED),
            or_(payments.c.fep_serial.is_(None), payments.c.amount_fen != debit_rows.c.debited_fen),
        )
        .order_by(debit_rows.c.bill_no)
    )


def _bills_held_by_nothing() -> Select[Any]:
    """Select bills that are in a debit batch and are listed in none."""
    listing = select(debit_rows.c.bill_no).where(
        debit_rows.c.bill_no == bills.c.bill_no,
        debit_rows.c.account_no == bills.c.account_no,
        debit_rows.c.state == DebitState.LISTED,
    )
    return (
        select(bills.c.bill_no, null(), null())
        .where(bills.c.state == constant(BillState.IN_DEBIT), ~listing.correlate(bills).exists())
        .order_by(bills.c.bill_no)
    )


def rows_statement() -> Select[Any]:
    """Return the statement of what the rows of each batch in one database come to."""
    columns = debit_rows.c
    is_posted = columns.state.in_(_POSTED)
    return select(
        columns.batch_no,
        func.count(),
        func.sum(columns.principal_fen + columns.late_fee_fen),
        func.sum(case((columns.state == DebitState.LISTED, _ONE), else_=_ZERO)),
        func.sum(case((is_posted, _ONE), else_=_ZERO)),
        func.sum(case((is_posted, columns.debited_fen), else_=_ZERO)),
    ).group_by(columns.batch_no)


def _batches(connections: Sequence[Connection]) -> Iterator[Finding]:
    """Yield batches that are not what their rows come to, and rows of no batch."""
    found: dict[int, _Rows] = defaultdict(_Rows)
    for connection in connections:
        for batch_no, *sums in connection.execute(rows_statement()):
            found[batch_no] = _Rows(*(old + int(new) for old, new in zip(found[batch_no], sums, strict=True)))
    columns = debit_batches.c
    batches = connections[0].execute(
        select(
            columns.batch_no,
            columns.state,
            columns.row_count,
            columns.total_fen,
            columns.debited_count,
            columns.debited_fen,
        ).order_by(columns.batch_no)
    )
    for batch_no, state, *stored in batches:
        rows = found.pop(batch_no, _Rows())
        if state is BatchState.PREPARING:
            continue  # its totals are stored when it goes out
        yield from _compared(str(batch_no), state, stored, rows)
    for batch_no, rows in sorted(found.items()):
        yield Finding(BATCH_ROWS, str(batch_no), None, rows.row_count)


def _compared(batch_no: str, state: BatchState, stored: Sequence[int], rows: _Rows) -> Iterator[Finding]:
    expected = (rows.row_count, rows.total_fen, rows.debited_count, rows.debited_fen)
    for check, told, sums in zip((BATCH_ROWS, BATCH_TOTAL, BATCH_DEBITS, BATCH_DEBITED), stored, expected, strict=True):
        if told != sums:
            yield Finding(check, batch_no, number_of(told), sums)
    if state is not BatchState.OUT and rows.listed_count:
        yield Finding(BATCH_LISTED, batch_no, 0, rows.listed_count)


BATCH_ROWS, BATCH_TOTAL, BATCH_DEBITS, BATCH_DEBITED, BATCH_LISTED = (
    "batch_rows",
    "batch_total",
    "batch_debits",
    "batch_debited",
    "batch_listed",
)
CHECKS = (Check("debit_posted", _posted_rows), Check("debit_held", _bills_held_by_nothing))
WHOLE_CHECKS = (WholeCheck((BATCH_ROWS, BATCH_TOTAL, BATCH_DEBITS, BATCH_DEBITED, BATCH_LISTED), _batches),)
