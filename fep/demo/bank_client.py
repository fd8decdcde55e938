"""Bank client 银行端: a small blocking client of one bank, as a teller's front-end speaks to the FEP.

Used by the demonstration and the benchmarks. It speaks any dialect of the product and keeps the bank's duties: fresh
randoms, ECHO at once after sign-in, a reply with a wrong MAC is no reply.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from os import urandom
from time import monotonic

from crypto.errors import MacMismatch
from crypto.keys import Key
from crypto.session import (
    NONCE_BYTES,
    Authenticator,
    SessionSecurity,
    WrappedKeys,
    ak_mac,
    unwrap_session_keys,
)
from crypto.suites import Suite
from fep.clock import shanghai_now
from protocol.canonical.link import KeyReply, KeyRequest, NoBody
from protocol.canonical.messages import Head, RequestBody
from protocol.canonical.push import PushReply, PushRequest
from protocol.dialect import BankDialect, BankReply, Envelope, Sealing
from protocol.transactions import Transaction

REPLY_TIMEOUT_S = 30.0
"""How long a bank waits before it calls an outcome unknown (specification, section 5)."""

OnPush = Callable[[PushRequest], PushReply]


@dataclass(frozen=True, slots=True)
class BankIdentity:
    """Who the client is: its code, outlet and teller, its suite and long-term keys."""

    bank_code: str
    branch_code: str
    teller_id: str
    suite: Suite
    ak: Key
    kek: Key


class NoReply(Exception):
    """No authentic reply came in time: the outcome of a money request is unknown; ask STATUS or send REVERSE."""


class BankClient:
    """One connection; requests go one at a time. ``clearing_date`` is the FEP's as the last reply gave it.

    What the FEP asks is answered while a reply is awaited, and in ``serve``; pushed bills by ``on_push``, which must
    know a bill that was pushed before: it is not debited again. Without it they are not answered.
    """

    def __init__(
        self,
        address: tuple[str, int],
        identity: BankIdentity,
        dialect: BankDialect,
        *,
        encrypt: bool = False,
        on_push: OnPush | None = None,
    ) -> None:
        self._identity = identity
        self._dialect = dialect
        self._encrypt = encrypt
        self._on_push = on_push
        self._socket = socket.create_connection(address, timeout=REPLY_TIMEOUT_S)
        self._reader = dialect.reader()
        self._ak_mac = ak_mac(identity.suite, identity.ak)
        self._security: SessionSecurity | None = None
        self._key_version = 0
        self.clearing_date: date | None = None
        self._serial = int(shanghai_now().strftime("%H%M%S")) * 1_000_000

    def __enter__(self) -> "BankClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def sign_in(self) -> BankReply:
        """Sign in and prove the session keys with an ECHO."""
        reply = self._call(
            Transaction.SIGN_IN, KeyRequest(urandom(16)), self._head(self._next_serial(), 1), self._ak_mac
        )
        if isinstance(reply.body, KeyReply):
            body = reply.body
            wrapped = WrappedKeys(body.wrapped_mak, body.mak_kcv, body.wrapped_tek, body.tek_kcv)
            keys = unwrap_session_keys(self._identity.suite, self._identity.kek, wrapped)
            self._security = SessionSecurity(self._identity.suite, keys)
            self._key_version = body.key_version
            self.call(Transaction.ECHO, NoBody())
        return reply

    def call(
        self, transaction: Transaction, body: RequestBody, *, serial: str | None = None, channel: int = 1
    ) -> BankReply:
        """Send one request and return its authentic reply; ``serial`` repeats an earlier request.

        Raises:
            NoReply: none came in time.
        """
        if self._security is None:
            raise NoReply("not signed in")
        return self._call(transaction, body, self._head(serial or self._next_serial(), channel), self._security)

    def _next_serial(self) -> str:
        self._serial += 1
        return f"{self._serial:012d}"

    def _head(self, serial: str, channel: int) -> Head:
        now: datetime = shanghai_now().replace(microsecond=0)
        identity = self._identity
        return Head(
            identity.bank_code, identity.branch_code, identity.teller_id, now.date(), now.time(), channel, serial
        )

    def _call(self, transaction: Transaction, body: RequestBody, head: Head, authenticator: Authenticator) -> BankReply:
        security = authenticator if isinstance(authenticator, SessionSecurity) else None
        encrypts = self._encrypt and security is not None and not isinstance(body, NoBody)
        nonce = urandom(NONCE_BYTES) if encrypts else None
        sealing = Sealing(self._key_version if security else 0, nonce)
        outgoing = self._dialect.bank_request(transaction, head, body, sealing)
        if nonce is not None and security is not None:
            outgoing.body = security.encrypt_body(nonce, outgoing.body)
        mac = authenticator.mac_of(self._dialect.signed(outgoing))
        self._socket.sendall(self._dialect.seal(outgoing, mac))
        return self._reply(head.bank_serial, authenticator, security)

    def _reply(self, serial: str, authenticator: Authenticator, security: SessionSecurity | None) -> BankReply:
        deadline = monotonic() + REPLY_TIMEOUT_S
        while True:
            envelope = self._dialect.open(self._frame(deadline), shanghai_now())
            if not envelope.is_response:
                self._asked(envelope)
                continue
            self._verify(envelope, authenticator)
            reply = self._dialect.bank_reply(envelope, self._plain(envelope, security))
            if reply.bank_serial == serial:
                self.clearing_date = reply.clearing_date or self.clearing_date
                return reply

    def serve(self, seconds: float) -> None:
        """Answer what the FEP asks for so long; replies that come meanwhile are nobody's."""
        deadline = monotonic() + seconds
        while monotonic() < deadline:
            try:
                envelope = self._dialect.open(self._frame(deadline), shanghai_now())
            except NoReply:
                return
            if not envelope.is_response:
                self._asked(envelope)

    def _asked(self, envelope: Envelope) -> None:
        """Answer a request of the FEP: ECHO, and pushed bills where ``on_push`` says what the bank does about them."""
        security = self._security
        if security is None:
            return
        self._verify(envelope, security)
        body: PushReply | None = None
        if envelope.transaction is Transaction.BILL_PUSH and self._on_push is not None:
            body = self._on_push(self._dialect.push_asked(envelope, self._plain(envelope, security)))
        elif envelope.transaction is not Transaction.ECHO:
            return
        nonce = urandom(NONCE_BYTES) if envelope.is_encrypted and body is not None else None
        outgoing = self._dialect.fep_answered(envelope, body, Sealing(envelope.key_version, nonce))
        if nonce is not None:
            outgoing.body = security.encrypt_body(nonce, outgoing.body)
        self._socket.sendall(self._dialect.seal(outgoing, security.mac_of(self._dialect.signed(outgoing))))

    @staticmethod
    def _verify(envelope: Envelope, authenticator: Authenticator) -> None:
        try:
            authenticator.verify(envelope.signed, envelope.mac)
        except MacMismatch:
            raise NoReply("what came is not authentic, so it is no reply") from None

    def _frame(self, deadline: float) -> bytes:
        while True:
            frame = self._reader.next_frame()
            if frame is not None:
                return frame
            self._socket.settimeout(max(0.001, deadline - monotonic()))
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                raise NoReply("no reply in time") from None
            if not data:
                raise NoReply("the FEP closed the connection")
            self._reader.receive_data(data)

    @staticmethod
    def _plain(envelope: Envelope, security: SessionSecurity | None) -> bytes:
        if envelope.is_encrypted and security is not None:
            return security.decrypt_body(envelope.nonce, envelope.body)
        return envelope.body
