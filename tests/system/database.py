"""The billing database as a DBA sees it: the only place of the system tests that opens it. 数据库旁观

Reading it proves what the wire cannot show; holding its write lock makes a database that answers late.
"""

import sqlite3
import time
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

_WAIT_S = 20


def connect(directory: Path) -> Any:
    """Return a DB-API connection to the database that the configuration in a directory names."""
    settings = tomllib.loads((directory / "fep.toml").read_text(encoding="utf-8"))
    database = settings["billing"]["database"][0]
    url = database["url"]
    if url.startswith("sqlite:///"):
        return sqlite3.connect(directory / url.removeprefix("sqlite:///"), timeout=_WAIT_S)
    reference = database.get("password", "")
    secret = (directory / reference.removeprefix("file:")).read_text(encoding="utf-8").strip() if reference else None
    url = url.replace("postgresql+psycopg://", "postgresql://", 1)
    return psycopg.connect(url, password=secret, connect_timeout=_WAIT_S)


def _run(connection: Any, statement: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    # Statements have question marks for values; psycopg wants %s, and none where there is no value.
    if not isinstance(connection, sqlite3.Connection):
        statement = statement.replace("?", "%s") if values else statement
        cursor = connection.execute(statement, values or None)
    else:
        cursor = connection.execute(statement, values)
    return cursor.fetchall() if cursor.description else []


@contextmanager
def write_lock(directory: Path) -> Iterator[None]:
    """Hold a lock against all writers of the database: reads go on, nothing can be stored meanwhile."""
    with closing(connect(directory)) as connection:
        if isinstance(connection, sqlite3.Connection):
            connection.isolation_level = None
            connection.execute("BEGIN IMMEDIATE")
        else:
            connection.execute("LOCK TABLE accounts, payments IN EXCLUSIVE MODE")
        try:
            yield
        finally:
            connection.rollback()


def execute(directory: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    """Run one statement, commit it and return its rows."""
    with closing(connect(directory)) as connection:
        rows = _run(connection, statement, values)
        connection.commit()
        return rows


def wait_until_stored(directory: Path, bank_serial: int) -> None:
    """Return in the moment in which a payment is committed, as another reader of the database sees it."""
    deadline = time.monotonic() + 10
    with closing(connect(directory)) as connection:
        statement, serial = "SELECT 1 FROM payments WHERE bank_serial = ?", f"{bank_serial:012d}"
        while not _run(connection, statement, (serial,)):
            connection.rollback()
            assert time.monotonic() < deadline, "the payment was never stored"


# What may never be found, whatever was sent, cut off or killed: each query lists the offenders.
NEVER = {
    "an account whose balance is not the sum of its movements": """
        SELECT account_no FROM accounts AS a WHERE balance_fen <> (
            SELECT coalesce(sum(balance_change_fen), 0) FROM payments AS p WHERE p.account_no = a.account_no)""",
    "a negative balance": "SELECT account_no FROM accounts WHERE balance_fen < 0",
    "a payment whose parts do not add up": """
        SELECT fep_serial FROM payments
        WHERE movement = 'pay' AND amount_fen <> settled_principal_fen + settled_late_fee_fen + balance_change_fen""",
    "a payment whose bills do not add up to what it settled": """
        SELECT fep_serial FROM payments AS p WHERE movement = 'pay' AND (
            settled_principal_fen <> (
                SELECT coalesce(sum(principal_fen), 0) FROM allocations AS x WHERE x.fep_serial = p.fep_serial)
            OR settled_late_fee_fen <> (
                SELECT coalesce(sum(late_fee_fen), 0) FROM allocations AS x WHERE x.fep_serial = p.fep_serial)
            OR settled_count <> (SELECT count(*) FROM allocations AS x WHERE x.fep_serial = p.fep_serial))""",
    "a bill that no standing payment settled": """
        SELECT bill_no FROM bills AS b WHERE state = 'settled' AND NOT EXISTS (
            SELECT 1 FROM payments AS p JOIN allocations AS x ON x.fep_serial = p.fep_serial
            WHERE p.fep_serial = b.settled_by AND p.state = 'posted' AND x.bill_no = b.bill_no)""",
    "a standing payment whose bill is not settled by it": """
        SELECT x.bill_no FROM allocations AS x JOIN payments AS p ON p.fep_serial = x.fep_serial
        JOIN bills AS b ON b.bill_no = x.bill_no
        WHERE p.movement = 'pay' AND p.state = 'posted' AND (b.state <> 'settled' OR b.settled_by <> p.fep_serial)""",
    "an open bill that names a payment": "SELECT bill_no FROM bills WHERE state = 'open' AND settled_by IS NOT NULL",
    "an undone payment without exactly one undo, or a standing one with any": """
        SELECT fep_serial FROM payments AS p LEFT JOIN (
            SELECT original_bank_code, original_bank_date, original_bank_serial, count(*) AS undos FROM payments
            WHERE movement IN ('cancel', 'reverse') AND outcome = 1
            GROUP BY original_bank_code, original_bank_date, original_bank_serial) AS u
        ON u.original_bank_code = p.bank_code AND u.original_bank_date = p.bank_date
            AND u.original_bank_serial = p.bank_serial
        WHERE movement = 'pay' AND coalesce(undos, 0) <> CASE WHEN state = 'posted' THEN 0 ELSE 1 END""",
}


def audit(directory: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return what may never be found in the books of a site, by its name; nothing when all is well."""
    found = {name: execute(directory, statement) for name, statement in NEVER.items()}
    return {name: rows for name, rows in found.items() if rows}


def movements(directory: Path) -> set[int]:
    """Return the numbers of all movements but loaded balances."""
    rows = execute(directory, "SELECT fep_serial FROM payments WHERE movement IN ('pay', 'cancel', 'reverse', 'apply')")
    return {int(str(serial)) for (serial,) in rows}
