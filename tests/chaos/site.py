"""The utility's site of a run 测试现场: one database, a real one, and the daemons that serve it."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from tests.chaos.accounts import Account, make_accounts, write_files
from tests.support.daemon import Daemon, copy_directory, done, fep
from tests.support.postgresql_server import PostgresServer, running_server
from tests.support.raw_bank import SUITES, now
from tests.system import database

BANKS = tuple(SUITES)
DATABASE = "billing"
DB_TIMEOUT_S = 4
"""Shorter than the default of 10 s: a run of a minute shall see outages that outlast it."""
BANK_WAIT_S = 8.0
"""The daemon has answered by then, or never will: ``db_timeout`` and what a busy machine adds."""
LIMITED_BANK, LIMITED_CHANNEL, DAILY_LIMIT_FEN = "0105", 5, 60_000
"""The one with a daily limit, low enough that both daemons reach it together."""
CUT_OFF_BANK = "0104"
"""The one whose day ends in the middle of a long run."""
_CUT_OFF_AFTER = timedelta(seconds=8)
_DEMO_ACCOUNTS = 20


@dataclass
class Site:
    """What a run strikes and asks.

    Attributes:
        server: None with the embedded database.
        cut_offs: HH:MM of each bank.
    """

    folder: Path
    daemons: list[Daemon]
    accounts: Sequence[Account]
    server: PostgresServer | None = None
    cut_offs: dict[str, str] = field(default_factory=dict)

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """Return what the database itself says."""
        return database.execute(self.daemons[0].directory, statement)

    def audit(self) -> dict[str, list[tuple[object, ...]]]:
        """Return what may never be found in the books, by its name."""
        return database.audit(self.daemons[0].directory)

    def output(self) -> list[str]:
        """Return every line that the daemons printed."""
        return [line for daemon in self.daemons for line in daemon.output]


@contextmanager
def running_site(seed: int, accounts: int, engine: str, daemons: int = 2) -> Iterator[Site]:
    """Make a site in a temporary folder, start its daemons, and take all of it away at the end."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="fep-chaos-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        server, options = None, []
        if engine == "postgresql":
            server = stack.enter_context(running_server(durable=True))  # an honest recovery needs fsync
            options = ["--database", server.create_database(DATABASE)]
        first = folder / "daemon-0"
        done(fep("init", first, "--demo", "--accounts", str(_DEMO_ACCOUNTS), "--seed", str(seed), *options))
        books = make_accounts(seed, accounts)
        cut_offs = _configure(Daemon(first))
        done(fep("load", *write_files(folder, books), "--config", first / "fep.toml"))
        # Daemons over one PostgreSQL share nothing but it; over one file they share the folder it is in.
        others = [
            copy_directory(first, folder / f"daemon-{at}") if server else first  # each with a key store of its own
            for at in range(1, daemons)
        ]
        site = Site(folder, [Daemon(directory) for directory in (first, *others)], books, server, cut_offs)
        for daemon in site.daemons:
            stack.callback(daemon.kill)
            daemon.start(wait=False)
        for daemon in site.daemons:
            daemon.wait_until_it_listens()
        yield site


def _configure(daemon: Daemon) -> dict[str, str]:
    daemon.configure("billing", db_timeout=DB_TIMEOUT_S)
    daemon.configure_bank(LIMITED_BANK, f"limits.channel.{LIMITED_CHANNEL:02d}", daily_fen=DAILY_LIMIT_FEN)
    cut_offs = dict.fromkeys(BANKS, _cut_off_of_others())
    cut_offs[CUT_OFF_BANK] = _cut_off_in_the_run()
    for bank_code, cut_off in cut_offs.items():
        daemon.configure_bank(bank_code, cut_off=cut_off)
    return cut_offs


def _cut_off_of_others() -> str:
    """Return a cut-off that does not come during the run: a few hours away in either direction."""
    return "12:00" if now().hour >= 18 or now().hour < 6 else "23:30"


def _cut_off_in_the_run() -> str:
    """Return the first whole minute that is some time away: a run of 80 s certainly has it in it."""
    return (now() + _CUT_OFF_AFTER + timedelta(seconds=59)).strftime("%H:%M")
