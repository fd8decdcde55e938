"""Requests in work 在途交易: each waits for the gate's answer and is answered exactly once, even when none comes."""

from collections import deque
from typing import Protocol

import structlog

from dbgate.errors import DecisionFailed, GateError
from dbgate.work import Fate
from fep.links.exchange import Exchange
from fep.links.outcomes import response_of
from protocol.canonical.messages import Answer
from protocol.response_codes import ResponseCode

_log = structlog.get_logger()


class AnswersExchanges(Protocol):
    """What a request in work needs of its link."""

    def answer(self, exchange: Exchange, answer: Answer, batch_size: int = 0) -> None:
        """Send the reply to ``exchange`` and write its log line."""
        ...

    def answered_late(self, exchange: Exchange, answer: Answer) -> None:
        """Tell of what was done after its bank had been told that the outcome is unknown."""
        ...

    def work_done(self) -> None:
        """One request less is in work."""
        ...


class Waiting(Protocol):
    """What a request in work needs of that work: ``dbgate.work.Work`` or another kind of it."""

    deadline: float
    batch_size: int
    fate: Fate


class Ticket:
    """One request that waits for the gate's answer; answered exactly once.

    Attributes:
        is_money: what nobody foresaw leaves its outcome unknown.
    """

    __slots__ = ("_overdue", "exchange", "is_answered", "is_money", "link", "work")

    work: Waiting
    not_begun = ResponseCode.DATABASE_UNAVAILABLE
    """What is answered when nothing had been done in time."""
    overdue_event = "gate_overdue"

    def __init__(self, link: AnswersExchanges, exchange: Exchange, *, is_money: bool) -> None:
        self.link = link
        self.exchange = exchange
        self.is_money = is_money
        self.is_answered = False
        self._overdue: Exchange | None = None

    def done(self, result: object) -> None:
        """Take the gate's answer: an ``Answer``, or the error that stands for it."""
        if self.is_answered:
            self._done_late(result)
            return
        if isinstance(result, Answer):
            answer = result
        else:
            assert isinstance(result, BaseException), result
            if isinstance(result, DecisionFailed) or not isinstance(result, GateError):
                _log.error("request_failed", error=result)
            answer = Answer(response_of(result, may_be_stored=self.is_money))
        self._answer(answer)

    def overdue(self) -> None:
        """Answer without the gate, which waits for its database: nothing is done after the deadline but to commit."""
        may_be_stored = self.work.fate.may_be_stored
        _log.error(self.overdue_event, money=self.is_money, may_be_stored=may_be_stored)
        self._overdue = self.exchange if self.is_money else None
        self._answer(Answer(ResponseCode.OUTCOME_UNKNOWN if may_be_stored else self.not_begun))

    def _done_late(self, result: object) -> None:
        """Tell of what was committed after the bank had been answered."""
        exchange, self._overdue = self._overdue, None
        if exchange is not None and isinstance(result, Answer):
            self.link.answered_late(exchange, result)

    def _answer(self, answer: Answer) -> None:
        self.is_answered = True
        exchange, batch_size = self.exchange, self.work.batch_size
        del self.exchange, self.work  # work and ticket name each other: without this only the collector would free them
        try:
            self.link.answer(exchange, answer, batch_size)
        except Exception as error:  # noqa: BLE001 - a reply that cannot be built: a bug of ours, but the work was done
            _log.error("reply_failed", error=error)
            code = ResponseCode.OUTCOME_UNKNOWN if self.is_money else ResponseCode.SYSTEM_MALFUNCTION
            self.link.answer(exchange, Answer(code), batch_size)
        finally:  # whatever happens: a request that stays in work keeps its link from ever ending
            self.link.work_done()


class InWork:
    """All tickets in the order in which they were submitted, which is the order of their deadlines.

    Bounded by the gate's queue and batches: what is in here has been taken by the gate and not been answered.
    """

    def __init__(self) -> None:
        self._tickets: deque[Ticket] = deque()

    def __len__(self) -> int:
        return sum(not ticket.is_answered for ticket in self._tickets)

    def add(self, ticket: Ticket) -> None:
        """Watch ``ticket``."""
        self._tickets.append(ticket)

    def check(self, now: float) -> None:
        """Forget what is answered and answer what is overdue at ``now`` (``time.monotonic``)."""
        tickets = self._tickets
        while tickets and (tickets[0].is_answered or tickets[0].work.deadline <= now):
            ticket = tickets.popleft()
            if not ticket.is_answered:
                ticket.overdue()
