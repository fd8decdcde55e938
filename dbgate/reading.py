"""Reading 查询: the set statements of read work, which lock nothing; one read-only snapshot for the whole batch."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any

from sqlalchemy import Connection, Select, func, literal_column, select

from dbgate import rows
from dbgate.books.reconciled import add_reconciled, ask_days, ask_reconciled
from dbgate.clearing_locks import DAYS
from dbgate.column_types import clock_number, day_number
from dbgate.details import BankDay, Outline, add_details, ask_details, counts
from dbgate.loading import (
    ACCOUNTS,
    ITEMS,
    ReadClock,
    add_rest,
    ask,
    ask_payments,
    ask_rest,
    ask_unsettled,
    constant,
    load_dependent,
    read,
)
from dbgate.prepared import Keys, Statement
from dbgate.records import DayTotals, Movement
from dbgate.tables import accounts, bills, payments
from dbgate.trip import Reply, Trip
from dbgate.wanted import Wanted
from dbgate.working_set import WorkingSet

ACCOUNTS_PER_KEY_MAX = 16
"""Accounts loaded for one meter or passbook: two are enough to know that several fit, and a firm's bank account may
stand in a thousand mandates."""

PAYMENTS_MAX = 3_840
"""Newest payments loaded for one account: the 255 pages of 15 that a bank can ask for, and no more, so that an account
paid in a thousand small sums does not hold up everybody's queries."""


def _accounts_by(column: str) -> Statement:
    """Return the statement that looks accounts up by one of their keys."""

    def build(keys: Keys) -> Select[Any]:
        key = accounts.c[column]
        place = func.row_number().over(partition_by=key, order_by=accounts.c.account_no).label("place")
        fitting = select(*rows.ACCOUNT_COLUMNS, place).where(keys.among(key, "items")).subquery("fitting")
        columns = [column for column in fitting.c if column is not fitting.c.place]
        return select(*columns).where(fitting.c.place <= literal_column(str(ACCOUNTS_PER_KEY_MAX)))

    return Statement(f"select_accounts_by_{column}", build, ITEMS, ITEMS)


def _payments_since(keys: Keys) -> Select[Any]:
    return (
        select(*rows.PAYMENT_COLUMNS)
        .where(
            payments.c.account_no == keys.one("account_no"),
            payments.c.created_at >= keys.one("since"),
            payments.c.movement == constant(Movement.PAY),
        )
        .order_by(payments.c.created_at.desc())
        .limit(literal_column(str(PAYMENTS_MAX)))
    )


def _bills_since(keys: Keys) -> Select[Any]:
    return select(*rows.BILL_COLUMNS).where(
        bills.c.account_no == keys.one("account_no"), bills.c.month >= keys.one("since")
    )


def _totals(keys: Keys) -> Select[Any]:
    return (
        select(payments.c.movement, func.count(), func.sum(payments.c.amount_fen))
        .where(
            payments.c.bank_code == keys.one("bank_code"),
            payments.c.clearing_date == keys.one("clearing_date"),
            counts(),
        )
        .group_by(payments.c.movement)
    )


_ACCOUNTS_BY = {column: _accounts_by(column) for column in ("account_no", "meter_no", "passbook")}
_PAYMENTS_SINCE = Statement("select_payments_since", _payments_since, ("account_no", "since"))
_BILLS_SINCE = Statement("select_bills_since", _bills_since, ("account_no", "since"))
_BY_SERIAL = Statement(
    "select_payments_by_serial",
    lambda keys: select(*rows.PAYMENT_COLUMNS).where(keys.among(payments.c.fep_serial, "items")),
    ITEMS,
    ITEMS,
)
_TOTALS = Statement("select_totals", _totals, ("bank_code", "clearing_date"))


def load_read(
    connection: Connection, wanted: Wanted, read_clock: ReadClock, outlines: Mapping[BankDay, Outline]
) -> tuple[WorkingSet, datetime]:
    """Load what a batch of read work wants, in the one snapshot that ``connection`` stands in.

    Args:
        connection: in a transaction.
        wanted: by the batch.
        read_clock: of the database.
        outlines: of the closed days whose details are wanted, looked up in the same snapshot or before.

    Returns:
        The working set, and the database clock.
    """
    working_set = WorkingSet()
    trip = Trip(connection)
    days = ask(trip, DAYS, wanted.bank_codes)
    named = ask(trip, ACCOUNTS, wanted.account_nos)
    by_key = {column: ask(trip, _ACCOUNTS_BY[column], sorted(values)) for column, values in wanted.keys.items()}
    originals = ask_payments(trip, wanted.originals)
    rest = ask_rest(trip, wanted)
    paid, billed = _ask_histories(trip, wanted)
    totals = {key: trip.ask(_TOTALS, key[0], day_number(key[1])) for key in sorted(wanted.totals)}
    details = ask_details(trip, wanted.details, outlines)
    reconciled = ask_reconciled(trip, wanted)
    clock = read_clock(trip)
    trip.go()
    working_set.add_days(read(days, rows.clearing_day_of))
    working_set.add_accounts(read(named, rows.account_of))
    working_set.add_journal(read([*originals, *paid], rows.payment_of))
    add_rest(rest, working_set)
    load_dependent(connection, wanted, working_set)
    _load_bills_by_key(connection, by_key, working_set)
    _load_settling(connection, billed, working_set)
    for (bank_code, clearing_date), reply in totals.items():
        working_set.add_totals(bank_code, clearing_date, _totals_of(reply))
    add_details(details, working_set)
    add_reconciled(reconciled, working_set.books)
    _load_days_of_originals(connection, wanted, working_set)
    return working_set, clock()


def _load_days_of_originals(connection: Connection, wanted: Wanted, working_set: WorkingSet) -> None:
    """Load whether the days have been reconciled in which certain originals count."""
    found = [working_set.payment(identity) for identity in sorted(wanted.reconciled)]
    trip = Trip(connection)
    asked = ask_days(trip, ((row.identity.bank_code, row.counted_date) for row in found if row is not None))
    trip.go()
    add_reconciled(asked, working_set.books)


def _load_bills_by_key(connection: Connection, by_key: Mapping[str, list[Reply]], working_set: WorkingSet) -> None:
    """Put the accounts that were found by another key, and load their unsettled bills."""
    found = [account for replies in by_key.values() for account in read(replies, rows.account_of)]
    working_set.add_accounts(found)
    trip = Trip(connection)
    unsettled = ask_unsettled(trip, sorted({account.account_no for account in found}))
    trip.go()
    working_set.add_bills(read(unsettled, rows.bill_of))


def _ask_histories(trip: Trip, wanted: Wanted) -> tuple[list[Reply], list[Reply]]:
    """Ask for the payments and for the bills of those accounts whose history is wanted."""
    paid = [
        trip.ask(_PAYMENTS_SINCE, account_no, clock_number(datetime.combine(day, time.min)))
        for account_no, day in sorted(wanted.payments_since.items())
    ]
    billed = [trip.ask(_BILLS_SINCE, account_no, month) for account_no, month in sorted(wanted.bills_since.items())]
    return paid, billed


def _load_settling(connection: Connection, billed: Sequence[Reply], working_set: WorkingSet) -> None:
    """Put the bills of the histories, and load the movements that settled them."""
    history = read(billed, rows.bill_of)
    working_set.add_bills(history)
    trip = Trip(connection)
    settling = ask(trip, _BY_SERIAL, sorted({bill.settled_by for bill in history if bill.settled_by is not None}))
    trip.go()
    working_set.add_journal(read(settling, rows.payment_of))


def _totals_of(reply: Reply) -> DayTotals:
    found = {movement: (int(count), int(amount_fen)) for movement, count, amount_fen in reply.rows}
    pay, cancel, reverse = (
        found.get(movement.value, (0, 0)) for movement in (Movement.PAY, Movement.CANCEL, Movement.REVERSE)
    )
    return DayTotals(*pay, *cancel, *reverse)
