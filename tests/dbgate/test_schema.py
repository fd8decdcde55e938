"""The schema: migrations build what the tables say, and a database of another age is refused."""

import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_mock_engine, inspect

from dbgate import schema
from dbgate.books.tables import metadata
from dbgate.bulk import load_rows
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable, SchemaMismatch
from dbgate.load_kinds import ACCOUNTS
from tests.conftest import NewDatabase
from tests.dbgate.fixtures import account_row
from tests.support.databases import driver_connection, stored
from tests.support.statements import limit_statements


def test_migrations_build_the_tables(empty: Database) -> None:
    """A migrated database has exactly the tables, columns, types and indexes of the metadata."""
    with empty.read_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


# What a database says of its own tables, indexes and constraints, table by table, but for Alembic's own.
CATALOGUES = {
    "sqlite": "SELECT tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name",
    "postgresql": """
        SELECT table_name, concat_ws(' ', column_name, data_type, character_maximum_length, is_nullable,
            column_default, identity_generation) AS said
            FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT conrelid::regclass::text, conname || ' ' || pg_get_constraintdef(oid)
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        ORDER BY 1, 2""",
}


def catalogue(database: Database) -> list[tuple[str, str]]:
    rows = stored(database, CATALOGUES[database.money_engine.dialect.name])
    return [(table, re.sub(r"\s+", " ", said)) for table, said in rows if table != "alembic_version"]


def test_migrations_build_the_same_sql(empty: Database, new_database_url: NewDatabase) -> None:
    """Down to the constraints, what the migrations make is what the metadata would make."""
    with new_database_url(migrated=False) as url:
        if url.startswith("sqlite"):
            Path(url.removeprefix("sqlite:///")).touch()
        other = Database(url)
        with other.money_engine.begin() as connection:
            metadata.create_all(connection)
        made = catalogue(other)
        other.dispose()

    assert len(made) >= 20
    assert catalogue(empty) == made


def revisions() -> list[str]:
    """All revisions from the first to the newest."""
    scripts = ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))
    return [script.revision for script in reversed(list(scripts.walk_revisions()))]


@pytest.mark.parametrize("revision", ["base", *revisions()[:-1]])
def test_down_and_up_again(empty: Database, revision: str) -> None:
    """From the newest schema back to an older one and up again, the database is what it was before."""
    before = catalogue(empty)

    schema.downgrade(empty.money_engine, revision)
    older = catalogue(empty)
    schema.upgrade(empty.money_engine)

    assert older != before
    assert catalogue(empty) == before
    schema.check(empty.read_engine)


def test_down_to_nothing(empty: Database) -> None:
    """Without a schema nothing of it is left, and the database is refused as a fresh one."""
    schema.downgrade(empty.money_engine, "base")

    assert catalogue(empty) == []
    with pytest.raises(SchemaMismatch, match="has no schema"):
        schema.check(empty.read_engine)


def test_money_is_never_dropped(empty: Database) -> None:
    """A database that holds movements, be it a loaded balance, is not taken down, and nothing of it changes."""
    load_rows(empty, ACCOUNTS, [account_row(1, 500)])
    before = catalogue(empty)

    with pytest.raises(SchemaMismatch, match="movements of money"):
        schema.downgrade(empty.money_engine, "base")

    assert catalogue(empty) == before
    assert stored(empty, "SELECT balance_change_fen FROM payments") == [(500,)]
    schema.check(empty.read_engine)


def test_tables_of_another_program(engine: str, url: str) -> None:
    """A database that another program lives in is refused by the names of its tables, and not touched."""
    if engine == "sqlite":
        Path(url.removeprefix("sqlite:///")).touch()
    database = Database(url)
    with driver_connection(url) as connection:
        connection.execute("CREATE TABLE bills (number integer)")
        connection.execute("CREATE TABLE zebras (number integer)")

    with pytest.raises(DatabaseUnavailable) as caught:
        schema.upgrade(database.money_engine)
    tables = sorted(inspect(database.read_engine).get_table_names())
    database.dispose()

    assert str(caught.value) == ("tables of another program are there: bills; this one needs a database of its own")
    assert tables == ["bills", "zebras"]


SLOW = """
    CREATE FUNCTION slow() RETURNS event_trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF coalesce(current_setting('fep.slept', true), '') = '' THEN
                PERFORM pg_sleep(0.4), set_config('fep.slept', 'yes', true);
            END IF;
        END $$;
    CREATE EVENT TRIGGER slow ON ddl_command_start EXECUTE FUNCTION slow()"""


@pytest.mark.engine("postgresql")
def test_a_slow_migration(url: str) -> None:
    """An index over millions of rows takes longer than a payment may: no time limit holds for a migration."""
    with driver_connection(url) as connection:
        connection.execute(SLOW)
    database = Database(url)
    limit_statements(database.money_engine, "100ms")

    schema.upgrade(database.money_engine)

    schema.check(database.read_engine)
    database.dispose()


@pytest.mark.engine("postgresql")
def test_a_migration_that_is_locked_out(empty: Database) -> None:
    """A migration waits for somebody's lock no longer than a payment would."""
    limit_statements(empty.money_engine, "100ms")
    with driver_connection(empty.money_engine.url) as other:
        other.execute("BEGIN")
        other.execute("LOCK TABLE number_blocks IN ACCESS EXCLUSIVE MODE")

        with pytest.raises(DatabaseUnavailable, match="LockNotAvailable 55P03"):
            schema.downgrade(empty.money_engine, "base")

    schema.check(empty.read_engine)


def test_upgrade_again_changes_nothing(empty: Database) -> None:
    """An upgrade of a database that is up to date does nothing."""
    schema.upgrade(empty.money_engine)
    schema.check(empty.read_engine)


def test_database_without_schema(engine: str, url: str) -> None:
    """A fresh database is refused with the command that helps."""
    if engine == "sqlite":
        Path(url.removeprefix("sqlite:///")).touch()
    with pytest.raises(SchemaMismatch) as caught:
        schema.check(Database(url).read_engine)

    assert str(caught.value).splitlines() == [
        "the database has no schema, this program needs 0005",
        "run fep db upgrade",
    ]


def test_newer_database(empty: Database) -> None:
    """A database of a newer program is refused, and not touched by an upgrade."""
    with empty.money_engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    for refuse in (lambda: schema.check(empty.read_engine), lambda: schema.upgrade(empty.money_engine)):
        with pytest.raises(SchemaMismatch) as caught:
            refuse()
        assert "run fep db upgrade" in str(caught.value).splitlines()
        assert "9999" in str(caught.value)


@pytest.mark.engine("sqlite")
def test_file_that_is_no_database(url: str, tmp_path: object) -> None:
    """A file of another kind is refused as a database that cannot be used."""
    database = Database(url)
    path = str(database.money_engine.url.database)
    with open(path, "w", encoding="ascii") as file:
        file.write("this is no database at all, not even a small one" * 100)

    with pytest.raises(DatabaseUnavailable):
        schema.check(database.read_engine)
    with pytest.raises(DatabaseUnavailable):
        schema.upgrade(database.money_engine)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql", "oracle"])
def test_sql_for_the_dba(dialect: str) -> None:
    """A DBA can read and run the same steps as SQL, on each engine."""
    sql = schema.offline_sql(dialect)

    assert sql.count("CREATE TABLE ") == len(metadata.tables) + 1
    assert "'0005'" in sql
    assert "CREATE TABLE accounts" not in schema.offline_sql(dialect, since="0003")


def test_names_fit_oracle() -> None:
    """Every name has at most 30 characters and is no word that Oracle would want in quotes."""
    names = [name for table in metadata.tables.values() for name in (table.name, *table.c.keys())]
    names += [str(item.name) for table in metadata.tables.values() for item in (*table.indexes, table.primary_key)]
    assert [name for name in names if len(name) > 30] == []

    statements: list[str] = []
    engine = create_mock_engine(
        "oracle+oracledb://", lambda ddl, *_, **__: statements.append(str(ddl.compile(dialect=engine.dialect)))
    )
    metadata.create_all(engine, checkfirst=False)

    assert len(statements) > len(metadata.tables)
    assert [statement for statement in statements if '"' in statement] == []


@pytest.mark.engine("sqlite")
def test_missing_file_is_refused_and_not_made(url: str) -> None:
    """A mistyped path is told, and no empty database is left behind."""
    database = Database(url)
    with pytest.raises(SchemaMismatch, match="run fep db upgrade"):
        schema.check(database.read_engine)
    database.dispose()
    assert not Path(url.removeprefix("sqlite:///")).exists()


def test_revisions_are_those_of_the_migrations() -> None:
    """They are told by the names of their files, each one's successor being the next."""
    scripts = ScriptDirectory.from_config(schema._config())
    assert schema.revisions() == [script.revision for script in scripts.walk_revisions()][::-1]
    assert schema.revisions()[-1] == scripts.get_current_head()
