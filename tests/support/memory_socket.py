"""A socket in memory 内存套接字: what a blocking client writes goes straight into a link, and its replies come back."""

from typing import cast

from twisted.internet.address import IPv4Address
from twisted.internet.tcp import Server

from tests.support.ledger_gate import LedgerGate
from tests.support.rim import PEER, FakeTransport, Rim


class MemorySocket:
    """A connected socket of one client of ``rim``; the gate works whenever the client waits."""

    def __init__(self, rim: Rim) -> None:
        connection = rim.factory.buildProtocol(IPv4Address("TCP", PEER, 40_000))
        assert connection is not None
        self.connection = connection
        self.transport = FakeTransport()
        connection.makeConnection(cast("Server", self.transport))
        self.timeouts: list[float] = []
        self.is_closed = False
        self._gate = cast("LedgerGate", rim.gate)
        self._buffer = b""

    def settimeout(self, seconds: float) -> None:
        self.timeouts.append(seconds)

    def sendall(self, data: bytes) -> None:
        self.connection.dataReceived(data)

    def recv(self, size: int) -> bytes:
        self._gate.run()
        self._buffer += self.transport.take()
        if not self._buffer and self.transport.is_open:
            raise TimeoutError
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def close(self) -> None:
        self.is_closed = True
