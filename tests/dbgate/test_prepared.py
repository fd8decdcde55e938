"""Statements: each of the gate's compiles for every engine that will run it, and takes values by position."""

import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.dialects import oracle, postgresql, sqlite
from sqlalchemy.engine import Dialect

from dbgate import clearing_locks, cut_off, loading, reading, storing  # noqa: F401 - their statements are registered
from dbgate.prepared import InsertRows, Prepared, Statement, UpdateRows
from dbgate.tables import accounts, allocations, payments

SQLITE, POSTGRESQL, ORACLE = sqlite.dialect(), postgresql.psycopg.dialect(), oracle.oracledb.dialect()
DIALECTS = {"sqlite": SQLITE, "postgresql": POSTGRESQL, "oracle": ORACLE}


class Cursor:
    """Notes what it is given."""

    rowcount = 0

    def __init__(self) -> None:
        self.text = ""
        self.values: Any = None

    def execute(self, text: str, values: Any) -> None:
        self.text, self.values = text, values

    def executemany(self, text: str, values: Any, *, batcherrors: bool = False) -> None:
        self.text, self.values = text, values

    def getbatcherrors(self) -> list[Any]:
        return []


def executed(statement: Prepared, dialect: Dialect, *arguments: Any) -> tuple[str, Any]:
    cursor = Cursor()
    statement.execute(cursor, dialect, arguments)
    return cursor.text, cursor.values


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """Statements of a test are in nobody else's register."""
    before = dict(Prepared._all)
    yield
    Prepared._all.clear()
    Prepared._all.update(before)


def by_keys() -> Statement:
    return Statement(
        "t_by_keys",
        lambda keys: select(accounts.c.name).where(
            accounts.c.balance_fen == keys.one("balance"), keys.among(accounts.c.account_no, "items")
        ),
        ("items", "balance"),
        ("items",),
    )


def test_list_of_keys_fills_up_to_a_power_of_two() -> None:
    """SQLite and Oracle: the last key again, so that few texts have to be parsed; values in the order of the text."""
    statement = by_keys()

    assert executed(statement, SQLITE, ["a"], 5)[1] == (5, "a")
    text, values = executed(statement, SQLITE, ["a", "b", "c"], 5)
    assert text.endswith("balance_fen = ? AND accounts.account_no IN (?, ?, ?, ?)")
    assert values == (5, "a", "b", "c", "c")
    assert executed(statement, ORACLE, ["a", "b"], 5) == (
        "SELECT accounts.name \nFROM accounts \nWHERE accounts.balance_fen = :1 AND accounts.account_no IN (:2, :3)",
        (5, "a", "b"),
    )
    assert len(executed(statement, ORACLE, ["a"] * 700, 5)[1]) == 1001


def test_array_of_keys() -> None:
    """PostgreSQL: one text whatever the number of keys, and the keys as an array in its own notation."""
    statement = by_keys()

    one, three = (
        executed(statement, POSTGRESQL, ["a"], 5),
        executed(statement, POSTGRESQL, ['q"\\', "户,}{", "NULL"], 5),
    )

    assert one[0] == three[0]
    assert one[0].endswith("accounts.account_no = ANY (%s::VARCHAR[])")
    assert one[1] == (5, '{"a"}')
    assert three[1] == (5, '{"q\\"\\\\","户,}{","NULL"}')


def test_rows_of_an_insert() -> None:
    """Rows go one by one to SQLite and Oracle, and as one array for each column to PostgreSQL."""
    insert = InsertRows("t_insert", allocations, if_new=True)
    given = [(1, "B1", 100, 0), (2, "B2", 200, None)]

    assert executed(insert, SQLITE, given) == (
        "INSERT INTO allocations (fep_serial, bill_no, principal_fen, late_fee_fen) VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        given,
    )
    text, values = executed(insert, POSTGRESQL, given)
    assert "FROM unnest(%s::BIGINT[], %s::VARCHAR[], %s::BIGINT[], %s::BIGINT[]) AS given(" in text
    assert text.endswith("ON CONFLICT DO NOTHING")
    assert values == ("{1,2}", '{"B1","B2"}', "{100,200}", "{0,NULL}")


def test_rows_of_an_update_in_the_order_of_the_text() -> None:
    """New values come first in a row, then what it is found by; the engine gets them as its text has them."""
    update = UpdateRows("t_update", accounts, ["balance_fen"], ["account_no", "balance_fen"])

    text, values = executed(update, SQLITE, [(7, "01", 5)])
    assert text == "UPDATE accounts SET balance_fen=? WHERE accounts.account_no = ? AND accounts.balance_fen = ?"
    assert values == [(7, "01", 5)]
    text, values = executed(update, POSTGRESQL, [(7, "01", 5), (8, "02", 6)])
    assert text.startswith("UPDATE accounts SET balance_fen=given.new_balance_fen FROM unnest(")
    assert values == ("{7,8}", '{"01","02"}', "{5,6}")


def test_one_row_on_postgresql() -> None:
    """One row goes by its values, as text: by the size of a number, the driver would make statements of other types."""
    insert = InsertRows("t_insert_one", allocations, if_new=True)
    update = UpdateRows("t_update_one", accounts, ["balance_fen"], ["account_no", "balance_fen"])

    text, values = executed(insert, POSTGRESQL, [(1, "B1", 100, None)])
    assert text.endswith("VALUES (%s::BIGINT, %s::VARCHAR, %s::BIGINT, %s::BIGINT) ON CONFLICT DO NOTHING")
    assert values == ["1", "B1", "100", None]
    text, values = executed(update, POSTGRESQL, [(7, "01", 5)])
    assert text.startswith("UPDATE accounts SET balance_fen=%s::BIGINT WHERE accounts.account_no = ")
    assert values == ["7", "01", "5"]


def test_two_statements_of_one_name() -> None:
    """Names are unique, for the stored texts go by them."""
    by_keys()
    with pytest.raises(ValueError, match="two statements called t_by_keys"):
        by_keys()


def test_constants_of_the_engine_s_grammar() -> None:
    """What the builder does not name is filled in: SQLite writes an OFFSET with every LIMIT."""
    text, values = executed(reading._PAYMENTS_SINCE, SQLITE, "01", 20261122000000000)

    assert text.endswith("LIMIT 3840 OFFSET ?")
    assert values == ("01", 20261122000000000, 0)


def test_lanes_that_make_a_statement_at_the_same_time() -> None:
    """Whoever comes second uses what the first has made; nobody is told that the statement is there twice."""
    failures: list[Exception] = []

    def _make(start: threading.Barrier, groups: int) -> None:
        start.wait(30)
        try:
            loading._by_identity(payments, groups, locked=True)
        except ValueError as error:
            failures.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for groups in range(40, 60):
            start = threading.Barrier(8)
            threads = [threading.Thread(target=_make, args=(start, groups)) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
    finally:
        sys.setswitchinterval(interval)
    assert failures == []


def test_locks_of_postgresql() -> None:
    """PostgreSQL: clearing dates are locked shared, accounts and originals for update, in the order of their keys."""
    assert clearing_locks._HOLD_DAYS.text(POSTGRESQL).endswith("ORDER BY clearing_dates.bank_code FOR SHARE")
    assert loading._ACCOUNTS_LOCKED.text(POSTGRESQL).endswith("ORDER BY accounts.account_no FOR UPDATE")
    originals = loading._by_identity(payments, 2, locked=True).text(POSTGRESQL)
    assert originals.endswith("ORDER BY payments.bank_code, payments.bank_date, payments.bank_serial FOR UPDATE")
    assert storing.rows.INSERT_PAYMENTS.text(POSTGRESQL).endswith("ON CONFLICT DO NOTHING")


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_every_statement_compiles(dialect: Dialect) -> None:
    """No statement of the gate is beyond an engine's grammar."""
    assert len([statement.text(dialect) for statement in Prepared.all()]) >= 28
