"""An embedded database whose file goes away or whose disk is full: its requests are refused, and it heals by itself."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import event

from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable
from dbgate.gate import Gate
from dbgate.records import Payment
from dbgate.work import Work
from tests.dbgate.fixtures import account_no, deposit, read
from tests.support.databases import stored

pytestmark = pytest.mark.engine("sqlite")
WAIT_S = 20.0


class Inbox:
    """Collects what the gate delivers."""

    def __init__(self) -> None:
        self._answers: dict[int, tuple[Work, object]] = {}  # with the work, so that no other gets its id
        self._changed = threading.Condition()

    def __call__(self, results: list[tuple[Work, object]]) -> None:
        with self._changed:
            self._answers |= {id(result[0]): result for result in results}
            self._changed.notify_all()

    def answer(self, work: Work) -> object:
        with self._changed:
            assert self._changed.wait_for(lambda: id(work) in self._answers, WAIT_S)
            return self._answers[id(work)][1]


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def gate(database: Database, inbox: Inbox) -> Iterator[Gate]:
    gate = Gate(database, inbox)
    yield gate
    assert gate.close(WAIT_S)


@pytest.fixture
def logs() -> Iterator[list[dict[str, Any]]]:
    with structlog.testing.capture_logs() as logs:
        yield logs  # type: ignore[misc]


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def serve(gate: Gate, inbox: Inbox, work: Work) -> object:
    gate.submit(work)
    return inbox.answer(work)


def balance(number: int) -> Work:
    return read(lambda working_set, moment: working_set.account(account_no(number)), account_no=account_no(number))


def test_a_file_that_goes_and_comes_back(
    database: Database, gate: Gate, inbox: Inbox, logs: list[dict[str, Any]]
) -> None:
    """While the file is away everybody is refused at once, and nobody has to start anything when it is back."""
    path = Path(str(database.money_engine.url.database))
    assert isinstance(serve(gate, inbox, deposit(1, 1, 5)), Payment)
    away = path.with_suffix(".away")
    path.rename(away)
    refused = [serve(gate, inbox, deposit(2, 2, 5)), serve(gate, inbox, balance(1))]
    wait_until(lambda: not gate.is_up)
    for work in (deposit(3, 3, 5), balance(1)):
        with pytest.raises(DatabaseUnavailable):
            gate.submit(work)
    away.rename(path)
    wait_until(lambda: gate.is_up)

    assert [type(answer) for answer in refused] == [DatabaseUnavailable] * 2
    assert isinstance(serve(gate, inbox, deposit(4, 4, 5)), Payment)
    assert stored(database, "SELECT count(*) FROM payments") == [(2,)]
    told = [(line["event"], line["money"]) for line in logs if line["event"].startswith("database_")]
    assert sorted(told) == [
        ("database_down", False),
        ("database_down", True),
        ("database_up", False),
        ("database_up", True),
    ]


def test_a_file_that_goes_while_nobody_asks(database: Database, gate: Gate, logs: list[dict[str, Any]]) -> None:
    """The rolls of clearing dates find out without any request that it is away, and it is up again by itself."""
    path = Path(str(database.money_engine.url.database))
    gate.roll_clearing_dates()
    away = path.with_suffix(".away")
    path.rename(away)
    with pytest.raises(DatabaseUnavailable):
        gate.roll_clearing_dates()
    wait_until(lambda: not gate.is_up)
    with pytest.raises(DatabaseUnavailable, match="is down"):
        gate.roll_clearing_dates()
    away.rename(path)
    wait_until(lambda: gate.is_up)
    gate.roll_clearing_dates()

    wait_until(lambda: len(logs) == 2)
    assert [(line["event"], line["money"]) for line in logs] == [("database_down", True), ("database_up", True)]


def test_a_roll_that_waits_for_a_lock_in_vain(
    database: Database, gate: Gate, logs: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is a suspicion only: a database that somebody has locked is not down."""
    monkeypatch.setattr("dbgate.cut_off.WAIT_S", 0.05)
    with sqlite3.connect(str(database.money_engine.url.database)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailable, match="SQLITE_BUSY"):
            gate.roll_clearing_dates()
        assert gate._money_breaker.join(time.monotonic() + WAIT_S)
        holder.rollback()

    assert gate.is_up
    assert logs == []


def test_a_full_disk(database: Database, inbox: Inbox, logs: list[dict[str, Any]]) -> None:
    """Payments are refused, nothing of them is stored, queries go on; when there is room again, so do payments."""
    pages_max = [1]  # fewer than there are: not one may be added

    def _connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages_max[0]}")

    event.listen(database.money_engine, "connect", _connected)
    gate = Gate(database, inbox)
    full = []
    for number in range(300):  # until the free room of the pages is used up
        work = deposit(number % 10, 1 + number, 5)
        full.append(serve(gate, inbox, work))
        if isinstance(full[-1], Exception):
            break
    balances = serve(gate, inbox, balance(1))
    pages_max[0] = 1 << 30
    wait_until(lambda: gate.is_up)
    after = serve(gate, inbox, deposit(1, 999, 7))
    assert gate.close(WAIT_S)

    assert isinstance(full[-1], DatabaseUnavailable)
    assert not isinstance(balances, Exception)
    assert isinstance(after, Payment)
    paid = sum(isinstance(answer, Payment) for answer in full) + 1
    assert stored(database, "SELECT count(*) FROM payments") == [(paid,)]
    assert {line["reason"] for line in logs if line["event"] == "database_down"} == {"OperationalError SQLITE_FULL"}
