"""Control socket 控制口: answers the local operator's commands, one JSON object for each line asked.

A Unix socket that only the daemon's user can open. ``status`` is what there is.
"""

import json
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, connectionDone
from twisted.protocols.basic import LineOnlyReceiver
from twisted.protocols.policies import TimeoutMixin
from twisted.python.failure import Failure

TIME_LIMIT_S = 5.0
"""Whoever holds a connection for longer is no operator's command; each one open is a file descriptor less for banks."""

Command = Callable[[], dict[str, Any]]


class ControlProtocol(LineOnlyReceiver, TimeoutMixin):
    """One operator's connection."""

    delimiter = b"\n"
    MAX_LENGTH = 256  # commands are single words

    def __init__(self, commands: dict[str, Command]) -> None:
        self._commands = commands

    def connectionMade(self) -> None:
        """Begin the time in which a command must come and its answer be taken."""
        self.setTimeout(TIME_LIMIT_S)  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget the time limit."""
        self.setTimeout(None)  # type: ignore[no-untyped-call]

    def lineReceived(self, line: bytes) -> None:
        """Answer one command and close."""
        command = self._commands.get(line.decode("ascii", "replace").strip())
        result = {"error": "unknown command", "commands": sorted(self._commands)} if command is None else command()
        assert self.transport is not None
        self.transport.write(json.dumps(result, ensure_ascii=False).encode() + b"\n")
        self.transport.loseConnection()


class ControlFactory(Factory):
    """Makes a ``ControlProtocol`` for each operator."""

    noisy = False

    def __init__(self, commands: dict[str, Command]) -> None:
        self._commands = commands

    def buildProtocol(self, addr: IAddress | None) -> ControlProtocol:
        """Return the protocol of one connection."""
        return ControlProtocol(self._commands)
