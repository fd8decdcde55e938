"""A utility with billing tables of its own, and what its own programs do with them. 供电公司自有营销系统（示例）

Everything is said in the utility's own tables and words; nothing of the product is imported. Amounts are yuan as
text, the way a DBA reads them.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import psycopg

from tests.support.raw_bank import today
from tests.system.billing import late_fee, month_back

Row = tuple[Any, ...]

_numbers = count(1)

# The one class that the FEP's rules call residential; every other pays the higher late fee.
RESIDENTIAL = "居民生活"


def fen(yuan: str) -> int:
    """Return yuan as text in fen."""
    return int(Decimal(yuan) * 100)


@dataclass(frozen=True)
class Bill:
    """A bill: the amounts of its parts in yuan, and its days from today to the last one without late fee."""

    parts: tuple[str, ...] = ("80.00",)
    due_days: int = 20
    deferred_days: int | None = None
    ysdh: str = ""
    month: str = ""

    @property
    def principal(self) -> int:
        """Return the amount in fen."""
        return sum(map(fen, self.parts))

    @property
    def due(self) -> date:
        """Return the last day without late fee."""
        return today() + timedelta(self.due_days if self.deferred_days is None else self.deferred_days)


@dataclass(frozen=True)
class Customer:
    """A customer as the utility has it, with the bills that were issued first, oldest first."""

    yhbh: str
    yhlb: str
    ye: str
    bills: tuple[Bill, ...]

    def fee(self, bill: Bill) -> int:
        """Return today's late fee of a bill in fen, by the business rules."""
        return late_fee("residential" if self.yhlb == RESIDENTIAL else "other", bill.principal, bill.due, today())

    @property
    def total_due(self) -> int:
        """Return what the first bills cost today, in fen."""
        return sum(bill.principal + self.fee(bill) for bill in self.bills)

    @property
    def payable(self) -> int:
        """Return what a bank may take to settle them, in fen."""
        return max(0, self.total_due - fen(self.ye))


class Utility:
    """The utility's database, seen by its own programs."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo

    @contextmanager
    def program(self) -> Iterator[psycopg.Connection[Row]]:
        """A connection of a program of the utility's, inside its own transaction; closing it rolls back."""
        connection = psycopg.connect(self.conninfo, connect_timeout=10)
        try:
            yield connection
        finally:
            connection.close()

    def execute(self, statement: str, *values: object) -> list[Row]:
        """Run one statement, commit it and return its rows."""
        with psycopg.connect(self.conninfo, autocommit=True, connect_timeout=10) as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def enrol(self, *bills: Bill, yhlb: str = RESIDENTIAL, ye: str = "0.00", **columns: str) -> Customer:
        """Add a customer with bills; ``columns`` are columns of yx_khda."""
        number = next(_numbers)
        values = {
            "yhbh": f"02997{number:06d}",
            "yhmc": f"集成测试户{number:04d}",
            "yddz": f"集成测试路{number}号",
            "dbbh": f"JM{number:08d}",
            "gddw": "JC0201",
            "yhlb": yhlb,
            **columns,
        }
        names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        self.execute(f"INSERT INTO yx.yx_khda ({names}) VALUES ({marks})", *values.values())
        self.execute("INSERT INTO yx.yx_yszh (yhbh, ye) VALUES (%s, %s)", values["yhbh"], ye)
        customer = Customer(values["yhbh"], yhlb, ye, ())
        issued = [self.issue(customer, bill, len(bills) - at) for at, bill in enumerate(bills)]
        return replace(customer, bills=tuple(issued))

    def issue(self, customer: Customer, bill: Bill, months_back: int = 0) -> Bill:
        """Issue a bill and return it as it was issued."""
        with self.program() as connection, connection.transaction():
            return insert_bill(connection, customer, bill, months_back)

    def rows(self, bill: Bill) -> list[tuple[str, bool, bool]]:
        """Return of each row of a bill: its state, whether a movement of the FEP settled it, whether it has a time."""
        statement = "SELECT zt, fep_lsh IS NOT NULL, ssrq IS NOT NULL FROM yx.yx_ysdz WHERE ysdh = %s ORDER BY xh"
        return [(row[0], row[1], row[2]) for row in self.execute(statement, bill.ysdh)]

    def states(self, bills: Sequence[Bill]) -> list[str]:
        """Return the state of each bill; it must be the same in all its rows."""
        found = []
        for bill in bills:
            (state,) = {row[0] for row in self.rows(bill)}
            found.append(state)
        return found

    def balance(self, customer: Customer) -> str:
        """Return the balance of a customer in yuan."""
        return str(self.execute("SELECT ye FROM yx.yx_yszh WHERE yhbh = %s", customer.yhbh)[0][0])

    def wait_until_blocked(self, program: psycopg.Connection[Row], backends: int = 1) -> None:
        """Wait until so many other backends wait for what a program holds locked."""
        deadline = time.monotonic() + 10
        statement = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"
        while self.execute(statement, program.info.backend_pid)[0][0] < backends:
            assert time.monotonic() < deadline, "nobody waits for the program"
            time.sleep(0.01)

    def disagreements(self) -> list[Row]:
        """Return where journal and tables tell two stories; nothing when all is well."""
        return self.execute("SELECT * FROM fep_books.disagreements")


def insert_bill(connection: psycopg.Connection[Row], customer: Customer, bill: Bill, months_back: int = 0) -> Bill:
    """Insert a bill in rows, one for each part, in the caller's transaction."""
    bill = replace(bill, ysdh=f"YS{next(_numbers):010d}", month=month_back(months_back))
    due = today() + timedelta(bill.due_days)
    deferred = None if bill.deferred_days is None else today() + timedelta(bill.deferred_days)
    for at, (name, amount) in enumerate(zip(("目录电费", "力调电费", "基金"), bill.parts, strict=False)):
        readings = ("123.45", "1000.00", "1123.45") if at == 0 else ("0", "0", "0")
        connection.execute(
            "INSERT INTO yx.yx_ysdz (ysdh, xh, yhbh, ny, dfcs, fyxm, dl, qds, zds, je, jzrq, hjrq)"
            " VALUES (%s, %s, %s, %s, 1, %s, %s, %s, %s, %s, %s, %s)",
            (bill.ysdh, at + 1, customer.yhbh, bill.month, name, *readings, amount, due, deferred),
        )
    return bill


def explained(connection: psycopg.Connection[Row], statement: str, *values: object) -> str:
    """Return the plan of a statement as PostgreSQL tells it."""
    rows = connection.execute(f"EXPLAIN (COSTS OFF) {statement}".encode(), values).fetchall()
    return "\n".join(row[0] for row in rows)
