"""Read work: what it finds, and that it stands in one snapshot."""

# ruff: noqa: DTZ001 - the database clock is naive Asia/Shanghai by contract

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from dbgate.batch import MoneyLane, ReadLane
from dbgate.bulk import load_rows
from dbgate.changes import Changes
from dbgate.clearing import ClearingDates
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable, DecisionFailed
from dbgate.load_kinds import ACCOUNTS
from dbgate.records import AccountKey, BillState, ClearingDay, DayTotals, Identity, InvoicePrint, Payment
from dbgate.work import Decision
from tests.dbgate.fixtures import (
    BANK,
    DAY,
    Clock,
    account_no,
    account_row,
    answers,
    deposit,
    identity,
    read,
    settle,
    undo,
    work,
)
from tests.support.statements import on_statement


@pytest.fixture
def lanes(database: Database) -> Iterator[tuple[MoneyLane, ReadLane]]:
    lanes = MoneyLane(database, ClearingDates()), ReadLane(database, ClearingDates())
    yield lanes
    for lane in lanes:
        lane.close()


def ask(lane: ReadLane, answer: Any, **needs: Any) -> Any:
    [result] = answers(lane.run([read(answer, **needs)]))
    return result


def test_account_and_its_unsettled_bills(lanes: tuple[MoneyLane, ReadLane]) -> None:
    """An account is found by its number, with the bills that are not settled, oldest first."""
    money, reader = lanes
    money.run([settle(2, 1)])

    found = ask(
        reader,
        lambda ws, m: (ws.account(account_no(1)), [bill.month for bill in ws.unsettled_bills(account_no(1))]),
        account_no=account_no(1),
    )
    settled = ask(reader, lambda ws, m: ws.bills_of(account_no(2)), account_no=account_no(2))

    assert (found[0].name, found[0].pay_at_utility, found[1]) == ("用户1", False, [202609, 202610])
    assert settled == []


@pytest.mark.parametrize(
    "key", [AccountKey("meter_no", "DM1"), AccountKey("passbook", "62220001"), AccountKey("account_no", account_no(1))]
)
def test_account_by_another_key(lanes: tuple[MoneyLane, ReadLane], key: AccountKey) -> None:
    """An account is found by its meter and its passbook too, with its bills."""
    found = ask(
        lanes[1],
        lambda ws, m: [(a.account_no, len(ws.unsettled_bills(a.account_no))) for a in ws.accounts_by(key)],
        account_key=key,
    )

    assert found == [(account_no(1), 2)]


def test_key_that_fits_a_thousand_accounts(database: Database, lanes: tuple[MoneyLane, ReadLane]) -> None:
    """A passbook of very many mandates is found to fit several accounts without loading all of them."""
    rows = [(*account_row(number)[:4], "62229999", *account_row(number)[5:]) for number in range(100, 200)]
    load_rows(database, ACCOUNTS, rows)

    found = ask(
        lanes[1],
        lambda ws, m: len(ws.accounts_by(AccountKey("passbook", "62229999"))),
        account_key=AccountKey("passbook", "62229999"),
    )
    none = ask(
        lanes[1], lambda ws, m: ws.accounts_by(AccountKey("meter_no", "?")), account_key=AccountKey("meter_no", "?")
    )

    assert found == 16
    assert none == []


def test_original_with_all_that_belongs_to_it(lanes: tuple[MoneyLane, ReadLane]) -> None:
    """A payment is found with what it settled, its bills and its invoice, exactly as it was stored."""
    money, reader = lanes
    [paid] = answers(money.run([settle(2, 1, invoice=True)]))
    assert isinstance(paid, Payment)
    assert paid.fep_serial is not None

    found = ask(
        reader,
        lambda ws, m: (
            ws.payment(identity(1)),
            len(ws.allocations(paid.fep_serial)),
            {bill.state for bill in ws.bills_of(account_no(2))},
            ws.invoice(paid.fep_serial).invoice_no,
        ),
        original=identity(1),
    )
    missing = ask(reader, lambda ws, m: ws.payment(identity(7)), original=identity(7), own=identity(8))

    assert found == (paid, 2, {BillState.SETTLED}, "0100000000000001")
    assert missing is None


def test_undo_row_comes_back_as_stored(lanes: tuple[MoneyLane, ReadLane]) -> None:
    """A reversal's row keeps its original and outcome."""
    money, reader = lanes
    [_, undone] = answers(money.run([settle(2, 1), undo(2, 2, identity(1))]))

    assert ask(reader, lambda ws, m: ws.payment(identity(2)), own=identity(2)) == undone
    assert isinstance(undone, Payment)
    assert undone.original == identity(1)


def test_payments_since(clock: Clock, lanes: tuple[MoneyLane, ReadLane]) -> None:
    """Only PAY rows of the account from that day on, newest first, undone ones too."""
    money, reader = lanes
    money.run([deposit(1, 1, 5)])
    clock.moment = datetime(2026, 11, 23, 0, 0)
    money.run([deposit(1, 2, 6), deposit(2, 3, 7), undo(1, 4, identity(2))])
    clock.moment = datetime(2026, 11, 23, 0, 1)
    money.run([deposit(1, 5, 8)])

    found = ask(
        reader,
        lambda ws, m: [(row.amount_fen, row.state.value) for row in ws.payments_of(account_no(1))],
        account_no=account_no(1),
        payments_since=date(2026, 11, 23),
    )

    assert found == [(8, "posted"), (6, "reversed")]


def test_several_histories_of_one_account(lanes: tuple[MoneyLane, ReadLane]) -> None:
    """When two requests want different spans of an account, the longer one is loaded."""
    count = lambda ws, m: len(ws.bills_of(account_no(1)))  # noqa: E731
    works = [
        read(count, account_no=account_no(1), bills_since=202610, payments_since=DAY),
        read(count, account_no=account_no(1), bills_since=202601, payments_since=date(2026, 1, 1)),
        read(count, account_no=account_no(1), bills_since=202611, payments_since=DAY),
    ]

    assert answers(lanes[1].run(works)) == [2, 2, 2]


def test_bills_since_with_the_movements_that_settled_them(lanes: tuple[MoneyLane, ReadLane]) -> None:
    """All bills from that month on, and the payment behind each settled one."""
    money, reader = lanes
    [paid] = answers(money.run([settle(1, 1)]))

    found = ask(
        reader,
        lambda ws, m: [(bill.month, ws.payment_by_serial(bill.settled_by)) for bill in ws.bills_of(account_no(1))],
        account_no=account_no(1),
        bills_since=202610,
    )

    assert found == [(202610, paid)]


def test_totals(lanes: tuple[MoneyLane, ReadLane]) -> None:
    """Every posted payment counts, undone or not; a reversal only when it undid something; other banks never."""
    money, reader = lanes
    money.run([deposit(1, 1, 5), deposit(2, 2, 7), deposit(3, 3, 100, bank="0103")])
    money.run([undo(1, 4, identity(1)), undo(1, 5, identity(99))])

    found = ask(reader, lambda ws, m: ws.totals(BANK, DAY), totals_of=DAY)
    other = ask(reader, lambda ws, m: ws.totals(BANK, date(2026, 1, 1)), totals_of=date(2026, 1, 1))

    assert found == DayTotals(2, 12, 0, 0, 1, 5)
    assert other == DayTotals()


def test_clearing_day_and_limit(lanes: tuple[MoneyLane, ReadLane]) -> None:
    """Reads know the bank's clearing day, its first one, the clock and the daily counter; of unknown banks nothing."""
    money, reader = lanes
    money.run([deposit(1, 1, 5, limit_fen=100)])

    found = ask(
        reader, lambda ws, m: (ws.day(BANK), m.clearing_date, m.now, m.fep_serial, m.invoice_no), limit_channel=1
    )
    unknown = ask(reader, lambda ws, m: ws.day("0999"), bank="0999", limit_channel=1)

    assert found == (ClearingDay(BANK, DAY, DAY), DAY, datetime(2026, 11, 22, 10, 0, 0, 123000), None, None)
    assert unknown is None


def test_counted_invoice_request(lanes: tuple[MoneyLane, ReadLane]) -> None:
    """A counted INVOICE request is found under its identity as it was stored."""
    printed = InvoicePrint(Identity(BANK, DAY, "9"), "cd" * 16, "0100000000000001", 10_000_000_001, 1)
    lanes[0].run([work(lambda ws, m: Decision(1, Changes(invoice_prints=(printed,))), invoice_print=printed.identity)])

    assert ask(lanes[1], lambda ws, m: ws.invoice_print(printed.identity), invoice_print=printed.identity) == printed


def test_read_batch_is_one_snapshot(database: Database, lanes: tuple[MoneyLane, ReadLane]) -> None:
    """What is paid between two statements of a read batch is seen by none of them."""
    money, reader = lanes
    money.run([deposit(9, 9, 1)])
    on_statement(database.read_engine, "FROM accounts", after=lambda: money.run([settle(1, 1), deposit(1, 2, 5)]))
    bills, payments = ask(
        reader,
        lambda ws, m: (len(ws.unsettled_bills(account_no(1))), len(ws.payments_of(account_no(1)))),
        account_no=account_no(1),
        payments_since=DAY,
    )

    assert (bills, payments) == (2, 0)


def test_reads_store_nothing(lanes: tuple[MoneyLane, ReadLane]) -> None:
    """A decision of read work that changes something is a bug, and fails."""
    [result] = answers(lanes[1].run([work(lambda ws, m: Decision(1, Changes()), money=False)]))

    assert isinstance(result, DecisionFailed)


def test_read_connection_cannot_write(database: Database) -> None:
    """The connections of read work refuse to write, whatever is sent on them."""
    connection = database.connect(money=False)
    with connection.begin(), pytest.raises(Exception, match=r"read-?only"):
        connection.exec_driver_sql("DELETE FROM bills")
    connection.close()


def test_database_without_schema(engine: str, url: str) -> None:
    """Reading from a database that is none of ours fails for everybody, as their own failure."""
    if engine == "sqlite":
        Path(url.removeprefix("sqlite:///")).touch()
    lane = ReadLane(Database(url), ClearingDates())
    [result] = answers(lane.run([read(lambda ws, m: 1)]))
    lane.close()

    assert str(result) == {"sqlite": "OperationalError SQLITE_ERROR", "postgresql": "UndefinedTable 42P01"}[engine]
    assert not isinstance(result, DatabaseUnavailable)
