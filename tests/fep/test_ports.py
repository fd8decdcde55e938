"""Ports: own sockets and those of a service manager, and what is wrong with one."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from twisted.internet import reactor
from twisted.internet.protocol import Factory

from fep.config.settings import Address, ListenerSettings, TlsSettings
from fep.links.listener import LinkFactory
from fep.ports import Ports, SocketUnfit
from fep.service_manager import InheritedSocket
from protocol.dialects.registry import DIALECTS
from tests.support.ports import free_port
from tests.support.rim import Rim

STANDARD, ELEC02 = DIALECTS["standard"], DIALECTS["elec02"]


@pytest.fixture
def handed_over() -> Iterator[socket.socket]:
    """A socket that listens before the daemon starts."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def listening(ports: Ports, *dialects: Any) -> Ports:
    for dialect in dialects:
        ports.listen(cast("LinkFactory", Factory()), dialect)
    return ports


def stop(ports: Ports) -> None:
    for _ in ports.stop():
        pass


def test_each_dialect_has_its_own_addresses() -> None:
    """Without a service manager all addresses are those of the configuration."""
    port = free_port()
    ports = listening(Ports(reactor, ListenerSettings((Address("127.0.0.1", port),))), STANDARD)

    assert ports.addresses() == [Address("127.0.0.1", port)]
    assert list(ports.ailments()) == []
    stop(ports)


def test_a_socket_that_was_handed_over_takes_the_place_of_the_addresses(handed_over: socket.socket) -> None:
    """It stays open when the daemon stops listening: the next one is to answer who waits in it."""
    inherited = InheritedSocket(handed_over.fileno(), "standard")
    settings = ListenerSettings((Address("127.0.0.1", 1),))  # which nobody could listen on
    ports = listening(Ports(reactor, settings, [inherited]), STANDARD)

    assert [address.port for address in ports.addresses()] == [handed_over.getsockname()[1]]
    stop(ports)
    assert inherited.is_listening_tcp


def test_a_socket_is_known_by_its_port(handed_over: socket.socket) -> None:
    """Whatever its unit calls it, a socket on a dialect's port is that dialect's."""
    port = handed_over.getsockname()[1]
    own = ListenerSettings((Address("127.0.0.1", 0),), dialect={"elec02": (Address("0.0.0.0", port),)})
    ports = Ports(reactor, own, [InheritedSocket(handed_over.fileno(), "fep.socket")])

    ports.require_wanted([STANDARD, ELEC02])
    listening(ports, STANDARD, ELEC02)

    assert [address.port == port for address in ports.addresses()] == [False, True]
    stop(ports)


def test_a_socket_that_nobody_wants(handed_over: socket.socket) -> None:
    """Banks would connect to it in vain, so it is refused with what its unit must say."""
    ports = Ports(reactor, ListenerSettings(), [InheritedSocket(handed_over.fileno(), "banks")])
    with pytest.raises(SocketUnfit, match="FileDescriptorName=standard, elec02"):
        ports.require_wanted([STANDARD, ELEC02])


def test_a_socket_of_which_nobody_says_whether_it_speaks_tls(handed_over: socket.socket) -> None:
    """Where the banks of its dialect speak TLS, a socket on another port would be one without, unnoticed."""
    tls = {Address("0.0.0.0", 9743): TlsSettings(Path("fep.pem"), "file:fep.key")}
    addresses = Address("0.0.0.0", 9700), Address("0.0.0.0", 9743)
    unknown = [InheritedSocket(handed_over.fileno(), "standard")]
    with pytest.raises(SocketUnfit, match="nothing says whether"):
        Ports(reactor, ListenerSettings(addresses, tls=tls), unknown).require_wanted([STANDARD])
    known = Address("0.0.0.0", handed_over.getsockname()[1])
    of_known = {known: TlsSettings(Path("fep.pem"), "file:fep.key")}
    Ports(reactor, ListenerSettings((addresses[0], known), tls=of_known), unknown).require_wanted([STANDARD])


def test_an_address_with_tls_that_no_socket_has(handed_over: socket.socket) -> None:
    """Whoever adds an address with TLS to the file and none to the socket unit is told so at the start."""
    known, secure = Address("0.0.0.0", handed_over.getsockname()[1]), Address("0.0.0.0", 9743)
    own = ListenerSettings((known, secure), tls={secure: TlsSettings(Path("fep.pem"), "file:fep.key")})
    with pytest.raises(SocketUnfit, match=r"to speak TLS on 0\.0\.0\.0:9743, .* add ListenStream=0\.0\.0\.0:9743"):
        Ports(reactor, own, [InheritedSocket(handed_over.fileno(), "standard")]).require_wanted([STANDARD])
    Ports(reactor, own).require_wanted([STANDARD])


def test_a_socket_that_does_not_listen() -> None:
    """A socket unit of datagrams, or one that does not listen, is told from one of banks."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        ports = Ports(reactor, ListenerSettings(), [InheritedSocket(datagrams.fileno(), "standard")])
        with pytest.raises(SocketUnfit, match="no TCP socket that listens"):
            ports.require_wanted([STANDARD])


def test_a_port_that_accepts_nobody_ails(handed_over: socket.socket) -> None:
    """A port that is not read any more is found by the watchdog."""
    inherited = InheritedSocket(handed_over.fileno(), "standard")
    ports = listening(Ports(reactor, ListenerSettings(), [inherited]), STANDARD)
    for reader in cast("Any", reactor).getReaders():
        if getattr(reader, "port", None) is not None or type(reader).__name__ == "Port":
            reader.stopReading()

    assert [ailment.endswith("accepts no connections") for ailment in ports.ailments()] == [True]
    stop(ports)


def test_a_port_that_rests_is_well() -> None:
    """Strangers have had their part of the time: for a moment nobody is accepted, which ails nothing."""
    ports = Ports(reactor, ListenerSettings((Address("127.0.0.1", free_port()),)))
    ports.listen_for(Rim().services, [STANDARD])
    (port,) = (each for each in cast("Any", reactor).getReaders() if type(each).__name__ == "Port")
    later = [call.getTime() for call in cast("Any", reactor).getDelayedCalls()]
    while port in cast("Any", reactor).getReaders():  # each round is one of the loop
        socket.create_connection(("127.0.0.1", port.getHost().port)).close()
        port.doRead()
    assert list(ports.ailments()) == []

    for call in cast("Any", reactor).getDelayedCalls():
        if call.getTime() not in later:
            call.cancel()
    stop(ports)
