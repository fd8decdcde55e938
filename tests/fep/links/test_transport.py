"""The transport: prompt when the peer reads, patient when it does not, and always in order."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.protocol import Protocol

from fep.links.transport import PromptServer


class Reactor:
    """Notes which transports want to be told that they can be written to."""

    def __init__(self) -> None:
        self.writers: set[Any] = set()

    def addReader(self, _reader: Any) -> None: ...

    def removeReader(self, _reader: Any) -> None: ...

    def addWriter(self, writer: Any) -> None:
        self.writers.add(writer)

    def removeWriter(self, writer: Any) -> None:
        self.writers.discard(writer)

    def callLater(self, _delay: float, _function: Any, *_arguments: Any) -> None: ...


class Pair:
    """A transport and the peer's socket."""

    def __init__(self) -> None:
        ours, self.peer = socket.socketpair()
        ours.setblocking(False)
        self.peer.settimeout(5)
        self.reactor = Reactor()
        protocol = Protocol()
        self.transport = PromptServer(ours, protocol, ("127.0.0.1", 1), None, 0, self.reactor)  # type: ignore[arg-type]
        protocol.makeConnection(self.transport)

    def received(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += self.peer.recv(size - len(data))
        return data


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.peer.close()
    made.transport.socket.close()


def test_reply_goes_out_at_once(pair: Pair) -> None:
    """A peer that reads has its reply before the reactor's next round."""
    pair.transport.write(b"reply")
    assert pair.received(5) == b"reply"
    assert not pair.reactor.writers


def test_what_the_peer_does_not_take_waits_in_order(pair: Pair) -> None:
    """Replies to a peer that stopped reading are kept, in order, and written when it reads again."""
    frames = [bytes([number % 251]) * 50_000 for number in range(40)]
    for frame in frames:
        pair.transport.write(frame)
    assert pair.reactor.writers == {pair.transport}
    taken = b""
    while pair.reactor.writers:
        taken += pair.received(50_000)
        pair.transport.doWrite()
    expected = b"".join(frames)
    assert taken + pair.received(len(expected) - len(taken)) == expected


def test_nothing_overtakes_what_waits(pair: Pair) -> None:
    """A small reply stays behind the large one that waits, though the socket has room again."""
    large = b"L" * 4_000_000
    pair.transport.write(large)
    first = pair.received(100_000)
    pair.transport.write(b"small")
    taken = first
    while pair.reactor.writers:
        pair.transport.doWrite()
        taken += pair.peer.recv(1_000_000)
    assert taken + pair.received(len(large) + 5 - len(taken)) == large + b"small"


def test_lost_connection_is_left_to_the_reactor(pair: Pair) -> None:
    """A reply to a peer that has gone raises nothing; the reactor is asked to look at the socket."""
    pair.peer.close()
    pair.transport.write(b"reply")
    pair.transport.write(b"reply")
    assert pair.reactor.writers == {pair.transport}
