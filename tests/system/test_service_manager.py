"""The daemon under a service manager: told when it serves, watched, and started again on the same socket. 服务管理器"""

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.messages import QUERY, query

WAIT_S = 30.0


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The end of the notification socket that a service manager reads."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(WAIT_S)
        yield listening


def told(manager: socket.socket, word: bytes) -> None:
    """Wait until the manager is told ``word``."""
    deadline = time.monotonic() + WAIT_S
    while manager.recv(200).split(b"\n")[0] != word:
        assert time.monotonic() < deadline


def until_silent(manager: socket.socket) -> None:
    """Read until nothing has come for a while; fail when something always comes."""
    for _ in range(1000):
        try:
            manager.recv(200)
        except TimeoutError:
            return
    raise AssertionError("signs of life from a process that is stopped")


def test_told_when_it_serves_and_when_it_ends(fresh_site, manager):
    """READY comes when banks can sign in, STOPPING when the drain begins."""
    fresh_site.daemon.notify_socket = Path(manager.getsockname())
    daemon = fresh_site.daemon.start(wait=False)
    told(manager, b"READY=1")

    fresh_site.bank()  # signs in at once
    fresh_site.hang_up()
    daemon.signal(signal.SIGTERM)
    told(manager, b"STOPPING=1")
    assert daemon.wait() == 0


def test_a_process_that_stands_still_gives_no_sign_of_life(fresh_site, manager):
    """Signs of life come while it works, none while it is stopped, and again afterwards."""
    fresh_site.daemon.notify_socket = Path(manager.getsockname())
    fresh_site.daemon.watchdog_s = 0.6
    daemon = fresh_site.daemon.start()
    told(manager, b"WATCHDOG=1")
    told(manager, b"WATCHDOG=1")

    daemon.signal(signal.SIGSTOP)
    manager.settimeout(1.0)
    until_silent(manager)
    daemon.signal(signal.SIGCONT)
    manager.settimeout(WAIT_S)
    told(manager, b"WATCHDOG=1")


def test_no_connection_is_refused_between_two_runs(fresh_site):
    """A bank that connects while no daemon runs waits in the socket's queue, and the next daemon answers it."""
    daemon, account = fresh_site.daemon, fresh_site.take("empty")
    with socket.create_server(("127.0.0.1", daemon.port), backlog=64) as listening:
        daemon.handed_over = listening
        daemon.start()
        assert fresh_site.bank().request(QUERY, query(account.account_no)).code == "0000"
        fresh_site.hang_up()
        assert daemon.stop() == 0

        waiting = fresh_site.connect()
        daemon.start(wait=False)

        daemon.wait_for_event(lambda event: event["event"] == "started", timeout_s=WAIT_S)
        waiting.sign_in()


def test_a_socket_that_belongs_to_no_bank(fresh_site):
    """A socket on another port than any of the configuration, under a strange name, ends the start with its reason."""
    daemon = fresh_site.daemon
    with socket.create_server(("127.0.0.1", 0)) as listening:
        daemon.handed_over, daemon.socket_name = listening, "banks"
        daemon.start(wait=False)

        event = daemon.wait_for_event(lambda event: event["event"] == "start_failed", timeout_s=WAIT_S)
        assert "FileDescriptorName=standard" in event["reason"]
        assert daemon.wait() == 3
