"""Listener 监听: accepts banks' connections, holds all of them to their limits, and drains them at the end."""

from collections.abc import Container, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as TwistedProtocol

from fep.config.settings import Address, Network
from fep.links.admission import CONNECTIONS_MAX, PEERS_MAX
from fep.links.bank import Bank
from fep.links.connection import Connection
from fep.links.route import IPAddress, Route, peer_of
from fep.links.services import Services
from fep.links.sign_in import route_refusal
from protocol.dialect import Dialect

if TYPE_CHECKING:
    from fep.links.arrivals import Arrivals

CHECK_INTERVAL_S = 0.25
"""How often time limits are looked at: the shortest is seconds, and a thousand idle links cost a millisecond."""

_log = structlog.get_logger()


class LinkFactory(Factory):
    """Makes a connection for each peer that one of the banks of ``dialect`` may come from."""

    noisy = False

    def __init__(self, services: Services, dialect: Dialect) -> None:
        self._services = services
        self._dialect = dialect
        self._banks: dict[str, Bank] = {}  # which the connections look into
        self._networks: frozenset[Network] = frozenset()
        self._owner_of = lru_cache(PEERS_MAX)(self._find_owner)  # a storm comes from the same addresses again and again
        self.connections: set[Connection] = set()
        self._arrivals: Arrivals | None = None
        self._drained: Deferred[None] | None = None
        self.take_banks()

    @property
    def dialect(self) -> Dialect:
        """What its banks speak."""
        return self._dialect

    def take_banks(self) -> None:
        """Take in which banks speak the dialect by now, and from where they may come."""
        speaking = [bank for bank in self._services.banks.values() if bank.settings.dialect is self._dialect]
        self._banks.clear()
        self._banks.update((bank.settings.own_node, bank) for bank in speaking)
        self._networks = frozenset(network for bank in speaking for network in bank.settings.addresses)
        self._owner_of.cache_clear()

    def close_strangers(self, leaving: Container[Bank]) -> None:
        """Close the connections of the banks that are ``leaving``, and those that could not be made any more.

        What they have asked is done; whoever gets no reply asks for the outcome, as after any lost connection.
        """
        if self._arrivals is not None:
            self._arrivals.close_strangers(self._networks)
        for connection in tuple(self.connections):
            link = connection.link
            if link.bank is None:
                is_known = _is_in(link.peer, self._networks)
            else:
                is_known = route_refusal(self._services, link.bank, link.route) is None
            if link.bank in leaving or not is_known:
                bank_code = "" if link.bank is None else link.bank.settings.bank_code
                _log.info("connection_closed", peer=str(link.peer), bank_code=bank_code, reason="configuration")
                connection.close()

    def buildProtocol(self, addr: IAddress | None) -> TwistedProtocol | None:
        """Return a connection, or None: a stranger, and one too many, are closed unread."""
        return self.accept(addr)

    def accept(self, addr: IAddress | None, address: Address | None = None) -> TwistedProtocol | None:
        """Return what is to read from a new connection, None when nobody is.

        Args:
            addr: where it comes from.
            address: where it has come to, as the configuration has it; None when TLS is not spoken there.
        """
        services, peer = self._services, peer_of(addr.host)  # type: ignore[union-attr]  # IPv4Address and IPv6Address
        tls = None if address is None else services.tls.get(address)
        if _is_in(peer, services.settings.listener.balancers):
            return None if self._are_descriptors_short() else self._arriving.from_balancer(peer, tls)
        owner = self._let_in(peer)
        if owner is None or self._are_descriptors_short():
            return None
        services.admission.opened(peer)
        if tls is not None:
            return self._arriving.from_peer(peer, owner, tls)
        return self._connected(Route(peer, services.clock.seconds()), owner)

    def _let_in(self, peer: IPAddress, **about: str) -> str | None:
        """Return the bank whose addresses ``peer`` is of when it may connect, None when it may not: that is logged."""
        owner = self._owner_of(peer)
        if owner is None:
            self._refuse(peer, "address", **about)
            return None
        services, limits = self._services, self._services.settings.listener
        refusal = services.admission.refusal(peer, limits, services.clock.seconds())
        if refusal == CONNECTIONS_MAX and services.guests.make_room(owner):
            refusal = None
        if refusal is not None:
            self._refuse(peer, refusal, **about)
            return None
        return owner

    def _are_descriptors_short(self) -> bool:
        """Tell whether one more connection would leave too few file descriptors; counted."""
        services = self._services
        if not services.descriptors.are_short():
            return False
        services.descriptors.refused(services.clock.seconds())
        return True

    def _connected(self, route: Route, owner: str) -> Connection:
        services = self._services
        connection = Connection(services, self._dialect, self._banks, route, self._lost)
        self.connections.add(connection)
        services.guests.enter(connection, owner, services.settings.listener.connections_max)
        return connection

    @property
    def _arriving(self) -> "Arrivals":
        """Those that have not come as far as their first frame."""
        if self._arrivals is None:
            from fep.links.arrivals import Arrivals  # TLS is an extra, and most have no balancer

            self._arrivals = Arrivals(self._services, self._let_in, self._refuse, self._connected)
        return self._arrivals

    def _find_owner(self, peer: IPAddress) -> str | None:
        """Return the bank whose addresses ``peer`` is of, the first one where they share them; None for a stranger."""
        for code, bank in sorted(self._banks.items()):
            if bank.may_connect_from(peer):
                return code
        return None

    def _refuse(self, peer: IPAddress, reason: str, **about: str) -> None:
        self._services.events["connection_refused"] += 1
        self._services.refusals.connections[reason] += 1
        if self._services.notices.takes("connection_refused", reason):
            _log.warning("connection_refused", peer=str(peer), reason=reason, **about)

    def _lost(self, connection: Connection) -> None:
        self.connections.discard(connection)
        link = connection.link
        self._services.admission.closed(link.peer)
        if link.bank is not None:
            link.bank.load.links -= 1
            self._services.admission.signed_off(link.peer)
        if self._drained is not None and not self.connections:
            drained, self._drained = self._drained, None
            drained.callback(None)

    def check(self, now: float) -> None:
        """Enforce the time limits of all connections at ``now`` (monotonic seconds)."""
        self._services.notices.check(now)
        if self._arrivals is not None:
            self._arrivals.check(now)
        for connection in tuple(self.connections):
            try:
                connection.check(now)
            except Exception as error:  # noqa: BLE001 - a bug of ours must cost one connection, not the daemon
                _log.error("check_failed", peer=str(connection.link.peer), error=error)
                connection.close()

    def drain(self) -> "Deferred[None]":
        """Take no new business; fires when the last connection is gone. The time limits bound it."""
        done: Deferred[None] = Deferred()
        self._drained = done
        if self._arrivals is not None:
            self._arrivals.end()
        for connection in tuple(self.connections):
            connection.link.drain()
        if not self.connections and self._drained is not None:
            self._drained = None
            done.callback(None)
        return done


def _is_in(peer: IPAddress, networks: Iterable[Network]) -> bool:
    return any(peer in network for network in networks)
