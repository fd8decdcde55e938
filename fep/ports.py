"""Ports 监听端口: where banks connect, on sockets of this process or on those that the service manager keeps.

A socket that the manager hands over stays open when this process ends: who connects meanwhile waits in its queue, and
the next process answers him. So an upgrade refuses no connection.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.internet.tcp import Port, makeBinding

from fep.config.settings import Address, ListenerSettings
from fep.doorkeeper import Doorkeeper
from fep.links.accept_pace import AcceptPace, accept_time
from fep.links.listener import LinkFactory
from fep.links.services import Services
from fep.links.transport import PromptServer
from fep.service_manager import InheritedSocket
from protocol.dialect import Dialect

BACKLOG = 1024
"""Connections that wait to be accepted: all that there may be, after a start."""


class SocketUnfit(OSError):
    """A socket that was handed over is of no use here; says what the socket unit must say instead."""


class _Entrance(Factory):
    """One address of a listener; the listener does the same for all of them, but for TLS.

    Args:
        factory: the listener.
        address: as the configuration has it; None: it has none, so there is no TLS.
    """

    noisy = False

    def __init__(self, factory: LinkFactory, address: Address | None) -> None:
        self.listener = factory
        self._address = address

    def buildProtocol(self, addr: IAddress | None) -> TwistedProtocol | None:
        """Return what is to read from a new connection, None when nobody is."""
        return self.listener.accept(addr, self._address)


class Ports:
    """All ports of one daemon.

    Args:
        reactor: Twisted's.
        settings: where to listen, of what was not handed over.
        inherited: sockets of the service manager: each belongs to the dialect that it is named after, or on whose port
            it listens. A dialect that has one listens nowhere else.
    """

    def __init__(self, reactor: Any, settings: ListenerSettings, inherited: Sequence[InheritedSocket] = ()) -> None:
        self._reactor = reactor
        self._settings = settings
        self._inherited = inherited
        self._ports: list[Port] = []
        self._keepers: dict[Port, Doorkeeper] = {}
        self._paces: dict[Port, AcceptPace] = {}
        self._accept_time = accept_time()
        self.factories: list[LinkFactory] = []

    def require_wanted(self, dialects: Sequence[Dialect]) -> None:
        """Refuse a socket that was handed over and belongs to no dialect: banks would connect to it in vain.

        Raises:
            SocketUnfit: there is one, or it does not listen.
        """
        for inherited in self._inherited:
            if not inherited.is_listening_tcp:
                raise SocketUnfit(f"the socket {inherited.name} of the service manager is no TCP socket that listens")
            host, port = inherited.address()
            for dialect in dialects:
                if self._belongs(inherited, dialect):
                    self._require_known_tls(host, port, dialect)
            if not any(self._belongs(inherited, dialect) for dialect in dialects):
                names = ", ".join(dialect.name for dialect in dialects)
                raise SocketUnfit(
                    f"no bank is listened for on {host}:{port}, which the service manager has opened; name the socket "
                    f"after a dialect (FileDescriptorName={names}), or give it an address of fep.toml"
                )
        for dialect in dialects:
            self._require_sockets_for_tls(dialect)

    def _require_known_tls(self, host: str, port: int, dialect: Dialect) -> None:
        """Refuse a socket of which nobody says whether TLS is spoken on it, where it is on others of its dialect."""
        addresses = self._settings.addresses_of(dialect)
        if self._address_on(port, dialect) is None and not self._settings.tls.keys().isdisjoint(addresses):
            raise SocketUnfit(
                f"banks of {dialect.name} speak TLS, but nothing says whether they do on {host}:{port}, which the "
                "service manager has opened; give the socket a port of [listener] in fep.toml"
            )

    def _require_sockets_for_tls(self, dialect: Dialect) -> None:
        """Refuse an address with TLS that no socket has, of a dialect whose sockets are handed over."""
        own = {inherited.address()[1] for inherited in self._inherited if self._belongs(inherited, dialect)}
        for address in self._settings.addresses_of(dialect):
            if own and address in self._settings.tls and address.port not in own:
                raise SocketUnfit(
                    f"banks of {dialect.name} are to speak TLS on {address}, but the service manager has opened no "
                    f"socket there; add ListenStream={address} to the socket unit (systemctl edit), or disable the unit"
                )

    def listen_for(self, services: Services, dialects: Sequence[Dialect]) -> None:
        """Listen for the banks of those dialects that are not listened for yet; raises as ``listen``."""
        for dialect in dialects:
            if not any(factory.dialect is dialect for factory in self.factories):
                factory = LinkFactory(services, dialect)
                known = len(self._ports)
                self.listen(factory, dialect)
                self.factories.append(factory)
                for port in self._ports[known:]:
                    keeper = Doorkeeper(port, services.descriptors, services.clock, self._reactor)
                    self._keepers[port] = keeper
                    self._paces[port] = AcceptPace(port, self._accept_time, self._reactor.callLater)

    def listen(self, factory: LinkFactory, dialect: Dialect) -> None:
        """Let ``factory`` make the connections of the banks of ``dialect``.

        Raises:
            CannotListenError: an address is taken, or is not this machine's.
        """
        own = [inherited for inherited in self._inherited if self._belongs(inherited, dialect)]
        for inherited in own:
            entrance = _Entrance(factory, self._address_on(inherited.address()[1], dialect))
            self._serve(self._reactor.adoptStreamPort(inherited.descriptor, inherited.family(), entrance))
        for address in () if own else self._settings.addresses_of(dialect):
            self._serve(self._listen_on(address, _Entrance(factory, address)))

    def addresses(self) -> list[Address]:
        """Return where banks can connect."""
        return [Address(host.host, host.port) for host in (port.getHost() for port in self._ports)]

    def ailments(self) -> Iterator[str]:
        """Yield what is wrong: a port that accepts nobody any more."""
        for port in self._ports:
            is_read = port in self._reactor.getReaders() or (port in self._paces and self._paces[port].is_resting)
            if port in self._keepers and self._keepers[port].is_paused:
                continue  # for a second; and to start again would cut off the links that are there
            if not (port.connected and is_read):
                yield f"port {port.port} accepts no connections"

    def stop(self) -> Iterator[Any]:
        """Stop accepting; yields what ``stopListening`` of each returns."""
        for port in self._ports:
            yield port.stopListening()

    def _belongs(self, inherited: InheritedSocket, dialect: Dialect) -> bool:
        if inherited.name == dialect.name:
            return True
        _, port = inherited.address()
        return self._address_on(port, dialect) is not None

    def _address_on(self, port: int, dialect: Dialect) -> Address | None:
        """Return the dialect's address that has this port; those with TLS first, so that it is never left out."""
        addresses = [address for address in self._settings.addresses_of(dialect) if address.port == port]
        return next((address for address in addresses if address in self._settings.tls), next(iter(addresses), None))

    def _listen_on(self, address: Address, factory: Factory) -> Port:
        binding = makeBinding(address.host, address.port, reuseAddress=True, reusePort=self._settings.reuse_port)
        port: Port = self._reactor.listenTCP(binding, factory, backlog=BACKLOG, interface=address.host)
        return port

    def _serve(self, port: Port) -> None:
        port.transport = PromptServer
        self._ports.append(port)
