"""Control connections 控制口连接: one command for each, one JSON object asked and one answered, in a line each.

    {"command": "link_close", "link": 7, "reason": "…"}        status

A command without arguments may be its bare word. Who asks is known before the line is read (``fep.control.roles``); a
command of a role that he has not is refused, logged and counted.
"""

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import structlog
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IAddress, IPushProducer
from twisted.internet.protocol import Factory, connectionDone
from twisted.protocols.basic import LineOnlyReceiver
from twisted.protocols.policies import TimeoutMixin
from twisted.python.failure import Failure
from zope.interface import implementer

from fep.control.roles import EVERY_ROLE, Peer, Role, Roles, peer_of

TIME_LIMIT_S = 5.0
"""Whoever holds a connection for longer is no operator's command; each one open is a file descriptor less for banks."""

CONNECTIONS_MAX = 32
"""More operators than a utility has, each with a table that refreshes itself."""

CONNECTIONS_OF_ONE_MAX = 16
"""Of one user who is neither root nor the daemon's own: whoever holds his without asking leaves room for another."""

STRANGERS_MAX = 4
"""Of all who have no role, beside the others: where roles have several groups anybody of this machine may connect, to
be told that he may not ask; so nobody of them keeps an operator from suspending a bank."""

_LINE_BYTES_MAX = 2048
"""A reason of 200 characters in JSON's escapes, and a few numbers."""

_log = structlog.get_logger()


class ControlRefused(Exception):
    """A command cannot be done; ``code`` is told to the client, which has the words for it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Asked:
    """One command as it was asked.

    Attributes:
        operator: who asks, as the system knows him.
        roles: what he is.
        arguments: what he sent beside the command; nothing of it has been looked at.
        uid: his number.
    """

    operator: str
    roles: frozenset[Role]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    uid: int = -1

    def text(self, name: str, most: int) -> str:
        """Return an argument that is one line of text, empty when it is not there.

        Raises:
            ControlRefused: it is something else, or too long.
        """
        value = self.arguments.get(name, "")
        if not isinstance(value, str) or len(value) > most or not (value.isprintable() or not value):
            raise ControlRefused("bad_arguments")
        return value

    def number(self, name: str) -> int:
        """Return an argument that is a whole number, likewise."""
        value = self.arguments.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise ControlRefused("bad_arguments")
        return value


Answer = dict[str, Any]


class Stream(ABC):
    """An answer of many lines, for as long as the operator stays; ``begin`` and ``end`` are called once each."""

    @abstractmethod
    def begin(self, line: "Line") -> None:
        """Write lines from now on."""

    @abstractmethod
    def end(self) -> None:
        """The operator has gone, or ``Line.close`` was called."""


class Line(Protocol):
    """Where a stream writes."""

    def write(self, answer: Answer) -> bool:
        """Write one line, unless the operator does not take them; tell whether it was written."""
        ...

    def close(self) -> None:
        """Close after what has been written."""
        ...


Told = Answer | Stream
Answers = Callable[[Asked], "Told | Deferred[Told] | Deferred[Answer]"]


@dataclass(frozen=True, slots=True)
class Command:
    """One command: what answers it, and who may ask it."""

    answers: Answers
    roles: frozenset[Role] = EVERY_ROLE


@implementer(IPushProducer)
class ControlProtocol(LineOnlyReceiver, TimeoutMixin):
    """One operator's connection."""

    delimiter = b"\n"
    MAX_LENGTH = _LINE_BYTES_MAX

    def __init__(self, factory: "ControlFactory") -> None:
        self._factory = factory
        self._is_asked = False
        self._is_paused = False
        self._stream: Stream | None = None
        self.peer: Peer | None = None
        self.roles: frozenset[Role] = frozenset()

    def connectionMade(self) -> None:
        """Begin the time in which a command must come and its answer be taken; one too many is closed unread."""
        assert self.transport is not None
        try:
            self.peer = self._factory.peer_of(getattr(self.transport, "socket", None))
        except OSError:  # he has gone already
            self.transport.abortConnection()  # type: ignore[attr-defined]
            return
        self.roles = self._factory.roles.of(self.peer)
        if not self._factory.has_room(self):
            self.transport.abortConnection()  # type: ignore[attr-defined]
            return
        self._factory.connections.add(self)
        self.setTimeout(TIME_LIMIT_S)  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget the time limit."""
        self._factory.connections.discard(self)
        self.setTimeout(None)  # type: ignore[no-untyped-call]
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.end()

    def lineReceived(self, line: bytes) -> None:
        """Answer one command and close."""
        if self._is_asked or self not in self._factory.connections:
            return
        self._is_asked = True
        answer: Deferred[Told] = maybeDeferred(cast("Callable[[bytes], Told]", self._answer), line)
        answer.addErrback(_refused).addCallback(self._reply)

    def _answer(self, line: bytes) -> "Told | Deferred[Told] | Deferred[Answer]":
        name, arguments = _read(line)
        command = self._factory.commands.get(name)
        if command is None:
            return {"error": "unknown command", "commands": sorted(self._factory.commands)}
        peer, roles = self.peer, self.roles
        assert peer is not None, "lines come behind connectionMade"
        if not roles & command.roles:
            if self._factory.tell_refused(peer, name, "forbidden"):
                _log.warning("control_denied", operator=peer.name, uid=peer.uid, command=name)
            return {"error": "forbidden", "roles": sorted(role.value for role in command.roles)}
        try:
            return command.answers(Asked(peer.name, roles, arguments, peer.uid))
        except ControlRefused as refused:
            self._factory.tell_refused(peer, name, refused.code)
            raise

    def _reply(self, answer: Told) -> None:
        if self.transport is None or self not in self._factory.connections:
            return
        if isinstance(answer, Stream):
            self.setTimeout(None)  # type: ignore[no-untyped-call]
            self.transport.registerProducer(self, True)  # type: ignore[attr-defined]  # a Unix socket has it
            self._stream = answer
            answer.begin(self)
        else:
            self.write(answer)
            self.close()

    # --- a line, for streams

    def write(self, answer: Answer) -> bool:
        """Write one line, unless the operator does not take them."""
        if not self._is_paused and self.transport is not None:
            self.transport.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
        return not self._is_paused

    def close(self) -> None:
        """Close after what has been written."""
        assert self.transport is not None
        if self._stream is not None:
            self.transport.unregisterProducer()  # type: ignore[attr-defined]
        self.transport.loseConnection()

    # --- Twisted: the operator does not take his lines

    def pauseProducing(self) -> None:
        """Write no more for now."""
        self._is_paused = True

    def resumeProducing(self) -> None:
        """Go on."""
        self._is_paused = False

    def stopProducing(self) -> None:
        """The connection ends; ``connectionLost`` follows."""


class ControlFactory(Factory):
    """Makes a ``ControlProtocol`` for each operator.

    Args:
        commands: by name.
        roles: who may ask what.
        peer_of: who is at the other end of a socket.
        refused: is told who was refused what, and why; False: he is only counted.
    """

    noisy = False

    def __init__(
        self,
        commands: Mapping[str, Command],
        roles: Roles,
        peer_of: Callable[[Any], Peer] = peer_of,
        refused: Callable[[Peer, str, str], bool] | None = None,
    ) -> None:
        self.commands = commands
        self.roles = roles
        self.peer_of = peer_of
        self._refused = refused
        self.connections: set[ControlProtocol] = set()

    def tell_refused(self, peer: Peer, command: str, reason: str) -> bool:
        """Tell of a command that was not done; False when it is only counted: whoever insists fills no disk."""
        return self._refused is None or self._refused(peer, command, reason)

    def buildProtocol(self, addr: IAddress | None) -> ControlProtocol | None:
        """Return the protocol of one connection; None: there are too many."""
        known = sum(1 for each in self.connections if each.roles)
        return ControlProtocol(self) if known < CONNECTIONS_MAX else None

    def has_room(self, connection: ControlProtocol) -> bool:
        """Tell whether there is a place for one more of its user."""
        if not connection.roles:
            return sum(1 for each in self.connections if not each.roles) < STRANGERS_MAX
        peer = connection.peer
        if peer is None or peer.uid in (0, os.geteuid()):
            return True
        return sum(1 for each in self.connections if each.peer and each.peer.uid == peer.uid) < CONNECTIONS_OF_ONE_MAX


def _read(line: bytes) -> tuple[str, dict[str, Any]]:
    """Return a command's name and arguments; what is neither word nor object is a name that nothing has."""
    text = line.decode("utf-8", "replace").strip()
    if not text.startswith("{"):
        return text, {}
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError):
        return "", {}
    name = asked.pop("command", "")
    return (name, asked) if isinstance(name, str) else ("", {})


def _refused(failure: Failure) -> Answer:
    """Return the answer to what could not be done; all but a refusal is a bug of ours."""
    if isinstance(failure.value, ControlRefused):
        return {"error": failure.value.code}
    _log.error("control_failed", error=failure.value)
    return {"error": "failed"}
