"""Lanes: how often a failed batch is tried again, who has to wait for it and who has not."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from dbgate import attempts as attempts_module
from dbgate.attempts import Alarm, CommitLost
from dbgate.backends.bounded_connection import AnswerOverdue
from dbgate.backends.sqlite import SQLITE
from dbgate.batch import MoneyLane
from dbgate.clearing import ClearingDates
from dbgate.database import ROOM_BYTES_MIN, Database
from dbgate.errors import DatabaseUnavailable, OutcomeUnknown
from dbgate.records import Payment
from dbgate.work import Work
from tests.dbgate.fixtures import account_no, answers, deposit

pytestmark = pytest.mark.engine("sqlite")  # none of this is the engine's


def server_error(sqlstate: str) -> OperationalError:
    origin = Exception()
    origin.sqlstate = sqlstate  # type: ignore[attr-defined]
    return OperationalError("SELECT 1", {}, origin)


class Recorder(Alarm):
    """Notes what a lane tells."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def trip(self, reason: str) -> None:
        self.told.append(("down", reason))

    def suspect(self, reason: str) -> None:
        self.told.append(("suspected", reason))


@pytest.fixture
def alarm() -> Recorder:
    return Recorder()


@pytest.fixture
def lane(database: Database, alarm: Recorder) -> Iterator[MoneyLane]:
    lane = MoneyLane(database, ClearingDates(), alarm=alarm)
    lane.run([deposit(9, 99, 1)])
    yield lane
    lane.close()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that a lane has made, none of which takes any time."""
    pauses: list[float] = []
    monkeypatch.setattr(attempts_module.time, "sleep", pauses.append)
    return pauses


Fail = Callable[[Sequence[Work], int], Exception | None]


@pytest.fixture
def fail(lane: MoneyLane, monkeypatch: pytest.MonkeyPatch) -> Callable[[Fail], list[list[str]]]:
    """Let transactions fail as a function of their works and their number says; returns what was tried, by account."""

    def _install(error_of: Fail) -> list[list[str]]:
        tried: list[list[str]] = []
        transact = lane._transact

        def _transact(works: Sequence[Work], *arguments: Any) -> Any:
            tried.append([str(work.needs.account_no)[-1] for work in works])
            error = error_of(works, len(tried))
            if error is not None:
                raise error
            return transact(works, *arguments)

        monkeypatch.setattr(lane, "_transact", _transact)
        return tried

    return _install


def wants(works: Sequence[Work], number: int) -> bool:
    return any(work.needs.account_no == account_no(number) for work in works)


@pytest.mark.parametrize("sqlstate", ["40P01", "40001", "55P03", "57014"])
def test_what_passes_is_tried_again_after_a_pause(
    lane: MoneyLane, fail: Callable[[Fail], list[list[str]]], pauses: list[float], alarm: Recorder, sqlstate: str
) -> None:
    """A deadlock, a conflict, a lock or a statement that took too long: the same batch, after a short pause."""
    tried = fail(lambda works, count: server_error(sqlstate) if count == 1 else None)

    results = answers(lane.run([deposit(1, 1, 5), deposit(2, 2, 5)]))

    assert [type(result) for result in results] == [Payment, Payment]
    assert tried == [["1", "2"]] * 2
    assert len(pauses) == 1
    assert 0.015 <= pauses[0] <= 0.04
    assert alarm.told == []


def test_late_answers_are_a_suspicion_only(
    lane: MoneyLane, fail: Callable[[Fail], list[list[str]]], pauses: list[float], alarm: Recorder
) -> None:
    """Twice no answer in time: the batch is given up, and whether the database is down is looked into."""
    late = OperationalError("SELECT 1", {}, AnswerOverdue("the server did not answer in time"))
    fail(lambda works, count: late)

    results = answers(lane.run([deposit(1, 1, 5)]))

    assert isinstance(results[0], DatabaseUnavailable)
    assert [kind for kind, _ in alarm.told] == ["suspected"]


def hold(lane: MoneyLane, monkeypatch: pytest.MonkeyPatch, number: int, looks: int) -> list[list[str]]:
    """Let an account seem locked the first so many times that somebody looks; returns what was looked at."""
    looked: list[list[str]] = []

    def _locked(works: Sequence[Work]) -> set[str]:
        looked.append([str(work.needs.account_no)[-1] for work in works])
        return {account_no(number)} if len(looked) <= looks else set()

    monkeypatch.setattr(lane, "locked_accounts", _locked)
    return looked


def test_a_lock_that_stays_holds_up_its_account_alone(
    lane: MoneyLane,
    fail: Callable[[Fail], list[list[str]]],
    pauses: list[float],
    alarm: Recorder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After the first wait the others go on together; who wants the locked account is put off, and not for ever."""
    tried = fail(lambda works, _: server_error("55P03") if wants(works, 1) else None)
    looked = hold(lane, monkeypatch, 1, looks=99)

    results = answers(lane.run([deposit(1, 1, 5), deposit(2, 2, 5), deposit(1, 3, 5), deposit(3, 4, 5)]))

    assert [type(result) for result in results] == [DatabaseUnavailable, Payment, DatabaseUnavailable, Payment]
    assert str(results[0]) == "nothing was done: the account is locked"
    assert tried == [["1", "2", "1", "3"], ["2", "3"]]
    assert looked == [["1", "2", "1", "3"]] + [["1", "1"]] * 7
    assert max(pauses) <= 0.5
    assert 1.0 <= sum(pauses) <= 2.2
    assert alarm.told == []


def test_a_lock_that_is_let_go(
    lane: MoneyLane,
    fail: Callable[[Fail], list[list[str]]],
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who was put off is served when the account is free, in order of arrival."""
    tried = fail(lambda works, count: server_error("55P03") if count == 1 else None)
    hold(lane, monkeypatch, 1, looks=3)

    results = answers(lane.run([deposit(1, 1, 5), deposit(2, 2, 5), deposit(1, 3, 6)]))

    assert [row.balance_after_fen for row in results if isinstance(row, Payment)] == [5, 5, 11]
    assert tried == [["1", "2", "1"], ["2"], ["1", "1"]]


def test_locks_that_are_no_accounts(
    lane: MoneyLane, fail: Callable[[Fail], list[list[str]]], pauses: list[float]
) -> None:
    """What fails at once, again and again, is tried a bounded number of times, for as long as anybody would wait."""
    tried = fail(lambda works, _: server_error("40P01"))

    results = answers(lane.run([deposit(1, 1, 5), deposit(2, 2, 5)]))

    assert [str(result) for result in results] == ["nothing was done: Exception 40P01"] * 2
    assert tried == [["1", "2"]] * 32
    assert 6.5 <= sum(pauses) <= 15.0


def test_what_may_be_stored_waits_for_its_lock_until_the_deadline(
    lane: MoneyLane, fail: Callable[[Fail], list[list[str]]], pauses: list[float]
) -> None:
    """After a lost COMMIT no number of tries is too many: the lock is the lost transaction's own."""
    works = [deposit(1, 1, 5)]

    def _error(_: Sequence[Work], count: int) -> Exception | None:
        if count == 1:
            return CommitLost("lost")
        return server_error("55P03") if count < 50 else None

    tried = fail(_error)

    assert [type(result) for result in answers(lane.run(works))] == [Payment]
    assert len(tried) == 50


def test_down_when_a_new_connection_fails_too(
    lane: MoneyLane, fail: Callable[[Fail], list[list[str]]], pauses: list[float], alarm: Recorder
) -> None:
    """One failure is tried again, the second means that the database is down, for all that are still to be run."""
    tried = fail(
        lambda works, count: server_error("23505") if count == 1 else server_error("57P01") if count > 2 else None
    )

    results = answers(lane.run([deposit(1, 1, 5), deposit(2, 2, 5), deposit(3, 3, 5)]))

    assert [type(result) for result in results] == [Payment, DatabaseUnavailable, DatabaseUnavailable]
    assert tried == [["1", "2", "3"], ["1"], ["2"], ["2"]]
    assert alarm.told == [("down", "Exception 57P01")]


def test_down_while_a_commit_is_lost(
    lane: MoneyLane, fail: Callable[[Fail], list[list[str]]], pauses: list[float], alarm: Recorder
) -> None:
    """What may be stored is looked for on and on, though everybody knows that the database is down."""
    tried = fail(lambda _, count: CommitLost("lost") if count == 1 else server_error("57P01") if count < 9 else None)

    assert [type(result) for result in answers(lane.run([deposit(1, 1, 5)]))] == [Payment]
    assert len(tried) == 9
    assert set(alarm.told) == {("down", "Exception 57P01")}


def test_suspected_when_time_is_up(
    lane: MoneyLane, fail: Callable[[Fail], list[list[str]]], pauses: list[float], alarm: Recorder
) -> None:
    """A failure that leaves no time for a second try is no proof: somebody has to look."""
    late = deposit(1, 1, 5)

    def _error(_: Sequence[Work], count: int) -> Exception:
        late.deadline = time.monotonic()
        return server_error("08006")

    fail(_error)

    assert [type(result) for result in answers(lane.run([late]))] == [DatabaseUnavailable]
    assert alarm.told == [("suspected", "no answer before the deadline")]


def test_locks_are_no_suspicion(
    lane: MoneyLane, fail: Callable[[Fail], list[list[str]]], pauses: list[float], alarm: Recorder
) -> None:
    """Who waits for a lock until his deadline says nothing about the database."""
    late = deposit(1, 1, 5)

    def _error(_: Sequence[Work], count: int) -> Exception:
        late.deadline = time.monotonic()
        return server_error("55P03")

    fail(_error)

    assert [type(result) for result in answers(lane.run([late]))] == [DatabaseUnavailable]
    assert alarm.told == []


def test_a_lost_commit_that_time_runs_out_for(
    lane: MoneyLane, fail: Callable[[Fail], list[list[str]]], pauses: list[float]
) -> None:
    """Each request is unknown from its own deadline on; the others go on finding out."""
    first, second = deposit(1, 1, 5), deposit(2, 2, 5)

    def _error(_: Sequence[Work], count: int) -> Exception | None:
        if count == 2:
            first.deadline = time.monotonic()
        return CommitLost("lost") if count < 3 else None

    tried = fail(_error)
    results = answers(lane.run([first, second]))

    assert [type(result) for result in results] == [OutcomeUnknown, Payment]
    assert tried == [["1", "2"], ["1", "2"], ["2"]]


def test_commits_that_fail_again_and_again(
    lane: MoneyLane, fail: Callable[[Fail], list[list[str]]], pauses: list[float], alarm: Recorder
) -> None:
    """After five the requests are unknown, long before their deadline, and nobody else is let into the same trap."""
    tried = fail(lambda works, count: CommitLost("lost"))
    began = time.monotonic()

    results = answers(lane.run([deposit(1, 1, 5), deposit(2, 2, 5)]))

    assert [type(result) for result in results] == [OutcomeUnknown, OutcomeUnknown]
    assert tried == [["1", "2"]] * attempts_module.LOST_TRIES_MAX
    assert alarm.told == [("down", "lost")]
    assert time.monotonic() - began < 4


def test_a_disk_without_room_for_a_batch(lane: MoneyLane, pauses: list[float], alarm: Recorder) -> None:
    """Nothing is begun whose COMMIT might meet the end of the disk: not done, which is better than unknown."""
    disk = replace(SQLITE, room_bytes=lambda _url: ROOM_BYTES_MIN - 1)
    lane._database.backend = disk

    results = answers(lane.run([deposit(1, 1, 5)]))

    assert [type(result) for result in results] == [DatabaseUnavailable]
    assert alarm.told == [("down", "the disk of the database has less than 8 MiB left")]
    with pytest.raises(DatabaseUnavailable):
        lane.prove(time.monotonic() + 5)
    lane._database.backend = replace(SQLITE, room_bytes=lambda _url: ROOM_BYTES_MIN)
    assert [type(result) for result in answers(lane.run([deposit(1, 1, 5)]))] == [Payment]


def test_abandoned(lane: MoneyLane, fail: Callable[[Fail], list[list[str]]], pauses: list[float]) -> None:
    """Who ends a lane ends what it runs, as if its time were up: nothing is stored of what had not been sent."""

    def _error(_: Sequence[Work], count: int) -> None:
        lane.abandon()

    tried = fail(_error)
    results = answers(lane.run([deposit(1, 1, 5), deposit(2, 2, 5)]))

    assert [str(result) for result in results] == ["not started"] * 2
    assert len(tried) == 1
