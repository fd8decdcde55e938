"""Batches: what is stored, in which order, and what happens when something fails."""

# ruff: noqa: DTZ001 - the database clock is naive Asia/Shanghai by contract

import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from dbgate.batch import MoneyLane
from dbgate.changes import Changes, LimitUse
from dbgate.clearing import ClearingDates
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable, DecisionFailed, OutcomeUnknown, StatementFailed
from dbgate.records import (
    BillState,
    Identity,
    Invoice,
    InvoicePrint,
    LimitKey,
    Movement,
    Payment,
    PaymentState,
)
from dbgate.work import Decision, Moment, Work
from dbgate.working_set import WorkingSet
from tests.dbgate.fixtures import (
    BANK,
    DAY,
    Clock,
    account_no,
    answers,
    deposit,
    identity,
    payment,
    refusal,
    settle,
    undo,
    work,
)
from tests.support.databases import stored
from tests.support.statements import on_statement, watch


@pytest.fixture
def lane(database: Database) -> Iterator[MoneyLane]:
    lane = MoneyLane(database, ClearingDates())
    yield lane
    lane.close()


def sum_of_movements(database: Database) -> list[tuple[Any, ...]]:
    """Accounts whose balance is not the sum of their movements."""
    return stored(
        database,
        "SELECT account_no FROM accounts a WHERE balance_fen <> (SELECT coalesce(sum(CASE WHEN p.state = 'posted'"
        " THEN balance_change_fen ELSE 0 END), 0) FROM payments p WHERE p.account_no = a.account_no)",
    )


def test_payment_stored(database: Database, lane: MoneyLane) -> None:
    """A payment settles its bills, has a row in the journal and says what it paid of which bill."""
    [row] = answers(lane.run([settle(3, 1)]))

    assert isinstance(row, Payment)
    assert (row.fep_serial, row.clearing_date) == (10_000_000_001, DAY)
    assert row.created_at == datetime(2026, 11, 22, 10, 0, 0, 123000)
    assert stored(database, "SELECT bill_no, state, settled_by FROM bills WHERE settled_by IS NOT NULL") == [
        ("DB000003A", "settled", 10_000_000_001),
        ("DB000003B", "settled", 10_000_000_001),
    ]
    assert stored(database, "SELECT * FROM allocations") == [
        (10_000_000_001, "DB000003A", 100, 0),
        (10_000_000_001, "DB000003B", 200, 0),
    ]
    assert stored(database, "SELECT bank_code, bank_date, bank_serial, created_at, branch_code FROM payments") == [
        ("0102", 20261122, "000000000001", 20261122100000123, None)
    ]


def test_repeat_is_answered_from_the_journal(lane: MoneyLane) -> None:
    """The same request again, in the same batch or a later one, gets the very row that was stored first."""
    first, second = answers(lane.run([settle(3, 1), settle(3, 1)]))
    [third] = answers(lane.run([settle(3, 1)]))

    assert second == ("repeat", first)
    assert third == ("repeat", first)


def test_second_payment_of_an_account_sees_the_first(database: Database, lane: MoneyLane) -> None:
    """Two deposits to one account in one batch add up."""
    results = answers(lane.run([deposit(1, 1, 500), deposit(1, 2, 700)]))

    assert [row.balance_after_fen for row in results if isinstance(row, Payment)] == [500, 1200]
    assert stored(database, "SELECT balance_fen FROM accounts WHERE account_no = '0100000001'") == [(1200,)]
    assert sum_of_movements(database) == []


def test_undo_in_the_batch_of_its_original(database: Database, lane: MoneyLane) -> None:
    """A payment and its reversal in one batch leave the bills open and both rows in the journal."""
    lane.run([settle(3, 1), undo(3, 2, identity(1))])

    assert stored(database, "SELECT count(*) FROM bills WHERE state <> 'open'") == [(0,)]
    assert stored(database, "SELECT movement, state FROM payments ORDER BY bank_serial") == [
        ("pay", "reversed"),
        ("reverse", "posted"),
    ]


def test_undo_in_a_later_batch(database: Database, lane: MoneyLane) -> None:
    """A reversal opens the bills again and moves the state of its original; what was paid of which bill stays."""
    lane.run([settle(3, 1), deposit(4, 2, 50)])
    lane.run([undo(3, 3, identity(1)), undo(4, 4, identity(2)), undo(5, 5, identity(99))])

    assert stored(database, "SELECT count(*) FROM bills WHERE state <> 'open' OR settled_by IS NOT NULL") == [(0,)]
    assert stored(database, "SELECT count(*) FROM allocations") == [(2,)]
    assert stored(database, "SELECT bank_serial, state, fep_serial IS NULL FROM payments ORDER BY bank_serial") == [
        ("000000000001", "reversed", 0),
        ("000000000002", "reversed", 0),
        ("000000000003", "posted", 0),
        ("000000000004", "posted", 0),
        ("000000000005", "posted", 0),
        ("000000000099", "reversed_before_arrival", 1),
    ]
    assert sum_of_movements(database) == []


def test_statements_follow_the_order_of_the_locks(engine: str, database: Database, lane: MoneyLane) -> None:
    """A money batch begins with the right to write, locks before it reads, stores identities first, counters last."""
    lane.run([settle(3, 1, invoice=True)])
    lane.close()
    statements = watch(database.money_engine)
    printing = Identity(BANK, DAY, "77")

    def _print(working_set: WorkingSet, moment: Moment) -> Decision:
        paid = working_set.payment(identity(1))
        assert paid is not None
        assert paid.fep_serial is not None
        invoice = working_set.invoice(paid.fep_serial)
        assert invoice is not None
        again = replace(invoice, print_count=2)
        printed = InvoicePrint(printing, "cd" * 16, invoice.invoice_no, paid.fep_serial, 2)
        return Decision("printed", Changes(invoices=(again,), invoice_prints=(printed,)))

    works = [
        work(_print, own=None, original=identity(1), invoice_print=printing, account_no=account_no(3)),
        undo(3, 2, identity(1)),
        deposit(5, 3, 10, limit_fen=1000),
        settle(6, 4, invoice=True),
        refusal(5),
    ]
    assert not [answer for answer in answers(lane.run(works)) if isinstance(answer, Exception)]

    def _shape(statement: str) -> str:
        match = re.search(r"(?:FROM|INTO|UPDATE) (\w+)", statement)
        return statement.split(maxsplit=1)[0] + (f" {match[1]}" if match else "")

    begin = next(i for i, statement in enumerate(statements) if statement.startswith("BEGIN"))
    shapes = ["BEGIN"] + [
        _shape(statement) for statement in statements[begin + 1 :] if "clock_timestamp" not in statement
    ]
    assert statements[begin].startswith({"sqlite": "BEGIN IMMEDIATE", "postgresql": "BEGIN"}[engine])
    once = [s for i, s in enumerate(shapes) if s.startswith("SELECT") or i == 0 or shapes[i - 1] != s]
    assert once == [
        "BEGIN",
        "SELECT clearing_dates",
        "SELECT accounts",
        "SELECT payments",  # originals
        "SELECT payments",  # own identities
        "SELECT bills",  # unsettled
        "SELECT invoice_prints",
        "SELECT allocations",
        "SELECT bills",  # of the originals
        "SELECT invoices",
        "SELECT limit_uses",
        "SELECT payments",  # what the new counter begins with
        "INSERT payments",
        "INSERT allocations",
        "UPDATE bills",
        "UPDATE accounts",
        "UPDATE payments",
        "INSERT invoices",
        "UPDATE invoices",
        "INSERT invoice_prints",
        "INSERT audit_entries",
        "INSERT limit_uses",
        "UPDATE limit_uses",
        "COMMIT",
    ]


def locks_of(statements: list[str]) -> list[str]:
    """What each statement locks, in order: ``accounts FOR UPDATE``."""
    found = [re.search(r"FROM (\w+).* (FOR (?:UPDATE|SHARE))", statement, re.DOTALL) for statement in statements]
    return [" ".join(match.groups()) for match in found if match is not None]


@pytest.mark.engine("postgresql")
def test_rows_are_locked_before_anything_is_read(database: Database, lane: MoneyLane) -> None:
    """On a server the clearing date is locked shared, then accounts, then originals; only then is anything read."""
    lane.run([settle(3, 1)])
    lane.close()
    statements = watch(database.money_engine)

    lane.run([undo(3, 2, identity(1)), settle(6, 3)])

    begin = next(i for i, statement in enumerate(statements) if statement.startswith("BEGIN"))
    assert locks_of(statements[begin + 1 : begin + 4]) == locks_of(statements)
    assert locks_of(statements) == ["clearing_dates FOR SHARE", "accounts FOR UPDATE", "payments FOR UPDATE"]


@pytest.mark.engine("sqlite")
def test_statements_that_nobody_needs_are_not_sent(database: Database, lane: MoneyLane) -> None:
    """A batch that settles bills and leaves the balance alone takes nine statements besides BEGIN and COMMIT."""
    lane.run([deposit(1, 1, 5)])
    lane.close()
    statements = watch(database.money_engine)

    lane.run([settle(3, 2)])

    begin = statements.index("BEGIN IMMEDIATE")
    assert [re.sub(r"\s.*", "", statement, flags=re.DOTALL) for statement in statements[begin:]] == [
        "BEGIN",
        "SELECT",  # clearing date
        "SELECT",  # account
        "SELECT",  # own identity
        "SELECT",  # bills
        "INSERT",  # payment
        "INSERT",  # allocations
        "INSERT",
        "UPDATE",  # bills
        "UPDATE",
        "COMMIT",
    ]


def test_nothing_to_store_cannot_be_lost(database: Database, lane: MoneyLane) -> None:
    """A batch of repeats has nothing that could be of unknown outcome: it is answered even when its end fails."""
    [paid] = answers(lane.run([settle(3, 1)]))
    fail_commits(database, 1, committed=False)

    assert answers(lane.run([settle(3, 1)])) == [("repeat", paid)]


def test_poisoned_batch(database: Database, lane: MoneyLane) -> None:
    """When one request's rows cannot be stored, the others of its batch are stored all the same."""

    def _decide(working_set: WorkingSet, moment: Moment) -> Decision:
        row = payment(identity(2), moment, 2, 5)
        return Decision(row, Changes(journal=(replace(row, channel=None),)))  # type: ignore[arg-type]

    guilty = work(_decide, own=identity(2), account_no=account_no(2), serial=True)
    results = answers(lane.run([deposit(1, 1, 5), guilty, deposit(3, 3, 5)]))

    assert isinstance(results[0], Payment)
    assert isinstance(results[1], StatementFailed)
    assert isinstance(results[2], Payment)
    assert stored(database, "SELECT bank_serial FROM payments ORDER BY 1") == [("000000000001",), ("000000000003",)]


def test_errors_do_not_quote_values(engine: str, lane: MoneyLane) -> None:
    """What is said of a failed statement names no account and no serial."""

    def _decide(working_set: WorkingSet, moment: Moment) -> Decision:
        row = payment(identity(2), moment, 2, 5)
        return Decision(row, Changes(journal=(replace(row, channel=None),)))  # type: ignore[arg-type]

    [failed] = answers(lane.run([work(_decide, own=identity(2), account_no=account_no(2), serial=True)]))

    said = {"sqlite": "IntegrityError SQLITE_CONSTRAINT_NOTNULL", "postgresql": "NotNullViolation 23502"}
    assert str(failed) == said[engine]
    assert failed.__cause__ is None  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["raises", "no decision", "account not loaded", "bill not loaded"])
def test_decision_that_fails(database: Database, lane: MoneyLane, kind: str) -> None:
    """A bug in one decision, or one that changes what was not locked, is that request's own failure."""

    def _decide(working_set: WorkingSet, moment: Moment) -> Any:
        account = working_set.account(account_no(2))
        [bill, _] = working_set.unsettled_bills(account_no(2))
        assert account is not None
        if kind == "raises":
            raise ZeroDivisionError
        if kind == "no decision":
            return None
        if kind == "account not loaded":
            return Decision(1, Changes(accounts=(replace(account, account_no="0199999999"),)))
        return Decision(1, Changes(bills=(replace(bill, bill_no="X"),)))

    results = answers(lane.run([deposit(1, 1, 5), work(_decide, account_no=account_no(2)), deposit(3, 3, 5)]))

    assert [type(result) for result in results] == [Payment, DecisionFailed, Payment]
    assert isinstance(results[1], DecisionFailed)
    assert results[1].__cause__ is not None
    assert stored(database, "SELECT count(*) FROM payments") == [(2,)]


def test_failure_outside_of_the_decision_is_isolated(lane: MoneyLane) -> None:
    """Changes that cannot even be noted fail for their own request, as a failed decision."""
    broken = work(lambda ws, m: Decision(1, Changes(journal=("no payment",))), account_no=account_no(2))  # type: ignore[arg-type]

    results = answers(lane.run([deposit(1, 1, 5), broken]))

    assert [type(result) for result in results] == [Payment, DecisionFailed]


def test_identity_taken_is_loaded_and_decided_again(database: Database, lane: MoneyLane) -> None:
    """A request that did not ask for a row it collides with meets it when it decides again."""
    lane.run([deposit(1, 1, 5)])
    seen: list[bool] = []

    def _decide(working_set: WorkingSet, moment: Moment) -> Decision:
        seen.append(working_set.payment(identity(1)) is not None)
        if seen[-1]:
            return Decision("found")
        return Decision("new", Changes(journal=(payment(identity(1), moment, 1, 7),)))

    results = answers(lane.run([work(_decide, account_no=account_no(1), serial=True), deposit(2, 2, 5)]))

    assert results[0] == "found"
    assert seen == [False, True]
    assert stored(database, "SELECT bank_serial, amount_fen FROM payments ORDER BY 1") == [
        ("000000000001", 5),
        ("000000000002", 5),
    ]


def test_what_moves_every_time_fails_at_last(lane: MoneyLane) -> None:
    """A decision on a state that never is what the database has fails after five tries, and alone."""
    lane.run([deposit(9, 9, 1)])
    tries = []

    def _decide(working_set: WorkingSet, moment: Moment) -> Decision:
        tries.append(1)
        [bill, _] = working_set.unsettled_bills(account_no(2))
        working_set.add_bills([replace(bill, state=BillState.IN_DEBIT)])
        return Decision(1, Changes(bills=(replace(bill, state=BillState.SETTLED, settled_by=1),)))

    results = answers(lane.run([deposit(1, 1, 5), work(_decide, account_no=account_no(2))]))

    assert [type(result) for result in results] == [Payment, StatementFailed]
    assert str(results[1]) == "a bill moved meanwhile, 5 times"
    assert len(tries) == 10


@pytest.mark.parametrize("what", ["balance", "state", "print count", "print identity"])
def test_rows_that_are_not_what_was_loaded(database: Database, lane: MoneyLane, what: str) -> None:
    """Balances, states, print counts and counted prints are stored only over what was decided on."""
    lane.run([settle(2, 1, invoice=True)])
    taken = Identity(BANK, DAY, "9")

    def _decide(working_set: WorkingSet, moment: Moment) -> Decision:
        account = working_set.account(account_no(2))
        paid = working_set.payment(identity(1))
        assert account is not None
        assert paid is not None
        assert paid.fep_serial is not None
        invoice = working_set.invoice(paid.fep_serial)
        assert invoice is not None
        if what == "balance":
            working_set.add_accounts([replace(account, balance_fen=77)])
            return Decision(1, Changes(accounts=(account,)))
        if what == "state":
            working_set.add_journal([replace(paid, state=PaymentState.CANCELLED)])
            return Decision(1, Changes(journal=(replace(paid, state=PaymentState.REVERSED),)))
        if what == "print count":
            working_set.add_invoices([replace(invoice, print_count=3)])
            return Decision(1, Changes(invoices=(replace(invoice, print_count=4),)))
        printed = InvoicePrint(taken, "", invoice.invoice_no, paid.fep_serial, 2)
        return Decision(1, Changes(invoice_prints=(printed, printed)))

    [result] = answers(lane.run([work(_decide, account_no=account_no(2), original=identity(1))]))

    assert isinstance(result, StatementFailed)
    assert stored(database, "SELECT count(*) FROM invoice_prints") == [(0,)]


def test_deadline_passed_before_the_batch_begins(database: Database, lane: MoneyLane) -> None:
    """Work whose time is over is not started; the others of its batch are."""
    late = replace_deadline(deposit(1, 1, 5), time.monotonic() - 0.001)

    results = answers(lane.run([late, deposit(2, 2, 5)]))

    assert isinstance(results[0], DatabaseUnavailable)
    assert str(results[0]) == "not started"
    assert isinstance(results[1], Payment)
    assert stored(database, "SELECT bank_serial FROM payments") == [("000000000002",)]


def replace_deadline(work: Work, deadline: float) -> Work:
    work.deadline = deadline
    return work


@pytest.mark.engine("sqlite")
def test_write_lock_awaited_until_the_earliest_deadline(database: Database, lane: MoneyLane) -> None:
    """While another holds the write lock the most urgent request gives up at its deadline, the others wait on."""
    lane.run([deposit(9, 9, 1)])
    other = sqlite3.connect(str(database.money_engine.url.database), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.4, lambda: other.execute("COMMIT"))
    release.start()
    urgent = replace_deadline(deposit(1, 1, 5), time.monotonic() + 0.1)

    results = answers(lane.run([urgent, deposit(2, 2, 5)]))

    release.join()
    other.close()
    assert isinstance(results[0], DatabaseUnavailable)
    assert isinstance(results[1], Payment)
    assert stored(database, "SELECT bank_serial FROM payments ORDER BY 1") == [("000000000002",), ("000000000009",)]


def broken(database: Database) -> Exception:
    """What the engine's driver raises when the way to the database breaks, or its disk."""
    if database.money_engine.dialect.name == "postgresql":
        return psycopg.errors.AdminShutdown("terminating connection due to administrator command")
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    return error


def fail_commits(database: Database, count: int, *, committed: bool) -> None:
    """Let the next ``count`` COMMITs of money work report an I/O error, after they have been done or not at all."""
    left = [count]

    def _commit(connection: Any) -> None:
        if left[0]:
            left[0] -= 1
            driver = connection.connection.dbapi_connection
            if committed:
                driver.commit()
            raise OperationalError("COMMIT", {}, broken(database))

    event.listen(database.money_engine, "commit", _commit)


@pytest.mark.parametrize("committed", [True, False])
def test_lost_commit_finds_out(database: Database, lane: MoneyLane, committed: bool) -> None:
    """When COMMIT fails the same work runs again: it finds its own rows when they were stored, else it stores them."""
    lane.run([deposit(9, 9, 1)])
    fail_commits(database, 1, committed=committed)

    results = answers(lane.run([deposit(1, 1, 5), settle(2, 2)]))

    assert [type(result) for result in results] == ([tuple, tuple] if committed else [Payment, Payment])
    assert stored(database, "SELECT bank_serial, amount_fen FROM payments ORDER BY 1") == [
        ("000000000001", 5),
        ("000000000002", 300),
        ("000000000009", 1),
    ]
    assert sum_of_movements(database) == []


@pytest.mark.parametrize("committed", [True, False])
def test_lost_commit_without_time_to_find_out(database: Database, lane: MoneyLane, committed: bool) -> None:
    """When it cannot be found out before the deadline the outcome is unknown, never "not done"."""
    lane.run([deposit(9, 9, 1)])
    fail_commits(database, 1, committed=committed)
    urgent = replace_deadline(deposit(1, 1, 5), time.monotonic() + 0.05)

    [result] = answers(lane.run([urgent]))

    assert isinstance(result, OutcomeUnknown)


def test_lost_commit_and_a_failing_decision(database: Database, lane: MoneyLane) -> None:
    """A decision that fails when it is made again after a lost COMMIT has not found out: unknown, never not done."""
    lane.run([deposit(9, 9, 1)])
    fail_commits(database, 1, committed=True)
    inner = deposit(1, 1, 5).decide
    tries: list[bool] = []

    def _decide(working_set: WorkingSet, moment: Moment) -> Decision:
        tries.append(True)
        if len(tries) > 1:
            raise ZeroDivisionError
        return inner(working_set, moment)

    [result] = answers(lane.run([work(_decide, own=identity(1), account_no=account_no(1), serial=True)]))

    assert isinstance(result, OutcomeUnknown)
    assert stored(database, "SELECT count(*) FROM payments") == [(2,)]


def test_lost_commit_and_a_failing_rerun(database: Database, lane: MoneyLane) -> None:
    """A request that fails for another reason when it is run again after a lost COMMIT is of unknown outcome."""
    lane.run([deposit(9, 9, 1)])
    fail_commits(database, 1, committed=False)
    tries: list[int] = []

    def _decide(working_set: WorkingSet, moment: Moment) -> Decision:
        tries.append(1)
        row = payment(identity(1), moment, 1, 5)
        return Decision(1, Changes(journal=(row if len(tries) == 1 else replace(row, digest="x", channel=None),)))  # type: ignore[arg-type]

    [result] = answers(lane.run([work(_decide, own=identity(1), account_no=account_no(1), serial=True)]))

    assert isinstance(result, OutcomeUnknown)


def test_database_gone(database: Database, lane: MoneyLane, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the database cannot be reached, twice in a row, nothing was done and everybody is told so."""
    tries = []

    def _connect(*, money: bool) -> Any:
        tries.append(money)
        raise DatabaseUnavailable("cannot connect")

    monkeypatch.setattr(database, "connect", _connect)

    results = answers(lane.run([deposit(1, 1, 5), deposit(2, 2, 5)]))

    assert [type(result) for result in results] == [DatabaseUnavailable] * 2
    assert len(tries) == 2


def test_connection_lost_once(database: Database, lane: MoneyLane) -> None:
    """A connection that breaks is replaced and the batch run again."""
    lane.run([deposit(9, 9, 1)])
    lane.close()
    left = [1]

    def _break() -> None:
        if left[0]:
            left[0] = 0
            raise OperationalError("INSERT", {}, broken(database))

    on_statement(database.money_engine, "INSERT INTO payments", before=_break)

    [result] = answers(lane.run([deposit(1, 1, 5)]))

    assert isinstance(result, Payment)
    assert left == [0]


def test_rollback_that_fails(database: Database, lane: MoneyLane) -> None:
    """A connection that cannot even roll back is thrown away; the next batch has another."""
    lane.run([deposit(9, 9, 1)])
    left = [1]

    def _rollback(connection: Any) -> None:
        if left[0]:
            left[0] = 0
            raise OperationalError("ROLLBACK", {}, broken(database))

    event.listen(database.money_engine, "rollback", _rollback)

    results = answers(lane.run([settle(9, 9)]) + lane.run([deposit(1, 1, 5)]))

    assert isinstance(results[0], tuple)
    assert isinstance(results[1], Payment)


_CRASH = """
import os, sys
from sqlalchemy import event
from dbgate.batch import MoneyLane
from dbgate.clearing import ClearingDates
from dbgate.database import Database
from tests.dbgate.fixtures import deposit, settle
database = Database(sys.argv[1])
lane = MoneyLane(database, ClearingDates())
lane.run([deposit(9, 9, 1)])
event.listen(database.money_engine, "commit", lambda connection: os._exit(7))
lane.run([deposit(1, 1, 5), settle(2, 2)])
"""


def test_crash_between_store_and_commit(database: Database, url: str) -> None:
    """A process that dies after storing and before COMMIT leaves nothing of the batch behind."""
    died = subprocess.run([sys.executable, "-c", _CRASH, url], timeout=60, check=False)

    assert died.returncode == 7
    assert stored(database, "SELECT bank_serial FROM payments") == [("000000000009",)]
    assert stored(database, "SELECT count(*) FROM bills WHERE state <> 'open'") == [(0,)]


def test_cut_off_rolls_before_anything_is_stored(database: Database, clock: Clock, lane: MoneyLane) -> None:
    """A batch whose clock, read after the locks, stands at the cut-off is decided on the next clearing date."""
    clock.moment = datetime(2026, 11, 22, 23, 29, 59, 999000)
    [before] = answers(lane.run([deposit(1, 1, 5)]))
    clock.moment = datetime(2026, 11, 22, 23, 30)
    [after] = answers(lane.run([deposit(1, 2, 5)]))

    assert isinstance(before, Payment)
    assert isinstance(after, Payment)
    assert (before.clearing_date, after.clearing_date) == (date(2026, 11, 22), date(2026, 11, 23))


def test_cut_off_between_begin_and_the_locks(database: Database, clock: Clock, lane: MoneyLane) -> None:
    """A batch that begins before the cut-off and gets its locks after it belongs to the next day."""
    lane.run([deposit(9, 9, 1)])
    lane.close()
    clock.moment = datetime(2026, 11, 22, 23, 29, 59)

    def _strike() -> None:
        clock.moment = datetime(2026, 11, 22, 23, 30)

    on_statement(database.money_engine, "FROM accounts", after=_strike)
    [row] = answers(lane.run([deposit(1, 1, 5)]))

    assert isinstance(row, Payment)
    assert row.clearing_date == date(2026, 11, 23)


def test_daily_limit(database: Database, lane: MoneyLane) -> None:
    """Payments count up to the daily limit, undone ones are taken back, and the limit holds within a batch."""
    results = answers(lane.run([deposit(1, 1, 60, limit_fen=100), deposit(2, 2, 60, limit_fen=100)]))
    assert [type(result) for result in results] == [Payment, str]

    lane.run([undo(1, 3, identity(1))])
    [again] = answers(lane.run([deposit(2, 4, 100, limit_fen=100)]))

    assert isinstance(again, Payment)
    assert stored(database, "SELECT bank_code, channel, clearing_date, used_fen FROM limit_uses") == [
        ("0102", 1, 20261122, 100)
    ]


def test_daily_limit_set_in_the_middle_of_a_day(lane: MoneyLane) -> None:
    """A counter that does not exist yet begins with what was posted that day and not undone."""
    lane.run([deposit(1, 1, 60), deposit(1, 2, 30), deposit(2, 3, 7)])
    lane.run([undo(1, 4, identity(2))])

    results = answers(lane.run([deposit(3, 5, 34, limit_fen=100), deposit(3, 6, 33, limit_fen=100)]))

    assert [type(result) for result in results] == [str, Payment]


def test_daily_limit_used_up_meanwhile(database: Database, lane: MoneyLane) -> None:
    """A counter that another daemon has moved is not overrun: the batch is decided again with what is left."""
    lane.run([deposit(1, 1, 10, limit_fen=100)])
    tries = []
    key = LimitKey(BANK, 1, DAY)

    def _decide(working_set: WorkingSet, moment: Moment) -> Decision:
        tries.append(working_set.limit_used(key))
        if len(tries) == 2:
            return Decision("refused")
        row = payment(identity(2), moment, 2, 95)
        return Decision(row, Changes(journal=(row,), limit_uses=(LimitUse(key, 95, 100),)))

    [result] = answers(lane.run([work(_decide, own=identity(2), account_no=account_no(2), serial=True)]))

    assert result == "refused"
    assert stored(database, "SELECT used_fen FROM limit_uses") == [(10,)]
    assert stored(database, "SELECT count(*) FROM payments") == [(1,)]


def test_audit_of_a_refusal(database: Database, lane: MoneyLane) -> None:
    """A refused request leaves its audit entry and nothing else."""
    lane.run([refusal(5)])

    assert stored(database, "SELECT created_at, bank_serial, transaction_name, response_code FROM audit_entries") == [
        (20261122100000123, "000000000005", "pay", "2002")
    ]
    assert stored(database, "SELECT count(*) FROM payments") == [(0,)]


def test_invoice_printed_and_printed_again(database: Database, lane: MoneyLane) -> None:
    """An invoice gets a number of this database, and a reprint moves its count."""
    [paid] = answers(lane.run([settle(3, 1, invoice=True)]))
    assert isinstance(paid, Payment)
    assert paid.invoice_no == "0100000000000001"

    def _reprint(working_set: WorkingSet, moment: Moment) -> Decision:
        assert paid.fep_serial is not None
        assert working_set.invoice(paid.fep_serial) == Invoice("0100000000000001", paid.fep_serial, 1)
        return Decision(2, Changes(invoices=(Invoice("0100000000000001", paid.fep_serial, 2),)))

    lane.run([work(_reprint, original=identity(1))])

    assert stored(database, "SELECT invoice_no, print_count FROM invoices") == [("0100000000000001", 2)]


def test_movement_names() -> None:
    """A row's kind survives storing: the longest name fits its column."""
    assert max(len(member.value) for kind in (Movement, PaymentState) for member in kind) <= 24


def test_numbers_used_up(database: Database, lane: MoneyLane) -> None:
    """When no number is left a payment fails, nothing is stored, and what needs no number goes on."""
    lane.run([deposit(9, 9, 1)])
    with database.money_engine.begin() as connection:
        connection.exec_driver_sql("UPDATE number_blocks SET next_number = 9999999999")
    fresh = MoneyLane(database, ClearingDates())

    results = answers(fresh.run([deposit(1, 1, 5), work(lambda ws, m: Decision("no number"))]))
    fresh.close()

    assert isinstance(results[0], StatementFailed)
    assert results[1] == "no number"
    assert stored(database, "SELECT count(*) FROM payments") == [(1,)]
