"""TLS 传输层安全: what one address shows and asks for, and the transport that runs over it.

A new configuration makes new endpoints; connections keep what they were made with. Sessions are not resumed: links last
for days, and a resumed one would not show its certificate again.
"""

from collections.abc import Mapping
from typing import Any

from OpenSSL import SSL, crypto
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.protocol import Factory
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from zope.interface import implementer

from crypto.certificate import Certificate
from crypto.certificates import Credentials, known_of
from fep.config.settings import TlsSettings

CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: forward secrecy and authenticated encryption only, for there are attacks on the others."""

VERSIONS: Mapping[str, int] = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}

_OPTIONS = SSL.OP_NO_COMPRESSION | SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION | SSL.OP_CIPHER_SERVER_PREFERENCE
_SESSION_CONTEXT = b"fep"  # OpenSSL wants one before it looks at clients' certificates

TlsFailure = SSL.Error
"""How a handshake ends that cannot be completed."""


class TlsTransport(TLSMemoryBIOProtocol):
    """The transport of one connection, to be asked for what TCP can do too.

    TLS cannot be closed in one direction by Twisted: whoever half-closes says that he sends no more (close_notify) and
    reads on until the peer says so too.
    """

    def loseWriteConnection(self) -> None:
        """Send nothing more, and read on until the peer ends."""
        carrier: Any = self.transport
        carrier.resumeProducing()
        self.loseConnection()  # type: ignore[no-untyped-call]  # Twisted's class has no types

    def version(self) -> str:
        """Return what was agreed on, as ``TLSv1.3``."""
        name: str = self._tlsConnection.get_protocol_version_name()
        return name

    def client_certificate(self) -> Certificate | None:
        """Return the client's certificate, None when it was not asked for one."""
        certificate = self._tlsConnection.get_peer_certificate(as_cryptography=True)
        return None if certificate is None else known_of(certificate)


@implementer(IOpenSSLServerConnectionCreator)
class TlsEndpoint:
    """TLS on one address.

    Args:
        settings: of the address.
        credentials: what stands in the files that they name.

    Attributes:
        certificate: what is shown to clients.

    Raises:
        SSL.Error: OpenSSL does not take the credentials, for a key that is too short, say.
    """

    def __init__(self, settings: TlsSettings, credentials: Credentials) -> None:
        self.settings = settings
        self.certificate = credentials.certificate
        self._context = _context(settings, credentials)
        self._factory = TLSMemoryBIOFactory(self, isClient=False, wrappedFactory=Factory())
        self._factory.protocol = TlsTransport

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        """Return a new connection of OpenSSL's."""
        return SSL.Connection(self._context, None)

    def transport_for(self, protocol: Any) -> TlsTransport:
        """Return a transport that begins its handshake when it is connected; ``protocol`` is on top of it."""
        return TlsTransport(self._factory, protocol)  # type: ignore[no-untyped-call]

    def reason_of(self, error: BaseException | None) -> str:
        """Return why a handshake has failed that ended in ``error``; empty: the line has ended."""
        return reason_of(error) if isinstance(error, TlsFailure) else ""


def _context(settings: TlsSettings, credentials: Credentials) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(VERSIONS[settings.version_min])
    context.set_options(_OPTIONS)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)  # a thousand idle links keep no buffers
    context.set_cipher_list(CIPHERS)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_session_id(_SESSION_CONTEXT)
    own, *issuers = credentials.chain
    context.use_certificate(own)
    for issuer in issuers:
        context.add_extra_chain_cert(issuer)
    context.use_privatekey(credentials.private_key)
    context.check_privatekey()
    if credentials.authorities:
        store = context.get_cert_store()
        assert store is not None, "a context has one"
        for authority in credentials.authorities:
            store.add_cert(crypto.X509.from_cryptography(authority))
            context.add_client_ca(authority)
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
    return context


def reason_of(error: SSL.Error) -> str:
    """Return OpenSSL's own words for what went wrong; they are constants, nothing of the peer's."""
    entries = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return "; ".join(entry[-1] for entry in entries if entry and entry[-1]) or "unknown"
