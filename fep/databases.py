"""Databases 数据库连接: opens the billing databases that the configuration names."""

from urllib.parse import quote

from dbgate.database import Database
from fep.config.findings import Place
from fep.config.references import resolve
from fep.config.settings import DatabaseSettings, Settings


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
