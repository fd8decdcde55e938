"""The TCP proxy does to a connection what its switches say, and nothing else. The test is client and server itself."""

import queue
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.support.tcp_proxy import AtCommit, TcpProxy

WAIT_S = 10.0
# What must not happen is waited for no longer than it takes to happen.
NOTHING_S = 0.2


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">I", 4 + len(body)) + body


START = struct.pack(">II", 8 + 6, 196608) + b"user\0\0"
SSL_REQUEST = struct.pack(">II", 8, 80877103)
LOGGED_IN = message(b"R", struct.pack(">I", 0)) + message(b"Z", b"I")
QUERY = message(b"Q", b"SELECT 1\0")
COMMIT = message(b"Q", b"COMMIT\0")
COMMITTED = message(b"C", b"COMMIT\0") + message(b"Z", b"I")
PARSED_COMMIT = message(b"P", b"\0commit;\0\0\0") + message(b"B", b"\0\0\0\0\0\0\0\0") + message(b"S", b"")


class Server:
    """Accepts connections and hands them to the test."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.connections: queue.Queue[socket.socket] = queue.Queue()
        self.all: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                connection.settimeout(WAIT_S)
                self.all.append(connection)
                self.connections.put(connection)

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.all:
            connection.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def proxy(server: Server) -> Iterator[TcpProxy]:
    port = server.listener.getsockname()[1]
    with TcpProxy(f"postgresql+psycopg://fep@127.0.0.1:{port}/fep") as proxy:
        yield proxy


Ends = tuple[socket.socket, socket.socket]


def connect(proxy: TcpProxy, server: Server) -> Ends:
    """A client and the server's end of its connection."""
    client = socket.create_connection(("127.0.0.1", proxy.port), timeout=WAIT_S)
    server.all.append(client)
    return client, server.connections.get(timeout=WAIT_S)


@pytest.fixture
def ends(proxy: TcpProxy, server: Server) -> Ends:
    """A client that has logged in, and the server's end."""
    client, far = connect(proxy, server)
    client.sendall(START)
    assert read(far, len(START)) == START
    far.sendall(LOGGED_IN)
    assert read(client, len(LOGGED_IN)) == LOGGED_IN
    return client, far


def read(end: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count and (piece := end.recv(count - len(data))):
        data += piece
    return data


def is_silent(end: socket.socket) -> bool:
    end.settimeout(NOTHING_S)
    try:
        return end.recv(1) is None
    except TimeoutError:
        return True
    finally:
        end.settimeout(WAIT_S)


def is_cut(end: socket.socket) -> bool:
    try:
        return end.recv(1) == b""
    except ConnectionError:
        return True


def test_everything_passes(proxy: TcpProxy, ends: Ends) -> None:
    """Bytes go both ways unchanged, however they are cut, and the end of one side reaches the other."""
    client, far = ends
    for byte in QUERY + COMMIT:
        client.sendall(bytes([byte]))
    assert read(far, len(QUERY + COMMIT)) == QUERY + COMMIT
    far.sendall(COMMITTED + LOGGED_IN)
    assert read(client, len(COMMITTED + LOGGED_IN)) == COMMITTED + LOGGED_IN
    client.shutdown(socket.SHUT_WR)
    assert far.recv(1) == b""

    assert (proxy.accepted, proxy.commits, proxy.committed) == (1, 1, 1)


def test_an_encryption_request_is_answered_by_one_byte(proxy: TcpProxy, server: Server) -> None:
    """The byte that answers it does not confuse what follows."""
    client, far = connect(proxy, server)
    client.sendall(SSL_REQUEST)
    assert read(far, 8) == SSL_REQUEST
    far.sendall(b"N")
    assert read(client, 1) == b"N"
    client.sendall(START + COMMIT)
    assert read(far, len(START + COMMIT)) == START + COMMIT
    far.sendall(LOGGED_IN + COMMITTED)

    assert read(client, len(LOGGED_IN + COMMITTED)) == LOGGED_IN + COMMITTED
    assert (proxy.commits, proxy.committed) == (1, 1)


def test_silence(proxy: TcpProxy, server: Server, ends: Ends) -> None:
    """Nothing passes, new connections are accepted; what was held back goes on its way afterwards."""
    client, far = ends
    proxy.silence()
    client.sendall(QUERY)
    other, _ = connect(proxy, server)
    other.sendall(START)
    assert is_silent(far)
    far.sendall(LOGGED_IN)
    assert is_silent(client)
    client.shutdown(socket.SHUT_WR)
    proxy.forward()

    assert read(far, len(QUERY) + 1) == QUERY
    assert read(client, len(LOGGED_IN)) == LOGGED_IN


def test_silence_in_the_middle_of_an_answer(proxy: TcpProxy, ends: Ends) -> None:
    """The first so many bytes of the answers arrive, the rest when forwarding begins again."""
    client, far = ends
    proxy.silence_after(7)
    far.sendall(LOGGED_IN)
    assert read(client, 7) == LOGGED_IN[:7]
    assert is_silent(client)
    proxy.forward()

    assert read(client, len(LOGGED_IN) - 7) == LOGGED_IN[7:]


def test_silence_after_the_login(proxy: TcpProxy, server: Server) -> None:
    """A client logs in and hears nothing more."""
    proxy.silence_after_login()
    client, far = connect(proxy, server)
    client.sendall(START)
    assert read(far, len(START)) == START
    far.sendall(LOGGED_IN)
    assert read(client, len(LOGGED_IN)) == LOGGED_IN
    far.sendall(COMMITTED)

    assert is_silent(client)


def test_delay(proxy: TcpProxy, ends: Ends) -> None:
    """Answers come later, requests do not."""
    client, far = ends
    proxy.delay(2 * NOTHING_S)
    client.sendall(QUERY)
    assert read(far, len(QUERY)) == QUERY
    far.sendall(LOGGED_IN)

    assert is_silent(client)
    assert read(client, len(LOGGED_IN)) == LOGGED_IN


def test_refusal(proxy: TcpProxy, server: Server, ends: Ends) -> None:
    """Connections are cut and refused, until forwarding begins again on the same port."""
    client, far = ends
    proxy.refuse()
    assert is_cut(client)
    assert is_cut(far)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", proxy.port), timeout=WAIT_S)
    proxy.forward()
    client, far = connect(proxy, server)
    client.sendall(START)

    assert read(far, len(START)) == START


def test_a_cut_while_silent(proxy: TcpProxy, ends: Ends) -> None:
    """Connections that hang can be cut too."""
    client, far = ends
    proxy.silence()
    client.sendall(QUERY)
    proxy.cut()

    assert is_cut(client)
    assert is_cut(far)


@pytest.mark.parametrize("commit", [COMMIT, PARSED_COMMIT], ids=["simple", "extended"])
def test_cut_before_a_commit(proxy: TcpProxy, ends: Ends, commit: bytes) -> None:
    """What comes before the COMMIT arrives, the COMMIT never does; both sides are cut."""
    client, far = ends
    proxy.at_commit(AtCommit.CUT_BEFORE)
    client.sendall(QUERY + commit)

    assert proxy.acted.wait(WAIT_S)
    assert is_cut(client)
    with suppress(ConnectionError):
        assert read(far, len(QUERY + commit)) == QUERY


def test_a_prepared_commit_is_one_when_it_is_bound(proxy: TcpProxy, ends: Ends) -> None:
    """Parsing a statement does not run it."""
    client, far = ends
    parse, bind = message(b"P", b"c\0COMMIT\0\0\0"), message(b"B", b"\0c\0\0\0\0\0\0\0")
    client.sendall(parse + bind)
    assert read(far, len(parse + bind)) == parse + bind

    assert proxy.commits == 1


def test_cut_after_a_commit(proxy: TcpProxy, ends: Ends) -> None:
    """The server has the COMMIT, and a client that has gone."""
    client, far = ends
    proxy.at_commit(AtCommit.CUT_AFTER)
    client.sendall(COMMIT)

    assert proxy.acted.wait(WAIT_S)
    assert is_cut(client)
    assert read(far, len(COMMIT) + 1) == COMMIT


def test_cut_instead_of_the_answer(proxy: TcpProxy, ends: Ends) -> None:
    """The client is cut when the server has committed, and only by the first COMMIT."""
    client, far = ends
    proxy.at_commit(AtCommit.CUT_ANSWER)
    client.sendall(COMMIT)
    assert read(far, len(COMMIT)) == COMMIT
    assert is_silent(client)
    far.sendall(COMMITTED)

    assert is_cut(client)
    assert proxy.acted.wait(WAIT_S)
    assert proxy.committed == 1


def test_a_commit_held_back(proxy: TcpProxy, server: Server, ends: Ends) -> None:
    """The COMMIT waits and with it its connection; others go on."""
    client, far = ends
    proxy.at_commit(AtCommit.HOLD)
    client.sendall(COMMIT)
    assert proxy.acted.wait(WAIT_S)
    assert is_silent(far)
    other, other_far = connect(proxy, server)
    other.sendall(START + COMMIT)
    assert read(other_far, len(START + COMMIT)) == START + COMMIT
    proxy.forward()

    assert read(far, len(COMMIT)) == COMMIT


def test_an_answer_held_back(proxy: TcpProxy, ends: Ends) -> None:
    """The server commits, and its answer waits."""
    client, far = ends
    proxy.at_commit(AtCommit.HOLD_ANSWER)
    client.sendall(COMMIT)
    assert read(far, len(COMMIT)) == COMMIT
    far.sendall(COMMITTED)
    assert is_silent(client)
    proxy.forward()

    assert read(client, len(COMMITTED)) == COMMITTED


def test_a_hook_for_each_commit(proxy: TcpProxy, ends: Ends) -> None:
    """A test can look at the world between the client's COMMIT and the server's."""
    client, far = ends
    seen: list[bool] = []
    has_looked = threading.Event()

    def _look() -> None:
        seen.append(is_silent(far))
        has_looked.set()

    proxy.on_commit = _look
    client.sendall(COMMIT)

    assert has_looked.wait(WAIT_S)  # both sides would set one socket's time limit
    assert read(far, len(COMMIT)) == COMMIT
    assert seen == [True]
