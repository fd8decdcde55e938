"""Checks of the books: nothing is found where all agrees, and each row that somebody changes is found."""

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from unittest.mock import ANY

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import oracle

from dbgate.audits.checks import Finding
from dbgate.audits.every_check import NAMES, findings, statements
from dbgate.audits.identities import identities_statement
from dbgate.database import Database
from dbgate.reports.snapshots import snapshot
from tests.conftest import NewDatabase
from tests.dbgate.fixtures import DAY, Clock
from tests.support.databases import open_database
from tests.support.sound_books import keep_sound

SINCE = DAY - timedelta(days=7)


@pytest.fixture
def books(empty: Database) -> Database:
    """A database in which everything agrees."""
    keep_sound(empty)
    return empty


def found(databases: Sequence[Database], since: date = SINCE) -> list[Finding]:
    with ExitStack() as stack:
        snapshots = [stack.enter_context(snapshot(database)) for database in databases]
        return list(findings(snapshots, since))


def change(database: Database, sql: str) -> None:
    """Change rows behind the daemons."""
    with database.money_engine.begin() as connection:
        assert connection.execute(text(sql)).rowcount > 0


def test_all_agrees(books: Database) -> None:
    """Payments, reversals, deposits, applied balances, debits and reconciled days: no finding."""
    assert found([books]) == []


def test_an_empty_database(empty: Database) -> None:
    """There is nothing to disagree."""
    assert found([empty]) == []


SETTLED = "(SELECT settled_by FROM bills WHERE bill_no = 'DB000000A')"
OF_ZERO = f"fep_serial = {SETTLED}"

CORRUPTIONS = {
    "a balance was changed": (
        "UPDATE accounts SET balance_fen = 501 WHERE account_no = '0100000002'",
        [("balance", "0100000002", 501, 500)],
    ),
    "an account is gone": (
        "DELETE FROM accounts WHERE account_no = '0100000002'",
        [("account_missing", "0100000002", None, 500)],
    ),
    "an amount was changed": (
        f"UPDATE payments SET amount_fen = 299 WHERE {OF_ZERO}",
        [("amount", ANY, 299, 300), ("reconciled_total", "0102 2026-11-22", 1_400, 1_399)],
    ),
    "a deposit was changed": (
        "UPDATE payments SET amount_fen = 499 WHERE bank_serial = '000000000005'",
        [("amount", ANY, 499, 500), ("reconciled_total", "0102 2026-11-22", 1_400, 1_399)],
    ),
    "an applied balance was changed": (
        "UPDATE payments SET amount_fen = 199 WHERE movement = 'apply'",
        [("amount", ANY, 199, 200)],
    ),
    "what a payment settled was changed": (
        "UPDATE payments SET settled_principal_fen = 250, settled_late_fee_fen = 50 WHERE bank_serial = '000000000001'",
        [("settled_sum", ANY, 300, 300)],
    ),
    "how many bills a payment settled was changed": (
        "UPDATE payments SET settled_count = 3 WHERE bank_serial = '000000000001'",
        [("settled_count", ANY, 3, 2)],
    ),
    "an allocation is gone": (
        f"DELETE FROM allocations WHERE {OF_ZERO} AND bill_no = 'DB000000A'",
        [("settled_sum", ANY, 300, 200), ("settled_count", ANY, 2, 1), ("bill_unpaid", "DB000000A", ANY, ANY)],
    ),
    "an allocation is too many": (
        "INSERT INTO allocations VALUES (777, 'DB000002A', 5, 0)",
        [("allocation_alone", "777", 5, None)],
    ),
    "a bill was reopened": (
        "UPDATE bills SET state = 'open', settled_by = NULL WHERE bill_no = 'DB000000A'",
        [("bill_not_settled", "DB000000A", ANY, ANY)],
    ),
    "a bill was reopened by half": (
        "UPDATE bills SET state = 'open' WHERE bill_no = 'DB000000A'",
        [("bill_unpaid", "DB000000A", ANY, ANY), ("bill_not_settled", "DB000000A", ANY, ANY)],
    ),
    "a bill is settled by what never was": (
        "UPDATE bills SET state = 'settled', settled_by = 777 WHERE bill_no = 'DB000002A'",
        [("bill_unpaid", "DB000002A", 777, None)],
    ),
    "a bill's principal was changed afterwards": (
        "UPDATE bills SET principal_fen = 101 WHERE bill_no = 'DB000000A'",
        [("bill_not_settled", "DB000000A", ANY, ANY)],
    ),
    "a reversed payment was made to stand again": (
        "UPDATE payments SET state = 'posted' WHERE bank_serial = '000000000002'",
        [
            ("bill_not_settled", "DB000001A", ANY, ANY),
            ("bill_not_settled", "DB000001B", ANY, ANY),
            ("undone", ANY, 0, 1),
        ],
    ),
    "a reversed payment was made a cancelled one": (
        "UPDATE payments SET state = 'cancelled' WHERE bank_serial = '000000000002'",
        [("undone", ANY, 1, 1)],
    ),
    "a reversal is gone": (
        "DELETE FROM payments WHERE bank_serial = '000000000003'",
        [
            ("undone", ANY, 1, 0),
            ("reconciled_count", "0102 2026-11-22", 6, 5),
            ("reconciled_total", "0102 2026-11-22", 1_400, 1_700),
        ],
    ),
    "a reversed payment is gone": (
        "DELETE FROM payments WHERE bank_serial = '000000000002'",
        [
            ("allocation_alone", ANY, 100, None),
            ("allocation_alone", ANY, 200, None),
            ("undo_alone", ANY, None, ANY),
            ("reconciled_count", "0102 2026-11-22", 6, 5),
            ("reconciled_total", "0102 2026-11-22", 1_400, 1_100),
        ],
    ),
    "a reversal takes back another sum": (
        "UPDATE payments SET balance_change_fen = -1 WHERE bank_serial = '000000000003'",
        [("balance", "0100000001", 0, -1), ("undone", ANY, 1, 1)],
    ),
    "a tombstone is gone": (
        "DELETE FROM payments WHERE bank_serial = '000000000099'",
        [("undo_alone", ANY, None, ANY)],
    ),
    "the reversal of a tombstone is gone": (
        "DELETE FROM payments WHERE bank_serial = '000000000006'",
        [("tombstone_alone", "000000000099", None, None)],
    ),
    "a movement was put into a day to come": (
        "UPDATE payments SET clearing_date = 20261224 WHERE bank_serial = '000000000005'",
        [
            ("day_missing", ANY, 20261224, None),
            ("days_sum", "0102", 900, 1_400),
            ("reconciled_count", "0102 2026-11-22", 6, 5),
            ("reconciled_total", "0102 2026-11-22", 1_400, 900),
        ],
    ),
    "a reconciled day was changed": (
        "UPDATE payments SET clearing_date = 20261121 WHERE bank_serial = '000000000005'",
        [
            ("reconciled_count", "0102 2026-11-21", 0, 1),
            ("reconciled_total", "0102 2026-11-21", 0, 500),
            ("reconciled_count", "0102 2026-11-22", 6, 5),
            ("reconciled_total", "0102 2026-11-22", 1_400, 900),
        ],
    ),
    "a debit was posted by nothing": (
        "UPDATE debit_rows SET fep_serial = 777 WHERE bill_no = 'DB000005A'",
        [("debit_posted", "DB000005A", 300, None)],
    ),
    "a debit was over another sum": (
        "UPDATE debit_rows SET debited_fen = 299 WHERE bill_no = 'DB000005A'",
        [("debit_posted", "DB000005A", 299, 300), ("batch_debited", "10", 300, 299)],
    ),
    "a bill is held by no batch": (
        "UPDATE bills SET state = 'in_debit' WHERE bill_no = 'DB000002A'",
        [("debit_held", "DB000002A", None, None)],
    ),
    "a row of a batch is gone": (
        "DELETE FROM debit_rows WHERE bill_no = 'DB000004B'",
        [("batch_rows", "10", 2, 1), ("batch_total", "10", 500, 300)],
    ),
    "a batch is gone": (
        "DELETE FROM debit_batches WHERE batch_no = 11",
        [("batch_rows", "11", None, 1)],
    ),
    "a debit was counted twice": (
        "UPDATE debit_batches SET debited_count = 2 WHERE batch_no = 10",
        [("batch_debits", "10", 2, 1)],
    ),
    "a batch ended with rows still listed": (
        "UPDATE debit_batches SET state = 'back' WHERE batch_no = 11",
        [("batch_listed", "11", 0, 1)],
    ),
}
ELSEWHERE = {"identity_twice"}


@pytest.mark.parametrize("what", CORRUPTIONS)
def test_what_somebody_changed(books: Database, what: str) -> None:
    """Each change is found by the checks that are about it, and by no other."""
    sql, expected = CORRUPTIONS[what]
    change(books, sql)
    assert found([books]) == expected


def test_every_check_has_been_seen_to_fail() -> None:
    """A check that cannot fail proves nothing."""
    seen = {check for _, expected in CORRUPTIONS.values() for check, *_ in expected}
    assert seen | ELSEWHERE == set(NAMES)


@pytest.fixture
def both(new_database_url: NewDatabase, clock: Clock) -> Iterator[list[Database]]:
    """Two databases, each with the same books: the first's batches and reconciled days are those of both."""
    with new_database_url() as first_url, new_database_url() as second_url:
        databases = [open_database(first_url, clock, database_no=1), open_database(second_url, clock, database_no=2)]
        for database in databases:
            keep_sound(database)
        yield databases
        for database in databases:
            database.dispose()


def test_an_identity_in_two_databases(both: list[Database]) -> None:
    """Each such identity is found, whatever it was for; those of the utility's own movements are none of a bank's."""
    told = [one for one in found(both) if one.check == "identity_twice"]
    assert [one.subject for one in told] == [f"0102 2026-11-22 {serial:012d}" for serial in (1, 2, 3, 4, 5, 6, 7, 99)]
    assert {f"{one.stored}"[:1] for one in told if one.stored} == {"1"}
    assert {f"{one.expected}"[:1] for one in told if one.expected} == {"2"}
    assert [one for one in found(both, DAY + timedelta(days=1)) if one.check == "identity_twice"] == []


def test_sums_are_over_all_databases(both: list[Database]) -> None:
    """What the first database says of days and batches is held against all rows."""
    told = {(one.check, one.subject): (one.stored, one.expected) for one in found(both)}
    assert told["reconciled_count", "0102 2026-11-22"] == (6, 12)
    assert told["batch_total", "10"] == (500, 1_000)


@pytest.mark.parametrize("name", [*statements(), "identities"])
def test_nothing_that_oracle_lacks(name: str) -> None:
    """No booleans, no LIMIT, no COLLATE, and names of at most 30 characters."""
    statement = {**statements(), "identities": identities_statement("oracle", DAY)}[name]
    words = set(re.findall(r"[A-Za-z_0-9]+|[%:]+", str(statement.compile(dialect=oracle.dialect()))))
    assert not words & {"true", "false", "LIMIT", "COLLATE", "FILTER", "%", "%%"}
    assert max(map(len, words)) <= 30
