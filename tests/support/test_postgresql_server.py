"""The server of the tests: it comes back from what tests do to it, and leaves nothing behind."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.postgresql_server import PostgresServer, binaries, running_server, wait_for_the_end, why_missing

pytestmark = pytest.mark.skipif(binaries() is None, reason=why_missing())


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running_server() as server:
        server.create_database("fep")
        with server.connect("fep") as connection:
            connection.execute("CREATE TABLE kept (number integer)")
            connection.execute("INSERT INTO kept VALUES (1)")
        yield server


def kept(server: PostgresServer) -> int:
    with server.connect("fep") as connection:
        [row] = connection.execute("SELECT count(*) FROM kept").fetchall()
    return int(row[0])


def test_power_failure(server: PostgresServer) -> None:
    """A server that was killed starts on its port again with what was committed."""
    url = server.url("fep")
    server.kill()
    with pytest.raises(psycopg.OperationalError):
        server.connect("fep")
    server.start()

    assert kept(server) == 1
    assert server.url("fep") == url


def test_killed_backend(server: PostgresServer) -> None:
    """The death of one client's process cuts off all clients; the server recovers by itself."""
    with server.connect("fep") as victim, server.connect() as bystander:
        [pid] = [backend.pid for backend in server.backends() if backend.database == "fep"]
        server.kill_backend(pid)
        server.wait_until_ready()

        for connection in (victim, bystander):
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
    assert kept(server) == 1


def test_roles_need_their_passwords(server: PostgresServer) -> None:
    """Only the superuser comes in without one."""
    server.create_role("clerk", "right")

    def _connect(password: str) -> None:
        plain = server.url("fep", user="clerk", password=password).replace("+psycopg", "")
        psycopg.connect(plain).close()

    _connect("right")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        _connect("wrong")


def test_nothing_is_left_behind() -> None:
    """When the context ends the folder is gone and nobody listens."""
    with running_server(max_connections="10") as server:
        folder, port = server.folder, server.port
        with server.connect() as connection:
            assert connection.execute("SHOW max_connections").fetchone() == ("10",)

    assert not folder.parent.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host="127.0.0.1", port=port, user="postgres")


_KILLED = """
import os
from tests.support.postgresql_server import running_server
with running_server() as server:
    print(server.folder.parent, server.pid, flush=True)
    os.kill(os.getpid(), 9)
"""


def test_killed_run() -> None:
    """The server of a killed run dies too, and the next run removes its folder, not those of the living."""
    killed = subprocess.run([sys.executable, "-c", _KILLED], capture_output=True, text=True, timeout=60, check=False)
    folder, pid = killed.stdout.split()
    wait_for_the_end([int(pid)])
    assert Path(folder).exists()

    with running_server() as living, running_server():
        assert not Path(folder).exists()
        assert living.folder.exists()
