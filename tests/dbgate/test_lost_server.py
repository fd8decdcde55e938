"""A PostgreSQL server that hangs, dies, restarts or loses COMMIT answers costs its own requests alone.

Nobody waits longer than his deadline, no thread is lost, nothing is stored twice, and the gate heals by itself.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
import structlog

from dbgate import breaker
from dbgate.backends import postgresql
from dbgate.batch import MoneyLane, ReadLane
from dbgate.clearing import ClearingDates
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable, OutcomeUnknown
from dbgate.gate import Gate
from dbgate.records import Payment
from dbgate.work import Decision, Moment, Work
from dbgate.working_set import WorkingSet
from tests.dbgate.fixtures import account_no, answers, deposit, fill, read, settle, work
from tests.support.databases import driver_connection, migrate, stored
from tests.support.postgresql_server import PostgresServer, running_server
from tests.support.tcp_proxy import AtCommit, TcpProxy

WAIT_S = 30.0
STALL_S = 0.3
CONNECT_S = 2.0
# What may come on top on a machine with other things to do.
LATE_S = 2.0

Results = list[tuple[Work, object]]
Logs = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds are long in a test."""
    monkeypatch.setattr(postgresql, "STALL_S", STALL_S)
    monkeypatch.setattr(postgresql, "TRIP_STALL_S", STALL_S)
    monkeypatch.setattr(postgresql, "WAIT_S_MIN", STALL_S)
    monkeypatch.setattr(breaker, "PROVE_S", STALL_S)
    monkeypatch.setitem(postgresql._MONEY_SESSION, "lock_timeout", "200ms")
    monkeypatch.setitem(postgresql._MONEY_SESSION, "idle_in_transaction_session_timeout", "600ms")


@pytest.fixture
def direct(postgresql_url: str) -> Iterator[Database]:
    """The database without a proxy: ten accounts, each with two open bills of 100 and 200 fen."""
    database = Database(postgresql_url)
    fill(database)
    yield database
    database.dispose()


@pytest.fixture
def proxy(direct: Database, postgresql_url: str) -> Iterator[TcpProxy]:
    with TcpProxy(postgresql_url) as proxy:
        yield proxy


@pytest.fixture
def database(proxy: TcpProxy) -> Iterator[Database]:
    """The same database through the proxy."""
    database = Database(proxy.url)
    yield database
    database.dispose()


@pytest.fixture
def lane(database: Database) -> Iterator[MoneyLane]:
    """A money lane that has run a batch, so that its connection is open and its numbers are in stock."""
    lane = MoneyLane(database, ClearingDates())
    lane.run([deposit(9, 99, 1)])
    yield lane
    lane.close()


class Inbox:
    """Collects what the gate delivers, and when."""

    def __init__(self) -> None:
        self.results: dict[int, tuple[object, float, Work]] = {}  # with the work, so that no other gets its id
        self._changed = threading.Condition()

    def __call__(self, results: Results) -> None:
        with self._changed:
            for each, answer in results:
                assert id(each) not in self.results, "answered twice"
                self.results[id(each)] = answer, time.monotonic(), each
            self._changed.notify_all()

    def answer(self, each: Work) -> object:
        """Wait for the answer to a work."""
        with self._changed:
            assert self._changed.wait_for(lambda: id(each) in self.results, WAIT_S)
            return self.results[id(each)][0]

    def late_s(self, each: Work) -> float:
        """How long after its deadline a work was answered."""
        self.answer(each)
        return self.results[id(each)][1] - each.deadline


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def gate(database: Database, inbox: Inbox) -> Iterator[Gate]:
    """A gate whose lanes, one for each kind of work, have served something."""
    gate = Gate(database, inbox, money_lanes=1, read_lanes=1)
    for each in (deposit(9, 98, 1), query(9), query(9, bills_since=202601)):
        gate.submit(each)
        inbox.answer(each)
    yield gate
    gate.close(WAIT_S)


@pytest.fixture
def logs() -> Iterator[Logs]:
    with structlog.testing.capture_logs() as logs:
        yield logs  # type: ignore[misc]


def query(number: int, **needs: Any) -> Work:
    """A QUERY that answers the balance."""

    def _look(working_set: WorkingSet, moment: Moment) -> object:
        account = working_set.account(account_no(number))
        return None if account is None else account.balance_fen

    return read(_look, account_no=account_no(number), **needs)


def within(each: Work, seconds: float) -> Work:
    each.deadline = time.monotonic() + seconds
    return each


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def events(logs: Logs) -> list[str]:
    return sorted(line["event"] for line in logs if line["event"].startswith("database_"))


def deposits(database: Database) -> list[tuple[Any, ...]]:
    """Serials and amounts of what is stored, but for what the fixtures have paid."""
    return stored(
        database, "SELECT bank_serial::int, amount_fen FROM payments WHERE bank_serial::int < 90 ORDER BY bank_serial"
    )


# --- lost COMMITs


@pytest.mark.parametrize(
    ("action", "is_repeat"),
    [
        (AtCommit.CUT_BEFORE, False),
        (AtCommit.CUT_ANSWER, True),
        (AtCommit.HOLD, False),
        (AtCommit.HOLD_ANSWER, True),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_lost_commit_is_found_out(
    proxy: TcpProxy, direct: Database, lane: MoneyLane, action: AtCommit, is_repeat: bool
) -> None:
    """Whether COMMIT or its answer was lost, at once or in silence: each payment is stored once and answered truly."""
    proxy.at_commit(action)
    results = answers(lane.run([deposit(1, 1, 5), settle(2, 2), deposit(1, 3, 7)]))
    proxy.forward()

    assert proxy.acted.is_set()
    assert [type(result) for result in results] == [tuple if is_repeat else Payment] * 3
    assert deposits(direct) == [(1, 5), (2, 300), (3, 7)]


def test_a_commit_cut_on_its_way(proxy: TcpProxy, direct: Database, lane: MoneyLane) -> None:
    """When nobody can know whether the server had the COMMIT, the same is true: stored once, answered truly."""
    proxy.at_commit(AtCommit.CUT_AFTER)
    [result] = answers(lane.run([deposit(1, 1, 5)]))

    row = result[1] if isinstance(result, tuple) else result
    assert isinstance(row, Payment)
    assert stored(direct, "SELECT bank_serial, fep_serial FROM payments WHERE amount_fen = 5") == [
        ("000000000001", row.fep_serial)
    ]


@pytest.mark.parametrize("action", [AtCommit.HOLD, AtCommit.HOLD_ANSWER], ids=lambda action: action.name)
def test_a_lost_commit_and_no_time_to_find_out(
    proxy: TcpProxy, direct: Database, lane: MoneyLane, action: AtCommit
) -> None:
    """At the deadline the outcome is unknown, never "not done"; asked again later, the request gets the truth."""
    proxy.at_commit(action)
    began = time.monotonic()
    [result] = answers(lane.run([within(deposit(1, 1, 5), 0.4)]))
    lasted_s = time.monotonic() - began
    proxy.forward()
    [again] = answers(lane.run([deposit(1, 1, 5)]))

    assert isinstance(result, OutcomeUnknown)
    assert lasted_s < 0.4 + STALL_S + LATE_S
    assert isinstance(again, tuple if action is AtCommit.HOLD_ANSWER else tuple | Payment)
    assert deposits(direct) == [(1, 5)]


def test_the_lost_transaction_still_runs(proxy: TcpProxy, direct: Database, lane: MoneyLane) -> None:
    """A COMMIT that is late, not lost, is waited for by the lock of its account: the payment is not made twice."""
    proxy.at_commit(AtCommit.HOLD)
    healed = threading.Timer(STALL_S + 0.15, proxy.forward)  # the lane has given up its connection by then
    healed.start()
    [result] = answers(lane.run([deposit(1, 1, 5)]))
    healed.join()

    assert isinstance(result, tuple | Payment)
    assert deposits(direct) == [(1, 5)]
    assert stored(direct, "SELECT balance_fen FROM accounts WHERE account_no = '0100000001'") == [(5,)]


def test_said_before_it_is_sent(proxy: TcpProxy, lane: MoneyLane) -> None:
    """While a COMMIT is on its way its requests are known to be possibly stored, and before that not to be."""
    seen: list[bool] = []

    def _decide(working_set: WorkingSet, moment: Moment) -> Decision:
        seen.append(paying.fate.may_be_stored)
        return inner(working_set, moment)

    paying = deposit(1, 1, 5)
    inner, paying.decide = paying.decide, _decide
    proxy.on_commit = lambda: seen.append(paying.fate.may_be_stored)
    lane.run([paying])

    assert seen == [False, True]


def test_nothing_is_committed_after_the_deadline(proxy: TcpProxy, direct: Database, lane: MoneyLane) -> None:
    """Whoever was told "not done" at his deadline is not stored afterwards; the others of his batch are."""
    late = deposit(1, 1, 5)

    def _slow(working_set: WorkingSet, moment: Moment) -> Decision:
        late.deadline = time.monotonic()
        return Decision("looked")

    results = answers(lane.run([late, work(_slow, account_no=account_no(2)), deposit(3, 3, 7)]))

    assert isinstance(results[0], DatabaseUnavailable)
    assert isinstance(results[2], Payment)
    assert deposits(direct) == [(3, 7)]


# --- servers that are away


def test_a_blip_is_nobodys_loss(gate: Gate, inbox: Inbox, proxy: TcpProxy, logs: Logs) -> None:
    """The first requests after all connections have broken are served: a new connection is tried at once."""
    proxy.cut()
    works = [deposit(1, 1, 5), query(1), query(2, payments_since=date(2026, 1, 1))]
    for each in works:
        gate.submit(each)

    assert [type(inbox.answer(each)) for each in works] == [Payment, int, int]
    assert gate.is_up
    assert events(logs) == []


def test_a_server_that_is_not_there(gate: Gate, inbox: Inbox, proxy: TcpProxy, direct: Database, logs: Logs) -> None:
    """It is noticed once, everybody is refused at once while it lasts, and the gate opens again by itself."""
    proxy.refuse()
    began = time.monotonic()
    first = deposit(1, 1, 5)
    gate.submit(first)
    refused = inbox.answer(first)
    noticed_s = time.monotonic() - began
    wait_until(lambda: not gate.is_up)
    with pytest.raises(DatabaseUnavailable, match="down"):
        gate.submit(deposit(2, 2, 5))
    with pytest.raises(DatabaseUnavailable, match="down"):
        gate.roll_clearing_dates()
    proxy.forward()
    wait_until(lambda: gate.is_up)
    after = deposit(3, 3, 5)
    gate.submit(after)

    assert isinstance(refused, DatabaseUnavailable)
    assert noticed_s < LATE_S
    assert isinstance(inbox.answer(after), Payment)
    assert deposits(direct) == [(3, 5)]
    assert events(logs) == ["database_down", "database_up"]


def test_a_server_that_hangs(gate: Gate, inbox: Inbox, proxy: TcpProxy, direct: Database, logs: Logs) -> None:
    """It accepts and never answers: all that wait are told so as soon as it is known, and nobody waits any more."""
    proxy.silence()
    began = time.monotonic()
    works = [deposit(number, number, 5) for number in range(1, 9)] + [query(number) for number in range(8)]
    for each in works:
        gate.submit(each)
    found = [inbox.answer(each) for each in works]
    lasted_s = time.monotonic() - began
    wait_until(lambda: not gate._money_breaker.is_up and not gate._read_breaker.is_up)
    with pytest.raises(DatabaseUnavailable):
        gate.submit(query(1))
    proxy.forward()
    wait_until(lambda: gate.is_up)
    after = [deposit(1, 21, 5), query(1)]
    for each in after:
        gate.submit(each)

    assert [type(answer) for answer in found] == [DatabaseUnavailable] * 16
    assert lasted_s < STALL_S + CONNECT_S + LATE_S
    assert [type(inbox.answer(each)) for each in after] == [Payment, int]
    assert deposits(direct) == [(21, 5)]
    assert events(logs) == ["database_down"] * 2 + ["database_up"] * 2


def test_a_server_that_hangs_until_the_deadline(gate: Gate, inbox: Inbox, proxy: TcpProxy) -> None:
    """Where there is too little time for a second try, the database is asked beside, and is down when it is silent."""
    proxy.silence()
    paying = within(deposit(1, 1, 5), 0.2)
    gate.submit(paying)

    assert isinstance(inbox.answer(paying), DatabaseUnavailable)
    assert inbox.late_s(paying) < STALL_S + LATE_S
    wait_until(lambda: not gate.is_up)
    proxy.forward()
    wait_until(lambda: gate.is_up)


def test_too_little_time_is_no_outage(
    gate: Gate, inbox: Inbox, proxy: TcpProxy, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is only slow is not declared down because one request could not wait for it."""
    proxy.delay(0.15)
    paying = within(deposit(1, 1, 5), 0.05)
    gate.submit(paying)
    inbox.answer(paying)
    proxy.forward()
    asked = query(1)
    gate.submit(asked)

    assert isinstance(inbox.answer(asked), int)
    assert gate.is_up
    assert events(logs) == []


def test_a_lost_commit_is_found_out_while_the_database_is_down(
    database: Database, inbox: Inbox, proxy: TcpProxy, direct: Database
) -> None:
    """New work is refused, but what may have been stored is looked for until its deadline."""
    gate = Gate(database, inbox, money_lanes=1)
    first = deposit(9, 97, 1)
    gate.submit(first)
    inbox.answer(first)  # so that the next COMMIT is a payment's
    proxy.on_commit = proxy.refuse
    paying = deposit(1, 1, 5)
    gate.submit(paying)
    wait_until(lambda: not gate.is_up)
    with pytest.raises(DatabaseUnavailable):
        gate.submit(deposit(2, 2, 5))
    proxy.on_commit = lambda: None
    proxy.forward()

    assert isinstance(inbox.answer(paying), Payment)
    assert deposits(direct) == [(1, 5)]
    assert gate.close(WAIT_S)


@pytest.mark.parametrize("is_new", [True, False], ids=["after the login", "later"])
def test_closing_while_the_server_hangs(
    database: Database, inbox: Inbox, proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch, is_new: bool
) -> None:
    """A daemon ends in its time whatever the database does; everybody is answered and no thread is left behind."""
    before = set(threading.enumerate())
    monkeypatch.setattr(postgresql, "STALL_S", WAIT_S)  # nothing but closing ends the waits
    monkeypatch.setattr(postgresql, "TRIP_STALL_S", WAIT_S)
    gate = Gate(database, inbox, money_lanes=1, read_lanes=1)
    if is_new:
        proxy.silence_after_login()
    else:
        for each in (deposit(9, 97, 1), query(9), query(9, bills_since=202601)):
            gate.submit(each)
            inbox.answer(each)
        proxy.silence()
    works = [deposit(2, 2, 5), query(2), query(3, bills_since=202601)]
    for each in works:
        gate.submit(each)
    wait_until(lambda: all(each.batch_size for each in works))
    began = time.monotonic()
    is_done = gate.close(1.0)
    lasted_s = time.monotonic() - began
    found = [inbox.answer(each) for each in works]
    answered_s = time.monotonic() - began

    assert lasted_s < 1.0 + LATE_S
    assert is_done or is_new
    assert [type(answer) for answer in found] == [DatabaseUnavailable] * 3
    assert answered_s < 2.0 + LATE_S
    wait_until(lambda: not [thread for thread in set(threading.enumerate()) - before if "lane" in thread.name])


# --- locks


@contextmanager
def locked(url: str, number: int) -> Iterator[None]:
    """Somebody's own program holds the row of an account."""
    with driver_connection(url) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT 1 FROM accounts WHERE account_no = %s FOR UPDATE", (account_no(number),))
        yield
        connection.execute("ROLLBACK")


def test_one_locked_account_holds_up_nobody_else(direct: Database, lane: MoneyLane, postgresql_url: str) -> None:
    """After one wait for a foreign lock the others are stored; who wants the locked account is told so soon."""
    works = [deposit(1, 1, 5), deposit(2, 2, 5), deposit(1, 3, 5), deposit(3, 4, 5)]
    with locked(postgresql_url, 1):
        began = time.monotonic()
        results = answers(lane.run(works))
        lasted_s = time.monotonic() - began

    assert [type(result) for result in results] == [DatabaseUnavailable, Payment, DatabaseUnavailable, Payment]
    assert str(results[0]) == "nothing was done: the account is locked"
    assert deposits(direct) == [(2, 5), (4, 5)]
    assert lasted_s < 0.2 + 2.2 + LATE_S


def test_a_lock_that_is_let_go(direct: Database, lane: MoneyLane, postgresql_url: str) -> None:
    """Whoever waits for a lock gets it when it is free, in order of arrival."""
    results: list[object] = []
    with locked(postgresql_url, 1):
        thread = threading.Thread(
            target=lambda: results.extend(answers(lane.run([deposit(1, 1, 5), deposit(1, 2, 6)])))
        )
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
    thread.join(WAIT_S)

    assert [row.balance_after_fen for row in results if isinstance(row, Payment)] == [5, 11]


# --- servers that die


@pytest.fixture
def mortal() -> Iterator[tuple[PostgresServer, str]]:
    """A server of the test's own and a database on it."""
    with running_server(fsync="on") as server:
        url = server.create_database("fep")
        migrate(url)
        yield server, url


def test_a_server_that_is_killed_in_a_commit(mortal: tuple[PostgresServer, str]) -> None:
    """The server dies as COMMIT arrives, and is back before the deadline: stored once, answered truly."""
    server, url = mortal
    direct = Database(url)
    fill(direct)
    with TcpProxy(url) as proxy:
        database = Database(proxy.url)
        lane = MoneyLane(database, ClearingDates())
        lane.run([deposit(9, 99, 1)])

        killed = threading.Event()

        def _kill() -> None:
            proxy.on_commit = lambda: None
            server.kill()
            killed.set()

        proxy.on_commit = _kill
        results: list[object] = []
        paying = threading.Thread(target=lambda: results.extend(answers(lane.run([deposit(1, 1, 5), settle(2, 2)]))))
        paying.start()
        assert killed.wait(WAIT_S)
        server.start()
        paying.join(WAIT_S)

        [settled] = answers(lane.run([settle(2, 2)]))
        lane.close()
        assert [type(result) for result in results] == [Payment, Payment]
        assert settled == ("repeat", results[1])
        assert deposits(direct) == [(1, 5), (2, 300)]
        database.dispose()
    direct.dispose()


def test_a_server_that_has_become_a_standby(inbox: Inbox, logs: Logs) -> None:
    """It takes no payments, and the gate is down until it is promoted, or another is there under its name."""
    with running_server(fsync="on", wal_level="replica", hot_standby="on", max_wal_senders="2") as server:
        url = server.create_database("fep")
        migrate(url)
        database = Database(url)
        fill(database)
        gate = Gate(database, inbox)
        before = deposit(1, 1, 5)
        gate.submit(before)
        assert isinstance(inbox.answer(before), Payment)
        server.stop()
        (server.folder / "standby.signal").touch(mode=0o644)
        server.start()

        during = deposit(2, 2, 5)
        gate.submit(during)
        assert isinstance(inbox.answer(during), DatabaseUnavailable)
        wait_until(lambda: not gate.is_up)

        with server.connect() as connection:
            connection.execute("SELECT pg_promote()")
        wait_until(lambda: gate.is_up)
        after = deposit(3, 3, 5)
        gate.submit(after)
        assert isinstance(inbox.answer(after), Payment)
        gate.close(WAIT_S)
        database.dispose()


def test_a_server_that_restarts(mortal: tuple[PostgresServer, str], inbox: Inbox, logs: Logs) -> None:
    """Requests before and after a restart are served by the same gate."""
    server, url = mortal
    database = Database(url)
    fill(database)
    gate = Gate(database, inbox)
    before = deposit(1, 1, 5)
    gate.submit(before)
    inbox.answer(before)
    server.stop()
    during = deposit(2, 2, 5)
    gate.submit(during)
    assert isinstance(inbox.answer(during), DatabaseUnavailable)
    server.start()
    wait_until(lambda: gate.is_up)
    after = [deposit(3, 3, 5), query(1)]
    for each in after:
        gate.submit(each)

    assert [type(inbox.answer(each)) for each in after] == [Payment, int]
    assert gate.close(WAIT_S)
    assert deposits(database) == [(1, 5), (3, 5)]
    database.dispose()


def test_a_query_after_an_idle_session_was_ended(direct: Database, proxy: TcpProxy, database: Database) -> None:
    """A DBA who ends idle sessions ends no request."""
    lane = ReadLane(database, ClearingDates())
    lane.run([query(1)])
    stored(direct, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fep'")

    assert answers(lane.run([query(1)])) == [0]
    lane.close()
