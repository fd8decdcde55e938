"""``fep run`` and ``fep db``: what they hand on."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fep import process
from fep.config.settings import Address, Settings
from tests.fep.commands.conftest import Run


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings of each daemon that would have been run; it ends with 3."""
    seen: list[Settings] = []

    def run_daemon(settings: Settings, _manager: object) -> int:
        seen.append(settings)
        return 3

    monkeypatch.setattr(process, "run", run_daemon)
    return seen


def test_run_hands_the_settings_to_the_daemon_and_returns_its_exit_code(
    run: Run, site: Path, started: list[Settings]
) -> None:
    """The daemon decides how it ends."""
    assert run("run", "--config", site / "fep.toml").exit_code == 3
    assert (Address("127.0.0.1", 9700),) == started[0].listener.addresses
    assert list(started[0].banks) == ["0102", "0103", "0104", "0105", "0403"]


def test_listen_takes_the_place_of_the_configured_addresses(run: Run, site: Path, started: list[Settings]) -> None:
    """It may be given more than once; nothing else of the listener changes."""
    path = site / "fep.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("# reuse_port = false", "reuse_port = true"))
    run("run", "--listen", "127.0.0.1:0", "--listen", "[::1]:9701", "--config", path)
    assert (Address("127.0.0.1", 0), Address("::1", 9701)) == started[0].listener.addresses
    assert started[0].listener.reuse_port


def test_a_relative_configuration_path_works(
    run: Run, site: Path, started: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The paths inside are relative to the file, not to where the command was given."""
    monkeypatch.chdir(site.parent)
    run("run", "--config", "site/fep.toml")
    assert site / "keys.store" == started[0].keys.store
    assert f"sqlite:///{site}/billing.db" == started[0].billing.databases[0].url


@pytest.mark.parametrize("url", ["sqlite:///billing.db", "postgresql+psycopg://fep@db/billing"])
def test_the_schema_can_be_had_as_sql_without_a_database(run: Run, site: Path, url: str) -> None:
    """For a DBA who runs nothing that he has not read; no server is asked."""
    path = site / "fep.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("sqlite:///billing.db", url))
    (site / "billing.db").unlink()
    outcome = run("db", "upgrade", "--sql", "--config", path)
    assert outcome.exit_code == 0
    assert "CREATE TABLE accounts" in outcome.out
    assert "CREATE TABLE payments" in outcome.out
    assert not (site / "billing.db").exists()


def test_the_sql_from_a_revision_on(run: Run, site: Path) -> None:
    """For a DBA whose database has an older schema; another revision is refused with those that there are."""
    path = site / "fep.toml"
    outcome = run("db", "upgrade", "--sql", "--since", "0001", "--config", path)
    assert outcome.exit_code == 0
    assert "CREATE TABLE closings" in outcome.out
    assert "CREATE TABLE accounts" not in outcome.out

    refused = run("db", "upgrade", "--sql", "--since", "9999", "--config", path)
    assert (refused.exit_code, "the revisions are 0001, 0002, 0003" in refused.err) == (2, True), refused
    alone = run("db", "upgrade", "--since", "0001", "--config", path)
    assert (alone.exit_code, "--since needs --sql" in alone.err) == (2, True), alone


def test_upgrade_of_a_current_schema_changes_nothing(run: Run, site: Path) -> None:
    """Safe to repeat."""
    outcome = run("db", "upgrade", "--config", site / "fep.toml")
    assert (outcome.exit_code, outcome.out) == (0, "the database has the schema of this program\n")


@pytest.mark.parametrize(
    ("language", "remedy", "newer"),
    [
        ("en", "run fep db upgrade", "install the newer program"),
        ("zh", "请执行 fep db upgrade", "请在本机也安装新版程序"),
    ],
)
@pytest.mark.parametrize("is_newer", [False, True])
def test_a_schema_that_does_not_fit_is_said_once(
    run: Run, site: Path, language: str, remedy: str, newer: str, is_newer: bool
) -> None:
    """Every command says the remedy one time and in the user's language; the reports say it on one line."""
    with closing(sqlite3.connect(site / "billing.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", ("9999" if is_newer else "0001",))
    path = site / "fep.toml"
    for words in (("load", site / "a.csv"), ("check-config",), ("status",)):
        outcome = run("--lang", language, *words, "--config", path)
        said = outcome.out + outcome.err
        assert said.count("fep db upgrade") == 1
        assert (newer in said) == is_newer
        [line] = [line for line in said.splitlines() if "fep db upgrade" in line]
        assert line.endswith(remedy)
        assert words[0] == "load" or "0001" in line or "9999" in line
        assert ("the database has" in said) == (language == "en")
