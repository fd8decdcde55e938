"""Arrivals 接入中的连接: those of one listener that have not come as far as their first frame."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol

import structlog

from fep.config.settings import Network
from fep.links.arrival import ENDED, EVICTED, Arrival
from fep.links.connection import Connection
from fep.links.route import IPAddress, Route
from fep.links.services import Services

if TYPE_CHECKING:
    from fep.links.tls import TlsEndpoint

HEADERS_MAX = 256
"""Connections of balancers that may wait for their header, over what ``connections_max`` counts: a header comes within
milliseconds, and only balancers have one to send."""

_HARMLESS = (ENDED, EVICTED)
"""Whoever only looks whether somebody listens does no harm, nor does whoever must leave for another."""

_log = structlog.get_logger()


class LetsIn(Protocol):
    """Asks the limits of the listener."""

    def __call__(self, peer: IPAddress, **about: str) -> str | None:
        """Return the bank whose addresses ``peer`` is of when it may connect, else None."""
        ...


class Arrivals:
    """What takes arrivals in, and holds them to their limits.

    Args:
        services: of the daemon.
        let_in: of the listener.
        refuse: counts and logs that an address was turned away, and why.
        connect: makes a connection of an address that was let in for a bank.
    """

    def __init__(
        self,
        services: Services,
        let_in: LetsIn,
        refuse: Callable[[IPAddress, str], None],
        connect: Callable[[Route, str], Connection],
    ) -> None:
        self._services = services
        self._let_in = let_in
        self._refuse = refuse
        self._connect = connect
        self._all: set[Arrival] = set()

    def from_balancer(self, balancer: IPAddress, tls: "TlsEndpoint | None") -> Arrival | None:
        """Return what reads the header of a balancer, None when too many wait for theirs."""
        if sum(1 for arrival in self._all if not arrival.owner) >= HEADERS_MAX:
            self._refuse(balancer, "connections_max")
            return None
        return self._added(Arrival(self, self._services, balancer, tls, is_balanced=True))

    def from_peer(self, peer: IPAddress, owner: str, tls: "TlsEndpoint") -> Arrival:
        """Return what shakes hands with an address that was let in."""
        arrival = self._added(Arrival(self, self._services, peer, tls, is_balanced=False))
        self._enter(arrival, owner)
        return arrival

    def _added(self, arrival: Arrival) -> Arrival:
        self._all.add(arrival)
        return arrival

    def _enter(self, arrival: Arrival, owner: str) -> None:
        """Let an arrival have one of its owner's places for connections on which nobody has signed in."""
        arrival.owner = owner
        self._services.guests.enter(arrival, owner, self._services.settings.listener.connections_max)

    # --- what becomes of one

    def announced(self, arrival: Arrival, peer: IPAddress) -> bool:
        """Tell whether the address that a balancer has announced may connect; it counts as that from then on."""
        owner = self._let_in(peer, balancer=str(arrival.peer))
        if owner is None:
            return False
        self._services.admission.opened(peer)
        arrival.peer = peer
        self._enter(arrival, owner)
        return True

    def connected(self, arrival: Arrival, route: Route) -> Connection:
        """Return the connection that an arrival becomes."""
        self._all.discard(arrival)
        self._services.guests.leave(arrival)
        return self._connect(route, arrival.owner)

    def failed(self, arrival: Arrival, event: str, reason: str) -> None:
        """Count and log how an arrival has failed; whoever goes on so is kept out for a while."""
        services = self._services
        services.events[event] += 1
        is_harmless = reason in _HARMLESS
        if services.notices.takes(event):
            (_log.info if is_harmless else _log.warning)(event, peer=str(arrival.peer), reason=reason)
        if arrival.owner and not is_harmless:
            services.admission.failed(arrival.peer, services.clock.seconds())

    def gone(self, arrival: Arrival) -> None:
        """Forget an arrival that has become nothing."""
        if arrival not in self._all:
            return
        self._all.discard(arrival)
        self._services.guests.leave(arrival)
        if arrival.owner:
            self._services.admission.closed(arrival.peer)

    # --- all of them

    def check(self, now: float) -> None:
        """Enforce the time limit at ``now`` (monotonic seconds)."""
        for arrival in tuple(self._all):
            arrival.check(now, self._services.settings.listener.handshake_timeout)

    def close_strangers(self, networks: Iterable[Network]) -> None:
        """End those whose address is in none of the networks any more."""
        for arrival in tuple(self._all):
            if arrival.owner and not any(arrival.peer in network for network in networks):
                arrival.abort()

    def end(self) -> None:
        """End all: none of them is business."""
        for arrival in tuple(self._all):
            arrival.abort()
