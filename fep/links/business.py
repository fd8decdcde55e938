"""Business requests in work 在途交易: from a link to the gate, and from the gate's answer back to the link."""

from collections import deque
from functools import partial
from typing import TYPE_CHECKING

import structlog

from dbgate.errors import DecisionFailed, GateError
from dbgate.work import Decision, Moment, Work
from dbgate.working_set import WorkingSet
from fep.links.bank import Bank
from fep.links.outcomes import response_of
from handlers.catalogue import HANDLERS, Handler
from handlers.terms import BankTerms, Context, Rules
from protocol.canonical import Answer, Request
from protocol.response_codes import ResponseCode

if TYPE_CHECKING:
    from fep.links.link import Exchange, Link

OVERDUE_S = 0.5
"""The gate answers by the deadline; a driver that hangs inside a call does not, and is not waited for any longer."""

_log = structlog.get_logger()


def submit(link: "Link", exchange: "Exchange", bank: Bank, request: Request) -> None:
    """Send a business request to the gate; a gate that cannot take it is answered at once."""
    services = link.services
    handler = HANDLERS[request.transaction]
    needs = handler.needs(request, bank.settings.terms, services.wall_clock().date())
    ticket = Ticket(link, exchange, is_money=handler.money)
    decide = partial(_decide, handler, request, bank.settings.terms, services.settings.rules)
    deadline_s = services.clock.seconds() + services.settings.billing.db_timeout
    ticket.work = Work(needs, decide, handler.money, deadline_s, ticket.done)
    try:
        services.gate.submit(ticket.work)
    except GateError as error:
        return link.answer(exchange, Answer(response_of(error, may_be_stored=False)))
    link.in_flight += 1
    return services.in_work.add(ticket)


def _decide(
    handler: Handler, request: Request, terms: BankTerms, rules: Rules, records: WorkingSet, moment: Moment
) -> Decision:
    return handler.decide(request, records, Context(terms, rules, moment))


class Ticket:
    """One request that waits for the gate's answer; answered exactly once."""

    __slots__ = ("exchange", "is_answered", "is_money", "link", "work")

    work: Work

    def __init__(self, link: "Link", exchange: "Exchange", *, is_money: bool) -> None:
        self.link = link
        self.exchange = exchange
        self.is_money = is_money
        self.is_answered = False

    def done(self, result: object) -> None:
        """Take the gate's answer: an ``Answer``, or the error that stands for it."""
        if self.is_answered:
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
        """Answer without the gate: whether money work was stored is unknown by now."""
        _log.error("gate_overdue", money=self.is_money)
        self._answer(Answer(ResponseCode.OUTCOME_UNKNOWN if self.is_money else ResponseCode.DATABASE_UNAVAILABLE))

    def _answer(self, answer: Answer) -> None:
        self.is_answered = True
        try:
            self.link.answer(self.exchange, answer, self.work.batch_size)
        except Exception as error:  # noqa: BLE001 - a reply that cannot be built: a bug of ours, but the work was done
            _log.error("reply_failed", error=error)
            code = ResponseCode.OUTCOME_UNKNOWN if self.is_money else ResponseCode.SYSTEM_MALFUNCTION
            self.link.answer(self.exchange, Answer(code), self.work.batch_size)
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
        while tickets and (tickets[0].is_answered or tickets[0].work.deadline + OVERDUE_S <= now):
            ticket = tickets.popleft()
            if not ticket.is_answered:
                ticket.overdue()
