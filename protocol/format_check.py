"""Format check 描述检查: refuses a description that cannot be meant, when it is imported."""

from collections.abc import Iterator

from protocol.bindings import Echo, Equal
from protocol.bound import BoundFields
from protocol.errors import LocalProtocolError
from protocol.format import Format, Message
from protocol.response_codes import ResponseCode


def bound_parts(format_: Format, message: Message) -> Iterator[BoundFields]:
    """Return the parts of a message's request whose fields are bound one by one, the header first."""
    yield format_.request_head
    if isinstance(message.request, BoundFields):
        yield message.request


def check(format_: Format) -> None:
    """Refuse a description that forgets a code, uses one twice, or repeats what is not asked.

    Raises:
        LocalProtocolError: it does.
    """
    codes = [code for message in format_.messages for code in (message.code, *message.also)]
    if len(set(codes)) != len(codes):
        raise LocalProtocolError(f"{format_.name}: two messages share a code")
    unsaid = [code.code for code in ResponseCode if code not in format_.codes]
    if unsaid:
        raise LocalProtocolError(f"{format_.name}: no wire code is said for {', '.join(unsaid)}")
    for message in format_.messages:
        asked = {name for part in bound_parts(format_, message) for name in part.names}
        for part in (format_.reply_head, message.reply, message.refusal or format_.refusal):
            for field_ in part.fields if isinstance(part, BoundFields) else ():
                if isinstance(field_.attribute, Echo | Equal) and field_.attribute.name not in asked:
                    name = field_.attribute.name
                    raise LocalProtocolError(
                        f"{format_.name} {message.code}: {field_.name} repeats {name}, which is not asked"
                    )
