"""A TCP proxy in front of a real PostgreSQL server, with switches for what a network and a server do wrong. 故障代理

It reads the messages that pass, so that it can act on a COMMIT. What it holds back is kept and goes on its way when
forwarding begins again, as from a server that was stopped and goes on.
"""

import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Self

from sqlalchemy import make_url

# https://www.postgresql.org/docs/current/protocol-message-formats.html
_ENCRYPTION_REQUESTS = {80877103, 80877104}  # SSLRequest, GSSENCRequest: answered by one byte, not by a message
_CHUNK = 65_536
_LINGER_NOT = struct.pack("ii", 1, 0)  # closing sends RST, as a firewall or a dead machine's successor does
JOIN_S = 10.0


class Mode(Enum):
    """What the proxy does with everything."""

    FORWARD = "forwards"
    SILENT = "accepts, and passes nothing on"
    REFUSE = "refuses connections and has cut those there were"


class AtCommit(Enum):
    """What the proxy does when the next COMMIT passes."""

    CUT_BEFORE = "cuts the connection; the server never sees the COMMIT"
    CUT_AFTER = "passes it on and cuts the connection at once"
    CUT_ANSWER = "waits for the server's answer, then cuts the connection instead of passing that on"
    HOLD = "passes nothing on any more, the COMMIT included"
    HOLD_ANSWER = "passes it on, and no answer any more"


class _Cut(Exception):
    """This connection is to be cut."""


class _Passed(Exception):
    """Nothing more is to be passed on in this direction."""


@dataclass(slots=True)
class _Messages:
    """Cuts one direction of a connection into whole messages: (type, bytes); a start-up message has no type."""

    has_started: bool
    raw_bytes: int = 0  # answers to encryption requests that are still to come
    _buffer: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        self._buffer += data
        while (size := self._size()) is not None and len(self._buffer) >= size:
            message = bytes(self._buffer[:size])
            del self._buffer[:size]
            yield self._read(message)

    def _size(self) -> int | None:
        if self.raw_bytes:
            return 1
        at = int(self.has_started)
        return None if len(self._buffer) < at + 4 else at + int.from_bytes(self._buffer[at : at + 4])

    def _read(self, message: bytes) -> tuple[str, bytes]:
        if self.raw_bytes:
            self.raw_bytes -= 1
            return "", message
        if self.has_started:
            return chr(message[0]), message
        self.has_started = int.from_bytes(message[4:8]) not in _ENCRYPTION_REQUESTS
        return "" if self.has_started else "encryption", message


@dataclass(slots=True, eq=False)
class _Link:
    """One connection through the proxy."""

    client: socket.socket
    server: socket.socket
    requests: _Messages = field(default_factory=lambda: _Messages(has_started=False))
    answers: _Messages = field(default_factory=lambda: _Messages(has_started=True))
    commit_names: set[bytes] = field(default_factory=set)  # prepared statements that are a COMMIT
    is_silent: bool = False

    def cut(self) -> None:
        """End both sides at once: the client reads a reset, the server sees its client gone."""
        for end in (self.client, self.server):
            _cut(end)

    def is_commit(self, kind: str, message: bytes) -> bool:
        """Tell whether a client's message makes the server commit: a simple query, a parse, or a bind of such a one."""
        if kind == "Q":
            return _says_commit(message[5:])
        if kind == "P":
            name, _, query = message[5:].partition(b"\0")
            (self.commit_names.add if _says_commit(query) else self.commit_names.discard)(name)
            return not name and _says_commit(query)
        if kind == "B":
            name = message[5:].split(b"\0")[1]
            return bool(name) and name in self.commit_names
        return False


def _cut(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads
    end.close()


def _says_commit(query: bytes) -> bool:
    return query.partition(b"\0")[0].strip().rstrip(b";").upper() == b"COMMIT"


class TcpProxy:
    """A proxy on a port of the loopback; a context manager.

    Args:
        url: SQLAlchemy's, of a database on the server.

    Attributes:
        url: the same database, through the proxy.
        port: the proxy's own.
        accepted: connections accepted so far.
        commits: COMMITs that a client has sent so far.
        committed: answers to COMMITs that the server has given so far.
        acted: set when an ``AtCommit`` has been done.
        on_commit: called, in a thread of the proxy's, with each COMMIT of a client before anything is done with it.
    """

    def __init__(self, url: str) -> None:
        server = make_url(url)
        self._address = (server.host or "127.0.0.1", server.port or 5432)
        self._mode = Mode.FORWARD
        self._at_commit: AtCommit | None = None
        self._delay_s = 0.0
        self._answer_bytes_left: int | None = None
        self._is_silent_after_login = False
        self._links: list[_Link] = []
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._is_closed = False
        self.accepted = self.commits = self.committed = 0
        self.acted = threading.Event()
        self.on_commit: Callable[[], None] = lambda: None
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]
        self.url = server.set(host="127.0.0.1", port=self.port).render_as_string(hide_password=False)
        self._start(self._accept, self._listener)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- switches

    def forward(self) -> None:
        """Pass everything on, what was held back first; accept again."""
        with self._changed:
            was_refusing = self._mode is Mode.REFUSE
            self._mode, self._at_commit, self._delay_s, self._answer_bytes_left = Mode.FORWARD, None, 0.0, None
            self._is_silent_after_login = False
            for link in self._links:
                link.is_silent = False
            self._changed.notify_all()
        if was_refusing:
            self._listener = self._listen(self.port)
            self._start(self._accept, self._listener)

    def silence(self) -> None:
        """Accept, and never answer: a server that hangs, or a network that swallows everything."""
        with self._changed:
            self._mode = Mode.SILENT

    def silence_after(self, answer_bytes: int) -> None:
        """Fall silent when the server has sent so many bytes more, in the middle of an answer perhaps."""
        with self._changed:
            self._answer_bytes_left = answer_bytes

    def silence_after_login(self) -> None:
        """Fall silent when the next client has logged in."""
        with self._changed:
            self._is_silent_after_login = True

    def delay(self, seconds: float) -> None:
        """Pass on each piece of an answer so much later."""
        with self._changed:
            self._delay_s = seconds

    def refuse(self) -> None:
        """Refuse connections and cut those there are: a server that is not there."""
        with self._changed:
            self._mode = Mode.REFUSE
            _close(self._listener)
        self.cut()

    def cut(self) -> None:
        """Cut all connections that there are now."""
        with self._changed:
            for link in self._links:
                link.cut()
            self._links.clear()
            self._changed.notify_all()

    def at_commit(self, action: AtCommit) -> None:
        """Do that with the next COMMIT, and only with that one."""
        self.acted.clear()
        with self._changed:
            self._at_commit = action

    def close(self) -> None:
        """Cut everything and end."""
        self._is_closed = True
        self.refuse()
        for thread in self._threads:
            thread.join(JOIN_S)
            assert not thread.is_alive(), f"{thread.name} does not end"

    # --- threads

    def _listen(self, port: int) -> socket.socket:
        return socket.create_server(("127.0.0.1", port), backlog=128)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, name=f"proxy-{target.__name__}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return  # closed by refuse()
            self.accepted += 1
            try:
                server = socket.create_connection(self._address, timeout=JOIN_S)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._serve(_Link(client, server))

    def _serve(self, link: _Link) -> None:
        with self._changed:
            if self._mode is Mode.REFUSE:
                return link.cut()
            self._links.append(link)
        self._start(self._pump, link, link.client, link.server, self._requested)
        return self._start(self._pump, link, link.server, link.client, self._answered)

    def _pump(
        self,
        link: _Link,
        source: socket.socket,
        target: socket.socket,
        passing: Callable[[_Link, bytes], Iterable[bytes]],
    ) -> None:
        """Pass one direction on until either side ends it."""
        try:
            while data := source.recv(_CHUNK):
                for piece in passing(link, data):
                    self._wait_for_voice(link)
                    target.sendall(piece)
            self._wait_for_voice(link)  # that the client has gone is not passed on either
            target.shutdown(socket.SHUT_WR)
        except _Passed:
            return
        except (OSError, _Cut):
            link.cut()

    def _wait_for_voice(self, link: _Link) -> None:
        with self._changed:
            self._changed.wait_for(lambda: link not in self._links or not self._is_silent(link))
            if link not in self._links:
                raise _Cut

    def _is_silent(self, link: _Link) -> bool:
        return self._mode is Mode.SILENT or link.is_silent

    # --- what passes

    def _requested(self, link: _Link, data: bytes) -> Iterator[bytes]:
        for kind, message in link.requests.feed(data):
            if kind == "encryption":
                link.answers.raw_bytes += 1
            if not link.is_commit(kind, message):
                yield message
                continue
            self.commits += 1
            self.on_commit()
            action = self._take(AtCommit.CUT_BEFORE, AtCommit.HOLD, AtCommit.CUT_AFTER, AtCommit.HOLD_ANSWER)
            if action is AtCommit.CUT_BEFORE:
                self._cut(link)
            if action is AtCommit.HOLD:
                link.is_silent = True
                self.acted.set()
            if action is AtCommit.CUT_AFTER:
                link.server.sendall(message)
                link.server.shutdown(socket.SHUT_WR)  # in order: a reset might overtake the COMMIT
                _cut(link.client)
                self.acted.set()
                raise _Passed
            if action is AtCommit.HOLD_ANSWER:
                link.is_silent = True  # before the server can answer
                link.server.sendall(message)
                self.acted.set()
                continue
            yield message

    def _answered(self, link: _Link, data: bytes) -> Iterator[bytes]:
        if self._delay_s:
            with self._changed:
                self._changed.wait_for(lambda: link not in self._links or not self._delay_s, self._delay_s)
        for kind, message in link.answers.feed(data):
            if kind == "C" and message[5:].rstrip(b"\0") == b"COMMIT":
                self.committed += 1
                if self._take(AtCommit.CUT_ANSWER):
                    self._cut(link)
            if kind == "Z" and self._is_silent_after_login:  # ReadyForQuery
                yield message
                self.silence()
                continue
            passed, held = self._measure(message)
            if passed:
                yield passed
            if held:
                link.is_silent = True
                self.silence()
                yield held

    def _measure(self, message: bytes) -> tuple[bytes, bytes]:
        """Cut a message where ``silence_after`` says."""
        with self._changed:
            if self._answer_bytes_left is None:
                return message, b""
            passed = message[: self._answer_bytes_left]
            self._answer_bytes_left -= len(passed)
        return passed, message[len(passed) :]

    def _take(self, *actions: AtCommit) -> AtCommit | None:
        """Return what is to be done now, and forget it, when it is one of these."""
        with self._changed:
            action = self._at_commit
            if action not in actions:
                return None
            self._at_commit = None
            return action

    def _cut(self, link: _Link) -> None:
        with suppress(OSError):  # the other direction has noticed already, and closed what is to be cut
            link.cut()
        with self._changed:
            with suppress(ValueError):
                self._links.remove(link)
            self._changed.notify_all()
        self.acted.set()
        raise _Cut


def _close(listener: socket.socket) -> None:
    with suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
    listener.close()
