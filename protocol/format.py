"""Formats 报文格式: what a description of a bank format consists of, and all that a dialect may have to say.

| what                                            | where it is said                                                   |
|-------------------------------------------------|--------------------------------------------------------------------|
| length in front of a frame                      | ``Format.length``: binary, digits, or none                         |
| headers of requests and of replies              | ``Format.request_head``, ``Format.reply_head``                     |
| which message it is                             | ``Format.code_field``; ``Message.code`` and its sender             |
| bodies by message, direction and outcome        | ``Message.request``, ``.reply``, ``.refusal``                      |
| rows                                            | ``RowsToEnd`` at the end of a sheet, ``Rows`` in a layout          |
| fields: size, filler, side, encoding, units     | their types: ``fields``, ``characters``, ``moments``, ``padded``   |
| where a field's value comes from, or goes       | its binding: a place, an ``Echo``, a ``Constant``, nothing         |
| what the wire does not say                      | ``Format.given`` and ``Message.given``                             |
| what identifies a request                       | the fields bound to ``head.bank_date`` and ``head.bank_serial``    |
| return codes                                    | ``Format.codes`` for our replies, ``Format.partner_codes``, and    |
|                                                 | ``Message.code_of`` where the outcome alone does not tell          |
| who signs in, how often; one exchange or many   | ``Format.session``                                                 |
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from protocol.canonical import Answer
from protocol.lengths import LengthField
from protocol.response_codes import ResponseCode
from protocol.sheet import Sheet
from protocol.transactions import Transaction


class SignIn(Enum):
    """Who signs in, and for how long."""

    BY_BANK = "by_bank"  # the bank, on each connection
    BY_FEP = "by_fep"  # the FEP, once for each partner and clearing day
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Session:
    """How a partner of a format behaves; all that links look at.

    Attributes:
        sign_in: who signs in.
        has_mac: frames are authenticated; else a frame is believed because of where it comes from.
        may_encrypt: bodies may be encrypted.
        sends_echo: the FEP tests an idle connection.
        is_one_exchange: the connection ends with the reply.
    """

    sign_in: SignIn = SignIn.BY_BANK
    has_mac: bool = True
    may_encrypt: bool = True
    sends_echo: bool = True
    is_one_exchange: bool = False


class Sender(Enum):
    """Who sends the request of a message."""

    BANK = "bank"
    FEP = "fep"


NOTHING = Sheet("body")
"""An empty body."""

Given = Mapping[str, object]
"""By place (``head.channel``), what is true of every request although the wire does not say it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One transaction.

    Attributes:
        code: on the wire.
        transaction: what it is to us.
        request: body of the request.
        reply: body of an approved reply.
        refusal: body of any other.
        sender: of the request.
        given: of this message, beside the format's own.
        code_of: the wire code of an answer where its response code alone does not tell; None: it does.
    """

    code: str
    transaction: Transaction
    request: Sheet
    reply: Sheet
    refusal: Sheet = NOTHING
    sender: Sender = Sender.BANK
    given: Given = field(default_factory=dict)
    code_of: Callable[[Answer], str | None] = lambda answer: None


@dataclass(frozen=True, slots=True)
class Format:
    """One bank format whose frames are a header and a body of fixed fields.

    Attributes:
        name: as a bank's file says it.
        length: in front of each frame.
        request_head: of every request; bound to ``frame.code`` and ``frame.node`` at least, there or in the body.
        reply_head: of every reply.
        messages: of either side.
        codes: wire codes of our replies. None: there is no word for it, so nothing is sent.
        session: how partners behave.
        partner_codes: response codes of the partner's replies, by wire code.
        given: what the wire does not say.
    """

    name: str
    length: LengthField
    request_head: Sheet
    reply_head: Sheet
    messages: Sequence[Message]
    codes: Mapping[ResponseCode, str | None]
    session: Session
    partner_codes: Mapping[str, ResponseCode] = field(default_factory=dict)
    given: Given = field(default_factory=dict)
