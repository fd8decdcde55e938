"""The service manager: what is read from the environment, what is told, and the sockets that are handed over."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from fep.service_manager import ALONE, InheritedSocket, ServiceManager

PID = str(os.getpid())


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The manager's end of the notification socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        yield listening


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A socket that listens on the loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_nobody_is_told_where_nobody_asks() -> None:
    """Started by hand, nothing is watched, handed over or told."""
    assert ServiceManager.from_environment({"PATH": "/bin"}) == ALONE
    ALONE.ready()


def test_the_variables_are_taken_out() -> None:
    """A child of this process is not meant by them."""
    environment = {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "30000000", "LISTEN_FDS": "0", "HOME": "/"}

    manager = ServiceManager.from_environment(environment)

    assert manager.sender is not None
    manager.sender.close()
    assert (manager.notify_socket, manager.watchdog_s, environment) == ("/run/notify", 30.0, {"HOME": "/"})


@pytest.mark.parametrize(
    ("said", "watchdog_s"),
    [
        ({"WATCHDOG_USEC": "1500000"}, 1.5),
        ({"WATCHDOG_USEC": "1500000", "WATCHDOG_PID": PID}, 1.5),
        ({"WATCHDOG_USEC": "1500000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_who_is_watched(said: dict[str, str], watchdog_s: float | None) -> None:
    """The watchdog waits for the process that it names, or for whoever is told of it without a name."""
    assert ServiceManager.from_environment(said).watchdog_s == watchdog_s


def test_what_is_told(manager: socket.socket) -> None:
    """Each state is one datagram in the words of sd_notify(3)."""
    told = ServiceManager(manager.getsockname())

    told.ready()
    told.reloading()
    told.stopping(45.0)
    told.alive()
    told.status("12 banks")

    assert manager.recv(100) == b"READY=1"
    first, second = manager.recv(100).split(b"\n")
    assert (first, second.split(b"=")[0], int(second.split(b"=")[1]) > 0) == (b"RELOADING=1", b"MONOTONIC_USEC", True)
    assert [manager.recv(100) for _ in range(3)] == [
        b"STOPPING=1\nEXTEND_TIMEOUT_USEC=50000000",
        b"WATCHDOG=1",
        b"STATUS=12 banks",
    ]


def test_an_abstract_socket(tmp_path: Path) -> None:
    """A name that begins with @ stands in no directory."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{tmp_path.name}-fep-notify")
        listening.settimeout(5)

        ServiceManager(f"@{tmp_path.name}-fep-notify").ready()

        assert listening.recv(100) == b"READY=1"


def test_a_manager_that_has_gone(tmp_path: Path) -> None:
    """The daemon goes on when nobody can be told."""
    ServiceManager(str(tmp_path / "nobody")).ready()


@pytest.mark.parametrize("pid", ["1", ""])
def test_sockets_for_another_process(pid: str) -> None:
    """Descriptors that are meant for another process are left alone."""
    assert ServiceManager.from_environment({"LISTEN_FDS": "1", "LISTEN_PID": pid}).sockets == ()


def test_what_a_socket_is(listening: socket.socket) -> None:
    """Its address and family are its own; one that does not listen is told from one that does."""
    port = listening.getsockname()[1]
    with socket.socket() as silent, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        sockets = [InheritedSocket(each.fileno(), "standard") for each in (listening, silent, datagrams)]

        assert sockets[0].address() == ("127.0.0.1", port)
        assert sockets[0].family() is socket.AF_INET
        assert [each.is_listening_tcp for each in sockets] == [True, False, False]
    assert listening.getsockname()[1] == port  # looking at it has not closed it
