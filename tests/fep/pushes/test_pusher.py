"""The pusher in memory: what it does at each turn that a push may take, with the handlers' own decisions."""

from collections.abc import Callable, MutableMapping
from dataclasses import replace
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from dbgate.books.due_pushes import DuePush, aged_pushes, due_pushes, push_counts
from dbgate.books.records import Push
from dbgate.books.states import PushReason, PushState
from dbgate.errors import DatabaseUnavailable, GateBusy
from dbgate.work import Moment, Work
from dbgate.working_set import WorkingSet
from fep.partners.errors import PartnerSilent, PartnerUnreachable, Reason
from fep.pushes.lane import BankLane
from fep.pushes.pusher import Pusher
from protocol.canonical.codes import PushOutcome
from protocol.canonical.push import PushReply, PushRequest
from protocol.dialect import OwnReply
from protocol.errors import LocalProtocolError
from tests.fep.pushes.conftest import SETTINGS
from tests.handlers.pushing import BILL, DUE_FEN, FEE_FEN, LOADED_AT, SERIAL, push, records, sent
from tests.support.records import ACCOUNT, BANK, NOW, TODAY
from tests.support.rim import Rim

DUE = DuePush(BILL.bill_no, ACCOUNT, BANK, is_numbered=False)
DEBITED = OwnReply(
    True,
    "0000",
    "",
    PushReply(PushOutcome.DEBITED, debit_date=TODAY, debit_serial="000000000077", amount_fen=DUE_FEN),
)


class OneWay:
    """A way to the bank that keeps what is asked until the test answers."""

    in_flight_max = 8
    pausing = frozenset({Reason.REPLY_TIMED_OUT})

    def __init__(self) -> None:
        self.asked: list[tuple[PushRequest, int]] = []
        self.replies: list[Deferred[OwnReply]] = []
        self.fault: Exception | None = None
        self.checked_at: list[float] = []
        self.is_up = True

    def is_open(self) -> bool:
        return self.is_up

    def is_same(self, other: object) -> bool:
        return other is self

    def ask(self, request: PushRequest, fep_serial: int) -> "Deferred[OwnReply]":
        if self.fault is not None:
            return fail(self.fault)
        self.asked.append((request, fep_serial))
        self.replies.append(Deferred())
        return self.replies[-1]

    def check(self, now: float) -> None:
        self.checked_at.append(now)


class OneBranch:
    """A database in name only."""

    is_up = True

    def __init__(self) -> None:
        self.database = self
        self.about = {"database": "billing"}


class Site:
    """A daemon's pusher over one bank, whose gate decides on the working set of the test as soon as it is asked."""

    def __init__(self, stored: Push) -> None:
        self.rim = Rim(gate=self)
        self.rim.wall_now = NOW
        self.records: WorkingSet = records(stored)
        self.refusal: Exception | None = None
        self.found: dict[Callable[..., Any], Any] = {due_pushes: [DUE], aged_pushes: [], push_counts: {}}
        self.looked: list[Callable[..., Any]] = []
        self.way, self.branch = OneWay(), OneBranch()
        self.lane = BankLane(replace(SETTINGS, push_rate_max=10), self.way)  # type: ignore[arg-type]
        self.pusher = Pusher(self.rim.services, {BANK: self.lane}, self.threaded, "host:1")
        self.lane.room(self.rim.clock.seconds())
        self.rim.clock.advance(1.0)

    def threaded(self, look: Callable[..., Any], *_arguments: object) -> "Deferred[Any]":
        self.looked.append(look)
        found = self.found[look]
        return fail(found) if isinstance(found, Exception) else succeed(found)

    def submit(self, work: Work) -> None:
        if self.refusal is not None:
            raise self.refusal
        serial = SERIAL if work.needs.serial else None
        decision = work.decide(self.records, Moment(self.rim.wall_now, TODAY, serial, None))
        self.records.apply(decision.changes)
        work.done(decision.answer)

    def clearing_date(self, _bank_code: str) -> None:
        return None

    def look(self) -> None:
        looking = self.pusher.look(self.branch)  # type: ignore[arg-type]
        assert looking is not None

    @property
    def push(self) -> Push:
        stored = self.records.books.push(BILL.bill_no)
        assert stored is not None
        return stored

    def counts(self) -> dict[str, int]:
        return self.pusher.state(BANK)["pushes"]


@pytest.fixture
def site(logs: list[MutableMapping[str, Any]]) -> Site:
    """A push that waits for the first time."""
    return Site(push())


def test_a_due_push_is_claimed_sent_and_its_debit_posted(site: Site) -> None:
    """It is this daemon's until it is answered; the debit settles the bill."""
    site.look()
    [(request, serial)] = site.way.asked
    assert (request.bill_no, request.principal_fen, request.late_fee_fen, serial) == ("B1", 12_000, FEE_FEN, SERIAL)
    assert (site.push.state, site.push.owner, site.push.tries) == (PushState.WAITING, "host:1", 1)
    assert site.counts()["in_work"] == 1
    site.way.replies[0].callback(DEBITED)
    assert (site.push.state, site.push.debit_serial, site.push.debited_fen) == (
        PushState.DEBITED,
        "000000000077",
        DUE_FEN,
    )
    assert site.counts()["in_work"] == 0
    assert site.rim.events == {"push_debited": 1}


def test_what_is_under_way_is_not_begun_again(site: Site) -> None:
    """A second look finds it due still, before the first claim is seen."""
    site.look()
    site.look()
    assert len(site.way.asked) == 1


@pytest.mark.parametrize("reply", [OwnReply(False, "0096", ""), PartnerSilent(Reason.REPLY_TIMED_OUT)])
def test_no_answer_and_a_code_that_leaves_it_open(site: Site, reply: Any) -> None:
    """It stays with what the bank may have done, is due again by itself, and the bank is left alone for a while."""
    site.look()
    if isinstance(reply, OwnReply):
        site.way.replies[0].callback(reply)
    else:
        site.way.replies[0].errback(reply)
    assert (site.push.state, site.push.tries, site.push.fep_serial) == (PushState.WAITING, 1, SERIAL)
    assert site.push.due_at > NOW
    assert site.rim.events == {"push_unanswered": 1}
    assert site.pusher.look(site.branch) is None, "the bank is left alone"  # type: ignore[arg-type]


def test_what_was_not_sent_is_given_back(site: Site) -> None:
    """Nothing of the try remains: the bank knows nothing of it, and the late fee may still change."""
    site.way.fault = PartnerUnreachable(Reason.NOT_CONNECTED)
    site.look()
    assert (site.push.tries, site.push.late_fee_fen, site.push.owner) == (0, None, "")
    assert site.counts()["in_work"] == 0


def test_what_cannot_be_said_is_dead(site: Site, logs: list[MutableMapping[str, Any]]) -> None:
    """A person must collect it otherwise: an alarm, and no customer's data in it."""
    site.way.fault = LocalProtocolError("body.name: too long")
    site.look()
    assert (site.push.state, site.push.reason) == (PushState.DEAD, PushReason.NOT_SENDABLE)
    assert [(line["event"], line["log_level"]) for line in logs[-2:]] == [
        ("push_not_sendable", "error"),
        ("push_dead", "error"),
    ]
    assert ACCOUNT not in str(logs)


def test_a_gate_that_cannot_do_it_puts_it_off(site: Site, logs: list[MutableMapping[str, Any]]) -> None:
    """It is due again by itself; the lane has room again."""
    site.refusal = GateBusy("too much waits")
    site.look()
    assert site.way.asked == []
    assert site.counts()["in_work"] == 0
    assert site.rim.events == {"push_put_off": 1}
    assert logs[-1]["event"] == "push_put_off"


def test_nothing_begins_where_nothing_can_be_sent(site: Site) -> None:
    """No link, a bank that is suspended, a database that is down: nobody looks."""
    site.way.is_up = False
    assert site.pusher.look(site.branch) is None  # type: ignore[arg-type]
    site.way.is_up = True
    site.lane.settings = replace(SETTINGS, terms=replace(SETTINGS.terms, is_suspended=True))
    assert site.pusher.look(site.branch) is None  # type: ignore[arg-type]
    site.lane.settings = SETTINGS
    site.branch.is_up = False
    assert site.pusher.look(site.branch) is None  # type: ignore[arg-type]
    assert site.looked == []


def test_what_is_too_old_ends_without_being_sent(logs: list[MutableMapping[str, Any]]) -> None:
    """Whether the bank can be reached or not; what it may have debited is warned of, and all is counted anew."""
    old = LOADED_AT.replace(year=2025)
    site = Site(sent(created_at=old, pushed_at=old, due_at=old))
    site.way.is_up = False
    site.found[aged_pushes] = [replace(DUE, is_numbered=True)]
    site.found[push_counts] = {BANK: {PushState.WAITING: 3, PushState.DEAD: 1}}
    site.pusher.look_at_aged(site.branch)  # type: ignore[arg-type]
    assert (site.push.state, site.push.reason) == (PushState.EXPIRED, PushReason.TOO_OLD)
    assert site.way.asked == []
    assert (logs[-1]["event"], logs[-1]["log_level"]) == ("push_expired", "warning")
    assert site.counts() == {"in_work": 0, "waiting": 3, "accepted": 0, "dead": 1}


def test_a_database_that_is_away_is_told_once(site: Site, logs: list[MutableMapping[str, Any]]) -> None:
    """And once more when it has been back; a bug of ours is told each time."""
    away = DatabaseUnavailable("pushes cannot be looked at")
    for found in (away, away, [], away):
        site.found[due_pushes] = found
        site.look()
    assert [line["event"] for line in logs if line["log_level"] == "warning"] == ["push_look_failed"] * 2
    site.found[due_pushes] = ValueError("a bug")
    site.look()
    site.look()
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["push_look_failed"] * 2


def test_the_end_waits_for_answers_and_no_longer_than_it_may(site: Site) -> None:
    """Nothing is begun any more; what is not answered in time is pushed again by whoever runs then."""
    site.look()
    drained: list[object] = []
    site.pusher.drain(10.0).addCallback(drained.append)
    assert site.pusher.look(site.branch) is None  # type: ignore[arg-type]
    assert site.pusher.look_at_aged(site.branch) is None  # type: ignore[arg-type]
    site.rim.clock.advance(9.9)
    site.pusher.check(site.rim.clock.seconds())
    assert drained == []
    site.rim.clock.advance(0.2)
    site.pusher.check(site.rim.clock.seconds())
    assert drained == [None]
    site.way.replies[0].callback(DEBITED)
    assert site.push.state is PushState.DEBITED


def test_the_end_comes_with_the_last_answer(site: Site) -> None:
    """As soon as nothing is under way."""
    site.look()
    drained: list[object] = []
    site.pusher.drain(10.0).addCallback(drained.append)
    site.way.replies[0].callback(DEBITED)
    assert drained == [None]


def test_a_new_configuration_keeps_what_is_under_way(site: Site) -> None:
    """A lane of the same way stays with its pushes; one that is left is looked after until its last answer."""
    site.look()
    same = BankLane(replace(SETTINGS, push_rate_max=3), site.way)  # type: ignore[arg-type]
    site.pusher.take_lanes({BANK: same})
    assert site.counts()["in_work"] == 1
    assert site.lane.settings.push_rate_max == 3
    site.pusher.take_lanes({})
    assert site.pusher.state(BANK) == {}
    site.pusher.check(7.0)
    assert site.way.checked_at == [7.0]
    site.way.replies[0].callback(DEBITED)
    site.pusher.take_lanes({})
    site.pusher.check(8.0)
    assert site.way.checked_at == [7.0], "nothing is under way on it any more"
