"""The engines that are served 支持的数据库: by SQLAlchemy's name of the backend."""

from collections.abc import Mapping

from sqlalchemy import URL

from dbgate.backends.base import Backend
from dbgate.backends.oracle import ORACLE
from dbgate.backends.postgresql import POSTGRESQL
from dbgate.backends.sqlite import SQLITE

BACKENDS: Mapping[str, Backend] = {"sqlite": SQLITE, "postgresql": POSTGRESQL, "oracle": ORACLE}

DRIVERS: Mapping[str, str] = {
    "sqlite": "",  # Python's own
    "postgresql": "psycopg[binary]>=3.3",
    "oracle": "oracledb>=3.4",
    "oracle+cx_oracle": "cx_Oracle==8.3.0",
}
"""The driver as pip takes it, as the extras of the distribution have it, by the URL's scheme or else its backend."""


def driver_of(url: URL) -> str:
    """Return the requirement of the driver which ``url`` names: with it ``pip`` mends an installation anywhere."""
    return DRIVERS.get(url.drivername, DRIVERS[url.get_backend_name()])
