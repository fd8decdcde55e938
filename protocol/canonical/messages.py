"""Messages 统一报文: a request as a handler sees it, and what is answered, whatever the format of the link."""

from datetime import date, time

from protocol.canonical.business import (
    ConsumptionReply,
    HistoryRequest,
    InvoiceReply,
    InvoiceRequest,
    PaymentsReply,
    PayReply,
    PayRequest,
    QueryReply,
    QueryRequest,
    StatusReply,
    StatusRequest,
    UndoReply,
    UndoRequest,
)
from protocol.canonical.link import KeyReply, KeyRequest, NoBody, WorkDay
from protocol.canonical.push import PushRequest
from protocol.canonical.reconciliation import DetailReply, DetailRequest, TotalsReply, TotalsRequest
from protocol.files.notices import BatchCancel, FileNotice
from protocol.files.transfer import FileChunk, FileGetRequest, FileListReply, FileListRequest, FilePutReply
from protocol.record import record
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction


@record
class Head:
    """Who asks, from where and under which serial; the same for every transaction.

    Attributes:
        bank_code: the bank that is signed in on the connection.
        branch_code: bank outlet 网点, may be empty.
        teller_id: may be empty.
        bank_date: the bank's accounting date; wall-clock date in sign-in and key exchange.
        bank_time: wall clock.
        channel: 1 counter, 2 pushed debit, 3 kiosk/ATM, 4 net bank, 5 mobile, 6 phone, 7 POS, 8 TV, 9 agent, 10 batch.
        bank_serial: up to 32 characters; digits in the standard link, its leading zeros kept.
    """

    bank_code: str
    branch_code: str
    teller_id: str
    bank_date: date
    bank_time: time
    channel: int
    bank_serial: str


RequestBody = (
    NoBody
    | KeyRequest
    | QueryRequest
    | PayRequest
    | UndoRequest
    | StatusRequest
    | HistoryRequest
    | InvoiceRequest
    | TotalsRequest
    | DetailRequest
    | FileChunk
    | FileGetRequest
    | FileListRequest
    | FileNotice
    | PushRequest
    | BatchCancel
    | WorkDay
)


ReplyBody = (
    NoBody
    | KeyReply
    | QueryReply
    | PayReply
    | UndoReply
    | StatusReply
    | PaymentsReply
    | ConsumptionReply
    | InvoiceReply
    | TotalsReply
    | DetailReply
    | FilePutReply
    | FileChunk
    | FileListReply
)


@record
class Request:
    """One request as a handler sees it.

    Attributes:
        transaction: which transaction.
        head: who asks.
        body: the transaction's own fields.
        digest: 32 hex characters over transaction code and plain body: the content of the request, by which a repeat
            is told from another request under the same serial. No header field belongs to it.
    """

    transaction: Transaction
    head: Head
    body: RequestBody
    digest: str


@record
class Answer:
    """What is answered to one request, before any dialect gives it a shape.

    Attributes:
        code: the outcome.
        body: the reply's fields when approved, else None (the dialect then builds its error reply from the code).
        repeat: the effect was found in the journal.
        fep_serial: number of the movement, for money requests.
        clearing_date: the money request's own clearing date, for others what was last read; None while unknown.
        is_short: refused because the amount is less than what is payable, which some bank formats tell apart.
        detail: what the teller reads behind the words of a refusal, in Chinese; nothing of a customer.
    """

    code: ResponseCode
    body: ReplyBody | None = None
    repeat: bool = False
    fep_serial: int | None = None
    clearing_date: date | None = None
    is_short: bool = False
    detail: str = ""
