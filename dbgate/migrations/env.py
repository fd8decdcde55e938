"""Environment of the migrations 迁移环境: run by Alembic, set up by ``dbgate.schema``."""

from alembic import context

from dbgate.tables import metadata

connection = context.config.attributes.get("connection")

if connection is None:
    # Offline: SQL for a DBA to read and run.
    context.configure(
        dialect_name=context.config.attributes["dialect"],
        target_metadata=metadata,
        literal_binds=True,
    )
    with context.begin_transaction():
        context.run_migrations()
else:
    # One transaction, which the caller begins and commits: a schema is the old one or the new one, nothing between.
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
    context.run_migrations()
