"""A real Oracle for the tests, where somebody has one; without it they run on an emulation. 真实Oracle测试

``FEP_TEST_ORACLE_URL`` names a user whose tables may be dropped, none else's; ``docs/oracle.md`` says what to run::

    export FEP_TEST_ORACLE_URL='oracle+oracledb://fep_test:PASSWORD@db.example:1521/?service_name=test'
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import URL, make_url

ENVIRONMENT = "FEP_TEST_ORACLE_URL"
_MISSING_TABLE = 942


def real_oracle_url() -> str | None:
    """Return the URL of the real one, None when there is none."""
    return os.environ.get(ENVIRONMENT) or None


class OracleConnection:
    """A connection of the driver's own, which commits each statement and has ``execute`` as other drivers' have."""

    def __init__(self, url: str | URL) -> None:
        dialect_type = make_url(url).get_dialect()
        driver: Any = dialect_type.import_dbapi()
        arguments, options = dialect_type(dbapi=driver).create_connect_args(make_url(url))  # type: ignore[call-arg]
        self._connection = driver.connect(*arguments, **options)
        self._connection.autocommit = True
        # A row that a lane of the test before still holds is let go soon; longer waits are somebody's mistake.
        self._connection.call_timeout = 30_000
        self.driver = driver

    def execute(self, text: str) -> Any:
        """Run a statement and return the cursor."""
        cursor = self._connection.cursor()
        cursor.execute(text)
        return cursor

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


class RealOracle:
    """The one database, handed out to one test after the other."""

    def __init__(self, url: str) -> None:
        self._url = url

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """Yield its URL, with the schema and no row in it, or without the schema."""
        # Late, for these modules import this one.
        from dbgate import schema
        from dbgate.books.tables import metadata
        from dbgate.database import Database
        from tests.support.databases import delete_rows

        if migrated:
            database = Database(self._url)
            schema.upgrade(database.money_engine)
            database.dispose()
            delete_rows(self._url)
        else:
            connection = OracleConnection(self._url)
            for table in (*metadata.tables, "alembic_version"):
                with suppress(connection.driver.DatabaseError):
                    connection.execute(f"DROP TABLE {table} PURGE")
            connection.close()
        yield self._url
