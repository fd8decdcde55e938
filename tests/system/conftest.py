"""Daemons for the system tests: one demo directory is made, each module or test runs on a copy of it. 系统测试环境"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.audit_logs import movements_told
from tests.support.daemon import Daemon, done, fep, forms
from tests.support.raw_bank import AK, KEK, SESSION_KEYS, SUITES, RawBank
from tests.support.shared_postgresql import SharedPostgres
from tests.system.billing import Account, Books, make_books
from tests.system.checks import CUT_OFF
from tests.system.database import audit, movements
from tests.system.engines import FileTemplate, ServerTemplate, Template, engines_of, is_left_out

# What all names, addresses, meters, bank accounts and bills of the tests' accounts begin with, and their numbers.
STEMS = ("系统测试户", "𠮷𠮷𠮷", "测试市银电路", "TM0000", "62228800", "622202020001", "6222990000000000001")
ACCOUNT_NUMBERS = (r"(?<!\d)01997\d{6}(?!\d)", r"(?<!\d)0199000000000\d{3}(?!\d)", b"019970".hex(), b"01990000".hex())


class Site:
    """A utility's site: a directory with its database, the daemons that serve it and the banks that are connected."""

    def __init__(self, directory: Path, books: Books) -> None:
        self.directory, self.books = directory, books
        self.daemons = [Daemon(directory)]
        self._banks: list[RawBank] = []

    @property
    def daemon(self) -> Daemon:
        return self.daemons[0]

    def add_daemon(self) -> Daemon:
        """Start one more daemon over the same database."""
        self.daemons.append(Daemon(self.directory).start())
        return self.daemons[-1]

    def take(self, kind: str) -> Account:
        """Return an account that no other test on this site uses."""
        return self.books.take(kind)

    def connect(
        self, bank_code: str = "0102", *, encrypted: bool = False, source: str = "127.0.0.1", daemon: int = 0
    ) -> RawBank:
        """Connect as a bank, without signing in."""
        bank = RawBank(self.daemons[daemon].port, bank_code, encrypted=encrypted, source=source)
        self._banks.append(bank)
        return bank

    def bank(self, bank_code: str = "0102", *, encrypted: bool = False, daemon: int = 0) -> RawBank:
        """Connect as a bank and sign in."""
        return self.connect(bank_code, encrypted=encrypted, daemon=daemon).sign_in()

    def hang_up(self) -> None:
        """Close the banks' connections."""
        while self._banks:
            self._banks.pop().close()

    def close(self, secrets: set[str]) -> None:
        """Stop everything in order, then look for secrets and faults in all that was printed, and audit the books."""
        self.hang_up()
        try:
            for daemon in self.daemons:
                assert daemon.process is None or daemon.stop() == 0, "\n".join(daemon.output[-20:])
        finally:
            for daemon in self.daemons:
                daemon.kill()
        for daemon in self.daemons:
            assert daemon.leaks(secrets | {key.hex() for key in SESSION_KEYS}, ACCOUNT_NUMBERS) == []
            assert [line for line in daemon.output if "Traceback" in line] == []
            assert [event for event in daemon.events() if event.get("event") == "push_failed"] == []  # a bug of ours
        assert audit(self.directory) == {}
        self.check_audit_logs()

    def check_audit_logs(self) -> None:
        """Verify all chains by hand; each movement in the database is told in one, unless a daemon was killed."""
        told = set[int]().union(*(movements_told(directory) for directory in {each.directory for each in self.daemons}))
        if not any(daemon.was_killed for daemon in self.daemons):
            assert told >= movements(self.directory)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each module's tests on its engines."""
    if "site_engine" in metafunc.fixturenames:
        engines = engines_of(metafunc.module.__name__.rpartition(".")[2])
        metafunc.parametrize("site_engine", engines, indirect=True, scope="module")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what need not run on both engines."""
    left_out = [item for item in items if Path(__file__).parent in item.path.parents and is_left_out(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


@pytest.fixture(scope="module")
def site_engine(request: pytest.FixtureRequest) -> str:
    """The engine that the module's sites run on."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def fill(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Books]:
    """A way to load the tests' own accounts into a demo directory."""

    def load(directory: Path) -> Books:
        books = make_books()
        for code in SUITES:
            Daemon(directory).configure_bank(code, cut_off=CUT_OFF.strftime("%H:%M"))
        files = books.write(tmp_path_factory.mktemp("issue"))
        done(fep("load", *files, "--config", directory / "fep.toml"))
        return books

    return load


@pytest.fixture(scope="session")
def file_template(tmp_path_factory: pytest.TempPathFactory, fill: Callable[[Path], Books]) -> Template:
    """The template of sites on SQLite."""
    return FileTemplate(tmp_path_factory.mktemp("template") / "site", fill)


@pytest.fixture(scope="session")
def server_template(
    postgresql: SharedPostgres, tmp_path_factory: pytest.TempPathFactory, fill: Callable[[Path], Books]
) -> Template:
    """The template of sites on PostgreSQL."""
    if postgresql.server is None:
        pytest.skip("a site has a database of its own: these tests start a server themselves")
    return ServerTemplate(postgresql.server, tmp_path_factory.mktemp("template") / "site", fill)


@pytest.fixture(scope="module")
def template(site_engine: str, request: pytest.FixtureRequest) -> Template:
    """The template of the module's sites."""
    found: Template = request.getfixturevalue("file_template" if site_engine == "sqlite" else "server_template")
    return found


@pytest.fixture(scope="session")
def secrets() -> set[str]:
    """What stands in the tests' accounts and the banks' keys, that no line of a log may show."""
    return {form for stem in STEMS for form in forms(stem)} | {AK.hex(), KEK.hex()}


@pytest.fixture(scope="module")
def make_site(
    template: Template, secrets: set[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Site]]:
    """A way to get sites of the module's own, not started yet; in a folder ``parent`` if one is given."""
    sites: list[Site] = []

    def make(parent: Path | None = None) -> Site:
        directory = template.copy((parent or tmp_path_factory.mktemp("site")) / "site")
        sites.append(Site(directory, template.books.copy()))
        return sites[-1]

    yield make
    for site in sites:
        for daemon in site.daemons:
            daemon.kill()
        template.drop(site.directory)


@pytest.fixture(scope="module")
def site(make_site: Callable[[], Site], secrets: set[str]) -> Iterator[Site]:
    """A running site with the demo's own settings, shared by the tests of a module."""
    site = make_site()
    site.daemon.start()
    yield site
    site.close(secrets)


@pytest.fixture(autouse=True)
def _hang_up(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close a test's connections to the module's site when it ends."""
    yield
    if "site" in request.fixturenames:
        request.getfixturevalue("site").hang_up()


@pytest.fixture
def fresh_site(make_site: Callable[[], Site], secrets: set[str]) -> Iterator[Site]:
    """A site of the test's own, not started, so that it can be configured first."""
    site = make_site()
    yield site
    site.close(secrets)
