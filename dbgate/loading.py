"""Loading 装入: the set statements that fill a working set, for money work in the order of the locks.

Order of the locks: 0 the clearing days of the banks, with all other batches; 1 the accounts, FOR UPDATE, by account_no;
2 the originals, FOR UPDATE, by identity; 3 only then, in later statements, the clock and everything else. Reading bills
in the locking statement would, on PostgreSQL, show them as they were before the wait for the lock.

A statement that nobody needs is not sent.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from threading import Lock
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, literal_column, or_, select

from dbgate import rows
from dbgate.books.loading import add_books, ask_books
from dbgate.clearing_locks import DAYS, hold_days
from dbgate.column_types import day_number
from dbgate.prepared import Keys, Statement
from dbgate.records import BillState, Identity, LimitKey, Movement, PaymentState
from dbgate.row_locks import for_update
from dbgate.tables import accounts, allocations, bills, invoice_prints, invoices, limit_uses, payments
from dbgate.trip import Reply, Trip, run
from dbgate.wanted import Wanted, by_bank_and_date, in_chunks
from dbgate.working_set import WorkingSet

ITEMS = ("items",)
"""The one parameter of statements that look rows up by a list of keys."""

ReadClock = Callable[[Trip], Callable[[], datetime]]
"""Adds the reading of the database clock to a trip; what it returns gives the moment once the trip has been made."""

IDENTITY_GROUPS_MAX = 1000
"""Statements by identity have a text for each number of (bank, date) groups: no more than a batch has requests."""


def constant(member: BillState | Movement | PaymentState) -> Any:
    """Return the stored value as part of a statement's text."""
    return literal_column(f"'{member.value}'")


LIMIT = ("of_bank_code", "of_channel", "of_clearing_date")
"""The parameters of ``of_limit``."""


def of_limit(keys: Keys) -> list[ColumnElement[bool]]:
    """Return the condition that finds one counter of a daily limit."""
    columns = (limit_uses.c.bank_code, limit_uses.c.channel, limit_uses.c.clearing_date)
    return [column == keys.one(name) for column, name in zip(columns, LIMIT, strict=True)]


def _accounts(keys: Keys) -> Select[Any]:
    return (
        select(*rows.ACCOUNT_COLUMNS).where(keys.among(accounts.c.account_no, "items")).order_by(accounts.c.account_no)
    )


def _account_nos(keys: Keys) -> Select[Any]:
    return select(accounts.c.account_no).where(keys.among(accounts.c.account_no, "items"))


def _unsettled_bills(keys: Keys) -> Select[Any]:
    return select(*rows.BILL_COLUMNS).where(
        keys.among(bills.c.account_no, "items"),
        bills.c.state.in_([constant(BillState.OPEN), constant(BillState.IN_DEBIT)]),
    )


def _bills_of_movements(keys: Keys) -> Select[Any]:
    paid = select(allocations.c.bill_no).where(keys.among(allocations.c.fep_serial, "items"))
    return select(*rows.BILL_COLUMNS).where(bills.c.bill_no.in_(paid))


def _limit_used(keys: Keys) -> Select[Any]:
    return select(limit_uses.c.used_fen).where(*of_limit(keys))


# What a counter that does not exist yet begins with: a limit may be set in the middle of a day. No limit holds
# adjustments.
def _posted_sum(keys: Keys) -> Select[Any]:
    return select(func.coalesce(func.sum(payments.c.amount_fen), literal_column("0"))).where(
        payments.c.bank_code == keys.one("of_bank_code"),
        payments.c.clearing_date == keys.one("of_clearing_date"),
        payments.c.channel == keys.one("of_channel"),
        payments.c.movement == constant(Movement.PAY),
        payments.c.state == constant(PaymentState.POSTED),
        payments.c.mends_date.is_(None),
    )


ACCOUNTS = Statement("select_accounts", _accounts, ITEMS, ITEMS)
_ACCOUNTS_LOCKED = Statement("lock_accounts", lambda keys: for_update(_accounts(keys)), ITEMS, ITEMS)
_ACCOUNTS_THERE = Statement("select_account_nos", _account_nos, ITEMS, ITEMS)
_ACCOUNTS_FREE = Statement(
    "lock_free_accounts", lambda keys: _account_nos(keys).with_for_update(skip_locked=True), ITEMS, ITEMS
)
_UNSETTLED_BILLS = Statement("select_unsettled_bills", _unsettled_bills, ITEMS, ITEMS)
_ALLOCATIONS = Statement(
    "select_allocations",
    lambda keys: select(*rows.ALLOCATION_COLUMNS).where(keys.among(allocations.c.fep_serial, "items")),
    ITEMS,
    ITEMS,
)
_BILLS_OF_MOVEMENTS = Statement("select_bills_of_movements", _bills_of_movements, ITEMS, ITEMS)
_INVOICES = Statement(
    "select_invoices",
    lambda keys: select(*rows.INVOICE_COLUMNS).where(keys.among(invoices.c.fep_serial, "items")),
    ITEMS,
    ITEMS,
)
_LIMIT_USED = Statement("select_limit_used", _limit_used, LIMIT)
POSTED_SUM = Statement("select_posted_sum", _posted_sum, LIMIT)


def load_money(
    connection: Connection, wanted: Wanted, read_clock: ReadClock, slot: int | None
) -> tuple[WorkingSet, datetime]:
    """Lock and load what a money batch wants; ``slot``: what the lane holds clearing days by.

    Returns:
        The working set, and the database clock as it was after the locks.
    """
    working_set = WorkingSet()
    trip = Trip(connection)
    days = hold_days(trip, wanted.bank_codes, slot)
    locked = ask(trip, _ACCOUNTS_LOCKED, wanted.account_nos)
    originals = ask_payments(trip, wanted.originals, locked=True)
    clock = read_clock(trip)
    rest = ask_rest(trip, wanted)
    books = ask_books(trip, wanted)
    trip.go()
    working_set.add_days(days())
    working_set.add_accounts(read(locked, rows.account_of))
    working_set.add_journal(read(originals, rows.payment_of))
    add_rest(rest, working_set)
    add_books(books, working_set.books)
    load_dependent(connection, wanted, working_set)
    return working_set, clock()


def locked_accounts(connection: Connection, account_nos: Sequence[str]) -> set[str]:
    """Return those of the accounts that another transaction has locked; waits for none, and locks the others."""
    trip = Trip(connection)
    there = ask(trip, _ACCOUNTS_THERE, account_nos)
    free = ask(trip, _ACCOUNTS_FREE, account_nos)
    trip.go()
    return {row[0] for reply in there for row in reply.rows} - {row[0] for reply in free for row in reply.rows}


def load_days(connection: Connection, bank_codes: Sequence[str], working_set: WorkingSet) -> None:
    """Load the clearing days of the banks, without a lock."""
    trip = Trip(connection)
    days = ask(trip, DAYS, bank_codes)
    trip.go()
    working_set.add_days(read(days, rows.clearing_day_of))


class Rest(NamedTuple):
    """What is read without a lock of its own, on its way."""

    own: list[Reply]
    bills: list[Reply]
    invoice_prints: list[Reply]


def ask_rest(trip: Trip, wanted: Wanted) -> Rest:
    """Ask for own identities, unsettled bills and counted INVOICE requests."""
    return Rest(
        ask_payments(trip, wanted.own),
        ask_unsettled(trip, wanted.account_nos),
        _ask_by_identity(trip, invoice_prints, wanted.invoice_prints),
    )


def add_rest(rest: Rest, working_set: WorkingSet) -> None:
    """Put what ``ask_rest`` asked for into the working set, once the trip has been made."""
    working_set.add_journal(read(rest.own, rows.payment_of))
    working_set.add_bills(read(rest.bills, rows.bill_of))
    working_set.add_invoice_prints(read(rest.invoice_prints, rows.invoice_print_of))


def ask_unsettled(trip: Trip, account_nos: Sequence[str]) -> list[Reply]:
    """Ask for the unsettled bills of the accounts."""
    return ask(trip, _UNSETTLED_BILLS, account_nos)


def load_dependent(connection: Connection, wanted: Wanted, working_set: WorkingSet) -> None:
    """Load what depends on what was loaded: all about the originals that were found, and the daily counters."""
    _load_about_originals(connection, wanted.originals, working_set)
    for bank_code, channel in sorted(wanted.limits):
        _load_limit(connection, bank_code, channel, working_set)


def _load_about_originals(connection: Connection, originals: Sequence[Identity], working_set: WorkingSet) -> None:
    found = [working_set.payment(identity) for identity in originals]
    serials = [payment.fep_serial for payment in found if payment is not None and payment.fep_serial is not None]
    trip = Trip(connection)
    paid = ask(trip, _ALLOCATIONS, serials)
    settled = ask(trip, _BILLS_OF_MOVEMENTS, serials)
    issued = ask(trip, _INVOICES, serials)
    trip.go()
    working_set.add_allocations(read(paid, rows.allocation_of))
    working_set.add_bills(read(settled, rows.bill_of))
    working_set.add_invoices(read(issued, rows.invoice_of))


def _load_limit(connection: Connection, bank_code: str, channel: int, working_set: WorkingSet) -> None:
    day = working_set.day(bank_code)
    if day is None:
        return
    key = LimitKey(bank_code, channel, day.clearing_date)
    stored = bank_code, channel, day_number(day.clearing_date)
    used = run(connection, _LIMIT_USED, *stored).rows
    if used:
        working_set.add_limit_used(key, used[0][0])
    else:
        working_set.add_missing_limit(key, int(run(connection, POSTED_SUM, *stored).rows[0][0]))


def ask(trip: Trip, statement: Statement, items: Iterable[Any]) -> list[Reply]:
    """Add a statement by a list of keys over all ``items``, at most 1,000 at once; none when there are none."""
    return [trip.ask(statement, chunk) for chunk in in_chunks(items)]


def read(replies: Iterable[Reply], record_of: Callable[[Sequence[Any]], Any]) -> list[Any]:
    """Return the records of all rows."""
    return [record_of(row) for reply in replies for row in reply.rows]


def ask_payments(trip: Trip, identities: Sequence[Identity], *, locked: bool = False) -> list[Reply]:
    """Ask for the journal rows under ``identities`` (sorted), locked in their order when asked."""
    return _ask_by_identity(trip, payments, identities, locked=locked)


def _ask_by_identity(trip: Trip, table: Table, identities: Sequence[Identity], *, locked: bool = False) -> list[Reply]:
    if not identities:
        return []
    arguments: list[Any] = []
    groups = by_bank_and_date(identities)
    for bank_code, bank_date, serials in groups:
        arguments += (bank_code, day_number(bank_date), serials)
    return [trip.ask(_by_identity(table, len(groups), locked=locked), *arguments)]


_MAKING = Lock()
"""Lanes meet here: a cache alone lets two of them make the same statement at the same time, under one name."""


def _by_identity(table: Table, groups: int, *, locked: bool) -> Statement:
    with _MAKING:
        return _make_by_identity(table, groups, locked=locked)


# Not ``(bank_code, bank_date, bank_serial) IN (VALUES …)``, for which SQLite scans the whole index.
@lru_cache(maxsize=3 * IDENTITY_GROUPS_MAX)
def _make_by_identity(table: Table, groups: int, *, locked: bool) -> Statement:
    identity = table.c.bank_code, table.c.bank_date, table.c.bank_serial

    def build(keys: Keys) -> Select[Any]:
        condition = or_(
            *(
                and_(
                    table.c.bank_code == keys.one(f"bank_code_{group}"),
                    table.c.bank_date == keys.one(f"bank_date_{group}"),
                    keys.among(table.c.bank_serial, f"bank_serials_{group}"),
                )
                for group in range(groups)
            )
        )
        statement = select(*table.c).where(condition).order_by(*identity)
        return for_update(statement) if locked else statement

    parameters = [f"{name}_{group}" for group in range(groups) for name in ("bank_code", "bank_date", "bank_serials")]
    name = f"{'lock' if locked else 'select'}_{table.name}_of_{groups}_days"
    return Statement(name, build, parameters, parameters[2::3])
