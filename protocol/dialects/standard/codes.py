"""Transaction codes of the standard link 交易码."""

from types import MappingProxyType

from protocol.transactions import Transaction

CODES = MappingProxyType(
    {
        Transaction.SIGN_IN: 1001,
        Transaction.SIGN_OUT: 1002,
        Transaction.KEY_EXCHANGE: 1003,
        Transaction.ECHO: 1004,
        Transaction.QUERY: 2001,
        Transaction.PAY: 2002,
        Transaction.CANCEL: 2003,
        Transaction.REVERSE: 2004,
        Transaction.STATUS: 2005,
        Transaction.PAYMENTS: 2006,
        Transaction.CONSUMPTION: 2007,
        Transaction.INVOICE: 2008,
        Transaction.RECON_TOTALS: 3001,
        Transaction.RECON_DETAIL: 3002,
        Transaction.FILE_PUT: 4001,
        Transaction.FILE_GET: 4002,
        Transaction.FILE_LIST: 4003,
        Transaction.BILL_PUSH: 5001,
    }
)
"""Wire code of each transaction."""

FEP_CODES = frozenset({str(CODES[Transaction.BILL_PUSH])})
"""Wire codes of requests that only the FEP sends (BILL_PUSH 实时划拨)."""
