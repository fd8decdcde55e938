"""Statements: each of the gate's compiles for every engine that will run it."""

import pytest
from sqlalchemy import Insert, Select, Update, bindparam, update
from sqlalchemy.dialects import oracle, postgresql, sqlite
from sqlalchemy.engine import Dialect

from dbgate import loading, reading, storing
from dbgate.insertion import insert_if_new
from dbgate.prepared import Prepared
from dbgate.tables import accounts, payments

DIALECTS = {"sqlite": sqlite.dialect(), "postgresql": postgresql.dialect(), "oracle": oracle.dialect()}


def build(_dialect: str) -> Update:
    return update(accounts).where(accounts.c.account_no == bindparam("key")).values(balance_fen=bindparam("new"))


def test_values_in_the_statement_s_order() -> None:
    """Tuples are handed over as the engine wants them, whatever the order of their names."""
    same = Prepared(build, ("new", "key"))._compile(sqlite.dialect())
    turned = Prepared(build, ("key", "new"))._compile(sqlite.dialect())
    named = Prepared(build, ("key", "new"))._compile(postgresql.dialect())

    assert same[0] == "UPDATE accounts SET balance_fen=? WHERE accounts.account_no = ?"
    assert same[1]([(5, "01")]) == [(5, "01")]
    assert turned[1]([("01", 5)]) == [(5, "01")]
    assert named[1]([("01", 5)]) == [{"key": "01", "new": 5}]


def test_locks_of_postgresql() -> None:
    """PostgreSQL: clearing dates are locked shared, accounts and originals for update, in the order of their keys."""
    days = str(loading._CLEARING_DAYS_SHARED.compile(dialect=DIALECTS["postgresql"]))
    rows = str(loading._ACCOUNTS_LOCKED.compile(dialect=DIALECTS["postgresql"]))
    originals = str(loading._by_identity(payments, 2, locked=True).compile(dialect=DIALECTS["postgresql"]))

    assert days.endswith("ORDER BY clearing_dates.bank_code FOR SHARE")
    assert rows.endswith("ORDER BY accounts.account_no FOR UPDATE")
    assert originals.endswith("ORDER BY payments.bank_code, payments.bank_date, payments.bank_serial FOR UPDATE")
    assert str(insert_if_new(payments, "postgresql").compile(dialect=DIALECTS["postgresql"])).endswith(
        "ON CONFLICT DO NOTHING"
    )


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_every_statement_compiles(dialect: Dialect) -> None:
    """No statement of the gate is beyond an engine's grammar; Oracle's lack only ON CONFLICT."""
    statements = [value for module in (loading, reading, storing) for value in vars(module).values()]
    compiled = [str(s.compile(dialect=dialect)) for s in statements if isinstance(s, Select | Update | Insert)]
    compiled += [s._compile(dialect)[0] for s in statements if isinstance(s, Prepared)]
    compiled.append(str(reading._accounts_by("meter_no").compile(dialect=dialect)))

    assert len(compiled) >= 18
