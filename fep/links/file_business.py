"""File requests in work 文件类交易: from a link to the desk for batch files, and back to the link."""

from typing import Protocol

from dbgate.work import Moment
from fep.files.work import FileWork
from fep.links.bank import Bank
from fep.links.exchange import Exchange
from fep.links.in_work import AnswersExchanges, Ticket
from fep.links.services import Services
from handlers.catalogue import refusal_of_files
from handlers.terms import Context
from protocol.canonical import Request
from protocol.files.transfer import FileChunk, FileGetRequest, FileListRequest
from protocol.response_codes import ResponseCode


class FileLink(AnswersExchanges, Protocol):
    """What is needed of a link to submit its requests for files."""

    services: Services
    in_flight: int


class FileTicket(Ticket):
    """One request that waits for the desk's answer."""

    __slots__ = ()

    not_begun = ResponseCode.BUSY


def submit_for_files(link: FileLink, exchange: Exchange, bank: Bank, request: Request) -> None:
    """Send a request for files to their desk, once the checks that all business goes through have passed.

    Whether the bank is in service goes by the clock of this machine: no database is asked.
    """
    services, terms, body = link.services, bank.settings.terms, request.body
    moment = Moment(services.wall_clock(), None, None, None)
    refusal = refusal_of_files(request, Context(terms, services.settings.rules, moment))
    if refusal is not None:
        return link.answer(exchange, refusal)
    assert isinstance(body, FileChunk | FileGetRequest | FileListRequest), request.transaction
    # A put that nobody foresaw to fail may have been stored all the same.
    ticket = FileTicket(link, exchange, is_money=isinstance(body, FileChunk))
    deadline_s = services.clock.seconds() + services.settings.billing.db_timeout
    ticket.work = work = FileWork(bank.settings, body, deadline_s, ticket.done)
    link.in_flight += 1
    services.in_work.add(ticket)
    return services.file_desk.submit(work)
