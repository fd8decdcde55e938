"""Where a connection comes from, and what is said of it."""

from datetime import UTC, datetime
from ipaddress import ip_address

import pytest

from crypto.certificate import Certificate
from fep.links.route import Route, peer_of, plain

PEER = ip_address("10.1.2.3")


@pytest.mark.parametrize(
    ("host", "expected"), [("10.1.2.3", "10.1.2.3"), ("::ffff:10.1.2.3", "10.1.2.3"), ("2001:db8::1", "2001:db8::1")]
)
def test_an_address_as_networks_are_written(host, expected):
    """An IPv4 peer of a socket on [::], or one that a balancer announces so, is an IPv4 address."""
    assert str(peer_of(host)) == expected
    assert str(plain(ip_address(host))) == expected


def test_what_is_logged_of_it():
    """Nothing of a connection that has come in plainly; else balancer, TLS and the certificate's digest, no name."""
    assert Route(PEER, 0.0).about() == {}
    now = datetime.now(UTC)
    certificate = Certificate("CN=bank,O=Bank,C=CN", "ab" * 32, now, now)
    assert Route(PEER, 0.0, ip_address("10.0.0.5"), "TLSv1.3", certificate).about() == {
        "balancer": "10.0.0.5",
        "tls": "TLSv1.3",
        "certificate_sha256": "ab" * 32,
    }
