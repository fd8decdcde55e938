"""Schema 数据库结构: bring a database to the schema of this code, say so in SQL, or check that it has it."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import DBAPIError

from dbgate.backends.registry import BACKENDS
from dbgate.books.tables import metadata
from dbgate.errors import DatabaseUnavailable, SchemaMismatch
from dbgate.faults import label_of

REMEDY = "run fep db upgrade"


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest schema, in one transaction; does nothing when it has it.

    Raises:
        SchemaMismatch: the database has a schema that this code does not know.
        DatabaseUnavailable: the database refused, or another program lives in it.
    """
    if engine.dialect.name == "sqlite":  # nothing else may make the file; its rows name customers
        Path(engine.url.database or "").touch(mode=0o600)
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
    output = StringIO()
    config = _config(output)
    config.attributes["dialect"] = dialect
    command.upgrade(config, f"{since}:head" if since else "head", sql=True)
    return output.getvalue()


def revisions() -> list[str]:
    """Return all revisions of the schema, the oldest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]


def check(engine: Engine) -> None:
    """Do nothing when the database has exactly the schema of this code.

    Raises:
        SchemaMismatch: it has not; the message contains the line ``run fep db upgrade``.
        DatabaseUnavailable: the database cannot be asked.
    """
    head = ScriptDirectory.from_config(_config()).get_current_head()
    _refuse_missing_file(engine)
    try:
        with engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as error:
        raise DatabaseUnavailable(f"the schema cannot be read: {label_of(error)}") from None
    _refuse_unknown(current)
    if current != head:
        has = "no schema" if current is None else f"schema {current}"
        raise SchemaMismatch(f"the database has {has}, this program needs {head}\n{REMEDY}")


@contextmanager
def _migration(engine: Engine) -> Iterator[Config]:
    """Begin the one transaction of a migration; the schema is the old one or the new one, nothing between."""
    config = _config()
    with engine.begin() as connection:
        BACKENDS[engine.dialect.name].lift_time_limit(connection)
        _refuse_unknown(MigrationContext.configure(connection).get_current_revision())
        config.attributes["connection"] = connection
        yield config


def _config(output: StringIO | None = None) -> Config:
    # Without a file and without logging: the path inside the package is all there is to say.
    config = Config(output_buffer=output) if output is not None else Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _refuse_unknown(current: str | None) -> None:
    if current is None:
        return
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current not in known:
        raise SchemaMismatch(
            f"the database has schema {current}, which is newer than this program: "
            f"install the newer program on this machine too, and where needed with it\n{REMEDY}"
        )


def _refuse_foreign_tables(connection: Connection) -> None:
    """Where we have never been, nobody else may have tables of our names."""
    if MigrationContext.configure(connection).get_current_revision() is not None:
        return
    there = sorted(metadata.tables.keys() & set(inspect(connection).get_table_names()))
    if there:
        names = ", ".join(there)
        raise DatabaseUnavailable(f"tables of another program are there: {names}; this one needs a database of its own")


def _refuse_missing_file(engine: Engine) -> None:
    """SQLite makes the file that it does not find: a mistyped path would leave an empty database behind."""
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists():
        raise SchemaMismatch(f"there is no database file {engine.url.database}\n{REMEDY}")
