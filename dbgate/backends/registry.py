"""The engines that are served 支持的数据库: by SQLAlchemy's name of the backend."""

from collections.abc import Mapping

from dbgate.backends.base import Backend
from dbgate.backends.postgresql import POSTGRESQL
from dbgate.backends.sqlite import SQLITE

BACKENDS: Mapping[str, Backend] = {"sqlite": SQLITE, "postgresql": POSTGRESQL}
