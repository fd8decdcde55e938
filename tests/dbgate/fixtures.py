"""Builders for the tests of the gate: accounts, bills, small decide functions."""

# ruff: noqa: DTZ001 - the database clock is naive Asia/Shanghai by contract

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from dbgate.bulk import load_rows
from dbgate.changes import Changes, LimitUse
from dbgate.database import Database
from dbgate.load_kinds import ACCOUNTS, BILLS
from dbgate.records import (
    Allocation,
    AuditEntry,
    BillState,
    Identity,
    Invoice,
    LimitKey,
    Movement,
    Payment,
    PaymentState,
)
from dbgate.work import Decide, Decision, Moment, Needs, Work
from dbgate.working_set import WorkingSet

DAY = date(2026, 11, 22)
BANK = "0102"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 22, 10, 0, 0, 123456)

    def __call__(self) -> datetime:
        return self.moment


def account_no(number: int) -> str:
    """The account number of test account ``number``."""
    return f"01{number:08d}"


def account_row(number: int, balance: int = 0) -> tuple[Any, ...]:
    """One row as a load file has it."""
    return (
        account_no(number),
        f"用户{number}",
        "人民路1号",
        f"DM{number}",
        f"6222{number:04d}",
        "0101",
        "residential",
        "counter",
        "active",
        balance,
        0,
    )


def bill_rows(number: int) -> list[tuple[Any, ...]]:
    """Two bills of an account: 100 fen of September, 200 fen of October."""
    return [
        (f"DB{number:06d}A", account_no(number), 202609, 1, 1000, 5000, 6000, 100, 20260925),
        (f"DB{number:06d}B", account_no(number), 202610, 1, 2000, 6000, 8000, 200, 20261025),
    ]


def fill(database: Database, count: int = 10) -> None:
    """Store accounts 0 to ``count`` - 1 and their bills."""
    load_rows(database, ACCOUNTS, [account_row(number) for number in range(count)])
    load_rows(database, BILLS, [row for number in range(count) for row in bill_rows(number)])


def identity(serial: int, bank: str = BANK) -> Identity:
    """The identity of the bank's request ``serial`` of that day."""
    return Identity(bank, DAY, f"{serial:012d}")


def payment(own: Identity, moment: Moment, number: int, amount_fen: int, **changed: Any) -> Payment:
    """A PAY row that settled nothing, but for what is ``changed``."""
    assert moment.clearing_date is not None
    row = Payment(
        identity=own,
        fep_serial=moment.fep_serial,
        movement=Movement.PAY,
        state=PaymentState.POSTED,
        account_no=account_no(number),
        account_name=f"用户{number}",
        amount_fen=amount_fen,
        settled_principal_fen=0,
        settled_late_fee_fen=0,
        balance_change_fen=amount_fen,
        balance_after_fen=amount_fen,
        due_after_fen=0,
        settled_count=0,
        first_month=None,
        last_month=None,
        invoice_no="",
        original=None,
        original_fep_serial=None,
        outcome=None,
        branch_code="",
        teller_id="",
        channel=1,
        instrument=1,
        clearing_date=moment.clearing_date,
        created_at=moment.now,
        digest="ab" * 16,
    )
    return replace(row, **changed)


def settle(number: int, serial: int, bank: str = BANK, **needs: Any) -> Work:
    """A PAY that settles every unsettled bill of an account; answers the stored row, or ``("repeat", row)``."""
    own = identity(serial, bank)

    def _decide(working_set: WorkingSet, moment: Moment) -> Decision:
        if (stored := working_set.payment(own)) is not None:
            return Decision(("repeat", stored))
        bills = working_set.unsettled_bills(account_no(number))
        if not bills:
            return Decision("nothing to pay")
        assert moment.fep_serial is not None
        total = sum(bill.principal_fen for bill in bills)
        row = payment(
            own,
            moment,
            number,
            total,
            settled_principal_fen=total,
            balance_change_fen=0,
            balance_after_fen=0,
            settled_count=len(bills),
            first_month=bills[0].month,
            last_month=bills[-1].month,
            invoice_no=moment.invoice_no or "",
        )
        changes = Changes(
            bills=tuple(replace(bill, state=BillState.SETTLED, settled_by=moment.fep_serial) for bill in bills),
            journal=(row,),
            allocations=tuple(Allocation(moment.fep_serial, bill.bill_no, bill.principal_fen, 0) for bill in bills),
            invoices=(Invoice(moment.invoice_no, moment.fep_serial, 1),) if moment.invoice_no else (),
        )
        return Decision(row, changes)

    return work(_decide, bank, account_no=account_no(number), own=own, serial=True, **needs)


def deposit(number: int, serial: int, amount_fen: int, bank: str = BANK, limit_fen: int | None = None) -> Work:
    """A PAY that goes to the balance whole, within a daily limit when there is one."""
    own = identity(serial, bank)

    def _decide(working_set: WorkingSet, moment: Moment) -> Decision:
        if (stored := working_set.payment(own)) is not None:
            return Decision(("repeat", stored))
        assert moment.clearing_date is not None
        key = LimitKey(bank, 1, moment.clearing_date)
        if limit_fen is not None and working_set.limit_used(key) + amount_fen > limit_fen:
            return Decision("over the limit")
        account = working_set.account(account_no(number))
        assert account is not None
        account = replace(account, balance_fen=account.balance_fen + amount_fen)
        row = payment(own, moment, number, amount_fen, balance_after_fen=account.balance_fen)
        uses = () if limit_fen is None else (LimitUse(key, amount_fen, limit_fen),)
        return Decision(row, Changes(accounts=(account,), journal=(row,), limit_uses=uses))

    limit_channel = None if limit_fen is None else 1
    return work(_decide, bank, account_no=account_no(number), own=own, serial=True, limit_channel=limit_channel)


def undo(number: int, serial: int, original: Identity, bank: str = BANK) -> Work:
    """A REVERSE of a PAY: bills open again, balance back; a tombstone when there is nothing to undo."""
    own = identity(serial, bank)

    def _decide(working_set: WorkingSet, moment: Moment) -> Decision:
        if (stored := working_set.payment(own)) is not None:
            return Decision(("repeat", stored))
        paid = working_set.payment(original)
        about: dict[str, Any] = {"movement": Movement.REVERSE, "original": original, "balance_change_fen": 0}
        if paid is None:
            row = payment(own, moment, number, 0, outcome=2, **about)
            tombstone = payment(
                original,
                moment,
                number,
                0,
                fep_serial=None,
                movement=Movement.TOMBSTONE,
                state=PaymentState.REVERSED_BEFORE_ARRIVAL,
            )
            return Decision(row, Changes(journal=(row, tombstone)))
        if paid.state is not PaymentState.POSTED:
            return Decision("undone before")
        assert paid.fep_serial is not None
        row = payment(own, moment, number, paid.amount_fen, outcome=1, original_fep_serial=paid.fep_serial, **about)
        settled = [working_set.bill(allocation.bill_no) for allocation in working_set.allocations(paid.fep_serial)]
        account = working_set.account(account_no(number))
        assert account is not None
        changes = Changes(
            accounts=(replace(account, balance_fen=account.balance_fen - paid.balance_change_fen),),
            bills=tuple(replace(bill, state=BillState.OPEN, settled_by=None) for bill in settled if bill is not None),
            journal=(row, replace(paid, state=PaymentState.REVERSED)),
            limit_uses=(LimitUse(LimitKey(bank, 1, paid.clearing_date), -paid.amount_fen, None),),
        )
        return Decision(row, changes)

    return work(_decide, bank, account_no=account_no(number), own=own, original=original, serial=True)


def refusal(serial: int) -> Work:
    """A refused PAY that leaves nothing but an audit entry."""

    def _decide(_working_set: WorkingSet, moment: Moment) -> Decision:
        entry = AuditEntry(moment.now, identity(serial), "pay", account_no(1), 1, "2002", "0001", "", 1)
        return Decision("refused", Changes(audit=(entry,)))

    return work(_decide, account_no=account_no(1), own=identity(serial), serial=True)


def read(answer: Callable[[WorkingSet, Moment], object], bank: str = BANK, **needs: Any) -> Work:
    """Read work that answers what ``answer`` returns."""
    return work(lambda working_set, moment: Decision(answer(working_set, moment)), bank, money=False, **needs)


def work(decide: Decide, bank: str = BANK, *, money: bool = True, timeout_s: float = 30.0, **needs: Any) -> Work:
    """Work with a deadline; its ``done`` does nothing."""
    return Work(Needs(bank, **needs), decide, money, time.monotonic() + timeout_s, lambda result: None)


def answers(results: list[tuple[Work, object]]) -> list[object]:
    """What a batch was answered, in order."""
    return [answer for _, answer in results]
