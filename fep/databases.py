"""Databases 数据库连接: opens the billing databases that the configuration names."""

from urllib.parse import quote

from dbgate.database import Database
from fep.config.findings import Place
from fep.config.references import resolve
from fep.config.settings import DatabaseSettings, Settings


def open_database(settings: Settings) -> Database:
    """Open the billing database; nothing is connected yet.

    Raises:
        ConfigInvalid: its password cannot be had from its reference.
        DatabaseUnavailable: the driver is not installed.
    """
    database = settings.billing.databases[0]
    place = Place(settings.directory / "fep.toml", "billing.database[1].password")
    password = resolve(database.password, place) if database.password else ""
    return Database(_url(database, password), database_no=database.number)


def _url(database: DatabaseSettings, password: str) -> str:
    """Return the URL with the password in it, as SQLAlchemy takes it."""
    if not password:
        return database.url
    scheme, _, rest = database.url.partition("://")
    user, _, host = rest.partition("@")
    return f"{scheme}://{user}:{quote(password, safe='')}@{host}"
