"""The gate: queues, lanes, delivery, clearing dates, several daemons over one database."""

# ruff: noqa: DTZ001 - the database clock is naive Asia/Shanghai by contract

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from datetime import time as time_of_day
from typing import Any

import pytest

from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable, GateBusy, GateClosed, OutcomeUnknown, StatementFailed
from dbgate.gate import HISTORY_BATCH_MAX, Gate
from dbgate.records import DaySlice, Payment
from dbgate.work import Decision, Moment, Work
from dbgate.working_set import WorkingSet
from tests.dbgate.fixtures import BANK, DAY, Clock, account_no, answers, deposit, read, settle, work
from tests.support.databases import open_database, stored

Results = list[tuple[Work, object]]
WAIT_S = 20


class Inbox:
    """Collects deliveries."""

    def __init__(self) -> None:
        self.batches: list[Results] = []
        self._changed = threading.Condition()

    def __call__(self, results: Results) -> None:
        with self._changed:
            self.batches.append(results)
            self._changed.notify_all()

    def wait_for(self, count: int) -> list[object]:
        """Wait for ``count`` results and return the answers."""
        with self._changed:
            assert self._changed.wait_for(lambda: sum(map(len, self.batches)) >= count, WAIT_S)
            return [answer for batch in self.batches for _, answer in batch]


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def gate(database: Database, inbox: Inbox) -> Iterator[Gate]:
    gate = Gate(database, inbox, money_lanes=1)  # what waits behind a blocker waits on every engine
    yield gate
    gate.close(WAIT_S)


class Blocker:
    """Work that holds its lane until it is let go."""

    def __init__(self, *, money: bool = True, number: int = 9, **needs: Any) -> None:
        self.began = threading.Event()
        self.go = threading.Event()
        self.work = work(self._decide, money=money, account_no=account_no(number), **needs)

    def _decide(self, working_set: WorkingSet, moment: Moment) -> Decision:
        self.began.set()
        assert self.go.wait(WAIT_S)
        return Decision("let go")


def test_results_are_delivered_once_for_a_batch(gate: Gate, inbox: Inbox) -> None:
    """All that waits while the lane is busy becomes one batch, delivered in one call, in order of arrival."""
    blocker = Blocker()
    gate.submit(blocker.work)
    assert blocker.began.wait(WAIT_S)
    works = [deposit(number, number + 1, 5) for number in range(5)]
    for each in works:
        gate.submit(each)
    blocker.go.set()

    inbox.wait_for(6)

    assert [[each for each, _ in batch] for batch in inbox.batches] == [[blocker.work], works]
    assert {each.batch_size for each in works} == {5}


def test_delivered_after_commit(database: Database) -> None:
    """When a result is delivered its payment is in the database for everybody to read."""
    seen: list[object] = []
    delivered = threading.Event()

    def _deliver(results: Results) -> None:
        seen.append(stored(database, "SELECT count(*) FROM payments"))
        delivered.set()

    gate = Gate(database, _deliver)
    gate.submit(deposit(1, 1, 5))

    assert delivered.wait(WAIT_S)
    assert gate.close(WAIT_S)
    assert seen == [[(1,)]]


def test_batch_bound(database: Database, inbox: Inbox) -> None:
    """No batch is larger than its bound."""
    gate = Gate(database, inbox, batch_max=2, money_lanes=1)
    blocker = Blocker()
    gate.submit(blocker.work)
    assert blocker.began.wait(WAIT_S)
    for number in range(5):
        gate.submit(deposit(number, number + 1, 5))
    blocker.go.set()
    inbox.wait_for(6)

    assert [len(batch) for batch in inbox.batches] == [1, 2, 2, 1]
    assert gate.close(WAIT_S)


def test_queue_bound(database: Database, inbox: Inbox) -> None:
    """When as much waits as may, the next request is told busy at once; reads have a queue of their own."""
    gate = Gate(database, inbox, queue_max=2, money_lanes=1)
    blocker = Blocker()
    gate.submit(blocker.work)
    assert blocker.began.wait(WAIT_S)
    gate.submit(deposit(1, 1, 5))
    gate.submit(deposit(2, 2, 5))

    with pytest.raises(GateBusy):
        gate.submit(deposit(3, 3, 5))
    gate.submit(read(lambda working_set, moment: "read"))

    blocker.go.set()
    inbox.wait_for(4)
    assert gate.close(WAIT_S)


@pytest.mark.parametrize(
    "needs",
    [
        {"payments_since": date(2026, 1, 1)},
        {"bills_since": 202601},
        {"totals_of": DAY},
        {"details": DaySlice(DAY, 0, 20)},
    ],
    ids=str,
)
def test_a_query_waits_for_no_history(gate: Gate, inbox: Inbox, needs: dict[str, Any]) -> None:
    """However long lists and totals take, a teller's query and payment are answered meanwhile."""
    blockers = [Blocker(money=False, **needs) for _ in range(9)]
    for blocker in blockers:
        gate.submit(blocker.work)
    assert blockers[0].began.wait(WAIT_S)
    gate.submit(read(lambda working_set, moment: "read", account_no=account_no(1)))
    gate.submit(deposit(1, 1, 5))

    assert "read" in inbox.wait_for(2)
    for blocker in blockers:
        blocker.go.set()
    inbox.wait_for(11)
    assert max(blocker.work.batch_size for blocker in blockers) <= HISTORY_BATCH_MAX


def test_who_waits_is_told_that_the_database_is_down(gate: Gate, inbox: Inbox) -> None:
    """What one lane has found out ends the waiting of all, also behind a lane that still hangs."""
    blockers = [Blocker(number=number) for number in range(4)]  # as many as there are lanes
    for blocker in blockers:
        gate.submit(blocker.work)
    assert blockers[0].began.wait(WAIT_S)
    paying = deposit(0, 1, 5)  # waits for its account
    gate.submit(paying)
    gate._money_breaker.trip("cannot connect")

    assert isinstance(inbox.wait_for(1)[-1], DatabaseUnavailable)
    for blocker in blockers:
        blocker.go.set()


@pytest.mark.engine("postgresql")
def test_reads_run_beside_each_other(gate: Gate, inbox: Inbox) -> None:
    """Where the engine can, a second batch of queries does not wait for the first."""
    blocker = Blocker(money=False)
    gate.submit(blocker.work)
    assert blocker.began.wait(WAIT_S)
    gate.submit(read(lambda working_set, moment: "read", account_no=account_no(1)))

    assert inbox.wait_for(1) == ["read"]
    blocker.go.set()


def test_expired_while_waiting(gate: Gate, inbox: Inbox) -> None:
    """Work whose deadline passes in the queue is not started."""
    blocker = Blocker()
    gate.submit(blocker.work)
    assert blocker.began.wait(WAIT_S)
    late = deposit(1, 1, 5)
    late.deadline = time.monotonic()
    gate.submit(late)
    blocker.go.set()

    assert str(inbox.wait_for(2)[1]) == "not started"


def test_close_finishes_what_was_taken(database: Database, inbox: Inbox) -> None:
    """A gate that closes answers what waits, and takes nothing more."""
    gate = Gate(database, inbox)
    for number in range(5):
        gate.submit(deposit(number, number + 1, 5))

    assert gate.close(WAIT_S)

    assert [type(answer) for answer in inbox.wait_for(5)] == [Payment] * 5
    with pytest.raises(GateClosed):
        gate.submit(deposit(1, 9, 5))
    with pytest.raises(GateClosed):
        gate.submit(read(lambda working_set, moment: 1))


def test_close_when_time_is_up(database: Database, inbox: Inbox) -> None:
    """What has not begun when the time to close is over is answered so, and never started."""
    gate = Gate(database, inbox, batch_max=1, money_lanes=1)
    blocker = Blocker()
    gate.submit(blocker.work)
    assert blocker.began.wait(WAIT_S)
    gate.submit(deposit(1, 1, 5))

    assert not gate.close(0.01)

    assert isinstance(inbox.wait_for(1)[0], GateClosed)
    blocker.go.set()
    inbox.wait_for(2)
    assert gate.close(WAIT_S)
    assert stored(database, "SELECT count(*) FROM payments") == [(0,)]


def test_delivery_that_fails(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    """A delivery that raises does not stop the lane."""
    inbox = Inbox()

    def _deliver(results: Results) -> None:
        inbox(results)
        raise RuntimeError("the loop is gone")

    gate = Gate(database, _deliver)
    gate.submit(deposit(1, 1, 5))
    inbox.wait_for(1)
    gate.submit(deposit(1, 2, 5))
    inbox.wait_for(2)

    assert gate.close(WAIT_S)
    assert "delivery_failed" in capsys.readouterr().out


@pytest.mark.parametrize(("money", "failure"), [(True, OutcomeUnknown), (False, StatementFailed)])
def test_lane_that_fails(
    database: Database,
    inbox: Inbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    money: bool,
    failure: type[Exception],
) -> None:
    """A bug in the gate itself answers everybody: money work as unknown."""

    def _run(*_: object, **__: object) -> None:
        raise KeyError("bug")

    monkeypatch.setattr("dbgate.attempts.Attempts._try", _run)
    gate = Gate(database, inbox)
    gate.submit(deposit(1, 1, 5) if money else read(lambda working_set, moment: 1))

    assert isinstance(inbox.wait_for(1)[0], failure)
    assert gate.close(WAIT_S)
    assert "lane_failed" in capsys.readouterr().out


def test_clearing_date_as_last_read(gate: Gate, inbox: Inbox) -> None:
    """The clearing date is unknown until a batch has read it; a read of an unknown bank knows none."""
    assert gate.clearing_date(BANK) is None
    gate.submit(read(lambda working_set, moment: moment.clearing_date))
    assert inbox.wait_for(1) == [None]
    assert gate.clearing_date(BANK) is None

    gate.submit(deposit(1, 1, 5))
    inbox.wait_for(2)

    assert gate.clearing_date(BANK) == DAY


def test_ensure_banks_roll_and_close(database: Database, clock: Clock, inbox: Inbox) -> None:
    """Clearing dates are made for new banks, roll by a timer and by command, and the evening's roll is then void."""
    gate = Gate(database, inbox, cut_offs={"0103": time_of_day(9, 0)})
    gate.ensure_banks(["0102", "0103"])
    assert (gate.clearing_date("0102"), gate.clearing_date("0103")) == (DAY, date(2026, 11, 23))

    assert gate.close_day("0102", DAY) == date(2026, 11, 23)
    clock.moment = datetime(2026, 11, 22, 23, 31)
    gate.roll_clearing_dates()
    assert gate.clearing_date("0102") == date(2026, 11, 23)
    clock.moment = datetime(2026, 11, 25, 0, 1)
    gate.roll_clearing_dates()

    assert stored(database, "SELECT * FROM clearing_dates ORDER BY 1") == [
        ("0102", 20261125, 20261122),
        ("0103", 20261125, 20261123),
    ]
    with pytest.raises(KeyError):
        gate.close_day("0999", DAY)
    assert gate.close(WAIT_S)


@pytest.mark.engine("sqlite")
def test_roll_without_a_database(empty: Database, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A roll that the database refuses says so as an error of the gate."""
    gate = Gate(empty, inbox)
    stored_tables = "dbgate.cut_off.WAIT_S"
    monkeypatch.setattr(stored_tables, 0.01)
    blocker = empty.connect(money=True)
    with blocker.begin(), pytest.raises(DatabaseUnavailable, match="SQLITE_BUSY"):
        gate.ensure_banks(["0102"])
    blocker.close()
    assert gate.close(WAIT_S)


def test_bounds_of_the_batch(database: Database, inbox: Inbox) -> None:
    """A batch that no IN list would hold is refused."""
    with pytest.raises(ValueError, match="1001"):
        Gate(database, inbox, batch_max=1001)


def test_two_gates_over_one_database(database: Database, url: str, clock: Clock) -> None:
    """Two daemons that get the same requests store each of them once, and agree on what happened."""
    other = open_database(url, clock)
    inboxes = Inbox(), Inbox()
    gates = [Gate(each, inbox) for each, inbox in zip((database, other), inboxes, strict=True)]
    make: list[Callable[[int], Work]] = [lambda n: deposit(n % 10, n, 5), lambda n: settle(n % 10, 1000 + n)]
    for number in range(1, 101):
        for gate in gates:
            for build in make:
                gate.submit(build(number))
    for gate in gates:
        assert gate.close(WAIT_S)
    other.dispose()

    assert not [a for inbox in inboxes for a in inbox.wait_for(200) if isinstance(a, Exception)]
    assert stored(database, "SELECT count(*), count(DISTINCT fep_serial) FROM payments") == [(110, 110)]
    assert stored(database, "SELECT sum(balance_fen) FROM accounts") == [(500,)]


_DAEMON = """
import sys, threading
from dbgate.database import Database
from dbgate.errors import GateBusy
from dbgate.gate import HISTORY_BATCH_MAX, Gate
from tests.dbgate.fixtures import deposit, settle
database = Database(sys.argv[1])
first = int(sys.argv[2])
results = []
gate = Gate(database, results.extend)
for number in range(200):
    gate.submit(deposit(number % 10, first + number, 5))
    gate.submit(settle(number % 10, first + 1000 + number))
assert gate.close(60)
assert not [answer for _, answer in results if isinstance(answer, Exception)], results
print(len(results))
"""


def test_two_processes_over_one_database(database: Database, url: str) -> None:
    """Two daemons in processes of their own draw different numbers, settle no bill twice, and neither starves."""
    daemons = [
        subprocess.Popen([sys.executable, "-c", _DAEMON, url, str(first)], stdout=subprocess.PIPE, text=True)
        for first in (1, 5001)
    ]
    outputs = [daemon.communicate(timeout=90)[0] for daemon in daemons]

    assert [(daemon.returncode, output) for daemon, output in zip(daemons, outputs, strict=True)] == [(0, "400\n")] * 2
    assert stored(database, "SELECT count(*), count(DISTINCT fep_serial) FROM payments WHERE movement = 'pay'") == [
        (410, 410)
    ]
    assert stored(database, "SELECT sum(balance_fen) FROM accounts") == [(2000,)]
    assert stored(database, "SELECT count(*), sum(principal_fen) FROM allocations") == [(20, 3000)]


def test_answers_keep_the_order(gate: Gate, inbox: Inbox) -> None:
    """Reads are answered too."""
    gate.submit(read(lambda working_set, moment: working_set.account(account_no(1)), account_no=account_no(1)))

    [account] = inbox.wait_for(1)

    assert answers(inbox.batches[0]) == [account]
    assert getattr(account, "account_no", None) == account_no(1)


def test_daily_counters_are_counted_anew(database: Database, gate: Gate, inbox: Inbox) -> None:
    """A counter that was made under other settings becomes what is posted; those of past days are forgotten."""
    gate.submit(deposit(1, 1, 500))
    inbox.wait_for(1)
    with database.money_engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO limit_uses VALUES ('0102', 1, 20261122, 7), ('0102', 1, 20261121, 9)")

    gate.recount_daily_limits()

    assert stored(database, "SELECT clearing_date, used_fen FROM limit_uses") == [(20261122, 500)]


@pytest.mark.engine("postgresql")
def test_a_payment_under_way_while_limits_are_counted(database: Database, gate: Gate) -> None:
    """A recount waits for it, where rows are locked, and counts it; it is never set back to what was before."""
    gate.ensure_banks([BANK])
    with database.money_engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO limit_uses VALUES ('0102', 1, 20261122, 7)")
    paying = database.money_engine.connect()
    transaction = paying.begin()
    paying.exec_driver_sql("UPDATE limit_uses SET used_fen = used_fen + 100")
    counted = threading.Thread(target=gate.recount_daily_limits)
    counted.start()
    counted.join(0.2)
    assert counted.is_alive()
    paying.exec_driver_sql(
        "INSERT INTO payments (bank_code, bank_date, bank_serial, fep_serial, movement, state, account_no,"
        " account_name, amount_fen, settled_principal_fen, settled_late_fee_fen, balance_change_fen,"
        " balance_after_fen, due_after_fen, settled_count, branch_code, teller_id, channel, clearing_date,"
        " created_at, digest)"
        " VALUES ('0102', 20261122, '1', 77, 'pay', 'posted', '1', 'x', 100, 100, 0, 0, 0, 0, 1, '1', '1', 1, 20261122,"
        " 20261122100000000, 'x')"
    )
    transaction.commit()
    paying.close()
    counted.join(10)

    assert stored(database, "SELECT used_fen FROM limit_uses") == [(100,)]
