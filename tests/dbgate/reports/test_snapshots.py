"""The transaction that a report reads in."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable
from dbgate.reports.snapshots import snapshot
from tests.dbgate.fixtures import account_no


def _run(database: Database, statement: str) -> None:
    with snapshot(database) as connection:
        connection.execute(text(statement))


def test_a_report_stores_nothing(database: Database) -> None:
    """Whatever a statement says: the transaction is read-only."""
    with pytest.raises(DatabaseUnavailable, match="the report was not made: "):
        _run(database, "DELETE FROM bills")


def test_a_failure_quotes_no_customer(database: Database) -> None:
    """The driver's text has the statement in it; ours has the code alone."""
    with pytest.raises(DatabaseUnavailable) as raised:
        _run(database, f"SELECT no_such_column FROM accounts WHERE account_no = '{account_no(1)}'")
    assert account_no(1) not in str(raised.value)
    assert not isinstance(raised.value.__cause__, DBAPIError)


@pytest.mark.engine("postgresql")
def test_statements_may_take_long(database: Database) -> None:
    """Sums over a year are planned for whole tables, and no time limit of the gate's ends them; only here."""
    settings = ("statement_timeout", "idle_in_transaction_session_timeout", "enable_seqscan", "plan_cache_mode")
    with snapshot(database) as connection:
        shown = [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in settings]
    assert shown == ["0", "0", "on", "auto"]
    with database.connect(money=False) as connection:
        assert connection.exec_driver_sql("SHOW enable_seqscan").scalar_one() == "off"
