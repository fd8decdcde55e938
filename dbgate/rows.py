"""Rows 行: records to the driver's values and back, by position; every type is stored as ``column_types`` says."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement

from dbgate.column_types import clock_number, day_number, number_clock, number_day
from dbgate.forms import Values
from dbgate.prepared import InsertRows
from dbgate.records import (
    Account,
    AccountState,
    Allocation,
    AuditEntry,
    Bill,
    BillState,
    ClearingDay,
    CollectMode,
    DetailRow,
    Identity,
    Invoice,
    InvoicePrint,
    LimitKey,
    Movement,
    Payment,
    PaymentState,
    UserClass,
)
from dbgate.tables import (
    NAME_CHARS,
    accounts,
    allocations,
    bills,
    clearing_dates,
    invoice_prints,
    invoices,
    payments,
)

# Columns in the order of the records' fields: ``Account(*row)``.
ACCOUNT_COLUMNS: Final[Sequence[ColumnElement[Any]]] = [c for c in accounts.c if c.name != "load_digest"]
BILL_COLUMNS: Final[Sequence[ColumnElement[Any]]] = [c for c in bills.c if c.name != "load_digest"]
PAYMENT_COLUMNS: Final[Sequence[ColumnElement[Any]]] = list(payments.c)
ALLOCATION_COLUMNS: Final[Sequence[ColumnElement[Any]]] = list(allocations.c)
INVOICE_COLUMNS: Final[Sequence[ColumnElement[Any]]] = list(invoices.c)
INVOICE_PRINT_COLUMNS: Final[Sequence[ColumnElement[Any]]] = list(invoice_prints.c)
CLEARING_DAY_COLUMNS: Final[Sequence[ColumnElement[Any]]] = list(clearing_dates.c)
DETAIL_COLUMNS: Final[Sequence[ColumnElement[Any]]] = [
    payments.c[name]
    for name in (
        "bank_code",
        "bank_date",
        "bank_serial",
        "fep_serial",
        "movement",
        "state",
        "account_no",
        "amount_fen",
    )
]

Row = Sequence[Any]

_USER_CLASSES = {member.value: member for member in UserClass}
_COLLECT_MODES = {member.value: member for member in CollectMode}
_ACCOUNT_STATES = {member.value: member for member in AccountState}
_BILL_STATES = {member.value: member for member in BillState}
_MOVEMENTS = {member.value: member for member in Movement}
_PAYMENT_STATES = {member.value: member for member in PaymentState}


def account_of(row: Row) -> Account:
    """Return the account of a row of ``ACCOUNT_COLUMNS``."""
    account_no, name, address, meter_no, passbook, supply_branch, user_class, collect_mode, state, *rest = row
    return Account(
        account_no,
        name or "",
        address or "",
        meter_no or "",
        passbook or "",
        supply_branch or "",
        _USER_CLASSES[user_class],
        _COLLECT_MODES[collect_mode],
        _ACCOUNT_STATES[state],
        rest[0],
        rest[1] == 1,
    )


def bill_of(row: Row) -> Bill:
    """Return the bill of a row of ``BILL_COLUMNS``."""
    fields = [*row[:8], number_day(row[8]), _BILL_STATES[row[9]], row[10]]
    return Bill(*fields)


def allocation_of(row: Row) -> Allocation:
    """Return the allocation of a row of ``ALLOCATION_COLUMNS``."""
    return Allocation(*row)


def invoice_of(row: Row) -> Invoice:
    """Return the invoice of a row of ``INVOICE_COLUMNS``."""
    return Invoice(*row)


def clearing_day_of(row: Row) -> ClearingDay:
    """Return the clearing day of a row of ``CLEARING_DAY_COLUMNS``."""
    bank_code, clearing_date, first_date = row
    return ClearingDay(bank_code, number_day(clearing_date), number_day(first_date))


def payment_of(row: Row) -> Payment:
    """Return the journal row of a row of ``PAYMENT_COLUMNS``."""
    fields = [
        Identity(row[0], number_day(row[1]), row[2]),
        row[3],
        _MOVEMENTS[row[4]],
        _PAYMENT_STATES[row[5]],
        row[6] or "",
        row[7] or "",
        *row[8:17],
        row[17] or "",
        None if row[18] is None else Identity(row[18], number_day(row[19]), row[20]),
        row[21],
        row[22],
        row[23] or "",
        row[24] or "",
        row[25],
        row[26],
        number_day(row[27]),
        number_clock(row[28]),
        row[29] or "",
        row[30],
        None if row[31] is None else number_day(row[31]),
    ]
    return Payment(*fields)


def detail_row_of(row: Row) -> DetailRow:
    """Return the row of the details of a row of ``DETAIL_COLUMNS``."""
    bank_code, bank_date, bank_serial, fep_serial, movement, state, account_no, amount_fen = row
    identity = Identity(bank_code, number_day(bank_date), bank_serial)
    return DetailRow(identity, fep_serial, _MOVEMENTS[movement], _PAYMENT_STATES[state], account_no or "", amount_fen)


def invoice_print_of(row: Row) -> InvoicePrint:
    """Return the counted request of a row of ``INVOICE_PRINT_COLUMNS``."""
    return InvoicePrint(Identity(row[0], number_day(row[1]), row[2]), row[3] or "", *row[4:])


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
        payment.account_name[:NAME_CHARS] or None,  # a utility's own tables may hold longer ones
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
        None if payment.mends_date is None else day_number(payment.mends_date),
    )


def allocation_values(allocation: Allocation) -> Values:
    """Return the allocation in the order of the table's columns."""
    return allocation.fep_serial, allocation.bill_no, allocation.principal_fen, allocation.late_fee_fen


def invoice_values(invoice: Invoice) -> Values:
    """Return the invoice in the order of the table's columns."""
    return invoice.invoice_no, invoice.fep_serial, invoice.print_count


def invoice_print_values(printed: InvoicePrint) -> Values:
    """Return the counted INVOICE request in the order of the table's columns."""
    bank_code, bank_date, bank_serial = printed.identity
    return (
        bank_code,
        day_number(bank_date),
        bank_serial,
        printed.digest or None,
        printed.invoice_no,
        printed.fep_serial,
        printed.print_count,
    )


def audit_values(entry: AuditEntry) -> Values:
    """Return the refused request in the order of the table's columns, its own number left out."""
    bank_code, bank_date, bank_serial = entry.identity
    return (
        clock_number(entry.at),
        bank_code,
        day_number(bank_date),
        bank_serial,
        entry.transaction,
        entry.account_no or None,
        entry.amount_fen,
        entry.response_code,
        entry.branch_code or None,
        entry.teller_id or None,
        entry.channel,
    )


def limit_values(key: LimitKey, used_fen: int) -> Values:
    """Return a daily counter in the order of the table's columns."""
    return key.bank_code, key.channel, day_number(key.clearing_date), used_fen


INSERT_PAYMENTS: Final = InsertRows("insert_payments", payments, if_new=True)
INSERT_ALLOCATIONS: Final = InsertRows("insert_allocations", allocations)
