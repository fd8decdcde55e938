"""Schema 数据库结构: bring a database to the schema of this code, say so in SQL, or check that it has it."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, inspect, select
from sqlalchemy.exc import DBAPIError

from dbgate.backends.registry import BACKENDS
from dbgate.books.tables import metadata
from dbgate.errors import DatabaseUnavailable, SchemaMismatch
from dbgate.faults import label_of

if TYPE_CHECKING:
    from alembic.config import Config

# Alembic takes a tenth of a second to import. Every command checks the schema, few change it; so it is asked only then.

REMEDY = "run fep db upgrade"

_MIGRATIONS = Path(__file__).parent / "migrations"
_VERSION = Table("alembic_version", MetaData(), Column("version_num", String(32)))
"""Where Alembic keeps the revision that a database has."""


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest schema, in one transaction; does nothing when it has it.

    Raises:
        SchemaMismatch: the database has a schema that this code does not know.
        DatabaseUnavailable: the database refused, or another program lives in it.
    """
    if engine.dialect.name == "sqlite":  # nothing else may make the file; its rows name customers
        Path(engine.url.database or "").touch(mode=0o600)
    from alembic import command

    try:
        with _migration(engine) as config:
            _refuse_foreign_tables(config.attributes["connection"])
            command.upgrade(config, "head")
    except DBAPIError as error:
        raise DatabaseUnavailable(f"the schema was not upgraded: {label_of(error)}") from None


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database back to an older schema, in one transaction: for the program of that age.

    What that schema has no place for is gone, so no command does this; movements of money are never dropped.

    Args:
        engine: of money work.
        revision: of ``migrations/versions``; ``base``: no schema at all.

    Raises:
        SchemaMismatch: the database has a schema that this code does not know, or holds what must not be dropped.
        DatabaseUnavailable: the database refused.
    """
    from alembic import command

    try:
        with _migration(engine) as config:
            command.downgrade(config, revision)
    except DBAPIError as error:
        raise DatabaseUnavailable(f"the schema was not taken back: {label_of(error)}") from None


def offline_sql(dialect: str = "sqlite", *, since: str | None = None) -> str:
    """Return the SQL that ``upgrade`` would send.

    Args:
        dialect: SQLAlchemy's name of the engine: ``sqlite``, ``postgresql``, ``oracle``.
        since: the revision that the database has; None for an empty one.
    """
    from alembic import command

    output = StringIO()
    config = _config(output)
    config.attributes["dialect"] = dialect
    command.upgrade(config, f"{since}:head" if since else "head", sql=True)
    return output.getvalue()


def revisions() -> list[str]:
    """Return all revisions of the schema, the oldest first."""
    return sorted(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def check(engine: Engine) -> None:
    """Do nothing when the database has exactly the schema of this code.

    Raises:
        SchemaMismatch: it has not; the message contains the line ``run fep db upgrade``.
        DatabaseUnavailable: the database cannot be asked.
    """
    head = revisions()[-1]
    _refuse_missing_file(engine)
    try:
        with engine.connect() as connection:
            current = _current(connection)
    except DBAPIError as error:
        raise DatabaseUnavailable(f"the schema cannot be read: {label_of(error)}") from None
    _refuse_unknown(current)
    if current != head:
        has = "no schema" if current is None else f"schema {current}"
        raise SchemaMismatch(f"the database has {has}, this program needs {head}\n{REMEDY}")


@contextmanager
def _migration(engine: Engine) -> "Iterator[Config]":
    """Begin the one transaction of a migration; the schema is the old one or the new one, nothing between."""
    config = _config()
    with engine.begin() as connection:
        BACKENDS[engine.dialect.name].lift_time_limit(connection)
        _refuse_unknown(_current(connection))
        config.attributes["connection"] = connection
        yield config


def _current(connection: Connection) -> str | None:
    """Return the revision that the database has, None when it has none."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    return connection.execute(select(_VERSION.c.version_num)).scalar()


def _config(output: StringIO | None = None) -> "Config":
    from alembic.config import Config

    # Without a file and without logging: the path inside the package is all there is to say.
    config = Config(output_buffer=output) if output is not None else Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


def _refuse_unknown(current: str | None) -> None:
    if current is None:
        return
    if current not in revisions():
        raise SchemaMismatch(
            f"the database has schema {current}, which is newer than this program: "
            f"install the newer program on this machine too, and where needed with it\n{REMEDY}"
        )


def _refuse_foreign_tables(connection: Connection) -> None:
    """Where we have never been, nobody else may have tables of our names."""
    if _current(connection) is not None:
        return
    there = sorted(metadata.tables.keys() & set(inspect(connection).get_table_names()))
    if there:
        names = ", ".join(there)
        raise DatabaseUnavailable(f"tables of another program are there: {names}; this one needs a database of its own")


def _refuse_missing_file(engine: Engine) -> None:
    """SQLite makes the file that it does not find: a mistyped path would leave an empty database behind."""
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        raise SchemaMismatch(f"there is no database file {engine.url.database}\n{REMEDY}")
