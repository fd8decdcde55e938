"""A utility's database with tables of its own, connected as docs/integration.md says, and daemons on it. 对接测试环境

The SQL is that of docs/integration/, run in the order of the document. One database is made so for the whole run, with
20,000 customers in the background, because plans of small tables show nothing; each module gets a copy of it.
"""

import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.integration.utility import Utility
from tests.support.daemon import ROOT, Daemon, copy_directory, done, fep, forms, init_demo
from tests.support.postgresql_server import PostgresServer, binaries, running_server, why_missing
from tests.support.raw_bank import SUITES, RawBank
from tests.system.checks import CUT_OFF

SQL = ROOT / "docs" / "integration"
PASSWORD = "of-the-tests"
TEMPLATE = "integration_template"

BACKGROUND = """
    INSERT INTO yx.yx_khda (yhbh, yhmc, dbbh, dkzh, gddw, yhlb)
        SELECT lpad(i::text, 10, '0'), '户' || i, 'B' || i, '6222' || i, 'JC0101', '居民生活'
        FROM generate_series(1, 20000) AS i;
    INSERT INTO yx.yx_yszh (yhbh) SELECT yhbh FROM yx.yx_khda;
    INSERT INTO yx.yx_ysdz (ysdh, xh, yhbh, ny, dfcs, fyxm, je, jzrq, zt)
        SELECT 'B' || i || '-' || m, xh, lpad(i::text, 10, '0'), '20260' || m, 1, '目录电费', 10 * xh, '2026-12-31',
            CASE m WHEN 3 THEN '01' ELSE '03' END
        FROM generate_series(1, 20000) AS i, generate_series(1, 3) AS m, generate_series(1, 2) AS xh;
"""


class Site:
    """The FEP at a utility: a directory with its configuration, the daemons, and the banks that are connected."""

    def __init__(self, directory: Path, utility: Utility) -> None:
        self.directory, self.utility = directory, utility
        self.daemons: list[Daemon] = []
        self._banks: list[RawBank] = []

    @property
    def config(self) -> Path:
        """The configuration of the daemons, whose role owns nothing."""
        return self.directory / "fep.toml"

    @property
    def owner_config(self) -> Path:
        """The configuration of fep db upgrade, whose role owns the FEP's own tables."""
        return self.directory / "upgrade.toml"

    def start(self) -> Daemon:
        """Start one more daemon."""
        self.daemons.append(Daemon(self.directory).start())
        return self.daemons[-1]

    def bank(self, bank_code: str = "0102", daemon: int = 0) -> RawBank:
        """Connect as a bank and sign in."""
        self._banks.append(RawBank(self.daemons[daemon].port, bank_code))
        return self._banks[-1].sign_in()

    def close(self) -> None:
        """Stop everything, and look for customers' data and our own faults in all that was printed."""
        while self._banks:
            self._banks.pop().close()
        try:
            for daemon in self.daemons:
                assert daemon.stop() == 0, "\n".join(daemon.output[-20:])
        finally:
            for daemon in self.daemons:
                daemon.kill()
        for daemon in self.daemons:
            assert daemon.leaks(forms("集成测试") | {PASSWORD}, (r"(?<!\d)02997\d{6}(?!\d)",)) == []
            assert [line for line in daemon.output if "Traceback" in line] == []
        self.daemons.clear()


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """A server of these tests' own: roles belong to a whole server."""
    if binaries() is None:
        pytest.skip(why_missing())
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def template(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with five banks, and the database ``TEMPLATE``, connected in the order of the document."""
    directory = init_demo(tmp_path_factory.mktemp("template") / "site", accounts=1)
    for code in SUITES:
        Daemon(directory).configure_bank(code, cut_off=CUT_OFF.strftime("%H:%M"))
    server.create_database(TEMPLATE)
    point_at(directory, server, TEMPLATE)
    with server.connect(TEMPLATE) as connection:
        run_file(connection, "marketing_tables.sql")
        connection.execute(BACKGROUND.encode())
        run_file(connection, "postgresql_roles.sql")
        for role in ("fep_owner", "fep"):
            statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
            connection.execute(statement.format(sql.Identifier(role), sql.Literal(PASSWORD)))
        done(fep("db", "upgrade", "--config", directory / "upgrade.toml"))
        run_file(connection, "postgresql.sql")
        run_file(connection, "own_programs.sql")
        connection.execute("ANALYZE")
    return directory


@pytest.fixture(scope="session")
def make_site(template: Path, server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Site]:
    """A way to get a site with a database of its own; its daemons are started by whoever needs them."""
    numbers = count(1)

    def make() -> Site:
        name = f"billing_{next(numbers)}"
        server.create_database(name, TEMPLATE)
        with server.connect(name) as connection:
            run_file(connection, "postgresql_roles.sql")  # a copy has no search paths of its own
        directory = copy_directory(template, tmp_path_factory.mktemp("site") / "site")
        point_at(directory, server, name)
        return Site(directory, Utility(f"host=127.0.0.1 port={server.port} user=postgres dbname={name}"))

    return make


@pytest.fixture(scope="module")
def site(make_site: Callable[[], Site]) -> Iterator[Site]:
    """A running site, shared by the tests of a module; journal and tables must agree at its end."""
    site = make_site()
    site.start()
    yield site
    site.close()
    assert site.utility.disagreements() == []


@pytest.fixture
def fresh_site(make_site: Callable[[], Site]) -> Iterator[Site]:
    """A site of the test's own whose daemons the test starts; journal and tables must agree at its end."""
    site = make_site()
    yield site
    site.close()
    assert site.utility.disagreements() == []


@pytest.fixture(scope="module")
def utility(site: Site) -> Utility:
    """The utility whose site runs."""
    return site.utility


@pytest.fixture
def bank(site: Site) -> RawBank:
    """A signed-in link of a bank."""
    return site.bank()


def run_file(connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    """Run a file of the document's SQL in one transaction, as psql --single-transaction does."""
    with connection.transaction():
        connection.execute((SQL / name).read_bytes())


def point_at(directory: Path, server: PostgresServer, database: str) -> None:
    """Write the two configurations of a site: one for the daemons, one for fep db upgrade."""
    for name, role in (("fep.toml", "fep"), ("upgrade.toml", "fep_owner")):
        url = server.url(database, user=role)
        text = (directory / "fep.toml").read_text(encoding="utf-8")
        text = re.sub(r"(?m)^(# )?password = .*\n", "", text)
        text = re.sub(r"(?m)^url = .*$", f'url = "{url}"\npassword = "file:database.secret"', text)
        (directory / name).write_text(text, encoding="utf-8")
    secret = directory / "database.secret"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
