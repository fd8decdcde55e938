"""Formats 报文格式: what a description of a bank format consists of, and all that a dialect may have to say.

| what                                            | where it is said                                                   |
|-------------------------------------------------|--------------------------------------------------------------------|
| length in front of a frame                      | ``Format.length``: binary, digits, or none                         |
| how header, body and MAC lie in it              | ``Format.packager``: fixed fields, or elements behind a bitmap     |
| headers of requests and of replies              | ``Format.request_head``, ``.reply_head``, ``.own_head``            |
| which message it is                             | the field bound to ``frame.code``; ``Message.code``                |
| bodies by message, direction and outcome        | ``Message.request``, ``.reply``, ``.refusal``                      |
| rows                                            | ``RowsToEnd`` at the end of a sheet, ``Rows`` in a layout          |
| fields: size, filler, side, encoding, units     | their types: ``fields``, ``characters``, ``moments``, ``padded``   |
| where a field's value comes from, or goes       | its binding: a place, an ``Echo``, a ``Constant``, nothing, …      |
| what the wire does not say                      | ``Format.given`` and ``Message.given``                             |
| what identifies a request                       | the fields bound to ``head.bank_date`` and ``head.bank_serial``    |
| MAC: none, of some fields, of the whole message | the packager; a constant is a field bound to a ``Constant``        |
| return codes                                    | ``Format.codes``, and ``Message.code_of`` where the outcome alone  |
|                                                 | does not tell                                                      |
| who signs in, encryption, one exchange or many  | ``Format.session``                                                 |
| what a site may choose                          | ``options``                                                        |
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from protocol.bound import BoundFields
from protocol.canonical.messages import Answer
from protocol.lengths import LengthField
from protocol.packager import Packager
from protocol.part import Part
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
    """One transaction, asked by the bank or, among ``Format.own_messages``, by the FEP.

    Attributes:
        code: on the wire.
        transaction: what it is to us.
        request: body of the request.
        reply: body of an approved reply.
        refusal: body of any other, where it is not the format's.
        given: of this message, beside the format's own; of the FEP's own messages ``head.channel`` is what they say.
        code_of: the wire code of an answer, and the response code whose words go with it, where the answer's own alone
            does not tell; None: it does.
        rows_max: an answer of more rows cannot be said: the customer must pay at the utility.
        also: other codes that mean the same, as those of repeats.
        refused: codes by which a bank says for certain that it has not done what the FEP asked.
    """

    code: str
    transaction: Transaction
    request: Part
    reply: Part
    refusal: Part | None = None
    given: Given = field(default_factory=dict)
    code_of: Callable[[Answer], tuple[str, ResponseCode] | None] = lambda answer: None
    rows_max: int | None = None
    also: tuple[str, ...] = ()
    refused: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Format:
    """One bank format.

    Attributes:
        name: as a bank's file says it.
        length: in front of each frame.
        packager: how messages lie in frames.
        request_head: of every request of a bank; bound to ``frame.code``, ``frame.node``, ``head.bank_date`` and
            ``head.bank_serial`` at least, there or in the body.
        reply_head: of every reply.
        messages: all that a bank may ask.
        codes: wire codes of our replies. None: there is no word for it, so nothing is sent.
        session: how partners behave.
        port_offset: where it is listened for when nothing else is said: so many above the port of the default dialect.
        refusal: body of replies that are not approved.
        given: what the wire does not say.
        own_head: of requests of the FEP.
        own_messages: what the FEP asks of a bank.
        own_reply_head: of a bank's replies to it, where the FEP connects; what was asked is there as ``asked.NAME``.
        fep_codes: wire codes of requests that only the FEP sends: a bank's are dropped.
        version: what ``frame.version`` must be, where there is one.
    """

    name: str
    length: LengthField
    packager: Packager
    request_head: BoundFields
    reply_head: BoundFields
    messages: Sequence[Message]
    codes: Mapping[ResponseCode, str | None]
    session: Session
    port_offset: int
    refusal: Part = NOTHING
    given: Given = field(default_factory=dict)
    own_head: BoundFields | None = None
    own_messages: Sequence[Message] = ()
    own_reply_head: Sheet | None = None
    fep_codes: frozenset[str] = frozenset()
    version: int = 1
