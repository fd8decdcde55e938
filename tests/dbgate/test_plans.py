"""Plans: every statement of payments and queries finds its rows by an index, whatever the table has grown to."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dbgate.batch import MoneyLane, ReadLane
from dbgate.bulk import load_file
from dbgate.changes import Changes
from dbgate.clearing import ClearingDates
from dbgate.database import Database
from dbgate.records import AccountKey, DaySlice, Identity, InvoicePrint
from dbgate.work import Decision, Moment, Work
from dbgate.working_set import WorkingSet
from tests.dbgate.fixtures import (
    DAY,
    account_no,
    answers,
    bill_rows,
    deposit,
    fill,
    identity,
    read,
    refusal,
    settle,
    undo,
    work,
)
from tests.support.databases import driver_connection
from tests.support.plans import Access, Planner
from tests.support.statements import Sent, watch

COUNT = 40_000
"""Rows that are there already in each of the tables that grow: so many that no planner reads them all for a few."""

GROWING = ("accounts", "bills", "payments", "allocations", "invoices", "invoice_prints")

NUMBERS = f"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {COUNT})"
ROWS = {
    "accounts (account_no, name, meter_no, passbook, supply_branch, user_class, collect_mode, state, balance_fen,"
    " pay_at_utility, load_digest)": "'03' || {no}, 'x', 'OM' || {no}, 'OP' || {no}, '0101', 'residential', 'counter',"
    " 'active', 0, 0, 0",
    "bills (bill_no, account_no, month, seq, energy_centikwh, previous_reading_centikwh, this_reading_centikwh,"
    " principal_fen, due_date, state, settled_by, load_digest)": "'OB' || {no}, '03' || {no}, 202610, 1, 0, 0, 0, 100,"
    " 20261125, 'settled', 90000000000 + n, 0",
    "payments (bank_code, bank_date, bank_serial, fep_serial, movement, state, account_no, amount_fen,"
    " settled_principal_fen, settled_late_fee_fen, balance_change_fen, balance_after_fen, due_after_fen, settled_count,"
    " channel, clearing_date, created_at)": "'0102', 20260101 + n % 28, '0000' || {no}, 90000000000 + n, 'pay',"
    " 'posted', '03' || {no}, 100, 100, 0, 0, 0, 0, 1, 1, 20260101 + n % 28, 20260101100000000",
    "allocations (fep_serial, bill_no, principal_fen, late_fee_fen)": "90000000000 + n, 'OB' || {no}, 100, 0",
    "invoices (invoice_no, fep_serial, print_count)": "'99' || {no}, 90000000000 + n, 1",
    "invoice_prints (bank_code, bank_date, bank_serial, invoice_no, fep_serial, print_count)": "'0102', 20260101,"
    " '0000' || {no}, '99' || {no}, 90000000000 + n, 1",
}


@pytest.fixture
def database(url: str, empty: Database) -> Database:
    """A database that has been used for long, and whose engine knows how its values are spread."""
    with driver_connection(url) as connection:
        connection.execute("BEGIN")
        for table, values in ROWS.items():
            no = "substr(CAST(100000000 + n AS text), 2)"
            connection.execute(f"INSERT INTO {table} {NUMBERS} SELECT {values.format(no=no)} FROM numbers")
        connection.execute("INSERT INTO clearing_dates VALUES ('0102', 20261122, 20260101)")
        connection.execute("COMMIT")
        connection.execute("ANALYZE")
    fill(empty, 70)
    return empty


def reprint(working_set: WorkingSet, moment: Moment) -> Decision:
    """Print the invoice of payment 1 once more."""
    paid = working_set.payment(identity(1))
    assert paid is not None
    assert paid.fep_serial is not None
    invoice = working_set.invoice(paid.fep_serial)
    assert invoice is not None
    printed = InvoicePrint(identity(77), "cd" * 16, invoice.invoice_no, paid.fep_serial, 2)
    return Decision("printed", Changes(invoices=(replace(invoice, print_count=2),), invoice_prints=(printed,)))


def money_works() -> Iterator[Work]:
    """A full batch of all that moves money, of several banks and days."""
    yield work(reprint, original=identity(1), invoice_print=identity(77), account_no=account_no(1))
    yield undo(2, 3, identity(2))
    yield undo(3, 4, Identity("0104", date(2026, 11, 21), "8"))
    yield deposit(4, 5, 10, limit_fen=1000)
    yield refusal(6)
    for number in range(10, 69):
        yield settle(number, number, bank=f"010{number % 5 + 2}", invoice=number % 2 == 0)


def reads() -> Iterator[Work]:
    """A full batch of all that is asked for."""

    def _look(_working_set: WorkingSet, _moment: Moment) -> object:
        return None

    yield read(_look, totals_of=DAY, reconciliation_of=DAY, difference_of=identity(1))
    yield read(_look, details=DaySlice(date(2026, 1, 3), 700, 20))
    yield read(_look, original=identity(1), own=identity(3))
    for number in range(30):
        yield read(_look, account_no=account_no(number), payments_since=DAY, bills_since=202601)
        yield read(_look, account_key=AccountKey("meter_no", f"DM{number}"))
        yield read(_look, account_key=AccountKey("passbook", f"6222{number:04d}"))
        yield read(_look, account_key=AccountKey("account_no", account_no(number + 30)))


def statements_of_payments_and_queries(database: Database) -> list[Sent]:
    """What the engine was sent for them, once everything has happened before."""
    money, reader = MoneyLane(database, ClearingDates()), ReadLane(database, ClearingDates())
    answered = answers(money.run([settle(1, 1, invoice=True), settle(2, 2)]))
    money.close()
    statements = watch(database.money_engine)
    asked = watch(database.read_engine)
    answered += answers(money.run(list(money_works()))) + answers(reader.run(list(reads())))
    money.close()
    reader.close()
    assert not [answer for answer in answered if isinstance(answer, Exception)]
    return [sent for sent in statements + asked if sent.startswith(("SELECT", "UPDATE", "INSERT", "WITH"))]


def test_rows_are_found_by_an_index(url: str, database: Database) -> None:
    """No statement of a batch reads a whole table, however many requests, banks and days are in it."""
    planner = Planner(url, GROWING)
    found: dict[Access, set[str]] = defaultdict(set)
    for sent in statements_of_payments_and_queries(database):
        for access in planner.accesses(sent):
            found[replace(access, is_index_only=False)].add(sent)

    assert {
        statement for access, statements in found.items() if access.index is None for statement in statements
    } == set()
    assert {access.index for access in found} == {
        "pk_accounts",
        "ix_accounts_meter_no",
        "ix_accounts_passbook",
        "pk_bills",  # to settle, and of the originals
        "ix_bills_account_no",  # unsettled, and the history
        "pk_payments",
        "uq_payments_fep_serial",  # what settled the bills of a history
        "ix_payments_account_no",
        "ix_payments_clearing_date",  # totals, details, and what a daily counter begins with
        "pk_allocations",
        "uq_invoices_fep_serial",
        "pk_invoices",
        "pk_invoice_prints",
    }


def test_who_looks_through_a_day_reads_no_other(url: str, database: Database) -> None:
    """The outline of a day's details is made of what the index by bank and day leads to."""
    planner = Planner(url, GROWING)
    [outline] = [sent for sent in statements_of_payments_and_queries(database) if "lead(" in sent]
    assert {access.index for access in planner.accesses(outline)} == {"ix_payments_clearing_date"}


def test_keys_are_looked_up_in_the_index_alone(url: str, database: Database, tmp_path: Path) -> None:
    """Whether the accounts of a load exist is answered without reading them."""
    path = tmp_path / "bills.csv"
    header = "bill_no,account_no,month,seq,energy,previous_reading,this_reading,principal,due_date"
    path.write_text("\n".join([header, *(",".join(map(str, bill_rows(number)[0])) for number in range(70))]))
    statements = watch(database.read_engine)

    load_file(database, path)

    planner = Planner(url, GROWING)
    asked = [sent for sent in statements if "FROM accounts" in sent]
    accesses = [access for sent in asked for access in planner.accesses(sent)]
    # SQLite keeps the row in the key's own tree.
    is_index_only = not url.startswith("sqlite")
    assert set(accesses) == {Access("accounts", "pk_accounts", is_index_only)}
