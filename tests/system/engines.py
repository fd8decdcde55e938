"""The engines of the system tests 数据库引擎: which tests run where, and sites that are copied from a template.

On SQLite every test runs; on PostgreSQL, unless the environment says otherwise, the modules that prove what money
does, on two of the ten links and without the slow tests::

    FEP_TEST_SYSTEM_ENGINES=sqlite,postgresql scripts/test tests/system     # everything on both
    FEP_TEST_SYSTEM_ENGINES=postgresql scripts/test tests/system            # everything on PostgreSQL
"""

import os
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.support.daemon import copy_directory, init_demo
from tests.support.postgresql_server import PostgresServer
from tests.system.billing import Books

ENVIRONMENT = "FEP_TEST_SYSTEM_ENGINES"
ENGINES = ("sqlite", "postgresql")
ON_BOTH = (
    "test_business_rules",
    "test_idempotency",
    "test_transactions",
    "test_limits",
    "test_banks_at_once",
    "test_bill_push",
)
ON_POSTGRESQL_ONLY = (
    "test_cut_off",
    "test_two_daemons",
    "test_pushes_of_two_daemons",
    "test_faults_database",
    "test_lost_database",
    "test_unknown_outcomes",
)
LINKS_ON_POSTGRESQL = {("0102", False), ("0103", True)}
"""Bank and encryption: engines and ciphers know nothing of each other."""


def engines_of(module: str) -> Sequence[str]:
    """Return the engines that a module's tests run on."""
    possible = ["postgresql"] if module in ON_POSTGRESQL_ONLY else ENGINES
    if chosen := os.environ.get(ENVIRONMENT):
        return [engine for engine in possible if engine in chosen.split(",")]
    return possible if module in (*ON_BOTH, *ON_POSTGRESQL_ONLY) else ["sqlite"]


def is_left_out(item: pytest.Item) -> bool:
    """Whether a test is one of those that PostgreSQL is spared unless the environment asks for everything."""
    parameters: dict[str, Any] = item.callspec.params if hasattr(item, "callspec") else {}
    if os.environ.get(ENVIRONMENT) or parameters.get("site_engine") != "postgresql":
        return False
    if item.path.stem in ON_POSTGRESQL_ONLY:
        return False
    is_slow = item.get_closest_marker("slow") is not None
    return is_slow or parameters.get("bank", ("0102", False)) not in LINKS_ON_POSTGRESQL


class Template(Protocol):
    """A site that was set up once and is never run, only copied.

    Attributes:
        books: the tests' own accounts in it.
    """

    books: Books

    def copy(self, directory: Path) -> Path:
        """Return a copy, with a database of its own."""

    def drop(self, directory: Path) -> None:
        """Take away what a copy has outside its directory."""


class FileTemplate:
    """A site on SQLite: the database is a file in its directory."""

    def __init__(self, directory: Path, fill: Callable[[Path], Books]) -> None:
        self._directory = init_demo(directory)
        self.books = fill(self._directory)

    def copy(self, directory: Path) -> Path:
        """Return a copy of everything."""
        return copy_directory(self._directory, directory)

    def drop(self, directory: Path) -> None:
        """Nothing is outside."""


class ServerTemplate:
    """A site on PostgreSQL: the server copies its database, which takes a tenth of a second."""

    _NAME = "system_template"

    def __init__(self, server: PostgresServer, directory: Path, fill: Callable[[Path], Books]) -> None:
        self._server, self._numbers, self._names = server, count(1), dict[Path, str]()
        self._directory = init_demo(directory, database=server.create_database(self._NAME))
        self.books = fill(self._directory)

    def copy(self, directory: Path) -> Path:
        """Return a copy that leads to a copy of the database."""
        name = self._names[directory] = f"system_{next(self._numbers)}"
        url = self._server.create_database(name, self._NAME)
        copied = copy_directory(self._directory, directory) / "fep.toml"
        text = copied.read_text(encoding="utf-8")
        copied.write_text(text.replace(self._server.url(self._NAME), url), encoding="utf-8")
        return directory

    def drop(self, directory: Path) -> None:
        """Drop the database."""
        self._server.drop_database(self._names.pop(directory))
