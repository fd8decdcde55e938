"""Route 来路: how a connection has come in."""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from crypto.certificate import Certificate

IPAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Route:
    """How one connection has come in.

    Attributes:
        peer: where it comes from: what its balancer has announced, else the other end of the socket.
        accepted_s: when it was accepted, monotonic.
        balancer: the other end of the socket, where that is a balancer.
        tls_version: as ``TLSv1.3``; empty without TLS.
        certificate: the client's own, where it was asked for one.
    """

    peer: IPAddress
    accepted_s: float
    balancer: IPAddress | None = None
    tls_version: str = ""
    certificate: Certificate | None = None

    def about(self) -> dict[str, str]:
        """Return what is to be logged beside the peer, nothing of a connection that has come in plainly."""
        said = {
            "balancer": str(self.balancer or ""),
            "tls": self.tls_version,
            "certificate_sha256": self.certificate.sha256 if self.certificate else "",
        }
        return {name: value for name, value in said.items() if value}


@lru_cache(4096)  # a storm comes from the same addresses again and again
def peer_of(host: str) -> IPAddress:
    """Return an address as banks' networks are written: an IPv4 peer of a socket on [::] is an IPv4 address."""
    return plain(ip_address(host))


def plain(address: IPAddress) -> IPAddress:
    """Return the IPv4 address that an IPv6 address stands for (``::ffff:10.1.2.3``), else the address itself."""
    return getattr(address, "ipv4_mapped", None) or address
