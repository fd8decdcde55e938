"""Business requests in work 在途交易: from a link to the gate, and from the gate's answer back to the link."""

from functools import partial
from typing import Protocol

from dbgate.work import Decision, Moment, Work
from dbgate.working_set import WorkingSet
from fep.links.bank import Bank
from fep.links.exchange import Exchange
from fep.links.file_business import submit_for_files
from fep.links.in_work import AnswersExchanges, Ticket
from fep.links.services import Services
from fep.links.shares import Shares
from fep.links.wire import Wire
from handlers.catalogue import HANDLERS, Handler
from handlers.terms import BankTerms, Context, Rules
from protocol.canonical.messages import Answer, Request
from protocol.response_codes import ResponseCode
from protocol.transactions import FILE_TRANSACTIONS


class SubmittingLink(AnswersExchanges, Protocol):
    """What is needed of a link to submit its requests."""

    services: Services
    shares: Shares
    wire: Wire
    in_flight: int


def submit(link: SubmittingLink, exchange: Exchange, bank: Bank, request: Request) -> None:
    """Send a business request to the gate, at the end of the loop's round; one for files to their desk.

    Where there are several databases, one whose share of the link is full is busy for this link.
    """
    limit = bank.load.refusal(bank.settings, exchange.started_s)
    if limit is not None:
        link.services.refusals.requests[bank.settings.bank_code, limit] += 1
        if bank.load.is_insistent(exchange.started_s):
            link.wire.hold()
        return link.answer(exchange, Answer(ResponseCode.BUSY))
    if request.transaction in FILE_TRANSACTIONS:
        return submit_for_files(link, exchange, bank, request)
    services = link.services
    handler = HANDLERS[request.transaction]
    needs = handler.needs(request, bank.settings.terms, exchange.started_at.date())
    share = None if services.branch_of is None else link.shares.of(services.branch_of(needs))
    if share is not None and share.is_full:
        return link.answer(exchange, Answer(ResponseCode.BUSY))
    ticket = Ticket(link if share is None else share, exchange, is_money=handler.money)
    decide = partial(_decide, handler, request, bank.settings.terms, services.settings.rules)
    deadline_s = exchange.started_s + services.settings.billing.db_timeout
    ticket.work = Work(needs, decide, handler.money, deadline_s, ticket.done)
    if exchange.sampled is not None:
        ticket.work.stages = exchange.sampled.stages
    link.in_flight += 1
    bank.load.in_flight += 1
    if share is not None:
        share.in_flight += 1
    services.in_work.add(ticket)
    return services.submissions.add(ticket.work)


def _decide(
    handler: Handler, request: Request, terms: BankTerms, rules: Rules, records: WorkingSet, moment: Moment
) -> Decision:
    return handler.decide(request, records, Context(terms, rules, moment))
