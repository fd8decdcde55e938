"""Formats 报文格式: what a description of a bank format consists of, and all that a dialect may have to say.

| what                                            | where it is said                                                   |
|-------------------------------------------------|--------------------------------------------------------------------|
| length in front of a frame                      | ``Format.length``: binary, digits, or none                         |
| headers of requests and of replies              | ``Format.request_head``, ``Format.reply_head``                     |
| which message it is                             | the field bound to ``frame.code``; ``Message.code``                |
| bodies by message, direction and outcome        | ``Message.request``, ``.reply``, ``.refusal``                      |
| rows                                            | ``RowsToEnd`` at the end of a sheet, ``Rows`` in a layout          |
| fields: size, filler, side, encoding, units     | their types: ``fields``, ``characters``, ``moments``, ``padded``   |
| where a field's value comes from, or goes       | its binding: a place, an ``Echo``, a ``Constant``, nothing         |
| what the wire does not say                      | ``Format.given`` and ``Message.given``                             |
| what identifies a request                       | the fields bound to ``head.bank_date`` and ``head.bank_serial``    |
| return codes                                    | ``Format.codes``, and ``Message.code_of`` where the outcome alone  |
|                                                 | does not tell                                                      |
| MAC or none, encryption, one exchange or many   | ``Format.session``                                                 |
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from protocol.canonical import Answer
from protocol.lengths import LengthField
from protocol.response_codes import ResponseCode
from protocol.session import Session
from protocol.sheet import Sheet
from protocol.transactions import Transaction

NOTHING = Sheet("body")
"""An empty body."""

Given = Mapping[str, object]
"""By place (``head.channel``), what is true of every request although the wire does not say it."""


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """One transaction, asked by the bank.

    Attributes:
        code: on the wire.
        transaction: what it is to us.
        request: body of the request.
        reply: body of an approved reply.
        refusal: body of any other.
        given: of this message, beside the format's own.
        code_of: the wire code of an answer where its response code alone does not tell; None: it does.
    """

    code: str
    transaction: Transaction
    request: Sheet
    reply: Sheet
    refusal: Sheet = NOTHING
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
        messages: all that a bank may ask.
        codes: wire codes of our replies. None: there is no word for it, so nothing is sent.
        session: how partners behave.
        port_offset: where it is listened for when nothing else is said: so many above the port of the default dialect.
        given: what the wire does not say.
    """

    name: str
    length: LengthField
    request_head: Sheet
    reply_head: Sheet
    messages: Sequence[Message]
    codes: Mapping[ResponseCode, str | None]
    session: Session
    port_offset: int
    given: Given = field(default_factory=dict)
