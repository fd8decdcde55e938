"""Format check 描述检查: refuses a description that cannot be meant, when it is imported."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from protocol.bindings import Echo, Equal
from protocol.bodies import NESTED, OWN_PLACES, PLACES
from protocol.bound import FRAME, ROW_NUMBER, BoundFields, place_of
from protocol.canonical.messages import Head
from protocol.elements import Composite
from protocol.errors import LocalProtocolError
from protocol.format import Format, Message
from protocol.packager import MAC_SIZE, FieldMac
from protocol.response_codes import ResponseCode
from protocol.scopes import Facts, OwnFrame
from protocol.sheet import Sheet
from protocol.transactions import Transaction

READ_OF_FRAME = frozenset(
    {"code", "node", "flags", "version", "nonce", "key_version", "fep_serial", "message_id", "work_date"}
    | {"file_name"}
)
"""What the header of a bank's request may say of its frame; ``message_id`` and ``work_date`` are for its reply alone,
``file_name`` is part of what is asked where the message tells of a file."""

_Scopes = Mapping[str, type]


def bound_parts(format_: Format, message: Message) -> Iterator[BoundFields]:
    """Return the parts of a message's request whose fields are bound one by one, the header first."""
    yield format_.request_head
    if isinstance(message.request, BoundFields):
        yield message.request


def check(format_: Format) -> None:
    """Refuse a description that forgets or mistakes something.

    Raises:
        LocalProtocolError: what it is, and where.
    """
    for problem in (*_codes(format_), *_heads(format_), *_macs(format_), *_echoes(format_), *_places(format_)):
        raise LocalProtocolError(f"{format_.name}: {problem}")


def _codes(format_: Format) -> Iterator[str]:
    codes = [code for message in format_.messages for code in (message.code, *message.also)]
    if len(set(codes)) != len(codes):
        yield "two messages share a code"
    unsaid = [code.code for code in ResponseCode if code not in format_.codes]
    if unsaid:
        yield f"no wire code is said for {', '.join(unsaid)}"
    unknown = format_.codes[ResponseCode.OUTCOME_UNKNOWN]
    if unknown is not None and Counter(format_.codes.values())[unknown] > 1:
        yield f"{unknown} says that the outcome is unknown, and something else too"


def _heads(format_: Format) -> Iterator[str]:
    """A bank must be named, an outcome said, and where there is a MAC, keys must be agreed."""
    asked = format_.request_head.places
    if "frame.node" not in asked:
        yield "no field of a request is bound to frame.node"
    if not any(place.startswith("answer.code") for place in format_.reply_head.places):
        yield "no field of a reply is bound to answer.code"
    if not format_.session.has_mac:
        return
    missing = [place for place in ("head.bank_time", "frame.key_version") if place not in asked]
    if missing:
        yield f"a format with a MAC has session keys, but no field is bound to {' or '.join(missing)}"
    if Transaction.SIGN_IN not in {message.transaction for message in format_.messages}:
        yield "a format with a MAC has session keys, but no message signs in"


def _macs(format_: Format) -> Iterator[str]:
    """A MAC in a field must have one, of its size, wherever it is asked for; and it can cover fields only."""
    mac = getattr(format_.packager, "mac", None)
    if not isinstance(mac, FieldMac):
        return
    for message in format_.messages:
        for parts in ((format_.request_head, message.request), (format_.reply_head, message.reply)):
            fields = {field.name: field for part in parts if isinstance(part, BoundFields) for field in part.fields}
            if mac.name not in fields:
                yield f"{message.code}: no field {mac.name} holds the MAC"
            elif fields[mac.name].type.size != MAC_SIZE:
                yield f"{message.code}: {mac.name} has {fields[mac.name].type.size} bytes, a MAC {MAC_SIZE}"
        asked = {name for part in bound_parts(format_, message) for name in part.names}
        if missing := [name for name in mac.covers if name not in asked]:
            yield f"{message.code}: the MAC covers {', '.join(missing)}, which is no field"


def _echoes(format_: Format) -> Iterator[str]:
    for message in format_.messages:
        asked = {name for part in bound_parts(format_, message) for name in part.names}
        for part in (format_.reply_head, message.reply, message.refusal or format_.refusal):
            for field in part.fields if isinstance(part, BoundFields) else ():
                if isinstance(field.attribute, Echo | Equal) and field.attribute.name not in asked:
                    yield f"{message.code}: {field.name} repeats {field.attribute.name}, which is not asked"


def _places(format_: Format) -> Iterator[str]:
    """Every place that a field is bound to must be one."""
    for message in format_.messages:
        request, reply = PLACES.get(message.transaction, (object, object))
        asked: list[object] = [format_.request_head, message.request]
        told: list[object] = [format_.reply_head, message.reply, message.refusal or format_.refusal]
        yield from _unknown(message, asked, {"head": Head, "body": request})
        yield from _unknown(message, told, {"answer": Facts, "body": reply})
    for message in format_.own_messages:
        request, reply = OWN_PLACES[message.transaction]
        yield from _unknown(message, [format_.own_head, message.request], {FRAME: OwnFrame, "body": request})
        yield from _unknown(message, [format_.own_reply_head, message.reply], {"answer": Facts, "body": reply})


def _unknown(message: Message, parts: Iterable[object], scopes: _Scopes) -> Iterator[str]:
    """Tell of the places that are none, in the fields of ``parts``, their elements and rows."""
    for part in parts:
        for field in part.fields if isinstance(part, BoundFields) else ():
            if isinstance(field.type, Composite):
                yield from _unknown(message, [field.type.sheet], scopes)
            elif isinstance(field.attribute, str) and field.attribute and not _is_place(field.attribute, scopes):
                yield f"{message.code}: {field.name} is bound to {field.attribute}, which is no place"
        if isinstance(part, Sheet) and part.rows is not None and isinstance(part.rows.canonical, type):
            yield from _unknown(message, [part.rows.sheet], {"": part.rows.canonical})


def _is_place(place: str, scopes: _Scopes) -> bool:
    scope, attribute = place_of(place)
    if scope == ROW_NUMBER:
        return True
    if scope == FRAME and FRAME not in scopes:
        return attribute in READ_OF_FRAME
    outer, _, inner = attribute.partition(".")
    return scope in scopes and hasattr(scopes[scope], outer) and (not inner or hasattr(NESTED.get(outer), inner))
