"""Passwords by reference."""

from pathlib import Path

import pytest

from fep.config.configuration import ConfigInvalid, load
from fep.config.findings import Place
from fep.config.references import resolve
from fep.databases import open_database
from tests.fep.commands.conftest import Run


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "fep.toml", "billing.database[1].password")


def secret_file(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("content", [b"p@ss word\n", b"p@ss word", b"p@ss word\r\n"])
def test_a_file_is_read_without_its_line_break(place: Place, content: bytes) -> None:
    """Relative to the configuration; blanks inside belong to the password."""
    secret_file(place.file.parent / "secret", content)
    assert resolve("file:secret", place) == "p@ss word"


def test_environment_and_credential_are_read(place: Place, tmp_path: Path) -> None:
    """A credential's own mode does not matter: systemd guards it."""
    secret_file(tmp_path / "db", b"from systemd", 0o440)
    variables = {"DB_PASSWORD": "from environment", "CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert resolve("env:DB_PASSWORD", place, variables) == "from environment"
    assert resolve("credential:db", place, variables) == "from systemd"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("file:none", "does not exist"),
        ("file:public", "chmod 600"),
        ("file:binary", "is not UTF-8 text"),
        ("env:NONE", "the variable is not set"),
        ("credential:db", "$CREDENTIALS_DIRECTORY is not set"),
    ],
)
def test_a_reference_that_leads_nowhere_is_said_with_its_key(place: Place, reference: str, said: str) -> None:
    """And the secret is never part of what is said."""
    secret_file(place.file.parent / "public", b"geheim", 0o644)
    secret_file(place.file.parent / "binary", b"\xffgeheim")
    with pytest.raises(ConfigInvalid) as raised:
        resolve(reference, place, {})
    [finding] = raised.value.findings
    assert (finding.key, said in finding.text.en) == ("billing.database[1].password", True)
    assert "geheim" not in finding.text.en + finding.text.zh
    assert finding.text.zh != finding.text.en


def test_the_password_reaches_the_database_whatever_is_in_it(run: Run, site: Path) -> None:
    """It is put into the URL so that every character survives, and shown by nothing."""
    pytest.importorskip("psycopg")
    text = (site / "fep.toml").read_text(encoding="utf-8")
    text = text.replace('url = "sqlite:///billing.db"', 'url = "postgresql+psycopg://fep@db.example:5432/billing"', 1)
    text = text.replace('url = "sqlite:///billing.db"', 'url = "postgresql+psycopg://fep@db.example:5432/billing"')
    text = text.replace('# password = "file:database.secret"', 'password = "file:database.secret"')
    (site / "fep.toml").write_text(text, encoding="utf-8")
    secret_file(site / "database.secret", "p@ss/wört:%\n".encode())

    database = open_database(load(site / "fep.toml"))

    assert database.money_engine.url.password == "p@ss/wört:%"
    assert database.money_engine.url[1:2] + database.money_engine.url[3:5] == ("fep", "db.example", 5432)
    assert "wört" not in repr(database.money_engine)
    database.dispose()


def test_a_secret_that_cannot_be_had_names_the_file_that_was_read(run: Run, site: Path) -> None:
    """The configuration may go by any name."""
    path = (site / "fep.toml").rename(site / "city.toml")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[[billing.database]]", '[[billing.database]]\npassword = "file:none.secret"'))
    outcome = run("db", "upgrade", "--config", path)
    assert outcome.exit_code == 2
    assert outcome.err.startswith(f"{path}: billing.database[1].password: ")
