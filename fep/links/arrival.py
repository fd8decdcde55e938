"""Arrival 接入阶段: what comes before the first frame: a balancer's PROXY header, then the TLS handshake.

    accepted -> [PROXY header -> is its address let in?] -> [TLS handshake] -> connection

Only listeners with balancers or TLS make arrivals. Nothing of an arrival is business, so it ends at once when anything
is wrong, when it takes longer than ``handshake_timeout`` in all, and when the daemon drains. Handshakes cost some
milliseconds and nothing is known of who asks for them: they take their turns as sign-ins do (``fep.links.guests``).
"""

from typing import TYPE_CHECKING, Any, Protocol

from twisted.internet.interfaces import IHandshakeListener
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.internet.protocol import connectionDone
from twisted.internet.tcp import Server
from twisted.python.failure import Failure
from zope.interface import implementer

from fep.links.connection import Connection
from fep.links.route import IPAddress, Route, plain
from fep.links.services import Services
from protocol.errors import ProxyHeaderInvalid
from protocol.proxy_header import read_proxy_header

if TYPE_CHECKING:
    from fep.links.tls import TlsEndpoint  # an extra; balancers do without

HEADER_INVALID = "proxy_header_invalid"
HANDSHAKE_FAILED = "tls_handshake_failed"

ENDED = "ended"
EVICTED = "evicted"


class Host(Protocol):
    """What takes arrivals in."""

    def announced(self, arrival: "Arrival", peer: IPAddress) -> bool:
        """Tell whether the address that a balancer has announced may connect."""
        ...

    def connected(self, arrival: "Arrival", route: Route) -> Connection:
        """Return the connection that an arrival becomes."""
        ...

    def failed(self, arrival: "Arrival", event: str, reason: str) -> None:
        """An arrival ends in ``event``, for what its peer did."""
        ...

    def gone(self, arrival: "Arrival") -> None:
        """An arrival is over and has become nothing."""
        ...


class Arrival(TwistedProtocol):
    """One of them.

    Args:
        host: what has taken it in.
        services: of the daemon.
        peer: the other end of the socket.
        tls: of the address that it has come to; None without TLS.
        is_balanced: the other end is a balancer, so a PROXY header must come first.

    Attributes:
        peer: what it is counted as: the other end, or what the balancer has announced.
        owner: the bank whose addresses that is of; empty while it has not been asked.
    """

    transport: Server

    def __init__(
        self, host: Host, services: Services, peer: IPAddress, tls: "TlsEndpoint | None", *, is_balanced: bool
    ) -> None:
        self._host = host
        self._guests = services.guests
        self._clock = services.clock
        self._accepted_s = (
            services.clock.seconds()
        )  # later by what it has waited for its turn: it is we who do not read
        self._waiting_s: float | None = None
        self._tls = tls
        self._balancer = peer if is_balanced else None
        self._unread = b""
        self._is_check = False  # of the balancer's own: nobody may sign in on it
        self._tls_transport: Any = None  # a ``TlsTransport``; Twisted's class has no types
        self._is_over = False
        self.peer = peer
        self.owner = ""

    # --- Twisted

    def connectionMade(self) -> None:
        """Wait for the header, or for the handshake."""
        self.transport.setTcpNoDelay(True)
        if self._balancer is None:
            self._go_on(b"")

    def dataReceived(self, data: bytes) -> None:
        """Take what has arrived."""
        if self._is_over:
            return
        if self._tls_transport is not None:
            self._shake_hands(data)
        elif self._is_check:
            self.abort()  # a check sends nothing
        else:
            self._read_header(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The peer has gone; one that has sent nothing of a header has only looked whether somebody listens."""
        if self._tls_transport is not None:
            self._tls_transport.connectionLost(reason)
            return
        if self._unread and not self._is_over:
            self._host.failed(self, HEADER_INVALID, ENDED)
        self._end()

    # --- the header

    def _read_header(self, data: bytes) -> None:
        self._unread += data
        try:
            header = read_proxy_header(self._unread)
        except ProxyHeaderInvalid as invalid:
            self._fail(HEADER_INVALID, str(invalid))
            return
        if header is None:
            return
        rest, self._unread = self._unread[header.size :], b""
        if header.source is None:
            self._is_check = True
        elif not self._host.announced(self, plain(header.source)):
            self.abort()
            return
        self._go_on(rest)

    def _go_on(self, rest: bytes) -> None:
        """Begin what comes behind the header; ``rest`` has come with it."""
        if self._tls is not None:
            self._tls_transport = self._tls.transport_for(_Handshake(self))
            self._tls_transport.makeConnection(self.transport)
            if rest:
                self._shake_hands(rest)
        elif not self._is_check:
            self._connect(self.transport, Route(self.peer, self._accepted_s, self._balancer))
            if rest:
                self.transport.protocol.dataReceived(rest)
        elif rest:
            self.abort()

    # --- the handshake

    def _shake_hands(self, data: bytes) -> None:
        """Hand ``data`` to TLS when it is this one's turn; it is not read from meanwhile."""
        if not self._guests.takes(self):
            self._unread += data
            self._waiting_s = self._clock.seconds()
            self.transport.pauseProducing()
            return
        begun_s = self._guests.time.seconds()
        self._tls_transport.dataReceived(data)
        self._guests.time.spent(self._guests.time.seconds() - begun_s)

    def take_turn(self) -> None:
        """Go on with the handshake."""
        if self._is_over:
            return
        if self._waiting_s is not None:
            self._accepted_s += self._clock.seconds() - self._waiting_s
            self._waiting_s = None
        self.transport.resumeProducing()
        unread, self._unread = self._unread, b""
        self._shake_hands(unread)

    def evict(self) -> None:
        """End at once: the place is needed."""
        self._fail(HANDSHAKE_FAILED, EVICTED)

    def handshake_completed(self) -> None:
        """The TLS transport is ready."""
        if self._is_check or self._is_over:
            return
        transport = self._tls_transport
        version, certificate = transport.version(), transport.client_certificate()
        self.transport.protocol = transport
        self._connect(transport, Route(self.peer, self._accepted_s, self._balancer, version, certificate))

    def handshake_lost(self, reason: Failure) -> None:
        """The TLS transport has ended without a connection on top of it."""
        if not (self._is_over or self._is_check):
            assert self._tls is not None, "there was a handshake"
            self._host.failed(self, HANDSHAKE_FAILED, self._tls.reason_of(reason.value) or ENDED)
        self._end()

    # --- ends

    def _connect(self, transport: Any, route: Route) -> None:
        """Become a connection on ``transport``."""
        self._is_over = True
        connection = self._host.connected(self, route)
        if transport is self.transport:
            transport.protocol = connection
        else:
            transport.wrappedProtocol = connection
        connection.makeConnection(transport)  # type: ignore[no-untyped-call]  # Twisted's has no types

    def check(self, now: float, limit_s: float) -> None:
        """End it when it has taken ``limit_s``; a balancer's check that stays open is no fault."""
        if self._is_over or self._waiting_s is not None or now - self._accepted_s < limit_s:
            return
        if self._is_check:
            self.abort()
        else:
            self._fail(HEADER_INVALID if self._tls_transport is None else HANDSHAKE_FAILED, "timed out")

    def _fail(self, event: str, reason: str) -> None:
        self._host.failed(self, event, reason)
        self.abort()

    def abort(self) -> None:
        """End it now; the transport tells of its end a little later."""
        self._is_over = True
        (self._tls_transport or self.transport).abortConnection()

    def _end(self) -> None:
        self._is_over = True
        self._host.gone(self)


@implementer(IHandshakeListener)
class _Handshake(TwistedProtocol):
    """What is on top of TLS until its handshake is done."""

    def __init__(self, arrival: Arrival) -> None:
        self._arrival = arrival

    def handshakeCompleted(self) -> None:
        self._arrival.handshake_completed()

    def dataReceived(self, data: bytes) -> None:
        """Only a balancer's check stays here after its handshake, and that sends nothing."""
        self._arrival.abort()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._arrival.handshake_lost(reason)
