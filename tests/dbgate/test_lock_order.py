"""The order of the locks on PostgreSQL, each step with two real connections: what it saves us from, and that it does.

0 the clearing-date rows, shared; 1 the accounts; 2 the originals; 3 only then, in later statements, everything else.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
import structlog

from dbgate.batch import MoneyLane
from dbgate.clearing import ClearingDates
from dbgate.cut_off import CutOff
from dbgate.database import Database
from dbgate.records import Payment
from dbgate.work import Decision, Moment, Work
from dbgate.working_set import WorkingSet
from tests.dbgate.fixtures import BANK, account_no, answers, deposit, fill, identity, settle, undo
from tests.dbgate.running import Hold, Running, session, wait_for_waiting, wait_until
from tests.support.databases import driver_connection, stored

pytestmark = pytest.mark.engine("postgresql")

NewLane = Callable[[], MoneyLane]


@pytest.fixture
def url(postgresql_url: str) -> str:
    return postgresql_url


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A database with ten accounts, each with two open bills of 100 and 200 fen."""
    database = Database(url)
    fill(database)
    yield database
    database.dispose()


@pytest.fixture
def new_lane(database: Database) -> Iterator[NewLane]:
    """Lanes of as many daemons as a test wants, each with its numbers in stock."""
    lanes: list[MoneyLane] = []

    def _new() -> MoneyLane:
        lanes.append(MoneyLane(database, ClearingDates()))
        lanes[-1].run([deposit(9, 900 + len(lanes), 1)])
        return lanes[-1]

    yield _new
    for lane in lanes:
        lane.close()


@pytest.fixture
def logs() -> Iterator[list[dict[str, Any]]]:
    with structlog.testing.capture_logs() as logs:
        yield logs  # type: ignore[misc]


# --- bills are read after the lock of their account, in a statement of their own

SETTLE_BY_HAND = "UPDATE bills SET state = 'settled' WHERE account_no = %s"
LOCK = "SELECT 1 FROM accounts WHERE account_no = %s FOR UPDATE"
JOINED = (
    "SELECT b.bill_no FROM accounts AS a JOIN bills AS b ON b.account_no = a.account_no AND b.state = 'open'"
    " WHERE a.account_no = %s FOR UPDATE OF a"
)


def test_bills_read_in_the_locking_statement_are_stale(database: Database, url: str) -> None:
    """What the order saves us from: after its wait, a statement that joins the bills still sees them open."""
    found: list[Any] = []
    with session(url) as first, driver_connection(url) as second:
        first.execute(LOCK, [account_no(1)])
        first.execute(SETTLE_BY_HAND, [account_no(1)])
        query = Running(_Call(lambda: found.extend(second.execute(JOINED, [account_no(1)]).fetchall())), [])  # type: ignore[arg-type]
        wait_for_waiting(url, 1)
        first.execute("COMMIT")
        query.answers()

        assert len(found) == 2
        assert stored(database, "SELECT count(*) FROM bills WHERE account_no = '0100000001' AND state = 'open'") == [
            (0,)
        ]


class _Call:
    """Something that blocks, in the place of a lane."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call

    def run(self, _works: object) -> list[Any]:
        self._call()
        return []


def watch_bills(work: Work) -> list[int]:
    """Return a list that grows by how many open bills of account 1 the work sees each time it decides."""
    seen: list[int] = []
    inner = work.decide

    def _decide(working_set: WorkingSet, moment: Moment) -> Decision:
        seen.append(len(working_set.unsettled_bills(account_no(1))))
        return inner(working_set, moment)

    work.decide = _decide
    return seen


def test_a_bill_is_settled_once(database: Database, new_lane: NewLane, url: str) -> None:
    """The second daemon's batch waits for the account, and sees afterwards that there is nothing to pay."""
    paying, late = settle(1, 1), settle(1, 2)
    seen = watch_bills(late)
    with Hold(paying) as hold:
        first = Running(new_lane(), [paying])
        second_lane = new_lane()
        hold.wait()
        second = Running(second_lane, [late])
        wait_for_waiting(url, 1)

    assert isinstance(first.answers()[0], Payment)
    assert second.answers() == ["nothing to pay"]
    assert seen == [0]
    assert stored(database, "SELECT count(*), sum(principal_fen)::int FROM allocations") == [(2, 300)]


def test_a_bill_that_somebody_else_settles_meanwhile(database: Database, new_lane: NewLane, url: str) -> None:
    """The same against a program of the utility's own that locks the account and settles its bills."""
    lane = new_lane()
    late = settle(1, 1)
    seen = watch_bills(late)
    with session(url) as other:
        other.execute(LOCK, [account_no(1)])
        other.execute(SETTLE_BY_HAND, [account_no(1)])
        paying = Running(lane, [late])
        wait_for_waiting(url, 1)
        other.execute("COMMIT")

        assert paying.answers() == ["nothing to pay"]
    assert seen == [0]


# --- accounts in the order of their numbers


def test_crossing_locks_are_a_deadlock(database: Database, url: str) -> None:
    """What the order saves us from: one takes 1 and then 2, the other 2 and then 1."""
    failed: list[Exception] = []

    def _lock_first() -> None:
        try:
            second.execute(LOCK, [account_no(1)])
        except psycopg.errors.DeadlockDetected as error:
            failed.append(error)

    with session(url) as first, session(url) as second:
        first.execute(LOCK, [account_no(1)])
        second.execute(LOCK, [account_no(2)])
        waiting = Running(_Call(_lock_first), [])  # type: ignore[arg-type]
        wait_for_waiting(url, 1)
        try:
            first.execute(LOCK, [account_no(2)])
        except psycopg.errors.DeadlockDetected as error:
            failed.append(error)
            first.execute("ROLLBACK")
        waiting.answers()

    assert len(failed) == 1


def test_crossing_accounts(database: Database, new_lane: NewLane, url: str, logs: list[dict[str, Any]]) -> None:
    """Two batches that want the same accounts in opposite order of arrival wait for each other and never fail.

    Both queue up for account 1, which somebody else holds: who held 2 while he waits for 1 would meet the other there.
    """
    lanes = new_lane(), new_lane()
    with session(url) as other:
        other.execute(LOCK, [account_no(1)])
        first = Running(lanes[0], [deposit(1, 1, 5), deposit(2, 2, 5)])
        wait_for_waiting(url, 1)
        second = Running(lanes[1], [deposit(2, 3, 6), deposit(1, 4, 6)])
        wait_for_waiting(url, 2)

    assert [row.balance_after_fen for row in first.answers()] == [5, 5]
    assert [row.balance_after_fen for row in second.answers()] == [11, 11]
    assert [line for line in logs if line["event"] == "batch_failed"] == []


# --- originals after accounts


def test_originals_are_locked_after_accounts(database: Database, new_lane: NewLane, url: str) -> None:
    """A batch that still waits for an account holds no original: whoever has the account can go on to the payment."""
    lane = new_lane()
    lane.run([deposit(1, 1, 5)])
    original = identity(1)
    with session(url) as other:
        other.execute(LOCK, [account_no(1)])
        undoing = Running(lane, [undo(1, 2, original)])
        wait_for_waiting(url, 1)
        free = other.execute(
            "SELECT bank_serial FROM payments WHERE bank_serial = %s FOR UPDATE NOWAIT", [original.bank_serial]
        ).fetchall()

    assert free == [(original.bank_serial,)]
    assert isinstance(undoing.answers()[0], Payment)


def test_an_original_is_undone_once(database: Database, new_lane: NewLane, url: str) -> None:
    """Two daemons undo the same payment at the same time, one under another account: it is undone once."""
    lanes = new_lane(), new_lane()
    lanes[0].run([deposit(1, 1, 5)])
    undoing = undo(1, 2, identity(1))
    with Hold(undoing) as hold:
        first = Running(lanes[0], [undoing])
        hold.wait()
        second = Running(lanes[1], [undo(2, 3, identity(1))])
        wait_for_waiting(url, 1)

    assert isinstance(first.answers()[0], Payment)
    assert second.answers() == ["undone before"]


# --- the clearing date: shared by payments, exclusive for the cut-off


def test_payments_share_the_clearing_date(database: Database, new_lane: NewLane) -> None:
    """Payments of one bank do not wait for each other."""
    paying = deposit(1, 1, 5)
    lanes = new_lane(), new_lane()
    with Hold(paying) as hold:
        first = Running(lanes[0], [paying])
        hold.wait()
        [beside] = answers(lanes[1].run([deposit(2, 2, 5)]))

        assert isinstance(beside, Payment)
        assert not first.is_done
    first.answers()


class CountedDates(ClearingDates):
    """Counts how often the dates were to be rolled."""

    rolls = 0

    def roll(self, *arguments: Any) -> None:
        self.rolls += 1
        super().roll(*arguments)


def test_a_payment_is_in_one_day(database: Database, new_lane: NewLane) -> None:
    """A day is closed when the last payment in it has been committed: from then on its totals do not move."""
    paying = deposit(1, 1, 5)
    lanes = new_lane(), new_lane()
    dates = CountedDates()
    totals: list[object] = []
    days: list[date] = []

    def _close() -> None:
        CutOff(database, dates).close_day(BANK, days[0])
        totals.append(stored(database, day_total))

    with Hold(paying) as hold:
        first = Running(lanes[0], [paying])
        hold.wait()
        [(today,)] = stored(database, f"SELECT clearing_date FROM clearing_dates WHERE bank_code = '{BANK}'")
        days.append(date.fromisoformat(f"{today}"))
        day_total = f"SELECT sum(amount_fen)::int FROM payments WHERE clearing_date = {today}"
        closing = Running(_Call(_close), [])  # type: ignore[arg-type]
        wait_until(lambda: closing.is_done or dates.rolls > 2)  # it has tried, in vain
        was_closed = closing.is_done
    closing.answers()
    [late] = answers(lanes[1].run([deposit(2, 2, 7)]))
    [row] = first.answers()

    assert not was_closed
    assert isinstance(late, Payment)
    assert late.clearing_date == row.clearing_date + timedelta(days=1)
    assert totals == [stored(database, day_total)]


# --- identities: "not there" is proven by an insert alone


def test_the_same_identity_on_different_accounts(database: Database, new_lane: NewLane) -> None:
    """Two daemons have found an identity free and hold different accounts: one stores it, the other meets that row."""
    paying = deposit(1, 7, 5)
    lanes = new_lane(), new_lane()
    with Hold(paying) as hold:
        first = Running(lanes[0], [paying])
        hold.wait()  # it has read that the identity is free
        [stored_row] = answers(lanes[1].run([deposit(2, 7, 6)]))

    assert isinstance(stored_row, Payment)
    assert first.answers() == [("repeat", stored_row)]
    assert stored(database, f"SELECT account_no FROM payments WHERE bank_serial = '{identity(7).bank_serial}'") == [
        (account_no(2),)
    ]
    assert stored(database, "SELECT balance_fen FROM accounts WHERE account_no = '0100000001'") == [(0,)]


@pytest.mark.parametrize("is_committed", [True, False])
def test_an_identity_that_is_being_stored(
    database: Database, new_lane: NewLane, url: str, monkeypatch: pytest.MonkeyPatch, is_committed: bool
) -> None:
    """Whoever wants an identity that another is just storing waits for what becomes of it."""
    lanes = new_lane(), new_lane()
    committing = deposit(1, 7, 5)
    announce = lanes[0]._announce_commit
    gone_on = Hold(committing)
    gone_on.let_go()
    at_commit = Hold(deposit(1, 8, 5))

    def _announce(works: Any) -> None:
        at_commit.began.set()
        assert at_commit._go.wait(20)
        if not is_committed:
            raise KeyError("a bug")
        announce(works)

    monkeypatch.setattr(lanes[0], "_announce_commit", _announce)
    first = Running(lanes[0], [committing])
    at_commit.wait()
    second = Running(lanes[1], [deposit(2, 7, 6)])
    wait_for_waiting(url, 1)
    at_commit.let_go()
    [one], [other] = first.answers(), second.answers()

    if is_committed:
        assert other == ("repeat", one)
    else:
        assert isinstance(other, Payment)
    assert stored(database, f"SELECT count(*) FROM payments WHERE bank_serial = '{identity(7).bank_serial}'") == [(1,)]
