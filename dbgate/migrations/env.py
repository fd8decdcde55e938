"""Environment of the migrations 迁移环境: run by Alembic, set up by ``dbgate.schema``."""

from alembic import context

from dbgate.books.tables import metadata

connection = context.config.attributes.get("connection")

if connection is None:
    # Offline: SQL for a DBA to read and run.
    context.configure(
        dialect_name=context.config.attributes["dialect"],
        target_metadata=metadata,
        literal_binds=True,
    )
    dialect = context.get_context().dialect
    # A DBA's tool has no variable that Oracle could return a value into.
    dialect.insert_returning = False
    with context.begin_transaction():
        context.run_migrations()
        if dialect.name == "oracle":
            context.execute("COMMIT")  # its DDL commits by itself, the version at the end does not
else:
    # One transaction, which the caller begins and commits: a schema is the old one or the new one, nothing between.
    # Oracle alone commits each table by itself; a failure in the middle is for its DBA to finish (docs/oracle.md).
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
    context.run_migrations()
