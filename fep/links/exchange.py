"""One exchange 一次收发: a request's frame, what authenticated it, and the frame of its reply."""

from dataclasses import dataclass
from datetime import datetime
from os import urandom

from crypto.session import NONCE_BYTES, Authenticator, SessionSecurity
from fep.links.bank import SignInKeys
from fep.traces.sampled import SampledRequest
from protocol.canonical.link import NoBody
from protocol.canonical.messages import Answer, Request
from protocol.dialect import Dialect, Envelope, Outgoing, Sealing
from protocol.errors import MessageInvalid
from protocol.response_codes import ResponseCode

NO_MAC = bytes(8)
"""Stands in a reply to a frame that could not be authenticated."""


@dataclass(slots=True)
class Exchange:
    """One request and what its reply needs.

    Attributes:
        envelope: the request's frame.
        started_s: monotonic seconds when it was taken.
        started_at: the wall clock then, naive Asia/Shanghai.
        authenticator: what verified it, and makes the reply's MAC; None when nothing did.
        security: the session keys it came under, when it did.
        keys: the bank's own keys that a sign-in or key exchange came under.
        request: its fields, once they are read.
        sampled: where its stages are noted, when it is traced.
    """

    envelope: Envelope
    started_s: float
    started_at: datetime
    authenticator: Authenticator | None = None
    security: SessionSecurity | None = None
    keys: SignInKeys | None = None
    request: Request | None = None
    sampled: SampledRequest | None = None

    def plain_body(self) -> bytes:
        """Return the request's body in clear.

        Raises:
            MessageInvalid: encrypted although it may not be, or not in whole blocks.
        """
        envelope = self.envelope
        if not envelope.is_encrypted:
            return envelope.body
        if self.security is None or not envelope.body:
            raise MessageInvalid("header.flags", "this frame is never encrypted")
        try:
            return self.security.decrypt_body(envelope.nonce, envelope.body)
        except ValueError:
            raise MessageInvalid("body", "not in whole cipher blocks") from None

    def reply_frame(self, dialect: Dialect, answer: Answer) -> bytes | None:
        """Return the frame that answers this request, encrypted exactly when its authenticated request was.

        None: the bank's format has no word for this answer.
        """
        envelope, security = self.envelope, self.security
        is_encrypted = (
            envelope.is_encrypted
            and security is not None
            and answer.code is not ResponseCode.ENCRYPTION_MISMATCH
            and not isinstance(answer.body, NoBody)
        )
        nonce = urandom(NONCE_BYTES) if is_encrypted else None
        outgoing = dialect.reply(envelope, answer, Sealing(envelope.key_version, nonce))
        if outgoing is None:
            return None
        if nonce is not None and security is not None:
            outgoing.body = security.encrypt_body(nonce, outgoing.body)
        return sealed(dialect, outgoing, self.authenticator)


def sealed(dialect: Dialect, outgoing: Outgoing, authenticator: Authenticator | None) -> bytes:
    """Return the finished frame with its MAC, eight zero bytes when there is nothing to authenticate with."""
    if authenticator is None:
        return dialect.seal(outgoing, NO_MAC)
    return dialect.seal(outgoing, authenticator.mac_of(dialect.signed(outgoing)))
