"""Errors of the protocol layer 报文错误: the type says whose fault it is (the peer's or ours)."""


class ProtocolError(Exception):
    """Root of everything raised by ``protocol``; never raised itself."""


class RemoteProtocolError(ProtocolError):
    """The peer sent what it may not send."""


class LengthInvalid(RemoteProtocolError):
    """The length field is outside its bounds; the stream cannot be followed any further, so close the connection."""


class ProxyHeaderInvalid(RemoteProtocolError):
    """What should be a PROXY header of version 2 is none; the message says why, without the peer's bytes."""


class MessageInvalid(RemoteProtocolError):
    """A framed message does not fit its description.

    Attributes:
        path: where, e.g. ``header.bank_date`` or ``body.rows[3].month``.
        reason: what is wrong, without the offending value (it may name a customer).
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class EventUnexpected(RemoteProtocolError):
    """The link's state has no transition for what the peer did."""


class LocalProtocolError(ProtocolError):
    """We tried to send or do what the protocol does not allow: a bug of ours."""
