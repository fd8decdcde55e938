"""Balances 预存款: which accounts have open bills that their balance may reach, a page at a time."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Select, literal_column, select
from sqlalchemy.exc import SQLAlchemyError

from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable
from dbgate.faults import label_of
from dbgate.job import JOB_ACCOUNTS_MAX
from dbgate.loading import constant
from dbgate.prepared import Keys, Statement
from dbgate.records import BillState
from dbgate.tables import accounts, bills
from dbgate.trip import run

LOCK_WAIT_S = 10.0
"""How long SQLite's file is waited for."""

_BEFORE_ALL = " "
"""Sorts before every account number, and is a text on Oracle too."""


def _candidates(keys: Keys) -> Select[Any]:
    """Select a page of candidates.

    Accounts whose balance does not reach the principal of any open bill are left out, for most of those that keep a few
    fen would else be locked each night in vain. Whoever decides looks again, at the late fees too.
    """
    unsettled = select(bills.c.bill_no).where(bills.c.account_no == accounts.c.account_no).correlate(accounts)
    is_reached = unsettled.where(
        bills.c.state == constant(BillState.OPEN), bills.c.principal_fen <= accounts.c.balance_fen
    )
    statement = select(accounts.c.account_no).where(
        accounts.c.balance_fen > literal_column("0"),
        accounts.c.account_no > keys.one("after"),
        is_reached.exists(),
        ~unsettled.where(bills.c.state == constant(BillState.IN_DEBIT)).exists(),
    )
    return statement.order_by(accounts.c.account_no).limit(literal_column(str(JOB_ACCOUNTS_MAX)))


def _candidates_among(keys: Keys) -> Select[Any]:
    return _candidates(keys).where(keys.among(accounts.c.account_no, "account_nos"))


_CANDIDATES = Statement("select_candidates", _candidates, ("after",))
_CANDIDATES_AMONG = Statement(
    "select_candidates_among", _candidates_among, ("after", "account_nos"), lists=("account_nos",)
)


def candidates(database: Database, among: Sequence[str] | None = None) -> Iterator[list[str]]:
    """Yield the accounts whose balance may settle a bill, by account_no, at most ``JOB_ACCOUNTS_MAX`` at a time.

    Each page is read by itself, after the caller is done with the one before: nothing is held open meanwhile.

    Args:
        database: to read.
        among: only these accounts, at most ``JOB_ACCOUNTS_MAX``; None for all.

    Raises:
        DatabaseUnavailable: it cannot be read.
    """
    last = _BEFORE_ALL
    while page := _page(database, last, among):
        yield page
        if len(page) < JOB_ACCOUNTS_MAX:
            return
        last = page[-1]


def _page(database: Database, after: str, among: Sequence[str] | None) -> list[str]:
    try:
        with (
            database.connect(money=False) as connection,
            database.begin(connection, time.monotonic() + LOCK_WAIT_S),
        ):
            database.backend.read_at_length(connection)
            if among is None:
                return [row[0] for row in run(connection, _CANDIDATES, after).rows]
            return [row[0] for row in run(connection, _CANDIDATES_AMONG, after, among).rows]
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise DatabaseUnavailable(f"balances cannot be read: {label_of(error)}") from None
