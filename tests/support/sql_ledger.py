"""The ledger in SQL: the same driver as on paper, but every batch goes through the gate to a real database."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from dbgate import rows
from dbgate.batch import MoneyLane
from dbgate.bulk import load_rows
from dbgate.clearing import ClearingDates
from dbgate.column_types import day_number
from dbgate.database import Database
from dbgate.load_kinds import ACCOUNTS, BILLS
from dbgate.prepared import Statement
from dbgate.records import Account, Allocation, Bill, LimitKey, Payment
from dbgate.tables import accounts, allocations, bills, limit_uses, payments
from dbgate.trip import run
from dbgate.work import Decision, Moment, Work
from dbgate.working_set import WorkingSet
from handlers.catalogue import HANDLERS
from handlers.terms import BankTerms, Context
from protocol.canonical.messages import Answer, Request
from tests.support.ledger import Submission, Utility
from tests.support.records import NOW

DEADLINE_S = 60.0

_ACCOUNT = Statement(
    "test_account",
    lambda keys: select(*rows.ACCOUNT_COLUMNS).where(accounts.c.account_no == keys.one("account_no")),
    ("account_no",),
)
_BILLS_OF = Statement(
    "test_bills_of",
    lambda keys: (
        select(*rows.BILL_COLUMNS).where(bills.c.account_no == keys.one("account_no")).order_by(bills.c.bill_no)
    ),
    ("account_no",),
)
_JOURNAL = Statement("test_journal", lambda _: select(*payments.c))
_ALLOCATIONS = Statement("test_allocations", lambda _: select(*allocations.c))


class SqlLedger:
    """A ledger whose tables are those of ``database``, which has the schema and nothing in it."""

    def __init__(self, database: Database, utility: Utility) -> None:
        self._database = database
        self._rules = utility.rules
        self._lane = MoneyLane(database, ClearingDates())
        load_rows(database, ACCOUNTS, map(_account_row, utility.accounts))
        load_rows(database, BILLS, map(_bill_row, utility.bills))
        self._reader = database.connect(money=False)

    def close(self) -> None:
        """Let go of the database."""
        self._lane.close()
        self._reader.close()
        self._database.dispose()

    def today(self) -> date:
        return NOW.date()

    def submit(self, batch: Sequence[Submission]) -> list[Answer]:
        self._reader.rollback()
        answers = []
        for _, answer in self._lane.run([self._work(request, bank) for request, bank in batch]):
            assert isinstance(answer, Answer), answer
            answers.append(answer)
        return answers

    def account(self, account_no: str) -> Account:
        with self._reading() as connection:
            [row] = run(connection, _ACCOUNT, account_no).rows
            return rows.account_of(row)

    def bills_of(self, account_no: str) -> list[Bill]:
        with self._reading() as connection:
            return [rows.bill_of(row) for row in run(connection, _BILLS_OF, account_no).rows]

    def journal(self) -> list[Payment]:
        with self._reading() as connection:
            return [rows.payment_of(row) for row in run(connection, _JOURNAL).rows]

    def allocations(self) -> list[Allocation]:
        with self._reading() as connection:
            return [rows.allocation_of(row) for row in run(connection, _ALLOCATIONS).rows]

    def limit_used(self, key: LimitKey) -> int:
        condition = [limit_uses.c[name] == value for name, value in key._asdict().items()]
        with self._reading() as connection:
            used = connection.execute(select(limit_uses.c.used_fen).where(*condition)).scalar_one_or_none()
        return int(used or 0)

    def clearing_date(self, bank_code: str) -> date:
        return self.today()

    def _work(self, request: Request, bank: BankTerms) -> Work:
        handler = HANDLERS[request.transaction]

        def _decide(records: WorkingSet, moment: Moment) -> Decision:
            return handler.decide(request, records, Context(bank, self._rules, moment))

        needs = handler.needs(request, bank, self.today())
        return Work(needs, _decide, handler.money, time.monotonic() + DEADLINE_S, _never)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        # One snapshot for all that is looked at between two batches: nobody else changes anything.
        if not self._reader.in_transaction():
            self._reader.begin()
        yield self._reader


def clock() -> datetime:
    """The database clock of a ledger in SQL: it stands still, as the one on paper."""
    return NOW


def _never(_result: object) -> None:
    raise AssertionError("a lane returns its answers; only the gate delivers them")


def _account_row(account: Account) -> tuple[Any, ...]:
    return (
        account.account_no,
        account.name,
        account.address,
        account.meter_no,
        account.passbook,
        account.supply_branch,
        account.user_class.value,
        account.collect_mode.value,
        account.state.value,
        account.balance_fen,
        int(account.pay_at_utility),
    )


def _bill_row(bill: Bill) -> tuple[Any, ...]:
    return (
        bill.bill_no,
        bill.account_no,
        bill.month,
        bill.seq,
        bill.energy_centikwh,
        bill.previous_reading_centikwh,
        bill.this_reading_centikwh,
        bill.principal_fen,
        day_number(bill.due_date),
    )
