"""Description of the standard link 标准报文: length, header, messages, codes and MAC, shown in docs/protocol.md."""

from types import MappingProxyType
from typing import Any

from protocol.characters import Text
from protocol.dialects.standard.codes import CODES, FEP_CODES
from protocol.dialects.standard.header import OWN_HEAD, REPLY_HEAD, REQUEST_HEAD, VERSION
from protocol.dialects.standard.messages.detail import DETAIL_REPLY, DETAIL_REQUEST
from protocol.dialects.standard.messages.files import (
    GET_REPLY,
    GET_REQUEST,
    LIST_REPLY,
    LIST_REQUEST,
    PUT_REPLY,
    PUT_REQUEST,
)
from protocol.dialects.standard.messages.history import CONSUMPTION_REPLY, HISTORY_REQUEST, PAYMENTS_REPLY
from protocol.dialects.standard.messages.invoice import INVOICE_REPLY, INVOICE_REQUEST
from protocol.dialects.standard.messages.link import EMPTY, KEY_REPLY, KEY_REQUEST
from protocol.dialects.standard.messages.pay import PAY_REPLY, PAY_REQUEST
from protocol.dialects.standard.messages.push import PUSH_REPLY, PUSH_REQUEST
from protocol.dialects.standard.messages.query import QUERY_REPLY, QUERY_REQUEST
from protocol.dialects.standard.messages.status import STATUS_REPLY, STATUS_REQUEST
from protocol.dialects.standard.messages.totals import TOTALS_REPLY, TOTALS_REQUEST
from protocol.dialects.standard.messages.undo import UNDO_REPLY, UNDO_REQUEST
from protocol.format import Format, Message
from protocol.layout import Field, Layout
from protocol.lengths import BinaryLength
from protocol.packager import FixedPackager
from protocol.response_codes import ResponseCode
from protocol.session import Session
from protocol.sheet import Sheet
from protocol.transactions import Transaction
from protocol.whole import Whole

MAC_SIZE = 8

ERROR_REPLY = Sheet("body", Field("message", Text(64), "as shown to the teller, Chinese", "错误信息", "answer.message"))
"""The body of every reply that is not approved, whatever its transaction."""


PUSHED = 2
"""Channel of what is debited because the FEP asked for it."""


def _message(transaction: Transaction, request: Layout[Any], reply: Layout[Any], **given: object) -> Message:
    places = {f"head.{name}": value for name, value in given.items()}
    return Message(str(CODES[transaction]), transaction, Whole(request), Whole(reply), given=places)


ECHO = _message(Transaction.ECHO, EMPTY, EMPTY)
PUSH = _message(Transaction.BILL_PUSH, PUSH_REQUEST, PUSH_REPLY, channel=PUSHED)

FORMAT = Format(
    name="standard",
    length=BinaryLength(width=2, minimum=REQUEST_HEAD.size + MAC_SIZE, maximum=8192),
    packager=FixedPackager(REQUEST_HEAD, mac=MAC_SIZE),
    request_head=REQUEST_HEAD,
    reply_head=REPLY_HEAD,
    messages=(
        _message(Transaction.SIGN_IN, KEY_REQUEST, KEY_REPLY),
        _message(Transaction.SIGN_OUT, EMPTY, EMPTY),
        _message(Transaction.KEY_EXCHANGE, KEY_REQUEST, KEY_REPLY),
        ECHO,
        _message(Transaction.QUERY, QUERY_REQUEST, QUERY_REPLY),
        _message(Transaction.PAY, PAY_REQUEST, PAY_REPLY),
        _message(Transaction.CANCEL, UNDO_REQUEST, UNDO_REPLY),
        _message(Transaction.REVERSE, UNDO_REQUEST, UNDO_REPLY),
        _message(Transaction.STATUS, STATUS_REQUEST, STATUS_REPLY),
        _message(Transaction.PAYMENTS, HISTORY_REQUEST, PAYMENTS_REPLY),
        _message(Transaction.CONSUMPTION, HISTORY_REQUEST, CONSUMPTION_REPLY),
        _message(Transaction.INVOICE, INVOICE_REQUEST, INVOICE_REPLY),
        _message(Transaction.RECON_TOTALS, TOTALS_REQUEST, TOTALS_REPLY),
        _message(Transaction.RECON_DETAIL, DETAIL_REQUEST, DETAIL_REPLY),
        _message(Transaction.FILE_PUT, PUT_REQUEST, PUT_REPLY),
        _message(Transaction.FILE_GET, GET_REQUEST, GET_REPLY),
        _message(Transaction.FILE_LIST, LIST_REQUEST, LIST_REPLY),
    ),
    codes=MappingProxyType({code: code.code for code in ResponseCode}),
    session=Session(),
    port_offset=0,
    refusal=ERROR_REPLY,
    own_head=OWN_HEAD,
    own_messages=(ECHO, PUSH),
    fep_codes=FEP_CODES,
    version=VERSION,
)
