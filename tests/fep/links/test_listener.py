"""Who is let in, how many, and how all connections are brought to an end."""

from ipaddress import ip_network

import pytest
from twisted.internet.address import IPv4Address, IPv6Address

from tests.support.records import TODAY
from tests.support.rim import Rim, reversed_, status_found
from tests.system.messages import REVERSE, STATUS, status, undo

ACCOUNT = "0100000001"
STATUS_BODY = status(ACCOUNT, 7, TODAY)


def is_let_in(rim: Rim, host: str) -> bool:
    kind = IPv6Address if ":" in host else IPv4Address
    return rim.factory.buildProtocol(kind("TCP", host, 40_000)) is not None


@pytest.fixture
def apart(logs) -> Rim:
    """Return a rim whose banks come from networks of their own."""
    nowhere = {"addresses": ()}
    return Rim(
        banks={
            "0102": {"addresses": (ip_network("10.1.0.0/16"),)},
            "0103": {"addresses": (ip_network("192.0.2.7/32"), ip_network("2001:db8::/64"))},
            "0104": {"addresses": (ip_network("172.16.0.0/12"),), "dialect": "other"},
            "0105": nowhere,
            "0403": nowhere,
        }
    )


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("10.1.255.255", True),
        ("10.2.0.0", False),
        ("192.0.2.7", True),
        ("192.0.2.8", False),
        ("127.0.0.1", False),
        ("2001:db8::1", True),
        ("2001:db8:0:1::1", False),
        ("::ffff:10.1.2.3", True),
        ("::ffff:10.2.0.0", False),
        ("172.16.0.1", False),
    ],
)
def test_only_addresses_of_the_banks_are_let_in(apart, logs, host, expected):
    """The union of all networks of the banks of this dialect; others are closed unread, counted and logged."""
    assert is_let_in(apart, host) is expected
    assert apart.events == ({} if expected else {"connection_refused": 1})
    assert [event["reason"] for event in logs] == ([] if expected else ["address"])


def test_an_ipv4_peer_of_an_ipv6_socket_signs_in_as_itself(apart):
    """A peer that the socket shows as ::ffff:10.1.2.3 is 10.1.2.3, for the bank's own networks too."""
    bank = apart.connect("0102", peer="::ffff:10.1.2.3")
    bank.sign_in()
    assert str(bank.link.peer) == "10.1.2.3"


def test_connections_are_bounded(logs):
    """One connection more than connections_max is refused; when one has gone, another may come."""
    rim = Rim(connections_max=2)
    first, _ = rim.connect(), rim.connect()
    assert not is_let_in(rim, "10.1.2.3")
    assert [event["reason"] for event in logs if event["event"] == "connection_refused"] == ["connections_max"]
    first.hang_up()
    assert is_let_in(rim, "10.1.2.3")
    assert len(rim.factory.connections) == 2


def test_draining_waits_for_what_is_in_work(rim):
    """The drain is done when the last connection has gone, and business is 1011 until then."""
    busy, quiet = rim.bank(), rim.bank()
    request = busy.build(REVERSE, undo(ACCOUNT, 100, 7, TODAY))
    busy.send(request)
    drained = rim.factory.drain()
    assert (busy.ends, quiet.ends, drained.called) == ("open", "half-closed", False)
    assert busy.request(STATUS, STATUS_BODY).code == "1011"

    quiet.hang_up()
    rim.gate.finish(reversed_())
    assert busy.reply(request).code == "0000"
    assert not drained.called
    busy.hang_up()
    assert drained.called


def test_draining_without_connections_is_done_at_once(rim):
    """Nothing to wait for."""
    assert rim.factory.drain().called


def test_a_drain_ends_whatever_banks_and_gate_do(rim):
    """A gate that hangs, a bank that stays and one that takes no replies: the limits end each of them."""
    hanging, staying, stuck = rim.bank(), rim.bank(), rim.bank()
    hanging.send(hanging.build(STATUS, STATUS_BODY))
    stuck.send(stuck.build(STATUS, STATUS_BODY))
    stuck.transport.block()
    drained = rim.factory.drain()
    rim.pass_time(5)
    assert (hanging.ends, staying.ends, stuck.ends) == ("open", "aborted", "open")
    rim.pass_time(5.5)
    assert (hanging.ends, stuck.ends) == ("half-closed", "half-closed")
    rim.pass_time(5)

    assert (hanging.ends, stuck.ends) == ("aborted", "aborted")
    for bank in (hanging, staying, stuck):
        bank.hang_up()
    assert drained.called
    rim.gate.finish_all(status_found())
