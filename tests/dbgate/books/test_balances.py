"""Balances: which accounts the job that applies them looks at."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import update

from dbgate.books.balances import candidates
from dbgate.bulk import load_rows
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable
from dbgate.job import JOB_ACCOUNTS_MAX
from dbgate.load_kinds import ACCOUNTS
from dbgate.records import BillState
from dbgate.tables import accounts, bills
from tests.dbgate.fixtures import account_no, account_row, fill


def change(database: Database, statement: Any) -> None:
    with database.money_engine.begin() as connection:
        connection.execute(statement)


def give(database: Database, number: int, balance_fen: int) -> None:
    of_account = accounts.c.account_no == account_no(number)
    change(database, update(accounts).where(of_account).values(balance_fen=balance_fen))


def found(database: Database, among: Sequence[str] | None = None) -> list[str]:
    return [each for page in candidates(database, among) for each in page]


def test_who_may_be_settled(database: Database) -> None:
    """A balance, an open bill whose principal it reaches, and none in a debit batch; bills of 100 and 200 fen each."""
    assert found(database) == []
    for number, balance_fen in enumerate((0, 99, 100, 250, 1, 1_000, 1_000)):
        give(database, number, balance_fen)
    change(database, update(bills).where(bills.c.bill_no == "DB000005B").values(state=BillState.IN_DEBIT))
    of_six = bills.c.account_no == account_no(6)
    change(database, update(bills).where(of_six).values(state=BillState.SETTLED, settled_by=1))
    assert found(database) == [account_no(2), account_no(3)]


def test_only_certain_accounts(database: Database) -> None:
    """After a load, those that the file names."""
    for number in range(5):
        give(database, number, 300)
    assert found(database, [account_no(number) for number in (1, 3, 8)]) == [account_no(1), account_no(3)]


@pytest.mark.parametrize("count", [JOB_ACCOUNTS_MAX, JOB_ACCOUNTS_MAX + 1])
def test_pages(empty: Database, count: int) -> None:
    """Each account once, in order, no more at a time than a job may lock."""
    load_rows(empty, ACCOUNTS, [account_row(number, 300) for number in range(count, count + 3)])
    fill(empty, count)
    change(empty, update(accounts).values(balance_fen=300))
    pages = list(candidates(empty))
    assert [each for page in pages for each in page] == [account_no(number) for number in range(count)]
    assert max(map(len, pages)) == JOB_ACCOUNTS_MAX


def test_balances_of_a_database_that_is_away() -> None:
    """It is said what cannot be done."""
    with pytest.raises(DatabaseUnavailable, match="cannot connect"):
        found(Database("sqlite:////nonexistent/billing.db"))
