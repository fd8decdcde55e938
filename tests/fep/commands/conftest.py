"""The command line in the tests' own process."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import delete

from dbgate.books.tables import metadata
from dbgate.database import Database
from fep import cli, operators
from fep.config.configuration import load
from fep.databases import open_database
from fep.language import choose
from tests.support.report_ledger import keep


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did: its exit code and what it printed."""

    exit_code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run ``fep`` with these words, in English unless they say otherwise."""
    monkeypatch.setenv("FEP_LANG", "en")
    monkeypatch.delenv("FEP_CONFIG", raising=False)

    def run_command(*words: object) -> Outcome:
        capsys.readouterr()
        exit_code = cli.main([str(word) for word in words])
        printed = capsys.readouterr()
        return Outcome(exit_code, printed.out, printed.err)

    yield run_command
    choose(None)


@pytest.fixture(autouse=True)
def no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever runs the tests: operators are told by the real user, whom tests can say."""
    monkeypatch.setattr(operators, "LOGIN_UID", tmp_path / "loginuid")


@pytest.fixture
def site(run: Run, tmp_path: Path) -> Path:
    """A directory as ``fep init --demo`` makes it, with twenty accounts."""
    directory = tmp_path / "site"
    assert run("init", directory, "--demo", "--accounts", 20).exit_code == 0
    return directory


@pytest.fixture
def books(site: Path) -> Iterator[Database]:
    """The site's database, with the ledger and nothing else in it."""
    database = open_database(load(site / "fep.toml"))
    with database.money_engine.begin() as connection:
        for table in metadata.sorted_tables:
            if table.name != "number_blocks":
                connection.execute(delete(table))
    keep(database)
    yield database
    database.dispose()
