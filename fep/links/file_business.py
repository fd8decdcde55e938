"""File requests in work 文件类交易: from a link to the desk for batch files, and back to the link."""

from typing import Protocol

from dbgate.work import Moment
from fep.files.announcements import Announcement
from fep.files.work import FileWork
from fep.links.bank import Bank
from fep.links.exchange import Exchange
from fep.links.in_work import AnswersExchanges, Ticket
from fep.links.services import Services
from handlers.catalogue import refusal_of_files
from handlers.terms import Context
from protocol.canonical.messages import Answer, Request
from protocol.files.notices import FileNotice
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
    overdue_event = "files_overdue"


def submit_for_files(link: FileLink, exchange: Exchange, bank: Bank, request: Request) -> None:
    """Send a request for files to their desk, once the checks that all business goes through have passed.

    Whether the bank is in service goes by the clock of this machine: no database is asked.
    """
    services, terms, body = link.services, bank.settings.terms, request.body
    moment = Moment(services.wall_clock(), None, None, None)
    refusal = refusal_of_files(request, Context(terms, services.settings.rules, moment))
    if refusal is not None:
        return link.answer(exchange, refusal)
    asked: FileChunk | FileGetRequest | FileListRequest | Announcement
    if isinstance(body, FileNotice):
        serial = services.next_own_serial()
        if serial is None:
            return link.answer(exchange, Answer(ResponseCode.DATABASE_UNAVAILABLE))
        asked = Announcement(body, request.head, request.digest, serial, services.wall_clock())
    else:
        assert isinstance(body, FileChunk | FileGetRequest | FileListRequest), request.transaction
        asked = body
    deadline_s = services.clock.seconds() + services.settings.billing.db_timeout
    # What nobody foresaw to fail may have been stored all the same.
    ticket = FileTicket(link, exchange, is_money=isinstance(asked, FileChunk | Announcement))
    ticket.work = work = FileWork(bank.settings, asked, deadline_s, ticket.done)
    link.in_flight += 1
    bank.load.in_flight += 1
    services.in_work.add(ticket)
    return services.file_desk.submit(work)
