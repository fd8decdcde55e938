"""Rows 行: records to parameters and rows to records, by position; the column types convert the values."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, insert

from dbgate.column_types import clock_number, day_number
from dbgate.insertion import insert_if_new
from dbgate.prepared import Prepared, Values
from dbgate.records import (
    Account,
    Allocation,
    AuditEntry,
    Bill,
    ClearingDay,
    Identity,
    Invoice,
    InvoicePrint,
    Payment,
)
from dbgate.tables import accounts, allocations, bills, clearing_dates, invoice_prints, invoices, payments

Parameters = dict[str, Any]

# Columns in the order of the records' fields: ``Account(*row)``.
ACCOUNT_COLUMNS: Final[Sequence[ColumnElement[Any]]] = [c for c in accounts.c if c.name != "load_digest"]
BILL_COLUMNS: Final[Sequence[ColumnElement[Any]]] = [c for c in bills.c if c.name != "load_digest"]
PAYMENT_COLUMNS: Final[Sequence[ColumnElement[Any]]] = list(payments.c)
ALLOCATION_COLUMNS: Final[Sequence[ColumnElement[Any]]] = list(allocations.c)
INVOICE_COLUMNS: Final[Sequence[ColumnElement[Any]]] = list(invoices.c)
INVOICE_PRINT_COLUMNS: Final[Sequence[ColumnElement[Any]]] = list(invoice_prints.c)
CLEARING_DAY_COLUMNS: Final[Sequence[ColumnElement[Any]]] = list(clearing_dates.c)

Row = Sequence[Any]


def account_of(row: Row) -> Account:
    """Return the account of a row of ``ACCOUNT_COLUMNS``."""
    return Account(*row)


def bill_of(row: Row) -> Bill:
    """Return the bill of a row of ``BILL_COLUMNS``."""
    return Bill(*row)


def allocation_of(row: Row) -> Allocation:
    """Return the allocation of a row of ``ALLOCATION_COLUMNS``."""
    return Allocation(*row)


def invoice_of(row: Row) -> Invoice:
    """Return the invoice of a row of ``INVOICE_COLUMNS``."""
    return Invoice(*row)


def clearing_day_of(row: Row) -> ClearingDay:
    """Return the clearing day of a row of ``CLEARING_DAY_COLUMNS``."""
    return ClearingDay(*row)


def payment_of(row: Row) -> Payment:
    """Return the journal row of a row of ``PAYMENT_COLUMNS``."""
    original = None if row[18] is None else Identity(row[18], row[19], row[20])
    fields = [Identity(row[0], row[1], row[2]), *row[3:18], original, *row[21:]]
    return Payment(*fields)


def invoice_print_of(row: Row) -> InvoicePrint:
    """Return the counted request of a row of ``INVOICE_PRINT_COLUMNS``."""
    return InvoicePrint(Identity(row[0], row[1], row[2]), *row[3:])


def payment_values(payment: Payment) -> Values:
    """Return the journal row in the order of the table's columns, as the driver takes it."""
    bank_code, bank_date, bank_serial = payment.identity
    original = payment.original
    return (
        bank_code,
        day_number(bank_date),
        bank_serial,
        payment.fep_serial,
        payment.movement._value_,
        payment.state._value_,
        payment.account_no or None,
        payment.account_name or None,
        payment.amount_fen,
        payment.settled_principal_fen,
        payment.settled_late_fee_fen,
        payment.balance_change_fen,
        payment.balance_after_fen,
        payment.due_after_fen,
        payment.settled_count,
        payment.first_month,
        payment.last_month,
        payment.invoice_no or None,
        None if original is None else original.bank_code,
        None if original is None else day_number(original.bank_date),
        None if original is None else original.bank_serial,
        payment.original_fep_serial,
        payment.outcome,
        payment.branch_code or None,
        payment.teller_id or None,
        payment.channel,
        payment.instrument,
        day_number(payment.clearing_date),
        clock_number(payment.created_at),
        payment.digest or None,
        payment.reason,
    )


def allocation_values(allocation: Allocation) -> Values:
    """Return the allocation in the order of the table's columns."""
    return allocation.fep_serial, allocation.bill_no, allocation.principal_fen, allocation.late_fee_fen


INSERT_PAYMENTS: Final = Prepared(
    lambda dialect: insert_if_new(payments, dialect), [column.name for column in payments.c]
)
INSERT_ALLOCATIONS: Final = Prepared(lambda _: insert(allocations), [column.name for column in allocations.c])


def invoice_parameters(invoice: Invoice) -> Parameters:
    """Return the invoice as parameters of an INSERT."""
    return {
        "invoice_no": invoice.invoice_no,
        "fep_serial": invoice.fep_serial,
        "print_count": invoice.print_count,
    }


def invoice_print_parameters(printed: InvoicePrint) -> Parameters:
    """Return the counted INVOICE request as parameters of an INSERT."""
    bank_code, bank_date, bank_serial = printed.identity
    return {
        "bank_code": bank_code,
        "bank_date": bank_date,
        "bank_serial": bank_serial,
        "digest": printed.digest,
        "invoice_no": printed.invoice_no,
        "fep_serial": printed.fep_serial,
        "print_count": printed.print_count,
    }


def audit_parameters(entry: AuditEntry) -> Parameters:
    """Return the refused request as parameters of an INSERT."""
    bank_code, bank_date, bank_serial = entry.identity
    return {
        "created_at": entry.at,
        "bank_code": bank_code,
        "bank_date": bank_date,
        "bank_serial": bank_serial,
        "transaction_name": entry.transaction,
        "account_no": entry.account_no,
        "amount_fen": entry.amount_fen,
        "response_code": entry.response_code,
        "branch_code": entry.branch_code,
        "teller_id": entry.teller_id,
        "channel": entry.channel,
    }
