"""Rows of the books 账务行: records to the driver's values and back, by position, as ``dbgate.rows``."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement

from dbgate.books.records import Debit, DebitBatch, Mandate, Push
from dbgate.books.states import DebitState, MandateState, PushReason, PushState
from dbgate.books.tables import debit_batches, debit_rows, mandates, pushes
from dbgate.column_types import clock_number, day_number, number_clock, number_day
from dbgate.forms import Values

# Columns in the order of the records' fields.
MANDATE_COLUMNS: Final[Sequence[ColumnElement[Any]]] = list(mandates.c)
DEBIT_COLUMNS: Final[Sequence[ColumnElement[Any]]] = list(debit_rows.c)
BATCH_COLUMNS: Final[Sequence[ColumnElement[Any]]] = list(debit_batches.c)
PUSH_COLUMNS: Final[Sequence[ColumnElement[Any]]] = list(pushes.c)

Row = Sequence[Any]

_MANDATE_STATES = {member.value: member for member in MandateState}
_DEBIT_STATES = {member.value: member for member in DebitState}
_PUSH_STATES = {member.value: member for member in PushState}
_PUSH_REASONS = {member.value: member for member in PushReason}


def mandate_of(row: Row) -> Mandate:
    """Return the mandate of a row of ``MANDATE_COLUMNS`` as the driver gives it."""
    account_no, bank_code, name, passbook, state, file_date, changed_at = row
    return Mandate(
        account_no,
        bank_code,
        name or "",
        passbook or "",
        _MANDATE_STATES[state],
        number_day(file_date),
        number_clock(changed_at),
    )


def mandate_values(mandate: Mandate) -> Values:
    """Return the mandate in the order of the table's columns."""
    return (mandate.account_no, *moved_mandate_values(mandate))


def moved_mandate_values(mandate: Mandate) -> Values:
    """Return all of a mandate but its key."""
    return (
        mandate.bank_code,
        mandate.name or None,
        mandate.passbook or None,
        str(mandate.state.value),
        day_number(mandate.file_date),
        clock_number(mandate.changed_at),
    )


def debit_of(row: Row) -> Debit:
    """Return the debit of a row of ``DEBIT_COLUMNS`` as the driver gives it."""
    fields = [
        *row[:4],
        row[4] or "",
        row[5] or "",
        *row[6:10],
        _DEBIT_STATES[row[10]],
        row[11] or "",
        row[12],
        None if row[13] is None else number_day(row[13]),
        row[14] or "",
        row[15],
    ]
    return Debit(*fields)


def debit_values(debit: Debit) -> Values:
    """Return the debit in the order of the table's columns."""
    return (
        debit.batch_no,
        debit.bill_no,
        debit.account_no,
        debit.row_no,
        debit.name or None,
        debit.passbook or None,
        debit.month,
        debit.seq,
        debit.principal_fen,
        debit.late_fee_fen,
        *moved_debit_values(debit),
    )


def moved_debit_values(debit: Debit) -> Values:
    """Return what moves in a debit: its state and what the bank did."""
    return (
        str(debit.state.value),
        debit.result or None,
        debit.debited_fen,
        None if debit.debit_date is None else day_number(debit.debit_date),
        debit.debit_serial or None,
        debit.fep_serial,
    )


def batch_of(row: Row) -> DebitBatch:
    """Return the batch of a row of ``BATCH_COLUMNS`` as SQLAlchemy gives it."""
    return DebitBatch(*row)


def push_of(row: Row) -> Push:
    """Return the push of a row of ``PUSH_COLUMNS`` as the driver gives it."""
    fields = [
        *row[:4],
        _PUSH_STATES[row[4]],
        row[5],
        number_clock(row[6]),
        None if row[7] is None else number_clock(row[7]),
        number_clock(row[8]),
        row[9],
        row[10] or "",
        row[11] or "",
        row[12] or "",
        None if row[13] is None else number_day(row[13]),
        row[14] or "",
        row[15],
        row[16],
        row[17] or "",
        None if row[18] is None else _PUSH_REASONS[row[18]],
        row[19] == 1,
    ]
    return Push(*fields)


def push_values(push: Push) -> Values:
    """Return the push in the order of the table's columns."""
    fep_serial, state, late_fee_fen, *rest = moved_push_values(push)
    fixed = push.bill_no, fep_serial, push.account_no, push.bank_code, state, late_fee_fen
    return (*fixed, clock_number(push.created_at), *rest)


def moved_push_values(push: Push) -> Values:
    """Return what moves in a push, in the order of the table's columns."""
    return (
        push.fep_serial,
        str(push.state.value),
        push.late_fee_fen,
        None if push.pushed_at is None else clock_number(push.pushed_at),
        clock_number(push.due_at),
        push.tries,
        push.owner or None,
        push.name or None,
        push.passbook or None,
        None if push.debit_date is None else day_number(push.debit_date),
        push.debit_serial or None,
        push.debited_fen,
        push.posted_serial,
        push.refusal or None,
        None if push.reason is None else str(push.reason.value),
        int(push.is_reported),
    )
