"""The pusher 划拨器: looks for pushes that are due, claims each, sends it, and has the bank's answer posted.

    due_pushes (a thread) -> claim (the gate) -> the bank -> its answer (the gate)

What certainly was not sent is released; what was sent and is not answered is pushed again later under the same number,
by whichever daemon claims it next. Nothing here decides about money: the handlers do, under the lock of the account.
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.python.failure import Failure

from dbgate.books.due_pushes import DuePush
from dbgate.books.states import PushReason
from dbgate.branch import Branch
from dbgate.work import Decision, Moment, Needs, Work
from dbgate.working_set import WorkingSet
from fep.links.services import Services
from fep.log_fields import loggable_code
from fep.partners.errors import Certainty, PartnerError
from fep.pushes.lane import BankLane
from fep.pushes.looks import PushLooks, Threaded
from fep.pushes.push_log import PushLog
from handlers import bill_push, push_reply
from handlers.bill_push import Claimed, Ended
from handlers.push_reply import Answered
from handlers.terms import Context
from protocol.canonical.push import PushReply
from protocol.dialect import OwnReply
from protocol.errors import LocalProtocolError

LOOK_INTERVAL_S = 1.0
"""How often it is looked for due pushes of banks that can be reached; one read by an index."""

AGED_INTERVAL_S = 60.0
"""How often those are looked for that are too old, and counted; their limit is days."""

Decides = Callable[[WorkingSet, Context], Decision]


class Pusher:
    """Pushes of one daemon to all banks that take them.

    Args:
        services: of the daemon.
        lanes: by bank code, of the banks that bills are pushed to.
        threaded: for looking at a database, which blocks.
        owner: this daemon, for whoever reads the table.
    """

    def __init__(self, services: Services, lanes: Mapping[str, BankLane], threaded: Threaded, owner: str) -> None:
        self._services = services
        self._lanes = dict(lanes)
        self._ended_lanes: list[BankLane] = []  # nothing more is begun on them, but not all is answered yet
        self._looks = PushLooks(threaded)
        self._log = PushLog(services.events)
        self._owner = owner
        self._in_work = 0
        self._drain_by_s: float | None = None
        self._drained: Deferred[None] | None = None

    def take_lanes(self, lanes: Mapping[str, BankLane]) -> None:
        """Take the lanes of a new configuration; one whose way is the same stays, with what is under way on it."""
        self._ended_lanes = [lane for lane in self._ended_lanes if lane.in_work]
        for code, lane in self._lanes.items():
            wanted = lanes.get(code)
            if wanted is None or not lane.way.is_same(wanted.way):
                self._ended_lanes.append(lane)
        self._lanes = {code: self._kept(code, lane) for code, lane in lanes.items()}

    def _kept(self, code: str, wanted: BankLane) -> BankLane:
        present = self._lanes.get(code)
        if present is None or not present.way.is_same(wanted.way):
            return wanted
        present.settings = wanted.settings
        return present

    # --- looking

    def look(self, branch: Branch) -> "Deferred[None] | None":
        """Begin what is due in one database for banks that can be reached and have room."""
        rooms = self._rooms()
        if not rooms or not branch.is_up:
            return None
        return self._looks.at_due(branch, rooms, self._found)

    def look_at_aged(self, branch: Branch) -> "Deferred[None] | None":
        """End what is too old, of every bank, whether it can be reached or not; and count what there is."""
        if self._drain_by_s is not None or not branch.is_up:
            return None
        ages = {code: bank.settings.terms.push_age for code, bank in self._services.banks.items()}
        aged = self._looks.at_aged(branch, ages, self._found_aged)
        return aged.addCallback(lambda _: self._looks.at_counts(branch, self._lanes))

    def _rooms(self) -> dict[str, int]:
        if self._drain_by_s is not None:
            return {}
        now, moment = self._services.clock.seconds(), self._services.wall_clock()
        rooms = {}
        for code, lane in self._lanes.items():
            terms = lane.settings.terms
            room = lane.room(now)
            if room and not terms.is_suspended and terms.service_hours.contains(moment):
                rooms[code] = room
        return rooms

    def _found(self, found: Iterable[DuePush]) -> None:
        rooms = self._rooms()
        for due in found:
            lane = self._lanes.get(due.bank_code)
            if lane is None:
                continue
            if rooms.get(due.bank_code, 0) and due.bill_no not in lane.in_work:
                rooms[due.bank_code] -= 1
                lane.begin(due.bill_no)
                self._begin(due, lane)

    def _found_aged(self, found: Iterable[DuePush]) -> None:
        for due in found:
            self._begin(due, None)

    # --- one push

    def _begin(self, due: DuePush, lane: BankLane | None) -> None:
        self._in_work += 1
        self._push(due, lane).addErrback(self._failed, due).addBoth(self._ended, due, lane)

    def _ended(self, _result: object, due: DuePush, lane: BankLane | None) -> None:
        self._in_work -= 1
        if lane is not None:
            lane.end(due.bill_no)
        self._note_drained()

    def _failed(self, failure: Failure, due: DuePush) -> None:
        assert failure.value is not None
        self._log.failed(due.bank_code, failure.value)

    @inlineCallbacks
    def _push(self, due: DuePush, lane: BankLane | None) -> "Generator[Deferred[Any], Any, None]":
        needs = bill_push.needs(due.bank_code, due.account_no, is_numbered=due.is_numbered)
        claimed = yield self._run(needs, partial(bill_push.claim, due.bill_no, self._owner))
        if isinstance(claimed, Ended):
            self._log.ended(claimed)
        elif isinstance(claimed, Claimed):
            if lane is None:
                yield self._release(claimed)
            else:
                yield self._send(claimed, lane)

    @inlineCallbacks
    def _send(self, claimed: Claimed, lane: BankLane) -> "Generator[Deferred[Any], Any, None]":
        push = claimed.push
        assert push.fep_serial is not None
        try:
            reply = yield lane.way.ask(claimed.request, push.fep_serial)
        except PartnerError as error:
            if error.reason in lane.way.pausing:
                lane.failed(self._services.clock.seconds())
            self._log.unanswered(claimed, reason=error.reason.value)
            if error.reason.certainty is Certainty.NOT_SENT:
                yield self._release(claimed)
            return
        except LocalProtocolError as error:
            self._log.not_sendable(claimed, str(error))
            ended = yield self._run(_needs(claimed), partial(bill_push.doubt, claimed, PushReason.NOT_SENDABLE))
            if isinstance(ended, Ended):
                self._log.ended(ended)
            return
        yield self._answered(claimed, lane, reply)

    @inlineCallbacks
    def _answered(self, claimed: Claimed, lane: BankLane, reply: OwnReply) -> "Generator[Deferred[Any], Any, None]":
        body = reply.body
        if not isinstance(body, PushReply):  # the code leaves open what was done
            lane.failed(self._services.clock.seconds())
            self._log.unanswered(claimed, reason="code", code=loggable_code(reply.code))
            return
        lane.answered()
        needs = push_reply.needs(claimed.push, body)
        answered = yield self._run(needs, partial(push_reply.decide, claimed.push.bill_no, body))
        assert isinstance(answered, Answered), answered
        if answered.posted is not None:
            self._services.audit.moved(answered.posted, "bill_push")
        self._log.answered(answered, body)

    def _release(self, claimed: Claimed) -> "Deferred[object]":
        return self._run(_needs(claimed), partial(bill_push.release, claimed))

    def _run(self, needs: Needs, decides: Decides) -> "Deferred[object]":
        """Have the gate decide and store; fires with the decision's answer."""
        services, done = self._services, Deferred[object]()
        bank = services.banks[needs.bank_code].settings

        def decide(records: WorkingSet, moment: Moment) -> Decision:
            return decides(records, Context(bank.terms, services.settings.rules, moment))

        def deliver(result: object) -> None:
            if isinstance(result, BaseException):
                done.errback(result)
            else:
                done.callback(result)

        deadline_s = services.clock.seconds() + services.settings.billing.db_timeout
        services.submissions.add(Work(needs, decide, True, deadline_s, deliver))
        return done

    def state(self, bank_code: str) -> dict[str, dict[str, int]]:
        """Return what an operator is told of a bank as ``pushes``; nothing when none are pushed to it."""
        lane = self._lanes.get(bank_code)
        if lane is None:
            return {}
        return {"pushes": {"in_work": len(lane.in_work), **self._looks.counts(bank_code)}}

    # --- limits and the end

    def check(self, now: float) -> None:
        """Enforce time limits at ``now`` (monotonic seconds)."""
        for lane in (*self._lanes.values(), *self._ended_lanes):
            lane.way.check(now)
        if self._drain_by_s is not None and now >= self._drain_by_s:
            self._note_drained(is_late=True)

    def drain(self, within_s: float) -> "Deferred[None]":
        """Begin no more pushes; fires when those under way are over, or when that takes too long.

        What is not answered by then is pushed again by whoever runs.
        """
        self._drain_by_s = self._services.clock.seconds() + within_s
        self._drained = done = Deferred[None]()
        self._note_drained()
        return done

    def _note_drained(self, *, is_late: bool = False) -> None:
        if self._drained is not None and (is_late or not self._in_work):
            drained, self._drained = self._drained, None
            drained.callback(None)


def _needs(claimed: Claimed) -> Needs:
    return bill_push.needs(claimed.push.bank_code, claimed.push.account_no)
