"""The databases that tests share a server for: whatever one test does to its own, the next finds a fresh one."""

import pytest

from tests.dbgate.fixtures import fill
from tests.support.databases import open_database, stored
from tests.support.shared_postgresql import SharedPostgres
from tests.support.sql_ledger import clock

COUNTS = "SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM bills), (SELECT count(*) FROM audit_entries)"
ENTRY = (
    "INSERT INTO audit_entries (created_at, bank_code, bank_date, bank_serial, transaction_name, amount_fen,"
    " response_code, channel) VALUES (1, '0102', 20261122, '1', 'pay', 1, '0000', 1)"
)


@pytest.mark.parametrize(
    "alteration",
    [
        "",
        "DROP TABLE bills",
        "ALTER TABLE bills ADD COLUMN colour text",
        "CREATE INDEX colour ON bills (month)",
        "UPDATE alembic_version SET version_num = '9999'",
        "CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    ],
)
def test_every_database_is_fresh(postgresql: SharedPostgres, alteration: str) -> None:
    """Rows of a test before are gone, numbers begin at one, and no altered schema is ever handed out again."""
    with postgresql.database() as url:
        database = open_database(url, clock)
        fill(database, 3)
        with database.money_engine.begin() as connection:
            connection.exec_driver_sql(ENTRY)
            if alteration:
                connection.exec_driver_sql(alteration)
        database.dispose()

    with postgresql.database() as next_url:
        following = open_database(next_url, clock)
        counts = stored(following, COUNTS)
        [(number,)] = stored(following, f"{ENTRY} RETURNING id")
        following.dispose()

    assert counts == [(0, 0, 0)]
    assert number == 1
    assert postgresql.server is None or (url == next_url) is (alteration == "")
