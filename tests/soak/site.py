"""The site of a soak run 耐久测试环境: banks of every dialect, two daemons on one port, one database."""

import json
import shutil
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.chaos.accounts import make_accounts, write_files
from tests.support.daemon import START_DEADLINE_S, Daemon, done, fep, init_demo
from tests.support.ports import free_port, free_ports
from tests.support.postgresql_server import PostgresServer, running_server
from tests.system import database
from tests.system.billing import Books as NoBooks
from tests.system.conftest import Site as SystemSite
from tests.system.tellers.bank import ON_ONE_SITE, Bank

DAEMONS = 2
BANKS = ("0102", "0103", "0901", "0104", "0401", "0105")
"""Whose clients work, in the order in which clients are given to them."""
RECONCILED = ("0102", "0103", "0104")
"""Whose days are reconciled by file."""
PUSHED = "0403"
"""To which bills are pushed."""
_PUSHED_ACCOUNTS = 40
_PASSBOOK = "6222880099999901"
_DEMO_ACCOUNTS = 20
_KEPT_LINES = 400


class WatchedDaemon(Daemon):
    """A daemon whose log is counted and not kept.

    Attributes:
        counts: lines by level and event.
        errors: lines that no sound daemon writes, the first of them.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.counts: Counter[tuple[str, str]] = Counter()
        self.errors: list[str] = []
        self.tail: deque[str] = deque(maxlen=_KEPT_LINES)
        self.metrics_port = free_port()

    def _collect(self, stream: Iterable[str], is_stdout: bool) -> None:
        for line in stream:
            self.tail.append(line.rstrip("\n"))
            try:
                event = json.loads(line) if is_stdout else {}
            except ValueError:
                event = {}
            level, name = str(event.get("level", "stderr")), str(event.get("event", "not a log line"))
            self.counts[level, name] += 1
            if level in ("error", "critical", "stderr") and len(self.errors) < _KEPT_LINES:
                self.errors.append(line.rstrip("\n"))

    def told(self, event: str) -> int:
        """Return how many lines of an event there have been."""
        return sum(count for (_, name), count in list(self.counts.items()) if name == event)

    def wait_until_told(self, event: str, count: int) -> None:
        """Wait until there have been so many lines of an event; fail when the daemon ends instead."""
        deadline_s = time.monotonic() + START_DEADLINE_S
        while self.told(event) < count:
            assert self.process is not None
            assert self.process.poll() is None, "\n".join(self.tail)
            assert time.monotonic() < deadline_s, f"no {event}: " + "\n".join(self.tail)
            time.sleep(0.02)


class Site(SystemSite):
    """A site with two daemons, each with a configuration file of its own in the one directory."""

    def __init__(self, directory: Path, server: PostgresServer | None) -> None:
        super().__init__(directory, NoBooks())
        self.server = server
        self.watched = [WatchedDaemon(directory) for _ in range(DAEMONS)]
        self.daemons[:] = self.watched
        self.accounts: list[str] = []
        self.pushed_accounts: list[str] = []

    @property
    def port(self) -> int:
        """The first of the ports on which both daemons listen."""
        return self.daemon.port

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """Return what the database itself says."""
        return database.execute(self.directory, statement)


@contextmanager
def running_site(seed: int, accounts: int, engine: str) -> Iterator[Site]:
    """Make a site in a temporary folder and start its daemons; take all of it away at the end."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="fep-soak-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        server = None
        if engine == "postgresql":
            # By its own clock, which may run, the server would make a checkpoint all the time.
            server = stack.enter_context(running_server(durable=True, checkpoint_timeout="1d", max_wal_size="512MB"))
        directory = init_demo(
            folder / "site", _DEMO_ACCOUNTS, database=server.create_database("soak") if server else ""
        )
        site = Site(directory, server)
        _load(site, folder, seed, accounts)
        _configure(site)
        port = free_ports(3)
        for watched in site.watched:
            stack.callback(watched.kill)
            watched.port = port
            watched.start(wait=False)
        for watched in site.watched:
            watched.wait_until_told("started", 1)
        yield site


def _load(site: Site, folder: Path, seed: int, accounts: int) -> None:
    books = make_accounts(seed, accounts)
    done(fep("load", *write_files(folder, books), "--config", site.directory / "fep.toml", timeout_s=600))
    numbers = [account.account_no for account in books]
    site.pushed_accounts, site.accounts = numbers[:_PUSHED_ACCOUNTS], numbers[_PUSHED_ACCOUNTS:]
    for account_no in site.pushed_accounts:
        database.execute(
            site.directory,
            "INSERT INTO mandates (account_no, bank_code, name, passbook, state, file_date, changed_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(account_no, PUSHED, "代扣户", _PASSBOOK, "active", 20261101, 20261101000000000),
        )


def _configure(site: Site) -> None:
    """Write what all daemons share, the banks of the other dialects, and for each daemon what is its own."""
    daemon = site.daemon
    daemon.configure("listener", reuse_port=True)
    daemon.configure("link", clock_limit=3600)  # the clock of a short run leaps by minutes between two looks at it
    daemon.configure("rules", query_age=86_400)  # likewise
    daemon.configure("keys", four_eyes=False)  # one operator changes keys here
    daemon.configure_bank(PUSHED, push=True)
    for bank_format in ON_ONE_SITE.values():
        Bank(site, bank_format)
    text = daemon.config.read_text(encoding="utf-8")
    for number, watched in enumerate(site.watched):
        watched.config = site.directory / ("fep.toml" if number == 0 else f"fep-{number + 1}.toml")
        watched.config.write_text(text, encoding="utf-8")
        watched.configure("control", socket=f"fep-{number + 1}.sock")
        watched.configure("metrics", address=f"127.0.0.1:{watched.metrics_port}")
