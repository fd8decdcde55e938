"""Loading accounts and bills: what is stored, what is refused and how it is said, and what a repetition does."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dbgate import bulk
from dbgate.batch import MoneyLane
from dbgate.bulk import Loaded, load_file, load_rows
from dbgate.clearing import ClearingDates
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable, LoadRefused
from dbgate.load_kinds import ACCOUNTS, BILLS
from tests.dbgate.fixtures import account_no, account_row, bill_rows, fill, settle
from tests.support.databases import driver_connection, stored
from tests.support.statements import limit_statements, watch

ACCOUNT_HEADER = (
    "account_no,name,address,meter_no,passbook,supply_branch,user_class,collect_mode,state,balance,pay_at_utility"
)
BILL_HEADER = "bill_no,account_no,month,seq,energy,previous_reading,this_reading,principal,due_date"
NO_HEADER = f"the header is not one of accounts or bills: expected {ACCOUNT_HEADER} or {BILL_HEADER}"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of a header and rows (tuples or text) and return its path."""

    def _write(header: str, *rows: tuple[Any, ...] | str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "rows.csv"
        lines = [row if isinstance(row, str) else ",".join(map(str, row)) for row in rows]
        path.write_bytes("\n".join([header, *lines, ""]).encode(encoding))
        return path

    return _write


def refused(database: Database, path: Path) -> LoadRefused:
    """Load a file that must be refused, and see that nothing of it was loaded."""
    before = stored(database, "SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM bills)")
    with pytest.raises(LoadRefused) as caught:
        load_file(database, path)
    assert stored(database, "SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM bills)") == before
    return caught.value


def test_accounts_are_loaded(empty: Database, write: Write) -> None:
    """Every column of an account is stored; quoted text may hold commas; the last column may be missing."""
    header = ACCOUNT_HEADER.removesuffix(",pay_at_utility")
    path = write(header, '0100000001,"张,三",  ,DM1,,0101,other,debit,suspended,0')

    assert load_file(empty, path) == Loaded("accounts", 1, 0)

    assert stored(empty, "SELECT * FROM accounts")[0][:11] == (
        "0100000001",
        "张,三",
        None,
        "DM1",
        None,
        "0101",
        "other",
        "debit",
        "suspended",
        0,
        0,
    )


def test_bills_are_loaded(empty: Database, write: Write) -> None:
    """Bills are open, and their due date is kept as a number; columns may stand in any order."""
    load_rows(empty, ACCOUNTS, [account_row(1)])
    path = write(
        "due_date,bill_no,account_no,month,seq,energy,previous_reading,this_reading,principal",
        f"20260925,DB1,{account_no(1)},202609,1,-5,10,5,777",
    )

    assert load_file(empty, path) == Loaded("bills", 1, 0)

    assert stored(empty, "SELECT * FROM bills")[0][:11] == (
        "DB1",
        "0100000001",
        202609,
        1,
        -5,
        10,
        5,
        777,
        20260925,
        "open",
        None,
    )


def test_balance_is_a_movement(empty: Database, write: Write) -> None:
    """A loaded balance is a movement OPEN of its own, with a serial nobody else has; no balance, no movement."""
    load_file(empty, write(ACCOUNT_HEADER, account_row(1, 500), account_row(2), account_row(3, 700)))

    assert stored(
        empty,
        "SELECT bank_code, bank_date, bank_serial, fep_serial, movement, balance_change_fen, balance_after_fen,"
        " clearing_date, digest FROM payments ORDER BY 3",
    ) == [
        ("0000", 20261122, account_no(1), 10_000_000_001, "open", 500, 500, 20261122, None),
        ("0000", 20261122, account_no(3), 10_000_000_002, "open", 700, 700, 20261122, None),
    ]


def test_byte_order_mark_is_skipped(empty: Database, write: Write) -> None:
    """A file that Windows has saved with a byte order mark is loaded like any other."""
    assert load_file(empty, write(ACCOUNT_HEADER, account_row(1), encoding="utf-8-sig")).new_count == 1


def test_gb18030_is_named(empty: Database, write: Write) -> None:
    """A file in GB18030 is refused with the line of the first wrong byte and what to do about it."""
    path = write(ACCOUNT_HEADER, account_row(1), encoding="gb18030")

    error = refused(empty, path)

    assert "line 2: byte 12 is no UTF-8" in str(error)
    assert "iconv -f GB18030 -t UTF-8" in str(error)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (
            ACCOUNT_HEADER.replace("meter_no,", ""),
            "line 1: this looks like a file of accounts, but has missing columns: meter_no",
        ),
        (BILL_HEADER + ",colour", "line 1: this looks like a file of bills, but has unknown columns: colour"),
        (BILL_HEADER + ",month", "line 1: this looks like a file of bills, but has columns that appear twice: month"),
        ("1,2,3", f"line 1: {NO_HEADER}"),
        ("", "the file is empty"),
        (ACCOUNT_HEADER.upper(), f"line 1: {NO_HEADER}; the names must be in lower case"),
        (
            ACCOUNT_HEADER.replace(",", ";"),
            f"line 1: {NO_HEADER}; the columns are separated by semicolons, commas are wanted",
        ),
        (
            BILL_HEADER.title().replace(",", "\t"),
            f"line 1: {NO_HEADER}; the columns are separated by tabs, commas are wanted; "
            "the names must be in lower case",
        ),
        ('"a"b', "line 1: the header row is no CSV: ',' expected after '\"'"),
        (BILL_HEADER + "," + "x" * 70_000, "line 1: has 65536 bytes or more: this is no file of accounts or bills"),
    ],
)
def test_header_that_fits_no_kind(empty: Database, write: Write, header: str, reason: str) -> None:
    """A header row that misses, repeats or invents columns is refused, and they are named."""
    assert str(refused(empty, write(header))) == reason


def test_bad_row_30000(empty: Database, write: Write) -> None:
    """One bad row among 30,000 is found, named by line and reason, and nothing is loaded."""
    rows = [account_row(number) for number in range(30_000)]
    rows[29_998] = (*rows[29_998][:9], "12.50", 0)

    error = refused(empty, write(ACCOUNT_HEADER, *rows))

    assert str(error) == (
        "1 of 30000 rows of this file of accounts are bad; nothing was loaded\n"
        "line 30000: balance must be an integer from 0 to 10000000000000"
    )
    assert (error.bad_rows, error.bad_count) == (
        ((30_000, "balance must be an integer from 0 to 10000000000000"),),
        1,
    )


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("account_no", "123", "account_no must be 10 to 16 digits"),
        ("account_no", "01234567８9", "account_no must be 10 to 16 digits"),
        ("name", "", "name is empty"),
        ("name", "x" * 101, "name has 101 characters, at most 100 are allowed"),
        ("address", "a\tb", "address contains a control character"),
        ("supply_branch", "01", "supply_branch must be 4 to 8 printable ASCII characters without spaces"),
        ("user_class", "farm", "user_class must be one of residential, other"),
        ("balance", "-1", "balance must be an integer from 0 to 10000000000000"),
        ("balance", "1_000", "balance must be an integer from 0 to 10000000000000"),
        ("pay_at_utility", "yes", "pay_at_utility must be 0 or 1"),
    ],
)
def test_bad_fields_of_accounts(empty: Database, write: Write, column: str, value: str, reason: str) -> None:
    """What is wrong with a field is said without quoting it."""
    row = dict(zip(ACCOUNT_HEADER.split(","), account_row(1), strict=True)) | {column: value}

    assert refused(empty, write(ACCOUNT_HEADER, tuple(row.values()))).bad_rows == ((2, reason),)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("bill_no", "", "bill_no must be 1 to 16 printable ASCII characters without spaces"),
        ("month", "202613", "month must be a month YYYYMM"),
        ("month", "2026-1", "month must be a month YYYYMM"),
        ("seq", "100", "seq must be an integer from 0 to 99"),
        ("principal", "", "principal must be an integer from 0 to 10000000000000"),
        ("due_date", "20260931", "due_date must be a date YYYYMMDD"),
        ("due_date", "2026-9-1", "due_date must be a date YYYYMMDD"),
        ("account_no", "0100000099", "account_no is not known"),
    ],
)
def test_bad_fields_of_bills(empty: Database, write: Write, column: str, value: str, reason: str) -> None:
    """A bill of an unknown account, or with a month or date that does not exist, is refused."""
    load_rows(empty, ACCOUNTS, [account_row(1)])
    row = dict(zip(BILL_HEADER.split(","), bill_rows(1)[0], strict=True)) | {column: value}

    assert refused(empty, write(BILL_HEADER, tuple(row.values()))).bad_rows == ((2, reason),)


def test_rows_that_are_no_csv(empty: Database, write: Write) -> None:
    """Broken quotes and missing fields are named by line; empty lines are nothing."""
    error = refused(empty, write(ACCOUNT_HEADER, '"a"b,c', "", "1,2,3"))

    assert error.bad_rows == (
        (2, "is no CSV: ',' expected after '\"'"),
        (4, "has 3 fields, the header has 11"),
    )


def test_duplicates_within_the_file(empty: Database, write: Write) -> None:
    """A key that appears twice is refused with both lines, in whatever order the file is."""
    error = refused(empty, write(ACCOUNT_HEADER, account_row(5), account_row(1), account_row(5)))

    assert error.bad_rows == ((4, "has the same key as line 2"),)


def test_bad_rows_are_capped(empty: Database, write: Write) -> None:
    """Of very many bad rows the first fifty are listed and the rest counted."""
    error = refused(empty, write(ACCOUNT_HEADER, *["1,2,3"] * 60))

    assert (len(error.bad_rows), error.bad_count) == (50, 60)
    assert str(error).endswith("line 51: has 3 fields, the header has 11\nand 10 more")


def test_repeated_load(empty: Database, write: Write) -> None:
    """The same file again, even after bills were paid, is counted and changes nothing; new rows in it are loaded."""
    accounts = [account_row(1, 500), account_row(2)]
    load_file(empty, write(ACCOUNT_HEADER, *accounts))
    bills = [*bill_rows(1), *bill_rows(2)]
    load_file(empty, write(BILL_HEADER, *bills))
    lane = MoneyLane(empty, ClearingDates())
    lane.run([settle(1, 1)])
    lane.close()

    assert load_file(empty, write(BILL_HEADER, *bills)) == Loaded("bills", 0, 4)
    assert load_file(empty, write(ACCOUNT_HEADER, *accounts, account_row(3))) == Loaded("accounts", 1, 2)

    assert stored(empty, "SELECT count(*) FROM bills WHERE state = 'settled'") == [(2,)]
    assert stored(empty, "SELECT count(*) FROM payments WHERE movement = 'open'") == [(1,)]


def test_changed_row(empty: Database, write: Write) -> None:
    """A row that differs from what was loaded under its key is an error with its line."""
    load_file(empty, write(ACCOUNT_HEADER, account_row(1), account_row(2)))
    changed = (*account_row(2)[:1], "李四", *account_row(2)[2:])

    error = refused(empty, write(ACCOUNT_HEADER, account_row(1), changed))

    assert error.bad_rows == ((3, "differs from what was loaded before under the same key"),)


def test_file_is_validated_before_the_write_lock(empty: Database, write: Write) -> None:
    """While a bad file is read nobody is kept from paying: the database is not even connected to for writing."""
    statements = watch(empty.money_engine)

    refused(empty, write(ACCOUNT_HEADER, account_row(1), "1,2,3"))

    assert statements == []


@pytest.mark.engine("sqlite")
def test_load_is_one_transaction(empty: Database, write: Write) -> None:
    """A good file is stored between one BEGIN IMMEDIATE and one COMMIT."""
    statements = watch(empty.money_engine)

    load_file(empty, write(ACCOUNT_HEADER, *(account_row(number) for number in range(3000))))

    kinds = [statement.split()[0] for statement in statements if not statement.startswith("PRAGMA")]
    assert [kind for kind in kinds if kind != "INSERT"] == ["BEGIN", "COMMIT"]
    assert kinds.count("INSERT") == 3000


def test_another_load_meanwhile(empty: Database, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two loads of the same new rows at once: the second finds out, stores nothing, and says what to do."""
    path = write(ACCOUNT_HEADER, account_row(1), account_row(2))
    check = bulk.check

    def _check(*arguments: Any) -> list[int]:
        counts = check(*arguments)
        load_rows(empty, ACCOUNTS, [account_row(2)])
        return counts

    monkeypatch.setattr(bulk, "check", _check)
    with pytest.raises(LoadRefused, match="another load"):
        load_file(empty, path)

    assert stored(empty, "SELECT account_no FROM accounts") == [(account_no(2),)]


def test_generated_rows(empty: Database) -> None:
    """Generated rows are stored with their opening movements; those that stand there are left as they are."""
    progress: list[tuple[int, int]] = []

    first = load_rows(empty, ACCOUNTS, [account_row(1, 500)], lambda *done: progress.append(done))
    second = load_rows(empty, ACCOUNTS, [account_row(1, 900), account_row(2, 300)])

    assert (first, second) == (Loaded("accounts", 1, 0), Loaded("accounts", 1, 1))
    assert progress == [(1, 0)]
    assert stored(empty, "SELECT balance_fen FROM accounts ORDER BY account_no") == [(500,), (300,)]
    assert stored(empty, "SELECT sum(balance_change_fen) FROM payments") == [(800,)]


def test_generated_and_read_rows_are_the_same(empty: Database, write: Write) -> None:
    """A file with the rows that a generator has stored is a repetition."""
    fill(empty, 3)

    assert load_file(empty, write(ACCOUNT_HEADER, *map(account_row, range(3)))) == Loaded("accounts", 0, 3)
    assert load_file(empty, write(BILL_HEADER, *bill_rows(1))) == Loaded("bills", 0, 2)


def test_progress(empty: Database, write: Write) -> None:
    """Progress is told in rows and bytes, up to the whole file."""
    path = write(ACCOUNT_HEADER, *(account_row(number) for number in range(1500)))
    progress: list[tuple[int, int]] = []

    load_file(empty, path, lambda *done: progress.append(done))

    assert [rows for rows, _ in progress] == [1000, 1500]
    assert progress[-1][1] == path.stat().st_size


@pytest.mark.engine("sqlite")
def test_locked_database(empty: Database, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the write lock is not to be had nothing is loaded, and the database is named as the reason."""
    monkeypatch.setattr(bulk, "LOCK_WAIT_S", 0.01)
    path = write(ACCOUNT_HEADER, account_row(1))
    with driver_connection(empty.money_engine.url) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(DatabaseUnavailable, match="SQLITE_BUSY"):
            load_file(empty, path)


@pytest.mark.engine("postgresql")
def test_locked_table(empty: Database, write: Write) -> None:
    """When a lock is not to be had within the bound nothing is loaded, and that is named as the reason."""
    path = write(ACCOUNT_HEADER, account_row(1))
    with driver_connection(empty.money_engine.url) as other:
        other.execute("BEGIN")
        other.execute("LOCK TABLE accounts IN SHARE MODE")

        with pytest.raises(DatabaseUnavailable, match="LockNotAvailable 55P03"):
            load_file(empty, path)

    assert stored(empty, "SELECT count(*) FROM accounts") == [(0,)]


@pytest.mark.engine("postgresql")
def test_a_slow_load(empty: Database, write: Write) -> None:
    """Millions of rows take longer than a payment may: no time limit holds for a load."""
    with driver_connection(empty.money_engine.url) as connection:
        connection.execute(
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_sleep(0.4); RETURN NULL; END $$;"
            " CREATE TRIGGER slow AFTER INSERT ON accounts EXECUTE FUNCTION slow()"
        )
    limit_statements(empty.money_engine, "100ms")

    assert load_file(empty, write(ACCOUNT_HEADER, account_row(1, 500))) == Loaded("accounts", 1, 0)


@pytest.mark.engine("postgresql")
def test_rows_are_copied(empty: Database, write: Write) -> None:
    """PostgreSQL takes the rows of a load as a stream, and the movements of their balances as another."""
    statements = watch(empty.money_engine)

    load_file(empty, write(ACCOUNT_HEADER, account_row(1, 500), account_row(2)))

    changes = [statement for statement in statements if not statement.startswith(("SELECT", "SET", "BEGIN", "COMMIT"))]
    assert [" ".join(statement.split()[:2]) for statement in changes[-2:]] == ["COPY accounts", "COPY payments"]


@pytest.mark.parametrize("name", ["\\", "\\N", "a\\tb", "quote \" and '", "逗号，"])
def test_text_that_means_something_to_the_engine(empty: Database, name: str) -> None:
    """Backslashes and quotes are text like any other, however the rows are handed over."""
    load_rows(empty, ACCOUNTS, [(*account_row(1)[:1], name, *account_row(1)[2:])])

    assert stored(empty, "SELECT name FROM accounts") == [(name,)]


def test_database_without_schema(engine: str, url: str, write: Write) -> None:
    """A file is not loaded into a database that has no tables."""
    if engine == "sqlite":
        Path(url.removeprefix("sqlite:///")).touch()
    with pytest.raises(DatabaseUnavailable, match={"sqlite": "SQLITE_ERROR", "postgresql": "42P01"}[engine]):
        load_file(Database(url), write(ACCOUNT_HEADER, account_row(1)))


def test_field_limit_is_above_a_line() -> None:
    """A field can be no longer than a line, so an open quote ends as a bad row, not in memory."""
    assert csv.field_size_limit() <= 131_072


def test_open_quote(empty: Database, write: Write) -> None:
    """A quote that is never closed is one bad row, from the line on which it begins."""
    error = refused(empty, write(ACCOUNT_HEADER, account_row(1), '"open,1', account_row(2)))

    assert error.bad_rows[0][0] == 3


def test_kinds_match_their_tables() -> None:
    """A stored row has a value for each column of its table."""
    assert len(ACCOUNTS.stored(account_row(1))) == len(ACCOUNTS.table.c)
    assert len(BILLS.stored(bill_rows(1)[0])) == len(BILLS.table.c)
