"""Databases 数据库连接: opens the billing databases that the configuration names."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import quote

from dbgate import schema
from dbgate.database import Database
from dbgate.errors import GateError
from dbgate.routing import Routes
from fep.config.findings import Place
from fep.config.references import resolve
from fep.config.settings import DatabaseSettings, Settings
from fep.database_reasons import database_reason_text
from fep.exits import EXIT_CANNOT_RUN, CommandFailed
from fep.invocation import is_own_process
from fep.log_setup import set_up_command_logging


@contextmanager
def databases_of(settings: Settings) -> Iterator[list[Database]]:
    """Yield all billing databases, in the order of the configuration, for a command; disposed of when the block ends.

    Nothing is connected yet: ``require_schemas`` does that. Raises as ``open_database``. What the gate logs goes to
    stderr where the command is a process of its own.
    """
    if is_own_process():
        set_up_command_logging()
    databases = open_databases(settings)
    try:
        yield databases
    finally:
        for database in databases:
            database.dispose()


def require_schemas(databases: Sequence[Database]) -> None:
    """Refuse databases that are away or have another schema.

    Raises:
        GateError: of the only one.
        CommandFailed: of one of several, which it names.
    """
    for database in databases:
        with naming(database, databases):
            schema.check(database.read_engine)


@contextmanager
def naming(database: Database, databases: Sequence[Database]) -> Iterator[None]:
    """Turn a ``GateError`` in the block into a ``CommandFailed`` that names the database, where there are several."""
    try:
        yield
    except GateError as error:
        if len(databases) == 1:
            raise
        problem = f"{database.name}: {database_reason_text(str(error))}"
        raise CommandFailed(EXIT_CANNOT_RUN, en=problem, zh=problem) from None


def place_of(settings: Settings) -> Callable[[str], int | None]:
    """Return where an account number leads: which database from 0, None when none; with one database all lead there."""
    tables = settings.billing.databases
    if len(tables) == 1:
        return lambda _: 0
    return Routes({prefix: place for place, table in enumerate(tables) for prefix in table.prefixes}).find


def open_databases(settings: Settings) -> list[Database]:
    """Open all billing databases, in the order of the configuration; nothing is connected yet. Raises as below."""
    return [open_database(settings, index) for index in range(len(settings.billing.databases))]


def open_database(settings: Settings, index: int = 0) -> Database:
    """Open the billing database of the ``index``-th table, from 0; nothing is connected yet.

    Raises:
        ConfigInvalid: its password cannot be had from its reference.
        DatabaseUnavailable: the driver is not installed.
    """
    database = settings.billing.databases[index]
    place = Place(settings.directory / settings.file_name, f"billing.database[{index + 1}].password")
    password = resolve(database.password, place) if database.password else ""
    return Database(_url(database, password), database_no=database.number, name=database.name)


def _url(database: DatabaseSettings, password: str) -> str:
    """Return the URL with the password in it, as SQLAlchemy takes it."""
    if not password:
        return database.url
    scheme, _, rest = database.url.partition("://")
    user, _, host = rest.partition("@")
    return f"{scheme}://{user}:{quote(password, safe='')}@{host}"
