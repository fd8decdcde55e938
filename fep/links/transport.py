"""Transport 传输: TCP connections that send at once what the peer takes at once.

Twisted's own transport asks the reactor first whether a socket can be written to: three system calls and one more round
of the event loop for each reply, although the socket of a bank that waits for it is nearly always free.
"""

from twisted.internet.tcp import Server


class PromptServer(Server):
    """A server's side of a connection; what the socket does not take goes Twisted's way, after what waits already.

    A listening port makes its connections of the class in its attribute ``transport``.
    """

    def write(self, data: bytes) -> None:
        """Write ``data`` now as far as the socket takes it; the rest is buffered, in order."""
        if self.connected and not (self._writeDisconnected or self.dataBuffer or self._tempDataBuffer):
            sent = self._send_now(data)
            if sent == len(data):
                return
            data = data[sent:]
        super().write(data)  # type: ignore[no-untyped-call]  # the mixin between has no types

    def _send_now(self, data: bytes) -> int:
        """Return how many bytes the socket has taken."""
        try:
            return self.socket.send(data)
        except OSError:
            return 0  # full, or a lost connection: the reactor finds out by itself when it writes
