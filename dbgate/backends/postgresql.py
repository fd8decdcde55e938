"""PostgreSQL by psycopg 3 数据库服务器: how it connects, begins, waits and tells the time."""

from collections.abc import Iterable

from sqlalchemy import URL, Connection, Engine, Table, event
from sqlalchemy.dialects.postgresql import insert

from dbgate.backends.base import (
    LOCK_WAIT_S,
    Backend,
    Values,
    driver_connection,
    execute_many,
    open_engine,
    set_no_wait,
)


def _open(url: URL, read_only: bool) -> Engine:
    if not read_only:
        # lock_timeout counts each wait, so statement_timeout bounds their sum.
        waits = f"-c lock_timeout={LOCK_WAIT_S}s -c statement_timeout={2 * LOCK_WAIT_S}s"
        return open_engine(url, isolation_level="READ COMMITTED", connect_args={"options": waits})
    engine = open_engine(url, isolation_level="REPEATABLE READ")
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("SET TRANSACTION READ ONLY"))
    return engine


def _copy_rows(connection: Connection, table: Table, rows: Iterable[Values]) -> bool:
    columns = ", ".join(column.name for column in table.c)
    assert connection.dialect.dbapi is not None
    try:
        with driver_connection(connection).cursor().copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    except connection.dialect.dbapi.errors.UniqueViolation:
        return False
    return True


def _lift_time_limit(connection: Connection) -> None:
    # An index over ten million bills takes a minute; what waits for somebody's lock still gives up as soon as others.
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")


POSTGRESQL = Backend(
    open=_open,
    set_wait=set_no_wait,
    clock_statement="SELECT date_trunc('milliseconds', clock_timestamp() AT TIME ZONE 'Asia/Shanghai')",
    insert_if_new=lambda table: insert(table).on_conflict_do_nothing(),
    execute_if_new=execute_many,
    copy_rows=_copy_rows,
    lift_time_limit=_lift_time_limit,
    money_lanes=4,
)
