"""What comes before the first frame: how arrivals are counted, bounded and ended, without sockets."""

import contextlib
import ssl
import struct
import subprocess
import sys
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from crypto.certificates import Credentials, chain_of, private_key_of
from fep.config.settings import Address, TlsSettings
from fep.links import arrivals
from fep.links.arrival import Arrival
from fep.links.tls import TlsEndpoint
from tests.support.certificates import Authority, pem
from tests.support.daemon import ROOT, environment
from tests.support.rim import FakeTransport, Rim

BALANCER = "192.0.2.1"
ADDRESS = Address("127.0.0.1", 9743)
SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")


def header(source: str) -> bytes:
    body = ip_address(source).packed + bytes(4) + struct.pack(">HH", 40_000, 9700)
    return SIGNATURE + struct.pack(">BBH", 0x21, 0x11, len(body)) + body


class Socket(FakeTransport):
    """A connected socket whose protocol may be another one by and by, as Twisted's own; it tells of its end once."""

    def __init__(self, protocol: Any) -> None:
        super().__init__()
        self.protocol = protocol
        self._has_told = False
        protocol.makeConnection(self)

    def send(self, data: bytes) -> None:
        """Send to the daemon."""
        self.protocol.dataReceived(data)
        if self.disconnecting:
            self.hang_up()

    def hang_up(self) -> None:
        """End the connection from the other side."""
        if not self._has_told:
            self._has_told = True
            self.protocol.connectionLost(Failure(ConnectionDone()))

    def write(self, data: bytes) -> None:
        if not self.disconnected:  # Twisted's forgets what is written after the end, and TLS does that
            super().write(data)

    def loseConnection(self) -> None:
        self.disconnecting = True

    def resumeProducing(self) -> None:
        if self.is_paused:
            super().resumeProducing()

    def abortConnection(self) -> None:
        if not self.disconnected:
            super().abortConnection()
            self.hang_up()


@pytest.fixture
def rim(logs: Any) -> Rim:
    """A daemon with a balancer, whose banks come from 10.0.0.0/8."""
    rim = Rim(banks={code: {"addresses": (ip_network("10.0.0.0/8"),)} for code in ("0102", "0103")})
    listener = replace(rim.settings.listener, balancers=(ip_network(f"{BALANCER}/32"),), connections_max=4)
    rim.services.settings = replace(rim.services.settings, listener=listener)
    return rim


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Signs what the daemon shows."""
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def endpoint(authority: Authority) -> TlsEndpoint:
    """TLS on one address."""
    issued = authority.issue("fep")
    chain = chain_of(pem(issued.certificate))
    credentials = Credentials(chain, private_key_of(issued.key_file.read_bytes(), chain[0]))
    return TlsEndpoint(TlsSettings(issued.certificate_file, f"file:{issued.key_file}"), credentials)


class Client:
    """The bank's end of TLS over a ``Socket``, by the standard library."""

    def __init__(self, socket: Socket, authority: Authority) -> None:
        self.socket = socket
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context(cafile=authority.file)
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="127.0.0.1")
        for _ in range(2):
            with contextlib.suppress(ssl.SSLWantReadError):
                self._tls.do_handshake()
            self._pass_on()

    def _pass_on(self) -> None:
        self.socket.send(self._outgoing.read())
        self._incoming.write(self.socket.take())

    def send(self, data: bytes) -> None:
        self._tls.write(data)
        self._pass_on()

    def received(self) -> bytes:
        """Return what has come; nothing after the end that the daemon has announced."""
        self._incoming.write(self.socket.take())
        return self._tls.read(65_536)

    def say_the_end(self) -> None:
        """Announce the own end (close_notify)."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        self.socket.send(self._outgoing.read())


def connect(rim: Rim, host: str, address: Address | None = None) -> Socket | None:
    protocol = rim.factory.accept(IPv4Address("TCP", host, 40_000), address)
    return None if protocol is None else Socket(protocol)


def connected(rim: Rim, host: str = BALANCER, address: Address | None = None) -> Socket:
    socket = connect(rim, host, address)
    assert socket is not None
    return socket


def reasons(logs: Any, event: str) -> list[str]:
    return [line["reason"] for line in logs if line["event"] == event]


def test_a_balancer_takes_no_place_before_its_header(rim, logs):
    """Connections that wait for a header are bounded apart; what is announced takes a place, and gives it back."""
    sockets = [connected(rim) for _ in range(6)]
    assert rim.services.admission.count == 0
    for number, socket in enumerate(sockets[:4]):
        socket.send(header(f"10.1.2.{number}"))
    assert (rim.services.admission.count, len(rim.factory.connections)) == (4, 4)
    origins = sorted(connection.link.origin for connection in rim.factory.connections)
    assert origins[0] == '"peer": "10.1.2.0", "balancer": "192.0.2.1", "link": 1'
    for socket in sockets:
        socket.hang_up()
    assert (rim.services.admission.count, len(rim.factory.connections)) == (0, 0)
    assert rim.events == {}


def test_the_caps_are_those_of_the_announced_address(rim, logs):
    """One address behind a balancer has no more connections than if it came by itself; others are not held up by it."""
    listener = replace(rim.services.settings.listener, connections_per_address_max=2)
    rim.services.settings = replace(rim.services.settings, listener=listener)
    sockets = [connected(rim) for _ in range(4)]
    for socket, source in zip(sockets, ("10.1.2.3", "10.1.2.3", "10.1.2.3", "10.9.9.9"), strict=True):
        socket.send(header(source))
    assert [socket.disconnected for socket in sockets] == [False, False, True, False]
    assert reasons(logs, "connection_refused") == ["connections_per_address_max"]


def test_headers_are_bounded(rim, logs, monkeypatch):
    """A balancer that opens connections and says nothing does not fill the daemon's memory."""
    monkeypatch.setattr(arrivals, "HEADERS_MAX", 2)
    first, _ = connected(rim), connected(rim)
    assert connect(rim, BALANCER) is None
    first.hang_up()
    assert connect(rim, BALANCER) is not None
    assert reasons(logs, "connection_refused") == ["connections_max"]


def test_time_limits(rim, logs, endpoint):
    """The header and the handshake are over in ``handshake_timeout`` together; a balancer's check ends unsaid."""
    rim.services.tls = {ADDRESS: endpoint}
    silent, slow = connected(rim), connected(rim, "10.1.2.3", ADDRESS)
    check = connected(rim)
    check.send(SIGNATURE + struct.pack(">BBH", 0x20, 0, 0))
    rim.pass_time(4.5)
    assert not any(socket.disconnected for socket in (silent, slow, check))
    rim.pass_time(1)
    assert all(socket.disconnected for socket in (silent, slow, check))
    assert rim.events == {"proxy_header_invalid": 1, "tls_handshake_failed": 1}
    assert rim.services.admission.count == 0


def test_who_fails_on_and_on_is_kept_out(rim, logs, endpoint):
    """Handshakes that fail are failures as wrong keys are; who only looks whether somebody listens does no harm."""
    rim.services.tls = {ADDRESS: endpoint}
    for _ in range(40):
        connected(rim, "10.1.2.3", ADDRESS).hang_up()
    for _ in range(21):
        connected(rim, "10.1.2.3", ADDRESS).send(b"GET / HTTP/1.1\r\n\r\n")
        rim.pass_time(0.25)
    assert connect(rim, "10.1.2.3", ADDRESS) is None
    assert connect(rim, "10.9.9.9", ADDRESS) is not None
    assert reasons(logs, "connection_refused") == ["sign_in_failures"]


def test_a_handshake_leaves_its_place(rim, logs, endpoint):
    """When all places are taken by those who shake hands without end, the eldest leaves for another bank's."""
    rim.services.tls = {ADDRESS: endpoint}
    sockets = [connected(rim, "10.1.2.3", ADDRESS) for _ in range(4)]
    rim.services.banks["0103"].settings = replace(
        rim.services.banks["0103"].settings, addresses=(ip_network("198.51.100.0/24"),)
    )
    rim.factory.take_banks()
    connected(rim, "198.51.100.1", ADDRESS)
    assert [socket.disconnected for socket in sockets] == [True, False, False, False]
    assert reasons(logs, "tls_handshake_failed") == ["evicted"]
    assert rim.services.admission.count == 4


def test_a_handshake_waits_for_its_turn(rim, endpoint):
    """While guests have used up their time, bytes of a handshake are kept, no more are read, and its clock stands."""
    rim.services.tls = {ADDRESS: endpoint}
    socket = connected(rim, "10.1.2.3", ADDRESS)
    arrival = socket.protocol
    assert isinstance(arrival, Arrival)
    now = [100.0]
    rim.services.guests.time.seconds = lambda: now[0]
    rim.services.guests.time.spent(1.0)
    socket.send(b"\x15")
    socket.is_blocked = False
    assert socket.producerState == "paused"
    rim.pass_time(30)
    now[0] += 60
    arrival.take_turn()
    assert socket.producerState == "producing"
    rim.pass_time(4.5)
    assert rim.events == {}
    rim.pass_time(1)
    assert rim.events == {"tls_handshake_failed": 1}


@pytest.fixture
def client(rim: Rim, endpoint: TlsEndpoint, authority: Authority) -> Client:
    """A bank that has shaken hands and has not signed in."""
    rim.services.tls = {ADDRESS: endpoint}
    return Client(connected(rim, "10.1.2.3", ADDRESS), authority)


def test_a_connection_on_tls(rim, client):
    """It is one as any other, and knows how it has come in; frames are read, and answered with what TLS makes of it."""
    (connection,) = rim.factory.connections
    assert connection.link.route.tls_version == "TLSv1.3"
    client.send(struct.pack(">H", 104) + bytes(104))
    assert client.received()[6:10] == b"1007"


def test_a_peer_that_takes_nothing_is_not_read(rim, client):
    """The transport below TLS is full: reading stops until it is empty, and no longer than ``write_timeout``."""
    client.socket.block()
    assert client.socket.producerState == "paused"
    client.socket.unblock()
    assert client.socket.producerState == "producing"
    client.socket.block()
    rim.pass_time(5)
    assert not client.socket.disconnected
    rim.pass_time(30)
    assert client.socket.disconnected


@pytest.mark.parametrize("is_blocked", [False, True])
def test_the_end_is_announced(rim, client, is_blocked):
    """A link that ends says so (close_notify), is read on, and is gone when the bank has said so too."""
    if is_blocked:
        client.socket.block()
    drained = rim.factory.drain()
    assert client.received() == b""  # without the announcement it would be SSLWantReadError
    assert not drained.called
    assert client.socket.producerState == "producing"
    client.say_the_end()
    assert drained.called
    assert rim.events == {}


def test_an_end_that_is_not_answered(rim, client):
    """After ``drain_timeout`` the connection is cut off."""
    drained = rim.factory.drain()
    rim.pass_time(6)
    assert client.socket.disconnected
    assert drained.called


def test_a_drain_ends_arrivals(rim, endpoint):
    """Nothing of them is business: the drain does not wait, and none becomes a connection any more."""
    rim.services.tls = {ADDRESS: endpoint}
    sockets = [connected(rim), connected(rim, "10.1.2.3", ADDRESS)]
    assert rim.factory.drain().called
    assert all(socket.disconnected for socket in sockets)
    assert rim.events == {}


def test_a_reload_ends_arrivals_of_strangers(rim, endpoint):
    """Whose network has gone from the configuration, while it shakes hands; a header is judged when it comes."""
    rim.services.tls = {ADDRESS: endpoint}
    waiting, stranger = connected(rim), connected(rim, "10.1.2.3", ADDRESS)
    for bank in rim.services.banks.values():
        bank.settings = replace(bank.settings, addresses=(ip_network("198.51.100.0/24"),))
    rim.factory.take_banks()
    rim.factory.close_strangers([])
    assert (waiting.disconnected, stranger.disconnected) == (False, True)


def test_a_header_that_is_cut_off(rim, logs):
    """A balancer that ends in the middle of its header is told of; one that has sent nothing is not."""
    connected(rim).hang_up()
    half = connected(rim)
    half.send(SIGNATURE[:7])
    half.hang_up()
    assert reasons(logs, "proxy_header_invalid") == ["ended"]


def test_a_check_that_sends_something(rim, logs):
    """Nobody signs in on the balancer's own connection."""
    for sent in (b"", b"\x00\x68"):
        check = connected(rim)
        check.send(SIGNATURE + struct.pack(">BBH", 0x20, 0, 0) + sent)
        assert check.disconnected is (sent != b"")
    check = connected(rim)
    check.send(SIGNATURE + struct.pack(">BBH", 0x20, 0, 0))
    check.send(b"\x00")
    assert check.disconnected


def test_the_time_to_sign_in_begins_when_it_was_accepted(rim):
    """Header and handshake are part of the ten seconds that a bank has to sign in."""
    socket = connected(rim)
    rim.pass_time(4)
    socket.send(header("10.1.2.3"))
    (connection,) = rim.factory.connections
    rim.pass_time(5.5)
    assert not connection.link.is_closed
    rim.pass_time(1)
    assert connection.link.is_closed


def test_balancers_do_without_the_extra():
    """Whoever has balancers and no TLS need not install what TLS needs."""
    program = "import sys; sys.modules['OpenSSL'] = None; import fep.links.arrivals, fep.daemon"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment(), check=True, timeout=60)
