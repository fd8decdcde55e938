"""Bodies 报文体: what makes the canonical body of a request, of the attributes that a description binds."""

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

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
from protocol.canonical.messages import RequestBody
from protocol.canonical.push import PushReply, PushRequest
from protocol.canonical.reconciliation import DetailReply, DetailRequest, Totals, TotalsReply, TotalsRequest
from protocol.files.notices import BatchCancel, BatchCancelReply, FileNotice
from protocol.files.transfer import FileChunk, FileGetRequest, FileListReply, FileListRequest, FilePutReply
from protocol.transactions import Transaction


def _totals_request(clearing_date: date, **totals: int) -> TotalsRequest:
    counted = {attribute.removeprefix("totals."): number for attribute, number in totals.items()}
    return TotalsRequest(clearing_date, Totals(**counted))


BODIES: Mapping[Transaction, Callable[..., RequestBody]] = MappingProxyType(
    {
        Transaction.SIGN_IN: KeyRequest,
        Transaction.SIGN_OUT: NoBody,
        Transaction.KEY_EXCHANGE: KeyRequest,
        Transaction.ECHO: NoBody,
        Transaction.QUERY: QueryRequest,
        Transaction.PAY: PayRequest,
        Transaction.CANCEL: UndoRequest,
        Transaction.REVERSE: UndoRequest,
        Transaction.STATUS: StatusRequest,
        Transaction.PAYMENTS: HistoryRequest,
        Transaction.CONSUMPTION: HistoryRequest,
        Transaction.INVOICE: InvoiceRequest,
        Transaction.RECON_TOTALS: _totals_request,
        Transaction.RECON_DETAIL: DetailRequest,
        Transaction.FILE_PUT: FileChunk,
        Transaction.FILE_GET: FileGetRequest,
        Transaction.FILE_LIST: FileListRequest,
        Transaction.FILE_NOTICE: FileNotice,
        Transaction.BILL_PUSH: PushRequest,
    }
)
"""By transaction."""

PLACES: Mapping[Transaction, tuple[type, type]] = MappingProxyType(
    {
        Transaction.SIGN_IN: (KeyRequest, KeyReply),
        Transaction.SIGN_OUT: (NoBody, NoBody),
        Transaction.KEY_EXCHANGE: (KeyRequest, KeyReply),
        Transaction.ECHO: (NoBody, NoBody),
        Transaction.QUERY: (QueryRequest, QueryReply),
        Transaction.PAY: (PayRequest, PayReply),
        Transaction.CANCEL: (UndoRequest, UndoReply),
        Transaction.REVERSE: (UndoRequest, UndoReply),
        Transaction.STATUS: (StatusRequest, StatusReply),
        Transaction.PAYMENTS: (HistoryRequest, PaymentsReply),
        Transaction.CONSUMPTION: (HistoryRequest, ConsumptionReply),
        Transaction.INVOICE: (InvoiceRequest, InvoiceReply),
        Transaction.RECON_TOTALS: (TotalsRequest, TotalsReply),
        Transaction.RECON_DETAIL: (DetailRequest, DetailReply),
        Transaction.FILE_PUT: (FileChunk, FilePutReply),
        Transaction.FILE_GET: (FileGetRequest, FileChunk),
        Transaction.FILE_LIST: (FileListRequest, FileListReply),
        Transaction.FILE_NOTICE: (FileNotice, NoBody),
    }
)
"""The bodies of a bank's request and of our reply, by transaction: what fields may be bound to."""

OWN_PLACES: Mapping[Transaction, tuple[type, type]] = MappingProxyType(
    {
        Transaction.SIGN_IN: (WorkDay, NoBody),
        Transaction.SIGN_OUT: (WorkDay, NoBody),
        Transaction.ECHO: (NoBody, NoBody),
        Transaction.FILE_NOTICE: (FileNotice, NoBody),
        Transaction.BATCH_CANCEL: (BatchCancel, BatchCancelReply),
        Transaction.BILL_PUSH: (PushRequest, PushReply),
    }
)
"""The same of what the FEP asks."""

NESTED: Mapping[str, type] = MappingProxyType({"totals": Totals})
"""Attributes that are objects whose own attributes fields may be bound to."""
