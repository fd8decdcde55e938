"""A small ledger for reports 报表账本, of which every sum can be had by hand; written beside the gate.

| serial | bank | outlet, teller, channel | day | account | what                                                       |
|--------|------|-------------------------|-----|---------|------------------------------------------------------------|
| 1      | 0102 | 0001 T1 01              | 22  | 0       | 300 in cash, all of it principal                           |
| 2      | 0102 | 0001 T1 01              | 22  | 1       | 500 in cash: 300 principal, 200 to the balance             |
| 3, 13  | 0102 | 0001 T2 04              | 22  | 2       | 700, cancelled after 40 minutes by T9                      |
| 4, 14  | 0102 | 0002 T1 01              | 22  | 3       | 900, reversed after 2 minutes                              |
| 5      | 0103 | 0001 T1 01              | 22  | 10      | 1100 by transfer: 1000 principal, 100 late fee; other 0202 |
| 6      | 0102 | 0001 T1 01              | 21  | 4       | 50 in cash, all of it principal                            |
| 99, 15 | 0102 | 0001 T1 01              | 22  | 5       | 60, reversed before it arrived, never paid since           |
| 98, 16 | 0102 | 0001 T1 01              | 22  | 0       | 300, reversed before it arrived, then paid as 1            |

Refused: account 6 (2003) and never paid; account 0 (2003), then paid as 1; account 7 (2002); an account that is none.
"""

# ruff: noqa: DTZ001 - the database clock is naive Asia/Shanghai by contract

from datetime import date, datetime, timedelta
from typing import Any

from dbgate.bulk import load_rows
from dbgate.database import Database
from dbgate.load_kinds import ACCOUNTS, BILLS
from dbgate.records import Movement, PaymentState
from dbgate.tables import audit_entries, clearing_dates, payments
from tests.dbgate.fixtures import account_no, account_row, fill

DAY = date(2026, 11, 22)
DAY_BEFORE = date(2026, 11, 21)
TEN = datetime(2026, 11, 22, 10, 0)
OTHER_BRANCH = "0202"


def keep(database: Database) -> None:
    """Write the ledger into an empty database that has the schema."""
    fill(database)
    other = (*account_row(10)[:5], OTHER_BRANCH, "other", *account_row(10)[7:])
    load_rows(database, ACCOUNTS, [other])
    load_rows(database, BILLS, [("DB000010A", account_no(10), 202511, 1, 1000, 5000, 6000, 12_000, 20251201)])
    with database.money_engine.begin() as connection:
        connection.execute(
            clearing_dates.insert(),
            [{"bank_code": bank, "clearing_date": DAY, "first_date": DAY_BEFORE} for bank in ("0102", "0103")],
        )
        for row in (*_PAYMENTS, *_UNDOS):
            connection.execute(payments.insert(), row)
        for row in _REFUSALS:
            connection.execute(audit_entries.insert(), row)


def row(serial: int, account: int, amount_fen: int, **changed: Any) -> dict[str, Any]:
    """A PAY in cash at ten, at outlet 0001 by T1, all of it principal, but for what is ``changed``."""
    bank_date = changed.get("clearing_date", DAY)
    values: dict[str, Any] = {
        "bank_code": "0102",
        "bank_date": bank_date,
        "bank_serial": f"{serial:012d}",
        "fep_serial": serial,
        "movement": Movement.PAY,
        "state": PaymentState.POSTED,
        "account_no": account_no(account),
        "account_name": f"用户{account}",
        "amount_fen": amount_fen,
        "settled_principal_fen": amount_fen,
        "settled_late_fee_fen": 0,
        "balance_change_fen": 0,
        "balance_after_fen": 0,
        "due_after_fen": 0,
        "settled_count": 1,
        "branch_code": "0001",
        "teller_id": "T1",
        "channel": 1,
        "instrument": 1,
        "clearing_date": DAY,
        "created_at": TEN,
    }
    return values | changed


def undo(serial: int, original: int, account: int, amount_fen: int, **changed: Any) -> dict[str, Any]:
    """A REVERSE that undid its original, but for what is ``changed``."""
    about: dict[str, Any] = {
        "movement": Movement.REVERSE,
        "outcome": 1,
        "original_bank_code": "0102",
        "original_bank_date": DAY,
        "original_bank_serial": f"{original:012d}",
        "settled_principal_fen": 0,
        "settled_count": 0,
        "instrument": None,
    }
    return row(serial, account, amount_fen, **about | changed)


def _tombstone(serial: int, account: int, amount_fen: int, created_at: datetime) -> dict[str, Any]:
    about: dict[str, Any] = {"movement": Movement.TOMBSTONE, "state": PaymentState.REVERSED_BEFORE_ARRIVAL}
    return row(serial, account, amount_fen, **about, fep_serial=None, settled_principal_fen=0, created_at=created_at)


def refusal(serial: int, account: int, code: str, created_at: datetime = TEN) -> dict[str, Any]:
    """A refused PAY of 300 in the audit trail."""
    return {
        "created_at": created_at,
        "bank_code": "0102",
        "bank_date": DAY,
        "bank_serial": f"{serial:012d}",
        "transaction_name": "pay",
        "account_no": account_no(account),
        "amount_fen": 300,
        "response_code": code,
        "branch_code": "0001",
        "teller_id": "T1",
        "channel": 1,
    }


_EARLIER = TEN - timedelta(minutes=5)

_PAYMENTS = (
    row(1, 0, 300),
    row(2, 1, 500, settled_principal_fen=300, balance_change_fen=200),
    row(3, 2, 700, state=PaymentState.CANCELLED, teller_id="T2", channel=4),
    row(4, 3, 900, state=PaymentState.REVERSED, branch_code="0002"),
    row(
        5,
        10,
        1100,
        bank_code="0103",
        instrument=2,
        settled_principal_fen=1000,
        settled_late_fee_fen=100,
    ),
    row(6, 4, 50, clearing_date=DAY_BEFORE, created_at=TEN - timedelta(days=1)),
    _tombstone(99, 5, 60, TEN),
    _tombstone(98, 0, 300, _EARLIER),
)
_UNDOS = (
    undo(13, 3, 2, 700, movement=Movement.CANCEL, teller_id="T9", created_at=TEN + timedelta(minutes=40)),
    undo(14, 4, 3, 900, branch_code="0002", created_at=TEN + timedelta(minutes=2)),
    undo(15, 99, 5, 60, outcome=2),
    undo(16, 98, 0, 300, outcome=2, created_at=_EARLIER),
)
_REFUSALS = (
    refusal(20, 6, "2003"),
    refusal(21, 0, "2003", _EARLIER),
    refusal(22, 7, "2002"),
    refusal(23, 77, "2001"),
)
