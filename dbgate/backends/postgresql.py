"""PostgreSQL by psycopg 3 数据库服务器: how it connects, begins, waits and tells the time."""

from sqlalchemy import URL, Engine, event
from sqlalchemy.dialects.postgresql import insert

from dbgate.backends.base import LOCK_WAIT_S, Backend, execute_many, open_engine, set_no_wait


def _open(url: URL, read_only: bool) -> Engine:
    if not read_only:
        # lock_timeout counts each wait, so statement_timeout bounds their sum.
        waits = f"-c lock_timeout={LOCK_WAIT_S}s -c statement_timeout={2 * LOCK_WAIT_S}s"
        return open_engine(url, isolation_level="READ COMMITTED", connect_args={"options": waits})
    engine = open_engine(url, isolation_level="REPEATABLE READ")
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("SET TRANSACTION READ ONLY"))
    return engine


POSTGRESQL = Backend(
    open=_open,
    set_wait=set_no_wait,
    clock_statement="SELECT date_trunc('milliseconds', clock_timestamp() AT TIME ZONE 'Asia/Shanghai')",
    insert_if_new=lambda table: insert(table).on_conflict_do_nothing(),
    execute_if_new=execute_many,
    money_lanes=4,
)
