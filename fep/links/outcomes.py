"""Outcomes 结果: the one table that turns an error into what the bank is told.

The type of an error says whose fault it is and what is certain afterwards; a test asserts that every concrete error of
the layers below has a row. Anything that is not in the table is a bug of ours: 9003 while nothing can have been stored,
else 9002.
"""

from collections.abc import Mapping
from types import MappingProxyType

from crypto.errors import KeyRefused, KeyRingBusy, KeyVersionUnknown, MacMismatch
from dbgate.errors import (
    DatabaseUnavailable,
    DecisionFailed,
    GateBusy,
    GateClosed,
    OutcomeUnknown,
    StatementFailed,
)
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.response_codes import ResponseCode

RESPONSE_OF: Mapping[type[Exception], ResponseCode] = MappingProxyType(
    {
        # the peer's fault
        MessageInvalid: ResponseCode.FORMAT_ERROR,
        MacMismatch: ResponseCode.MAC_INCORRECT,
        KeyVersionUnknown: ResponseCode.KEY_EXPIRED,
        KeyRingBusy: ResponseCode.BUSY,
        # not done
        GateBusy: ResponseCode.BUSY,
        GateClosed: ResponseCode.BUSY,
        DatabaseUnavailable: ResponseCode.DATABASE_UNAVAILABLE,
        StatementFailed: ResponseCode.SYSTEM_MALFUNCTION,
        DecisionFailed: ResponseCode.SYSTEM_MALFUNCTION,
        KeyRefused: ResponseCode.SYSTEM_MALFUNCTION,
        LocalProtocolError: ResponseCode.SYSTEM_MALFUNCTION,
        # unknown
        OutcomeUnknown: ResponseCode.OUTCOME_UNKNOWN,
    }
)


def response_of(error: BaseException, *, may_be_stored: bool) -> ResponseCode:
    """Return the code for ``error``.

    Args:
        error: what was raised or answered by a layer below.
        may_be_stored: money work had been begun, so an unforeseen error leaves its outcome unknown.
    """
    for kind in type(error).__mro__:
        code = RESPONSE_OF.get(kind)
        if code is not None:
            return code
    return ResponseCode.OUTCOME_UNKNOWN if may_be_stored else ResponseCode.SYSTEM_MALFUNCTION
