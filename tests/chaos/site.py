"""The utility's site of a run 测试现场: one database, a real one, and the daemons that serve it."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from tests.chaos.accounts import Account, make_accounts, write_files
from tests.chaos.line import Line
from tests.support.daemon import Daemon, copy_directory, done, fep, init_demo
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
        source: the directory that the daemons' own were copied from; its configuration leads straight to the database.
        server: None with the embedded database.
        lines: by daemon, the line to the database of those that have one that can be cut.
        cut_offs: HH:MM of each bank.
    """

    source: Path
    daemons: list[Daemon]
    accounts: Sequence[Account]
    cut_offs: dict[str, str]
    server: PostgresServer | None = None
    lines: dict[int, Line] = field(default_factory=dict)

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """Return what the database itself says."""
        return database.execute(self.source, statement)

    def audit(self) -> dict[str, list[tuple[object, ...]]]:
        """Return what may never be found in the books, by its name."""
        return database.audit(self.source)

    def output(self) -> list[str]:
        """Return every line that the daemons printed."""
        return [line for daemon in self.daemons for line in daemon.output]


@contextmanager
def running_site(seed: int, accounts: int, engine: str) -> Iterator[Site]:
    """Make a site in a temporary folder, start its two daemons, and take all of it away at the end.

    Over one PostgreSQL the daemons share nothing but it: each has a directory and a key store of its own, and the
    second one a line that can be cut. Over one file they share the folder that it is in.
    """
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="fep-chaos-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        server = stack.enter_context(running_server(durable=True)) if engine == "postgresql" else None
        source = folder / "source"
        url = server.create_database(DATABASE) if server else ""
        init_demo(source, _DEMO_ACCOUNTS, database=url)
        books, cut_offs = make_accounts(seed, accounts), _configure(Daemon(source))
        done(fep("load", *write_files(folder, books), "--config", source / "fep.toml"))
        site = Site(source, [Daemon(source), Daemon(source)], books, cut_offs, server)
        if server is not None:
            site.daemons = [Daemon(copy_directory(source, folder / f"daemon-{number}")) for number in (0, 1)]
            line = site.lines[1] = stack.enter_context(Line(url))
            config = site.daemons[1].directory / "fep.toml"
            config.write_text(config.read_text(encoding="utf-8").replace(url, line.url), encoding="utf-8")
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
