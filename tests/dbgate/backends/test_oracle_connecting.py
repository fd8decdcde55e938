"""Oracle: what becomes of a connect, with the real driver against listeners that misbehave."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from dbgate.backends import oracle
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable

pytest.importorskip("oracledb")

# What a listener answers that does not know the service: type 4 (refuse), flags, reasons, then the text.
_UNKNOWN_SERVICE = b"(DESCRIPTION=(ERR=12514)(VSNNUM=318767104)(ERROR_STACK=(ERROR=(CODE=12514)(EMFI=4))))"
_REFUSE = (
    struct.pack(">HHBBH", 12 + len(_UNKNOWN_SERVICE), 0, 4, 0, 0)
    + struct.pack(">BBH", 0, 0, len(_UNKNOWN_SERVICE))
    + _UNKNOWN_SERVICE
)


Answer = Callable[[socket.socket, bytes], object]
"""What a listener does about a request to connect."""


def hang_up(peer: socket.socket, _request: bytes) -> None:
    peer.close()


def say_nothing(_peer: socket.socket, _request: bytes) -> None:
    pass


@contextmanager
def listener(answer: Answer) -> Iterator[int]:
    """Listen on a free port, read whole requests to connect, and answer them."""
    accepted: list[socket.socket] = []

    def _serve() -> None:
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            accepted.append(peer)
            answer(peer, _request(peer))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)
            for peer in accepted:
                peer.close()


def _request(peer: socket.socket) -> bytes:
    """Read the two packets, for when one is thrown away (ECONNRESET) the driver leaves its socket unclosed."""
    peer.settimeout(10)
    request = b""
    while not request.endswith(b")))"):
        request += peer.recv(4096)
    return request


def refused(port: int) -> str:
    """The reason for which a connection to that port is not to be had."""
    with pytest.raises(DatabaseUnavailable) as caught:
        Database(f"oracle+oracledb://fep:geheim@127.0.0.1:{port}/?service_name=billing").connect(money=True)
    assert "geheim" not in str(caught.value)
    return str(caught.value)


def test_nobody_listens() -> None:
    """The codes of driver and system say that it is the port, not the service or the password."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert refused(port) == "cannot connect: nobody listens at the address (OperationalError DPY-6005 ECONNREFUSED)"


def test_the_listener_hangs_up() -> None:
    """As a firewall in between does."""
    with listener(hang_up) as port:
        assert refused(port) == "cannot connect: OperationalError DPY-6005 DPY-4011"


def test_the_listener_does_not_know_the_service() -> None:
    """A mistyped service name is told from a database that is down."""
    with listener(lambda peer, _request: peer.sendall(_REFUSE)) as port:
        said = refused(port)
    codes = "OperationalError DPY-6005 DPY-6001 ORA-12514"
    assert said == f"cannot connect: the listener does not know the service ({codes})"


def test_the_listener_accepts_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lane is free again in time."""
    monkeypatch.setattr(oracle, "CONNECT_TIMEOUT_S", 0.2)
    with listener(say_nothing) as port:
        assert refused(port) == "cannot connect: no answer within 0.2 s"


def test_a_silent_connection_is_probed() -> None:
    """The driver is told to keep connections alive, so that a host that has died is noticed."""
    requests: list[bytes] = []

    def _note(peer: socket.socket, request: bytes) -> None:
        requests.append(request)
        peer.close()

    with listener(_note) as port:
        refused(port)
    assert b"(EXPIRE_TIME=1)" in requests[0]
    assert b"(TRANSPORT_CONNECT_TIMEOUT=5)" in requests[0]
