"""The utility's books of the system tests: accounts and bills whose every figure is known. 测试账务数据

They are loaded with ``fep load`` beside the demo's own, so that each expected amount is computed here, from the rules,
and never read back from the product.
"""

import csv
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from tests.support.raw_bank import today

ACCOUNT_COLUMNS = (
    "account_no,name,address,meter_no,passbook,supply_branch,user_class,collect_mode,state,balance,pay_at_utility"
)
BILL_COLUMNS = "bill_no,account_no,month,seq,energy,previous_reading,this_reading,principal,due_date"


def _date(value: str | date) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def late_fee(user_class: str, principal: int, due: str | date, on: str | date) -> int:
    """Return the late fee in fen of a bill on a day: rounded half up, floor 100, cap the principal."""
    due, on = _date(due), _date(on)
    days = max(0, (on - due).days)
    if user_class == "residential":
        thousandths = principal * days
    else:
        first = min(days, (date(due.year, 12, 31) - due).days)
        thousandths = principal * (2 * first + 3 * (days - first))
    fee = (thousandths + 500) // 1000
    return min(max(fee, 100), principal) if fee else 0


@dataclass(frozen=True)
class Bill:
    """A bill as it was loaded."""

    bill_no: str
    month: str
    principal: int
    due: date
    energy: int = 12_300
    previous: int = 100_000

    @property
    def this(self) -> int:
        return self.previous + self.energy


@dataclass(frozen=True)
class Account:
    """An account as it was loaded, with its bills, oldest first."""

    account_no: str
    name: str
    address: str
    meter_no: str
    passbook: str = ""
    supply_branch: str = "TEST01"
    user_class: str = "residential"
    collect_mode: str = "counter"
    state: str = "active"
    balance: int = 0
    pay_at_utility: int = 0
    bills: tuple[Bill, ...] = ()

    def fee(self, bill: Bill) -> int:
        """Return today's late fee of a bill in fen."""
        return late_fee(self.user_class, bill.principal, bill.due, today())

    @property
    def principal_due(self) -> int:
        return sum(bill.principal for bill in self.bills)

    @property
    def late_fee_due(self) -> int:
        return sum(self.fee(bill) for bill in self.bills)

    @property
    def total_due(self) -> int:
        return self.principal_due + self.late_fee_due

    @property
    def payable(self) -> int:
        return max(0, self.total_due - self.balance)


def month_back(count: int) -> str:
    """Return the month ``count`` calendar months before this one, YYYYMM."""
    number = today().year * 12 + today().month - 1 - count
    return f"{number // 12:04d}{number % 12 + 1:02d}"


@dataclass
class Books:
    """Accounts by kind; a test takes one that no other test of the same database uses."""

    accounts: dict[str, list[Account]] = field(default_factory=lambda: defaultdict(list))

    def take(self, kind: str) -> Account:
        """Return an unused account of the kind."""
        return self.accounts[kind].pop(0)

    def everyone(self) -> list[Account]:
        """Return all accounts that are still unused."""
        return [account for accounts in self.accounts.values() for account in accounts]

    def copy(self) -> "Books":
        """Return the same books for another copy of the database."""
        return Books(defaultdict(list, {kind: list(accounts) for kind, accounts in self.accounts.items()}))

    def write(self, directory: Path) -> list[Path]:
        """Write accounts.csv and bills.csv as the utility's monthly issue has them."""
        paths = [directory / "accounts.csv", directory / "bills.csv"]
        accounts = self.everyone()
        _write(paths[0], ACCOUNT_COLUMNS.split(","), [vars(account) for account in accounts])
        rows = [
            {
                "bill_no": bill.bill_no,
                "account_no": account.account_no,
                "month": bill.month,
                "seq": 1,
                "energy": bill.energy,
                "previous_reading": bill.previous,
                "this_reading": bill.this,
                "principal": bill.principal,
                "due_date": bill.due.strftime("%Y%m%d"),
            }
            for account in accounts
            for bill in account.bills
        ]
        _write(paths[1], BILL_COLUMNS.split(","), rows)
        return paths


def _write(path: Path, columns: list[str], rows: list[dict[str, object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


# kind: (how many, the bills as (principal fen, days from today to due_date), other columns)
KINDS: dict[str, tuple[int, tuple[tuple[int, int], ...], dict[str, object]]] = {
    "owing": (160, ((12_000, -57), (8_000, -27), (600, 10)), {}),
    "future": (160, ((8_000, 20),), {}),
    "empty": (120, (), {}),
    "saved": (20, ((5_000, 20),), {"balance": 20_000}),
    "partly": (30, ((10_000, -40), (5_000, 20)), {"balance": 3_000}),
    "commercial": (12, ((12_000, -340), (7_777, -3)), {"user_class": "other"}),
    "many": (4, tuple((1_000 + number, 20) for number in range(30)), {}),
    "suspended": (8, ((8_000, 20),), {"state": "suspended"}),
    "closed": (8, ((8_000, 20),), {"state": "closed"}),
    "closed_card": (2, ((8_000, 20),), {"state": "closed", "collect_mode": "card"}),
    "card": (8, ((8_000, 20),), {"collect_mode": "card"}),
    "utility": (8, ((8_000, 20),), {"pay_at_utility": 1}),
    "debit": (12, ((8_000, 20),), {"collect_mode": "debit"}),
    "twins": (2, (), {"passbook": "6222990000000000001"}),
    "long": (12, ((8_000, 20),), {"name": "𠮷𠮷𠮷𠮷𠮷𠮷𠮷𠮷𠮷𠮷𠮷𠮷𠮷𠮷𠮷丁戊己"}),
}


def make_books() -> Books:
    """Return the accounts of the tests; numbers, names and bill numbers are unlike anything else in a log."""
    books = Books()
    number = 0
    for kind, (count, bills, columns) in KINDS.items():
        for _ in range(count):
            number += 1
            books.accounts[kind].append(_account(number, kind, bills, columns))
    return books


def _account(number: int, kind: str, bills: tuple[tuple[int, int], ...], columns: dict[str, object]) -> Account:
    values = {
        "account_no": f"0199{number:012d}" if kind == "long" else f"01997{number:06d}",
        "name": f"系统测试户{number:04d}号",
        "address": f"测试市银电路{number:04d}弄",
        "meter_no": f"TM{number:08d}",
        "passbook": f"62228800{number:08d}",
        **columns,
    }
    made = tuple(
        Bill(f"TB{number:06d}{at:02d}", month_back(len(bills) - at), principal, today() + timedelta(days))
        for at, (principal, days) in enumerate(bills)
    )
    return Account(bills=made, **values)  # type: ignore[arg-type]
