"""The description: every transaction is described, with the codes and sizes of the specification."""

from protocol.dialects.standard.description import FORMAT
from protocol.transactions import BANK_BUSINESS, LINK_TRANSACTIONS, Transaction
from protocol.whole import Whole

SIZES = {
    "1001": (32, 80),
    "1002": (0, 0),
    "1003": (32, 80),
    "1004": (0, 0),
    "2001": (48, 1008),
    "2002": (80, 176),
    "2003": (64, 64),
    "2004": (64, 64),
    "2005": (48, 64),
    "2006": (32, 1056),
    "2007": (32, 1248),
    "2008": (48, 912),
    "3001": (64, 80),
    "3002": (32, 1296),
    "4001": (2160, 80),
    "4002": (80, 2160),
    "4003": (16, 1296),
}


def test_codes_and_sizes() -> None:
    """Each body has the size that the specification prints, and no body needs padding for a cipher."""
    sizes = {
        message.code: (message.request.size, message.reply.size)
        for message in FORMAT.messages
        if isinstance(message.request, Whole) and isinstance(message.reply, Whole)
    }
    assert sizes == SIZES
    assert all(size % 16 == 0 for pair in SIZES.values() for size in pair)
    assert {message.transaction for message in FORMAT.messages} == (LINK_TRANSACTIONS | set(BANK_BUSINESS)) - {
        Transaction.FILE_NOTICE  # its files come with the messages
    }
