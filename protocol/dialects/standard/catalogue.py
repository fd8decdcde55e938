"""Catalogue of the standard link 报文目录: which bodies each transaction has. A new transaction is a new row."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from protocol.dialects.standard.codes import CODES
from protocol.dialects.standard.messages.history import CONSUMPTION_REPLY, HISTORY_REQUEST, PAYMENTS_REPLY
from protocol.dialects.standard.messages.invoice import INVOICE_REPLY, INVOICE_REQUEST
from protocol.dialects.standard.messages.link import EMPTY, KEY_REPLY, KEY_REQUEST
from protocol.dialects.standard.messages.pay import PAY_REPLY, PAY_REQUEST
from protocol.dialects.standard.messages.query import QUERY_REPLY, QUERY_REQUEST
from protocol.dialects.standard.messages.status import STATUS_REPLY, STATUS_REQUEST
from protocol.dialects.standard.messages.totals import TOTALS_REPLY, TOTALS_REQUEST
from protocol.dialects.standard.messages.undo import UNDO_REPLY, UNDO_REQUEST
from protocol.layout import Layout
from protocol.transactions import Transaction


@dataclass(frozen=True, slots=True)
class Message:
    """The two bodies of one transaction, and its code on the wire."""

    code: int
    request: Layout[Any]
    reply: Layout[Any]


_BODIES: dict[Transaction, tuple[Layout[Any], Layout[Any]]] = {
    Transaction.SIGN_IN: (KEY_REQUEST, KEY_REPLY),
    Transaction.SIGN_OUT: (EMPTY, EMPTY),
    Transaction.KEY_EXCHANGE: (KEY_REQUEST, KEY_REPLY),
    Transaction.ECHO: (EMPTY, EMPTY),
    Transaction.QUERY: (QUERY_REQUEST, QUERY_REPLY),
    Transaction.PAY: (PAY_REQUEST, PAY_REPLY),
    Transaction.CANCEL: (UNDO_REQUEST, UNDO_REPLY),
    Transaction.REVERSE: (UNDO_REQUEST, UNDO_REPLY),
    Transaction.STATUS: (STATUS_REQUEST, STATUS_REPLY),
    Transaction.PAYMENTS: (HISTORY_REQUEST, PAYMENTS_REPLY),
    Transaction.CONSUMPTION: (HISTORY_REQUEST, CONSUMPTION_REPLY),
    Transaction.INVOICE: (INVOICE_REQUEST, INVOICE_REPLY),
    Transaction.RECON_TOTALS: (TOTALS_REQUEST, TOTALS_REPLY),
}

CATALOGUE = MappingProxyType(
    {transaction: Message(CODES[transaction], *bodies) for transaction, bodies in _BODIES.items()}
)
"""Every transaction of this dialect."""
