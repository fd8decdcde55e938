"""PostgreSQL by psycopg 3 数据库服务器: how it connects, begins, waits and tells the time.

What may hang, and what ends it:

| what                                        | ended by                                                            |
|---------------------------------------------|---------------------------------------------------------------------|
| connecting                                  | ``connect_timeout``, for each address of the server; SETTLE_S       |
| a name server that does not answer          | ``ConnectionAttempts``                                              |
| a lock, a statement                         | the server: ``lock_timeout``, ``statement_timeout``                 |
| a server that has stopped, a network that   | ``BoundedConnection``: after STALL_S without a sign of life, and at |
| swallows everything                         | the batch's deadline                                                |
| a dead network below an idle connection     | TCP keepalives, and ``tcp_user_timeout`` for what is not confirmed  |
| a transaction whose daemon cannot be heard  | the server: ``idle_in_transaction_session_timeout``; else it would  |
|                                             | hold its locks for hours                                            |
| a session whose daemon cannot be reached    | the server: TCP keepalives and ``tcp_user_timeout``, set from here  |
"""

from collections.abc import Iterable
from time import monotonic
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, event
from sqlalchemy.dialects.postgresql import insert

from dbgate.backends.base import LOCK_WAIT_S, Backend, Values, driver_connection, execute_many, open_engine
from dbgate.backends.connection_attempts import ConnectionAttempts
from dbgate.errors import DatabaseUnavailable

STATEMENT_S = 2 * LOCK_WAIT_S
"""How long a statement may run: lock_timeout counts each wait, so this bounds their sum."""

CONNECT_S = 10.0
"""How long connecting may take in all, with looking up the server's name, which nothing else bounds: five addresses."""

SETTLE_S = 2.0
"""How long SQLAlchemy may take to ask a new connection what kind of server it is: as long as connecting."""

STALL_S = STATEMENT_S + 1.0
"""How long the server may say nothing: one that lives has cancelled the statement by then and said so."""

TRIP_STALL_S = 2 * STATEMENT_S + 1.0
"""How long it may say nothing of a trip, whose results come at its end: two of its statements wait for locks."""

WAIT_S_MIN = LOCK_WAIT_S + 0.5
"""A batch that begins shortly before its deadline is not cut sooner: its lock wait ends by then, and the connection is
kept. Who waits for its answer has been told before (``fep/links/in_work.py``)."""

IDLE_S = 5
"""How long a transaction may stand still before the server ends it: deciding takes milliseconds."""

NEVER = float("inf")

KEEPS_BYTES = "the database keeps no encoding (SQL_ASCII): create it with createdb --encoding=UTF8 --template=template0"

# Seconds, but for tcp_user_timeout. What the URL says goes first.
_CONNECT_OPTIONS: dict[str, Any] = {
    "connect_timeout": 2,  # the least that libpq knows
    "keepalives_idle": 10,  # shorter than any firewall remembers an idle connection
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 3000,  # ms
    "application_name": "fep",
}
_SESSION = {
    # Each statement of the gate is planned once for each connection: a plan for certain keys is no better.
    "plan_cache_mode": "force_generic_plan",
    # And on a new site that one plan is made for empty tables, where reading the whole table looks as cheap as its key;
    # by the time the server has looked at the tables again, each batch would read a day's payments.
    "enable_seqscan": "off",
    "statement_timeout": f"{STATEMENT_S}s",
    "idle_in_transaction_session_timeout": f"{IDLE_S}s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10s",  # keepalives do not run while an answer is not confirmed
}
_MONEY_SESSION = {**_SESSION, "lock_timeout": f"{LOCK_WAIT_S}s"}


def _open(url: URL, read_only: bool) -> Engine:
    from dbgate.backends.bounded_connection import BoundedConnection  # its driver may not be installed

    engine = open_engine(url, isolation_level="REPEATABLE READ" if read_only else "READ COMMITTED")
    session = _options(_SESSION if read_only else _MONEY_SESSION)
    attempts = ConnectionAttempts(CONNECT_S)

    def _connect(_dialect: object, _record: object, arguments: list[Any], options: dict[str, Any]) -> Any:
        all_options = {**_CONNECT_OPTIONS, **options, "options": f"{session} {options.get('options', '')}"}
        connection = attempts.connect(lambda: BoundedConnection.connect(*arguments, **all_options))
        _refuse_bytes(connection)
        connection.stall_s = STALL_S
        connection.trip_stall_s = TRIP_STALL_S
        connection.answer_by = monotonic() + SETTLE_S
        if read_only:
            connection.read_only = True  # money work does not say READ WRITE: a standby refuses that as not supported
        return connection

    event.listen(engine, "do_connect", _connect)
    event.listen(engine, "engine_connect", _settled)
    return engine


def _refuse_bytes(driver: Any) -> None:
    """Refuse a database that keeps bytes and not characters; the driver would return no text from it."""
    if driver.info.parameter_status("server_encoding") == "SQL_ASCII":
        driver.close()
        raise DatabaseUnavailable(KEEPS_BYTES)


def _settled(connection: Connection) -> None:
    driver_connection(connection).answer_by = NEVER


def _options(settings: dict[str, str]) -> str:
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def _set_wait(connection: Connection, wait_s: float) -> None:
    driver_connection(connection).answer_by = monotonic() + max(wait_s, WAIT_S_MIN)


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


def _encoding(connection: Connection) -> str:
    name: str = driver_connection(connection).info.encoding
    return name


def _lift_time_limit(connection: Connection) -> None:
    # An index over ten million bills takes a minute; what waits for somebody's lock still gives up as soon as others.
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
    driver = driver_connection(connection)
    driver.answer_by = driver.stall_s = driver.trip_stall_s = NEVER


def _read_at_length(connection: Connection) -> None:
    _lift_time_limit(connection)
    # What the gate wants of the planner is right for keys and wrong for sums over a year.
    connection.exec_driver_sql("SET LOCAL enable_seqscan = on; SET LOCAL plan_cache_mode = auto")


def _abandon(driver: Any) -> None:
    driver.answer_by = 0.0


_RISKS = {
    "fsync": ({"on"}, "after a crash of the machine the whole database may be lost"),
    "full_page_writes": ({"on"}, "after a crash of the machine the database may be damaged"),
    # What a standby answers is its own; "off" answers before the payment is on any disk.
    "synchronous_commit": ({"on", "local", "remote_write", "remote_apply"}, "after a crash payments may be lost"),
    "server_encoding": ({"UTF8"}, "a character that this lacks, in a name or an address, is refused"),
}
"""By setting: the values that are good, and what the others mean."""


def _remarks(connection: Connection) -> list[str]:
    values = {name: connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in _RISKS}
    return [f"{name} is {values[name]}: {means}" for name, (good, means) in _RISKS.items() if values[name] not in good]


POSTGRESQL = Backend(
    open=_open,
    set_wait=_set_wait,
    abandon=_abandon,
    clock_statement="SELECT date_trunc('milliseconds', clock_timestamp() AT TIME ZONE 'Asia/Shanghai')",
    insert_if_new=lambda table: insert(table).on_conflict_do_nothing(),
    execute_if_new=execute_many,
    copy_rows=_copy_rows,
    remarks=_remarks,
    encoding=_encoding,
    lift_time_limit=_lift_time_limit,
    read_at_length=_read_at_length,
    money_lanes=2,  # one computes while the other waits; more make batches smaller and fight for the interpreter
    read_lanes=2,
)
