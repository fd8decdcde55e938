"""``fep init``: what it makes, and what it leaves alone."""

import sqlite3
import stat
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import pytest

from crypto.key_store import KeyStore
from crypto.master_key import resolve_master_key, write_new_master_key
from fep.config.configuration import load
from tests.fep.commands.conftest import Run

AK = bytes.fromhex("404142434445464748494A4B4C4D4E4F")
KEK = bytes.fromhex("505152535455565758595A5B5C5D5E5F")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def rows(directory: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(directory / "billing.db")) as connection:
        return connection.execute(query).fetchall()


def test_a_demo_has_five_banks_with_the_known_keys(run: Run, tmp_path: Path) -> None:
    """The suites, AK and KEK that the documents promise, on 127.0.0.1 and the port asked for."""
    site = tmp_path / "site"
    assert run("init", site, "--demo", "--accounts", 20, "--port", 9712).exit_code == 0
    settings = load(site / "fep.toml")
    assert [str(address) for address in settings.listener.addresses] == ["127.0.0.1:9712"]
    suites = {bank_code: bank.suite.name for bank_code, bank in settings.banks.items()}
    assert suites == {"0102": "3des", "0103": "aes", "0104": "sm4", "0105": "cups", "0403": "des"}
    assert {"optional"} == {bank.encryption for bank in settings.banks.values()}
    store = KeyStore.open(settings.keys.store, resolve_master_key(settings.keys.master_key, site))
    assert {(AK, KEK)} == {
        (version.keys.ak.secret, version.keys.kek.secret) for code in suites for version in store.versions(code)
    }


def test_what_is_secret_is_private(run: Run, tmp_path: Path) -> None:
    """Key store, master key and customers' data can be read by nobody else."""
    site = tmp_path / "site"
    run("init", site, "--demo", "--accounts", 20)
    assert {0o600} == {mode_of(site / name) for name in ("keys.store", "master.key", "billing.db")}
    assert not mode_of(site) & stat.S_IRWXO


def test_a_demo_has_accounts_bills_balances_and_clearing_dates(run: Run, tmp_path: Path) -> None:
    """As many accounts as asked for; each balance is a movement; each bank has its date."""
    site = tmp_path / "site"
    run("init", site, "--demo", "--accounts", 200)
    assert rows(site, "SELECT count(*) FROM accounts WHERE account_no LIKE '01%'") == [(200,)]
    [(owing,)] = rows(site, "SELECT count(DISTINCT account_no) FROM bills WHERE state = 'open'")
    assert owing >= 100
    balances = rows(site, "SELECT account_no, balance_fen FROM accounts WHERE balance_fen > 0 ORDER BY 1")
    opened = rows(site, "SELECT account_no, balance_change_fen FROM payments WHERE movement = 'open' ORDER BY 1")
    assert balances == opened != []
    banks = rows(site, "SELECT bank_code FROM clearing_dates ORDER BY 1")
    assert banks == [("0102",), ("0103",), ("0104",), ("0105",), ("0403",)]


def test_a_seed_gives_the_same_demo_again(run: Run, tmp_path: Path) -> None:
    """Two directories of one seed hold the same accounts, one of another seed others."""
    query = "SELECT account_no, name, address FROM accounts"
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        run("init", tmp_path / name, "--demo", "--accounts", 60, "--seed", seed)
    assert rows(tmp_path / "a", query) == rows(tmp_path / "b", query)
    assert rows(tmp_path / "a", query) != rows(tmp_path / "c", query)


def test_a_site_without_demo_has_no_banks_but_an_example(run: Run, tmp_path: Path) -> None:
    """Nobody can connect until the operator says who; the example becomes a bank by its new name."""
    site = tmp_path / "site"
    assert run("init", site).exit_code == 0
    assert dict(load(site / "fep.toml").banks) == {}
    [sample] = (site / "banks").iterdir()
    sample.rename(site / "banks" / "0102_example.toml")
    assert list(load(site / "fep.toml").banks) == ["0102"]
    assert rows(site, "SELECT count(*) FROM accounts") == [(0,)]


@pytest.mark.parametrize(("language", "said"), [("en", "is not an empty directory"), ("zh", "不是空目录")])
def test_a_second_init_is_refused_and_changes_nothing(run: Run, tmp_path: Path, language: str, said: str) -> None:
    """A slip does not overwrite the keys of a running site."""
    site = tmp_path / "site"
    run("init", site)
    before = {path.name: path.read_bytes() for path in site.iterdir() if path.is_file()}

    again = run("--lang", language, "init", site)

    assert again.exit_code == 2
    assert said in again.err
    assert str(site) in again.err
    assert before == {path.name: path.read_bytes() for path in site.iterdir() if path.is_file()}


def test_an_empty_directory_may_be_used(run: Run, tmp_path: Path) -> None:
    """A mount point, made by somebody else."""
    assert run("init", tmp_path).exit_code == 0
    assert (tmp_path / "fep.toml").exists()


def test_a_failed_init_leaves_nothing_behind(run: Run, tmp_path: Path) -> None:
    """It can be run again at once, when the database is there."""
    site = tmp_path / "site"
    failed = run("init", site, "--database", "sqlite:////nowhere/at/all/billing.db")
    assert failed.exit_code == 3
    assert "Traceback" not in failed.err
    assert not site.exists()


def test_a_password_in_the_url_goes_into_a_private_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """fep.toml holds a reference, the file is private, and the password arrives decoded."""
    from fep.config import initialise
    from fep.config.findings import Place
    from fep.config.references import resolve

    site = tmp_path / "site"
    monkeypatch.setattr(initialise, "_open_new", lambda settings: Unreached())
    monkeypatch.setattr(initialise.schema, "upgrade", lambda engine: None)
    monkeypatch.setattr(initialise, "CutOff", lambda database, dates: Unreached())

    made = run("init", site, "--database", "postgresql+psycopg://fep:p%40ss@db.example/billing")

    assert made.exit_code == 0
    assert "p%40ss" not in (site / "fep.toml").read_text(encoding="utf-8")
    assert mode_of(site / "database.secret") == 0o600
    [database] = load(site / "fep.toml").billing.databases
    assert database.url == "postgresql+psycopg://fep@db.example/billing"
    assert resolve(database.password, Place(site / "fep.toml")) == "p@ss"


class Unreached:
    """A database that is not there, where the test looks at the files alone."""

    money_engine = None

    def ensure(self, bank_codes: object) -> None:
        """Accept anything."""

    def dispose(self) -> None:
        """Let go of nothing."""


@pytest.mark.parametrize("url", ["postgresql://fep:ge@heim@db/billing", "billing.db", "mysql://fep:geheim@db/billing"])
def test_a_url_that_cannot_be_used_is_refused_and_not_shown(run: Run, tmp_path: Path, url: str) -> None:
    """A password stays out of the message, however the URL is wrong."""
    refused = run("init", tmp_path / "site", "--database", url)
    assert refused.exit_code == 2
    assert "--database" in refused.err
    assert "heim" not in refused.err
    assert not (tmp_path / "site").exists()


def test_a_given_master_key_is_used_and_none_is_made(run: Run, tmp_path: Path) -> None:
    """The key store opens with the key of the reference."""
    key_file = tmp_path / "elsewhere.key"
    write_new_master_key(key_file)
    site = tmp_path / "site"
    assert run("init", site, "--master-key", f"file:{key_file}").exit_code == 0
    assert not (site / "master.key").exists()
    settings = load(site / "fep.toml")
    assert f"file:{key_file}" == settings.keys.master_key
    KeyStore.open(settings.keys.store, resolve_master_key(settings.keys.master_key, site))


def test_a_master_key_that_is_not_there_ends_the_init(run: Run, tmp_path: Path) -> None:
    """It is looked for before anything depends on it."""
    failed = run("init", tmp_path / "site", "--master-key", "env:NO_SUCH_KEY_ANYWHERE")
    assert failed.exit_code == 2
    assert "NO_SUCH_KEY_ANYWHERE" in failed.err
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("url", ["postgresql+psycopg://fep:geheim/x", "postgresql://fep:geheim@127.0.0.1:5610a/x", ""])
def test_a_url_that_is_none_is_refused_and_not_shown(run: Run, tmp_path: Path, url: str, language: str) -> None:
    """No site is made on another database, and a password that stands in the wrong place is not repeated."""
    refused = run("--lang", language, "init", tmp_path / "site", "--database", url)

    assert refused.exit_code == 2
    assert "--database" in refused.err
    assert "geheim" not in refused.out + refused.err
    assert not (tmp_path / "site").exists()


def test_demo_rows_that_stand_in_the_database_are_left(run: Run, tmp_path: Path) -> None:
    """A second directory over the same database adds what is missing and touches nothing that tellers did."""
    url = f"sqlite:///{tmp_path}/shared.db"
    run("init", tmp_path / "a", "--demo", "--accounts", 30, "--database", url)
    with closing(sqlite3.connect(tmp_path / "shared.db")) as connection, connection:
        connection.execute("UPDATE accounts SET balance_fen = 777 WHERE account_no = '0100000001'")
        connection.execute("UPDATE bills SET state = 'settled' WHERE account_no = '0100000001'")

    assert run("init", tmp_path / "b", "--demo", "--accounts", 40, "--database", url).exit_code == 0

    with closing(sqlite3.connect(tmp_path / "shared.db")) as connection:
        states = {state for (state,) in connection.execute("SELECT state FROM bills WHERE account_no = '0100000001'")}
        [(balance,)] = connection.execute("SELECT balance_fen FROM accounts WHERE account_no = '0100000001'")
        [(count,)] = connection.execute("SELECT count(*) FROM accounts")
    assert (777, {"settled"}, 40) == (balance, states, count)


def test_the_clearing_date_is_todays_or_tomorrows_after_the_cut_off(run: Run, tmp_path: Path) -> None:
    """The row that init makes is the one that the wall clock wants."""
    run("init", tmp_path / "site", "--demo", "--accounts", 1)
    [(first,)] = rows(tmp_path / "site", "SELECT DISTINCT clearing_date FROM clearing_dates")
    number = str(first).replace("-", "")
    day = date(int(number[:4]), int(number[4:6]), int(number[6:8]))
    assert abs((day - datetime.now().astimezone().date()).days) <= 1


def test_accounts_without_demo_are_a_usage_error(run: Run, tmp_path: Path) -> None:
    """An option that would have no effect is not silently ignored."""
    refused = run("init", tmp_path / "site", "--accounts", 5)
    assert refused.exit_code == 2
    assert "--demo" in refused.err
