"""What the utility has before a run 测试账务: accounts with balances and bills, functions of the seed."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

from tests.support.raw_bank import today
from tests.system.billing import ACCOUNT_COLUMNS, BILL_COLUMNS, month_back

_BILLS_MAX = 6


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it is loaded.

    Attributes:
        principals_fen: of its bills, oldest first.
    """

    account_no: str
    user_class: str
    balance_fen: int
    principals_fen: tuple[int, ...]
    days_due: tuple[int, ...]


def make_accounts(seed: int, accounts: int) -> list[Account]:
    """Return the accounts of a run; every second one owes something, some have a balance."""
    dice = Random(f"{seed}/accounts")
    made = []
    for number in range(accounts):
        bills = dice.randrange(1, _BILLS_MAX + 1) if number % 4 else 0
        made.append(
            Account(
                account_no=f"01998{number:06d}",
                user_class=dice.choice(("residential", "other")),
                balance_fen=dice.choice((0, 0, 700, 25_000)),
                principals_fen=tuple(dice.randrange(50, 12_000) for _ in range(bills)),
                days_due=tuple(dice.randrange(-60, 30) for _ in range(bills)),
            )
        )
    return made


def write_files(folder: Path, accounts: list[Account]) -> list[Path]:
    """Write the accounts and their bills as the files that ``fep load`` takes."""
    account_rows, bill_rows = [], []
    for at, account in enumerate(accounts):
        told = f"混沌户{at}", f"混沌路{at}号", f"CM{at:08d}", "", "TEST01"
        account_rows.append(
            (account.account_no, *told, account.user_class, "counter", "active", account.balance_fen, 0)
        )
        bills = zip(account.principals_fen, account.days_due, strict=True)
        for number, (principal_fen, days) in enumerate(bills):
            bill = f"CB{at:06d}{number:02d}", account.account_no, month_back(len(account.principals_fen) - number), 1
            due_date = (today() + timedelta(days)).strftime("%Y%m%d")
            bill_rows.append((*bill, 12_300, 100_000, 112_300, principal_fen, due_date))
    return [
        _write(folder / "accounts.csv", ACCOUNT_COLUMNS, account_rows),
        _write(folder / "bills.csv", BILL_COLUMNS, bill_rows),
    ]


def _write(path: Path, columns: str, rows: Sequence[tuple[object, ...]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns.split(","))
        writer.writerows(rows)
    return path
