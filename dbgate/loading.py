"""Loading 装入: the set statements that fill a working set, for money work in the order of the locks.

Order of the locks: 0 the clearing-date rows of the banks, shared; 1 the accounts, FOR UPDATE, by account_no;
2 the originals, FOR UPDATE, by identity; 3 only then, in later statements, the clock and everything else. Reading bills
in the locking statement would, on PostgreSQL, show them as they were before the wait for the lock.

A statement that nobody needs is not sent. All are built once, so that SQLAlchemy compiles each of them once.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, Table, and_, bindparam, func, or_, select

from dbgate import rows
from dbgate.records import BillState, Identity, LimitKey, Movement, PaymentState
from dbgate.tables import accounts, allocations, bills, clearing_dates, invoice_prints, invoices, limit_uses, payments
from dbgate.wanted import Wanted, by_bank_and_date, in_chunks
from dbgate.working_set import WorkingSet

_CLEARING_DAYS = (
    select(*rows.CLEARING_DAY_COLUMNS)
    .where(clearing_dates.c.bank_code.in_(bindparam("items", expanding=True)))
    .order_by(clearing_dates.c.bank_code)
)
_CLEARING_DAYS_SHARED = _CLEARING_DAYS.with_for_update(read=True)

ACCOUNTS = (
    select(*rows.ACCOUNT_COLUMNS)
    .where(accounts.c.account_no.in_(bindparam("items", expanding=True)))
    .order_by(accounts.c.account_no)
)
_ACCOUNTS_LOCKED = ACCOUNTS.with_for_update()

_UNSETTLED_BILLS = select(*rows.BILL_COLUMNS).where(
    bills.c.account_no.in_(bindparam("items", expanding=True)),
    bills.c.state.in_([BillState.OPEN, BillState.IN_DEBIT]),
)
_BILLS = select(*rows.BILL_COLUMNS).where(bills.c.bill_no.in_(bindparam("items", expanding=True)))
_ALLOCATIONS = select(*rows.ALLOCATION_COLUMNS).where(
    allocations.c.fep_serial.in_(bindparam("items", expanding=True)),
)
_INVOICES = select(*rows.INVOICE_COLUMNS).where(invoices.c.fep_serial.in_(bindparam("items", expanding=True)))
_LIMIT_USED = select(limit_uses.c.used_fen).where(
    limit_uses.c.bank_code == bindparam("bank_code"),
    limit_uses.c.channel == bindparam("channel"),
    limit_uses.c.clearing_date == bindparam("clearing_date"),
)
# What a counter that does not exist yet begins with: a limit may be set in the middle of a day.
_POSTED_SUM = select(func.coalesce(func.sum(payments.c.amount_fen), 0)).where(
    payments.c.bank_code == bindparam("bank_code"),
    payments.c.clearing_date == bindparam("clearing_date"),
    payments.c.channel == bindparam("channel"),
    payments.c.movement == Movement.PAY,
    payments.c.state == PaymentState.POSTED,
)

Read = Callable[[Sequence[Any]], Any]


def load_days(connection: Connection, bank_codes: Sequence[str], working_set: WorkingSet, *, shared: bool) -> None:
    """Load the clearing days of the banks (step 0); ``shared`` locks them against the cut-off."""
    statement = _CLEARING_DAYS_SHARED if shared else _CLEARING_DAYS
    working_set.add_days(fetch(connection, statement, bank_codes, rows.clearing_day_of))


def load_money(
    connection: Connection, wanted: Wanted, now: Callable[[Connection], datetime]
) -> tuple[WorkingSet, datetime]:
    """Lock and load what a money batch wants.

    Returns:
        The working set, and the database clock as it was after the locks.
    """
    working_set = WorkingSet()
    load_days(connection, wanted.bank_codes, working_set, shared=True)
    if wanted.account_nos:
        working_set.add_accounts(fetch(connection, _ACCOUNTS_LOCKED, wanted.account_nos, rows.account_of))
    if wanted.originals:
        working_set.add_journal(fetch_payments(connection, wanted.originals, locked=True))
    moment = now(connection)
    load_rest(connection, wanted, working_set)
    return working_set, moment


def load_rest(connection: Connection, wanted: Wanted, working_set: WorkingSet) -> None:
    """Load what is read without a lock of its own: own identities, bills, all about the originals, counters."""
    if wanted.own:
        working_set.add_journal(fetch_payments(connection, wanted.own))
    if wanted.account_nos:
        load_unsettled(connection, wanted.account_nos, working_set)
    if wanted.originals:
        _load_originals(connection, wanted.originals, working_set)
    if wanted.invoice_prints:
        statement = _by_identity(invoice_prints, len(by_bank_and_date(wanted.invoice_prints)), locked=False)
        found = connection.execute(statement, _identity_parameters(wanted.invoice_prints))
        working_set.add_invoice_prints(map(rows.invoice_print_of, found.all()))
    for bank_code, channel in sorted(wanted.limits):
        _load_limit(connection, bank_code, channel, working_set)


def load_unsettled(connection: Connection, account_nos: Sequence[str], working_set: WorkingSet) -> None:
    """Load the unsettled bills of the accounts."""
    working_set.add_bills(fetch(connection, _UNSETTLED_BILLS, account_nos, rows.bill_of))


def _load_originals(connection: Connection, originals: Sequence[Identity], working_set: WorkingSet) -> None:
    found = [working_set.payment(identity) for identity in originals]
    serials = [payment.fep_serial for payment in found if payment is not None and payment.fep_serial is not None]
    if not serials:
        return
    paid = fetch(connection, _ALLOCATIONS, serials, rows.allocation_of)
    working_set.add_allocations(paid)
    bill_nos = sorted({allocation.bill_no for allocation in paid})
    if bill_nos:
        working_set.add_bills(fetch(connection, _BILLS, bill_nos, rows.bill_of))
    working_set.add_invoices(fetch(connection, _INVOICES, serials, rows.invoice_of))


def _load_limit(connection: Connection, bank_code: str, channel: int, working_set: WorkingSet) -> None:
    day = working_set.day(bank_code)
    if day is None:
        return
    key = LimitKey(bank_code, channel, day.clearing_date)
    used = connection.execute(_LIMIT_USED, key._asdict()).scalar_one_or_none()
    if used is None:
        begin_with = connection.execute(_POSTED_SUM, key._asdict()).scalar_one()
        working_set.add_missing_limit(key, int(begin_with))
    else:
        working_set.add_limit_used(key, used)


def fetch(connection: Connection, statement: Select[Any], items: Iterable[Any], read: Read) -> list[Any]:
    """Run a statement with an IN list over all ``items``, at most 1,000 at once."""
    found: list[Any] = []
    for chunk in in_chunks(items):
        found += map(read, connection.execute(statement, {"items": chunk}).all())
    return found


def fetch_payments(connection: Connection, identities: Sequence[Identity], *, locked: bool = False) -> list[Any]:
    """Return the journal rows under ``identities`` (sorted), locked in their order when asked."""
    groups = len(by_bank_and_date(identities))
    statement = _by_identity(payments, groups, locked=locked)
    return [rows.payment_of(row) for row in connection.execute(statement, _identity_parameters(identities)).all()]


# One statement for each number of (bank, date) groups: a batch holds at most 64 requests, so at most 64 groups.
# Not ``(bank_code, bank_date, bank_serial) IN (VALUES …)``, for which SQLite scans the whole index.
@lru_cache(maxsize=512)
def _by_identity(table: Table, groups: int, *, locked: bool) -> Select[Any]:
    identity = table.c.bank_code, table.c.bank_date, table.c.bank_serial
    condition = or_(
        *(
            and_(
                table.c.bank_code == bindparam(f"bank_code_{group}"),
                table.c.bank_date == bindparam(f"bank_date_{group}"),
                table.c.bank_serial.in_(bindparam(f"bank_serials_{group}", expanding=True)),
            )
            for group in range(groups)
        )
    )
    statement = select(*table.c).where(condition).order_by(*identity)
    return statement.with_for_update() if locked else statement


def _identity_parameters(identities: Sequence[Identity]) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    for group, (bank_code, bank_date, serials) in enumerate(by_bank_and_date(identities)):
        parameters[f"bank_code_{group}"] = bank_code
        parameters[f"bank_date_{group}"] = bank_date
        parameters[f"bank_serials_{group}"] = serials
    return parameters
