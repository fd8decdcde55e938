"""Service manager 服务管理器: what systemd is told of this process, and the sockets that it hands over.

The two protocols are systemd's own: ``sd_notify(3)``, one datagram of lines to the socket in ``NOTIFY_SOCKET``, and
``sd_listen_fds(3)``, descriptors from 3 on that ``LISTEN_FDS`` counts. Where nobody has set them, nobody is told.
"""

import os
import socket
import time
from collections.abc import MutableMapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Self

import structlog

FIRST_DESCRIPTOR = 3
"""SD_LISTEN_FDS_START."""

SPARE_S = 5.0
"""For what comes behind a drain: the log is written out, and the interpreter ends."""

_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class InheritedSocket:
    """A socket that was listening before this process began; ``name`` is its FileDescriptorName."""

    descriptor: int
    name: str

    def address(self) -> tuple[str, int]:
        """Return host and port that it is bound to."""
        with socket.socket(fileno=os.dup(self.descriptor)) as bound:
            host, port, *_ = bound.getsockname()
        return str(host), int(port)

    def family(self) -> socket.AddressFamily:
        """Return its address family."""
        with socket.socket(fileno=os.dup(self.descriptor)) as bound:
            return socket.AddressFamily(bound.family)

    @property
    def is_listening_tcp(self) -> bool:
        """Whether connections can be accepted from it: a socket unit may be written wrongly."""
        try:
            with socket.socket(fileno=os.dup(self.descriptor)) as bound:
                return bound.type == socket.SOCK_STREAM and bool(
                    bound.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
                )
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class ServiceManager:
    """What started this process and watches over it.

    Attributes:
        notify_socket: where it wants to be told; empty: nowhere.
        watchdog_s: how long it waits for a sign of life before it kills this process; None: it does not wait.
        sockets: that it hands over.
        sender: what it is told through, opened at the start: a process that has run out of file descriptors must not
            be killed for giving no sign of life. None: opened for each word.
    """

    notify_socket: str = ""
    watchdog_s: float | None = None
    sockets: Sequence[InheritedSocket] = field(default_factory=tuple)
    sender: socket.socket | None = None

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str]) -> Self:
        """Read what ``environment`` says to this process, and take it out: no child is meant."""
        said = {name: environment.pop(name, "") for name in _VARIABLES}
        is_watched = said["WATCHDOG_USEC"].isdigit() and said["WATCHDOG_PID"] in ("", str(os.getpid()))
        return cls(
            said["NOTIFY_SOCKET"],
            int(said["WATCHDOG_USEC"]) / 1_000_000 if is_watched else None,
            _sockets(said) if said["LISTEN_PID"] == str(os.getpid()) else (),
            _datagram_socket() if said["NOTIFY_SOCKET"] else None,
        )

    def ready(self) -> None:
        """Say that banks are served, after the start or after a reload."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """Say that a new configuration is being taken over; ``ready`` follows, whether it was taken or refused."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, within_s: float) -> None:
        """Say that this process drains, and how long that may take: it is not killed before (``TimeoutStopSec=``)."""
        self._tell(f"STOPPING=1\nEXTEND_TIMEOUT_USEC={round((within_s + SPARE_S) * 1_000_000)}")

    def alive(self) -> None:
        """Give the sign of life that the watchdog waits for."""
        self._tell("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Say in one line how things stand, as ``systemctl status`` shows it."""
        self._tell(f"STATUS={text}")

    def _tell(self, lines: str) -> None:
        if not self.notify_socket:
            return
        address = "\0" + self.notify_socket[1:] if self.notify_socket.startswith("@") else self.notify_socket
        try:
            with nullcontext(self.sender) if self.sender is not None else _datagram_socket() as sender:
                sender.sendto(lines.encode(), address)
        except OSError as error:  # it is told again; a daemon that serves banks does not end for that
            _log.warning("service_manager_not_told", reason=error.strerror)


def _datagram_socket() -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)


ALONE = ServiceManager()
"""Of a process that nobody manages."""


def _sockets(said: MutableMapping[str, str]) -> Sequence[InheritedSocket]:
    count = int(said["LISTEN_FDS"]) if said["LISTEN_FDS"].isdigit() else 0
    names = said["LISTEN_FDNAMES"].split(":") if said["LISTEN_FDNAMES"] else []
    descriptors = range(FIRST_DESCRIPTOR, FIRST_DESCRIPTOR + count)
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
        os.set_blocking(descriptor, False)
    return tuple(
        InheritedSocket(descriptor, names[index] if index < len(names) else "unknown")
        for index, descriptor in enumerate(descriptors)
    )
