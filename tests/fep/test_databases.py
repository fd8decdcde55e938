"""Which database is opened, and where its password comes from."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dbgate import schema
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable, SchemaMismatch
from fep.config.findings import ConfigInvalid
from fep.config.settings import BillingSettings, DatabaseSettings, Settings
from fep.databases import databases_of, open_database, require_schemas
from fep.exits import EXIT_CANNOT_RUN, CommandFailed
from tests.support.daemon import environment
from tests.support.rim import settings


def site(directory: Path, url: str, password: str = "", number: int = 1) -> Settings:
    return replace(
        settings({}, directory), billing=BillingSettings((DatabaseSettings("billing", number, url, password),))
    )


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "database.secret"
    file.write_text("p@ss/w:rd%1", encoding="ascii")
    file.chmod(0o600)
    return file


def test_a_database_without_a_password(tmp_path):
    """SQLite has none: its file and its number are as configured, and nothing is opened yet."""
    database = open_database(site(tmp_path, f"sqlite:///{tmp_path}/billing.db", number=7))
    assert database.database_no == 7
    assert database.money_engine.url.database == f"{tmp_path}/billing.db"
    assert list(tmp_path.iterdir()) == []
    database.dispose()


def test_the_password_comes_from_its_reference(tmp_path, secret):
    """The password is put into the URL, whatever characters it has, and never shown."""
    database = open_database(site(tmp_path, "postgresql://fep@db.example:5433/billing", f"file:{secret}"))
    url = database.money_engine.url
    assert (url.username, url.password, url.host, url.port) == ("fep", "p@ss/w:rd%1", "db.example", 5433)
    assert "p@ss" not in repr(database.money_engine)
    database.dispose()


def test_a_password_that_cannot_be_had(tmp_path):
    """The finding names the key of the configuration and the file."""
    with pytest.raises(ConfigInvalid, match="password"):
        open_database(site(tmp_path, "postgresql://fep@db.example/billing", "file:missing.secret"))


def test_a_database_that_is_not_supported(tmp_path):
    """Another engine is refused by name."""
    with pytest.raises(DatabaseUnavailable, match="mssql"):
        open_database(site(tmp_path, "mssql://fep@db.example/billing"))


def two_databases(directory: Path) -> Settings:
    tables = (
        DatabaseSettings(name, number, f"sqlite:///{directory}/{name}.db") for number, name in ((1, "a"), (2, "b"))
    )
    return replace(settings({}, directory), billing=BillingSettings(tuple(tables)))


def test_databases_of_a_command_end_with_it(tmp_path, monkeypatch):
    """In the order of the configuration; each is closed, whatever happened."""
    ended: list[str] = []
    monkeypatch.setattr(Database, "dispose", lambda database: ended.append(database.name))

    def use() -> None:
        with databases_of(two_databases(tmp_path)) as databases:
            assert [database.name for database in databases] == ["a", "b"]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()
    assert ended == ["a", "b"]


def test_a_schema_that_is_not_ours(tmp_path):
    """The only database needs no name; of several the command tells which one."""
    with databases_of(site(tmp_path, f"sqlite:///{tmp_path}/billing.db")) as one, pytest.raises(SchemaMismatch):
        require_schemas(one)
    with databases_of(two_databases(tmp_path)) as both:
        schema.upgrade(both[0].money_engine)
        with pytest.raises(CommandFailed, match=r"^b: .*\s*run fep db upgrade$") as failed:
            require_schemas(both)
    assert failed.value.exit_code == EXIT_CANNOT_RUN


def test_what_jobs_log_is_not_among_their_results(tmp_path):
    """A command's stdout is what it shows; warnings of the gate go to stderr, and less than warnings nowhere."""
    program = """
import sys
sys.argv[0] = "/opt/fep/__main__.py"
import structlog
from pathlib import Path
from fep.databases import databases_of
from tests.fep.test_databases import site
with databases_of(site(Path(sys.argv[1]), f"sqlite:///{sys.argv[1]}/billing.db")):
    structlog.get_logger().error("batch_failed", batch_size=3)
    structlog.get_logger().info("batch_done")
"""
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], env=environment(), capture_output=True, text=True, check=True
    )
    assert (done.stdout, "batch_failed" in done.stderr, "batch_done" in done.stderr) == ("", True, False)
