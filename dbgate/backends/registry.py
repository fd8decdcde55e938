"""The engines that are served 支持的数据库: by SQLAlchemy's name of the backend."""

from collections.abc import Mapping

from sqlalchemy import URL

from dbgate.backends.base import Backend
from dbgate.backends.oracle import ORACLE
from dbgate.backends.postgresql import POSTGRESQL
from dbgate.backends.sqlite import SQLITE

BACKENDS: Mapping[str, Backend] = {"sqlite": SQLITE, "postgresql": POSTGRESQL, "oracle": ORACLE}

_EXTRAS = {"oracle+cx_oracle": "cx-oracle"}


def extra_of(url: URL) -> str:
    """Return the extra of the distribution that brings the driver which ``url`` names."""
    return _EXTRAS.get(url.drivername, url.get_backend_name())
