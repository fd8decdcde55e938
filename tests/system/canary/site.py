"""The canary site: banks of every format, customers and keys that are canaries. 金丝雀站点"""

import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.canaries import Search
from tests.support.daemon import Daemon
from tests.support.partner_bank import PartnerBank, approve
from tests.support.ports import free_ports
from tests.support.postgresql_server import PostgresServer
from tests.support.raw_bank import SESSION_KEYS, SUITES, RawBank
from tests.support.trace_collector import TraceCollector
from tests.system.billing import Account
from tests.system.canary import faulty, secrets
from tests.system.canary.commands import Commands, Ended
from tests.system.canary.secrets import AK, BOOKS, KEK, PASSWORD, Ceremony, canaries_of
from tests.system.checks import CUT_OFF
from tests.system.tellers import elec02, iso8583, iso8583_line
from tests.system.tellers.bank import ELEC02_FILE, ISO8583_FILE

ROLE, DATABASE = "canary_role", "canary_site"
WAIT_S = 15.0
FAULTS = ("deciding", "replying", "reading", "showing", "elsewhere", "constraint")
"""What breaks for one account each: our own code, or a rule of the database that a payment offends."""


HOLDERS = {
    "database.secret": "the password of the database, for its owner alone",
    "collector.secret": "the token of the collector of traces, for its owner alone",
    "files": "the banks' batch files: mandates, debit lists, results",
}
"""What is not searched of a site's directory, and why: it holds what is secret, and that is found in it."""


class CanaryBank(RawBank):
    """A bank whose keys are canaries."""

    ak, kek = AK.key, KEK.key


class FaultyDaemon(Daemon):
    """A daemon in which our own code breaks for some accounts."""

    def _manager_command(self) -> list[str]:
        return [sys.executable, "-m", faulty.__name__]


class CanarySite:
    """The site, what has been printed on each path, and what may still be used by the next."""

    def __init__(self, directory: Path, folder: Path, commands: Commands, server: PostgresServer) -> None:
        self.directory, self.folder, self.commands, self.server = directory, folder, commands, server
        self.config = directory / "fep.toml"
        self.printed: dict[str, bytes] = defaultdict(bytes)
        self.daemon = FaultyDaemon(directory)
        self.partner = PartnerBank(approve)
        self.collector = TraceCollector()
        self.daemon.port = free_ports(4)  # of each format, and of the metrics
        self.metrics_port = self.daemon.port + 3
        self._books = BOOKS.copy()
        self._banks: list[RawBank] = []
        self.broken = {fault: self.take("owing") for fault in FAULTS}

    def take(self, kind: str) -> Account:
        """Return an account that nothing else uses."""
        return self._books.take(kind)

    # -- what is printed

    def keep(self, path: str, printed: bytes) -> None:
        """Keep what a path has printed."""
        self.printed[path] += printed

    def fep(self, path: str, *words: str | Path, config: bool = True, typed: str = "", bug: str = "") -> Ended:
        """Run a command, with the site's configuration, and keep what it prints."""
        given = ["--config", self.config] if config else []
        ended = self.commands.fep(*words, *given, typed=typed, bug=bug)
        self.keep(path, ended.output)
        return ended

    @contextmanager
    def logging(self, path: str, *, lines: int = 1) -> Iterator[None]:
        """Keep what the daemon prints meanwhile; wait until so many lines have come."""
        before = len(self.daemon.output)
        yield
        wait_until(lambda: len(self.daemon.output) >= before + lines, f"{path}: nothing is printed")
        self.keep(path, "\n".join(self.daemon.output[before:]).encode())

    def keep_the_rest_of_the_log(self) -> None:
        """Keep all lines once more, so that none is lost between two paths."""
        self.keep("the whole log", "\n".join(self.daemon.output).encode())

    def keep_files(self) -> None:
        """Keep every file of the site but those whose purpose it is to hold what is secret."""
        for path in sorted(self.directory.rglob("*")):
            name = path.relative_to(self.directory)
            if path.is_file() and path.stat().st_size and name.parts[0] not in HOLDERS:
                self.keep(f"file {name}", path.read_bytes())

    def held(self) -> bytes:
        """Return what stands in the files whose purpose it is."""
        paths = (path for name in HOLDERS for path in (self.directory / name, *(self.directory / name).rglob("*")))
        return b"\n".join(path.read_bytes() for path in paths if path.is_file())

    def ask_database(self, statement: str) -> None:
        """Run a statement as the database's superuser."""
        with self.server.connect(DATABASE) as connection:
            connection.execute(statement.encode())

    # -- banks

    def connect(self, bank_code: str = "0102", *, encrypted: bool = False) -> RawBank:
        """Connect as a bank of the standard link, without signing in."""
        bank = CanaryBank(self.daemon.port, bank_code, encrypted=encrypted)
        self._banks.append(bank)
        return bank

    def bank(self, bank_code: str = "0102", *, encrypted: bool = False) -> RawBank:
        """Connect as one and sign in."""
        return self.connect(bank_code, encrypted=encrypted).sign_in()

    def hang_up(self) -> None:
        """Close the banks' connections."""
        while self._banks:
            self._banks.pop().close()

    def close(self) -> None:
        """End whatever still runs."""
        self.hang_up()
        self.daemon.kill()
        self.partner.close()
        self.collector.close()

    # -- what was found

    def table(self) -> str:
        """Return how many bytes each path has printed."""
        return "\n".join(f"{len(printed):9}  {path}" for path, printed in sorted(self.printed.items()))

    def findings(self) -> dict[str, dict[str, str]]:
        """Return the canaries that were seen, by path."""
        search = Search(canaries_of(SESSION_KEYS))
        found = {path: search.found(printed) for path, printed in self.printed.items()}
        return {path: seen for path, seen in found.items() if seen}


def wait_until(is_so: Callable[[], bool], otherwise: str) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.01)


def private_file(path: Path, content: str) -> Path:
    """Write a file that its owner alone may read."""
    path.touch(mode=0o600)
    path.write_text(content, encoding="utf-8")
    return path


def component_files(folder: Path, ceremony: Ceremony) -> list[Path]:
    """Write the components of a key as its custodians bring them."""
    stem = ceremony.name.replace(" ", "_")
    return [
        private_file(folder / f"{stem}.{number}", component.hex())
        for number, component in enumerate(ceremony.components, 1)
    ]


def key_words(folder: Path, ak: Ceremony, kek: Ceremony) -> list[str | Path]:
    """Return the options of a key ceremony that bring AK and KEK in two components each."""
    words: list[str | Path] = ["--components", "2"]
    for option, ceremony in (("--ak-file", ak), ("--kek-file", kek)):
        for path in component_files(folder, ceremony):
            words += [option, path]
    return words


@contextmanager
def canary_site(server: PostgresServer, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CanarySite]:
    """Make the site; nothing runs yet."""
    monkeypatch.setattr(elec02, "PAYER", secrets.CARD)
    monkeypatch.setattr(iso8583, "PAYER", secrets.CARD)
    monkeypatch.setattr(iso8583_line, "AK", AK.key)
    monkeypatch.setattr(iso8583_line, "KEK", KEK.key)
    with Commands() as commands, _database(server) as database:
        site = CanarySite(folder / "site", folder, commands, server)
        accounts = {account.account_no: fault for fault, account in site.broken.items()}
        monkeypatch.setenv(faulty.ENVIRONMENT, json.dumps(accounts))
        try:
            _make(site, database)
            yield site
        finally:
            site.close()


@contextmanager
def _database(server: PostgresServer) -> Iterator[list[str]]:
    """Make a database whose owner needs a password that is a canary; yield the words that name it."""
    server.create_role(ROLE, PASSWORD)
    server.create_database(DATABASE)
    with server.connect(DATABASE) as connection:
        connection.execute(f"GRANT ALL ON SCHEMA public TO {ROLE}")
    try:
        yield ["--database", server.url(DATABASE, user=ROLE, password=secrets.quote(PASSWORD, safe=""))]
    finally:
        server.drop_database(DATABASE)
        with server.connect() as connection:
            connection.execute(f"DROP ROLE {ROLE}")


def _make(site: CanarySite, database: list[str]) -> None:
    """Make the directory, the banks with their keys, and load the accounts."""
    private_file(site.folder / "master.key", secrets.MASTER_KEY.hex())
    reference = f"file:{site.folder / 'master.key'}"
    _done(site.fep("fep init", "init", site.directory, *database, "--master-key", reference, config=False))
    for example in (site.directory / "banks").iterdir():
        example.unlink()
    site.daemon.configure("log", level="debug").configure("metrics", address=f"127.0.0.1:{site.metrics_port}")
    site.daemon.configure("link", frame_timeout=1.0).configure("audit", directory="audit")
    site.daemon.configure("keys", four_eyes=False)
    private_file(site.directory / "collector.secret", f"Authorization: Bearer {secrets.TOKEN}")
    traces = {"endpoint": site.collector.endpoint, "sample_ratio": 1.0, "headers": "file:collector.secret"}
    site.daemon.configure("traces", **traces)
    site.daemon.configure("dialect.iso8583", length="digits", packing="ascii")
    for code, suite in SUITES.items():
        weak = "accept_weak_mac = true\n" if suite in {"des", "cups"} else ""
        _bank_file(site, code, f'suite = "{suite}"\npush = {"true" if code == "0102" else "false"}\n{weak}')
    _bank_file(site, "0901", ISO8583_FILE)
    _bank_file(site, "0401", f'{ELEC02_FILE}partner = "127.0.0.1:{site.partner.port}"\npush = true\n')
    words = key_words(site.folder, AK, KEK)
    for code in (*SUITES, "0901"):
        _done(site.fep("fep keys import", "keys", "import", code, *words))
    _done(site.fep("fep load", "load", *BOOKS.write(site.folder)))
    number = site.broken["constraint"].account_no
    site.ask_database(f"ALTER TABLE payments ADD CONSTRAINT canary CHECK (account_no <> '{number}') NOT VALID")


def _bank_file(site: CanarySite, code: str, lines: str) -> None:
    head = f'bank_code = "{code}"\nname = "银行{code}"\naddresses = ["127.0.0.1"]\ncut_off = "{CUT_OFF:%H:%M}"\n'
    (site.directory / "banks" / f"{code}_bank.toml").write_text(head + lines, encoding="utf-8")


def _done(ended: Ended) -> None:
    assert ended.code == 0, ended.output.decode()
