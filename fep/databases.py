"""Databases 数据库连接: opens the billing databases that the configuration names."""

from urllib.parse import quote

from dbgate.database import Database
from fep.settings import DatabaseSettings, Settings


def open_database(settings: Settings) -> Database:
    """Open the billing database; nothing is connected yet."""
    database = settings.billing.databases[0]
    return Database(_url(database, ""), database_no=database.number)


def _url(database: DatabaseSettings, password: str) -> str:
    """Return the URL with the password in it, as SQLAlchemy takes it."""
    if not password:
        return database.url
    scheme, _, rest = database.url.partition("://")
    user, _, host = rest.partition("@")
    return f"{scheme}://{user}:{quote(password, safe='')}@{host}"
