"""Initialise 初始化: makes a directory from which the daemon can run: configuration, keys, database, perhaps a demo.

Everything or nothing: when a step fails, what was written before is removed, so that the command can be run again.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crypto.key_store import KeyStore
from crypto.keys import Key
from crypto.master_key import resolve_master_key, write_new_master_key
from crypto.private_file import PrivateFileRefused, write_new_private
from crypto.suites import SUITES
from dbgate import schema
from dbgate.bulk import load_rows
from dbgate.clearing import ClearingDates
from dbgate.cut_off import CutOff
from dbgate.database import Database
from dbgate.load_kinds import ACCOUNTS, BILLS
from fep.clock import shanghai_now
from fep.config.configuration import BANKS_FOLDER, load
from fep.config.database_url import split_password, sqlite_path, url_without_password
from fep.config.findings import Place
from fep.config.settings import Address, Settings
from fep.config.template_files import (
    DATABASE_PASSWORD,
    DATABASE_URL,
    MASTER_KEY,
    bank_toml,
    example_bank_toml,
    fep_toml,
)
from fep.databases import open_database
from fep.demo.demo_banks import (
    DEMO_AK,
    DEMO_BANKS,
    DEMO_KEK,
    DEMO_LINE_PROTECTION,
    DEMO_NETWORK,
    DemoBank,
    demo_bank_of,
)
from fep.demo.demo_data import account_rows, bill_rows
from fep.exits import EXIT_BAD_INPUT, EXIT_CANNOT_RUN, CommandFailed
from fep.language import say
from fep.progress import ProgressBar
from protocol.dialect import Dialect

CONFIG_FILE = "fep.toml"
_EXAMPLE_BANK_FILE = "0102_example.toml.sample"


@dataclass(frozen=True, slots=True)
class Demo:
    """How much demo data, from which seed, and which dialects have a bank beside the five."""

    accounts: int
    seed: int
    dialects: tuple[Dialect, ...] = ()

    @property
    def banks(self) -> tuple[DemoBank, ...]:
        """All banks of the demo."""
        return DEMO_BANKS + tuple(map(demo_bank_of, self.dialects))


@dataclass(frozen=True, slots=True)
class Plan:
    """What to make.

    Attributes:
        directory: new or empty.
        address: where the daemon will listen.
        database_url: may hold a password, which goes into a file of its own.
        master_key: reference to a master key that exists; empty: one is made.
        demo: None for a real site.
    """

    directory: Path
    address: Address
    database_url: str = DATABASE_URL
    master_key: str = ""
    demo: Demo | None = None


def initialise(plan: Plan) -> Settings:
    """Make the directory and return its configuration.

    Raises:
        CommandFailed, ConfigInvalid, CryptoError, GateError: nothing was left behind in the directory.
    """
    url, password = _checked_url(plan.database_url, plan.directory)
    with _new_directory(plan.directory):
        _write_configuration(plan, url, password)
        _make_key_store(plan)
        settings = load(plan.directory / CONFIG_FILE)
        database = _open_new(settings)
        try:
            schema.upgrade(database.money_engine)
            cut_offs = {bank_code: bank.cut_off for bank_code, bank in settings.banks.items()}
            CutOff(database, ClearingDates(cut_offs)).ensure(settings.banks)
            if plan.demo is not None:
                _load_demo(database, plan.demo)
        finally:
            database.dispose()
    return settings


@contextmanager
def _new_directory(directory: Path) -> Iterator[None]:
    """Take a directory that is new or empty, and leave it so when anything fails."""
    is_new = not directory.exists()
    if not is_new and (not directory.is_dir() or any(directory.iterdir())):
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"{directory} is not an empty directory; nothing was changed",
            zh=f"{directory} 不是空目录; 未做任何改动",
        )
    # Others have no business here: it will hold customers' data.
    directory.mkdir(mode=0o750, parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        _empty(directory)
        if is_new:
            directory.rmdir()
        raise


def _empty(directory: Path) -> None:
    for entry in directory.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _checked_url(url: str, directory: Path) -> tuple[str, str]:
    """Return the URL as it goes into fep.toml, and its password."""
    place = Place(directory / CONFIG_FILE, "--database")
    try:
        bare, password = split_password(url)
    except ValueError:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en="--database: not a database URL; in a password write @ as %40, : as %3A, / as %2F",
            zh="--database: 不是数据库地址; 密码中的 @ 写作 %40, : 写作 %3A, / 写作 %2F",
        ) from None
    url_without_password(bare, place)
    return bare, password


def _write_configuration(plan: Plan, url: str, password: str) -> None:
    directory, banks = plan.directory, plan.directory / BANKS_FOLDER
    reference = DATABASE_PASSWORD if password else ""
    text = fep_toml(plan.address, url, plan.master_key or MASTER_KEY, reference, four_eyes=plan.demo is None)
    (directory / CONFIG_FILE).write_text(text, encoding="utf-8")
    if password:
        _write_private(directory / DATABASE_PASSWORD.removeprefix("file:"), password)
    banks.mkdir(mode=0o750)
    if plan.demo is None:
        (banks / _EXAMPLE_BANK_FILE).write_text(example_bank_toml(), encoding="utf-8")
        return
    for bank in plan.demo.banks:
        text = bank_toml(
            bank.bank_code,
            bank.name,
            bank.suite,
            DEMO_NETWORK,
            dialect=bank.dialect,
            accept_weak_mac=SUITES[bank.suite].weak,
            line_protection="" if bank.dialect.session.has_mac else DEMO_LINE_PROTECTION,
        )
        (banks / f"{bank.bank_code}_{bank.file_name}.toml").write_text(text, encoding="utf-8")


def _make_key_store(plan: Plan) -> None:
    directory = plan.directory.absolute()
    if plan.master_key:
        master_key = resolve_master_key(plan.master_key, directory)
    else:
        master_key = write_new_master_key(directory / MASTER_KEY.removeprefix("file:"))
    store = KeyStore.create(directory / "keys.store", master_key)
    if plan.demo is None:
        return
    for bank in plan.demo.banks:
        if not bank.dialect.session.has_mac:
            continue
        ak, kek = Key(f"AK of bank {bank.bank_code}", DEMO_AK), Key(f"KEK of bank {bank.bank_code}", DEMO_KEK)
        store.add(bank.bank_code, ak, kek, SUITES[bank.suite], shanghai_now())
    store.save()


def _open_new(settings: Settings) -> Database:
    """Open the database; a new SQLite file is made for its owner alone, and its journals inherit that."""
    path = sqlite_path(settings.billing.databases[0].url)
    if path is not None:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    return open_database(settings)


def _load_demo(database: Database, demo: Demo) -> None:
    today = shanghai_now().date()
    label = say(en="demo accounts", zh="演示户")
    with ProgressBar(label, demo.accounts) as bar:
        load_rows(database, ACCOUNTS, account_rows(demo.accounts, demo.seed, today), _shown_by(bar))
    with ProgressBar(say(en="demo bills", zh="演示应收"), demo.accounts) as bar:
        load_rows(database, BILLS, bill_rows(demo.accounts, demo.seed, today), _shown_by(bar))


def _shown_by(bar: ProgressBar) -> Callable[[int, int], None]:
    return lambda rows, _: bar.at(rows)


def _write_private(path: Path, text: str) -> None:
    try:
        write_new_private(path, f"{text}\n".encode())
    except PrivateFileRefused as refused:
        fault = refused.fault
        raise CommandFailed(
            EXIT_CANNOT_RUN, en=f"{path}: {fault.what}; {fault.remedy}", zh=f"{path}: {fault.chinese}"
        ) from None
