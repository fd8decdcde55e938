"""Bodies 报文体: what makes the canonical body of a request, of the attributes that a description binds."""

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

from protocol.canonical import (
    HistoryRequest,
    InvoiceRequest,
    KeyRequest,
    NoBody,
    PayRequest,
    QueryRequest,
    RequestBody,
    StatusRequest,
    Totals,
    TotalsRequest,
    UndoRequest,
)
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
    }
)
"""By transaction."""
