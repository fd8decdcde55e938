"""PostgreSQL's connections: what they wait for and how long, against a real server that stops answering."""

import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, InvalidRequestError

from dbgate.backends import postgresql
from dbgate.backends.base import driver_connection
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable
from dbgate.faults import Fault, fault_of, label_of
from tests.support.tcp_proxy import AtCommit, TcpProxy

STALL_S = 0.3
# What a wait may last longer than it should on a machine with other things to do.
LATE_S = 2.0


@pytest.fixture
def proxy(postgresql_url: str) -> Iterator[TcpProxy]:
    """A proxy in front of a server with an empty database."""
    with TcpProxy(postgresql_url) as proxy:
        yield proxy


@pytest.fixture
def database(proxy: TcpProxy) -> Iterator[Database]:
    """The database through the proxy."""
    database = Database(proxy.url)
    yield database
    proxy.forward()
    database.dispose()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second is long in a test."""
    monkeypatch.setattr(postgresql, "STALL_S", STALL_S)
    monkeypatch.setattr(postgresql, "TRIP_STALL_S", STALL_S)
    monkeypatch.setattr(postgresql, "SETTLE_S", STALL_S)
    monkeypatch.setattr(postgresql, "WAIT_S_MIN", STALL_S)


def setting(connection: Connection, name: str) -> object:
    return connection.exec_driver_sql(f"SHOW {name}").scalar_one()


@contextmanager
def connected(database: Database) -> Iterator[Connection]:
    """A connection that may be broken when it is let go of."""
    connection = database.connect(money=True)
    try:
        yield connection
    finally:
        with suppress(DBAPIError, InvalidRequestError):
            connection.invalidate()
        connection.close()


def observing(url: str) -> psycopg.Connection[Any]:
    """A connection past the proxy and the product."""
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


@pytest.mark.parametrize("money", [True, False])
def test_what_the_server_bounds(database: Database, money: bool) -> None:
    """The server ends statements, waits for locks, and transactions whose daemon cannot be heard any more."""
    with database.connect(money=money) as connection:
        found = {
            name: setting(connection, name)
            for name in (
                "transaction_isolation",
                "transaction_read_only",
                "lock_timeout",
                "statement_timeout",
                "idle_in_transaction_session_timeout",
                "tcp_keepalives_idle",
                "tcp_keepalives_interval",
                "tcp_keepalives_count",
                "tcp_user_timeout",
                "application_name",
            )
        }

    assert found == {
        "transaction_isolation": "read committed" if money else "repeatable read",
        "transaction_read_only": "off" if money else "on",
        "lock_timeout": "2s" if money else "0",
        "statement_timeout": "4s",
        "idle_in_transaction_session_timeout": "5s",
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "2",
        "tcp_keepalives_count": "3",
        "tcp_user_timeout": "10000",
        "application_name": "fep",
    }


def test_what_the_kernel_bounds(database: Database) -> None:
    """A dead network is noticed while nothing is asked, and soon after something has been."""
    with database.connect(money=True) as connection:
        line = socket.socket(fileno=socket.dup(driver_connection(connection).pgconn.socket))
    with line:
        options = [
            line.getsockopt(level, option)
            for level, option in (
                (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
                (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
                (socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
                (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
            )
        ]

    assert options == [1, 10, 2, 3, 3000]


def test_the_url_goes_first(postgresql_url: str) -> None:
    """What a site says in its URL holds; what it does not say is ours."""
    database = Database(
        f"{postgresql_url}?application_name=other&options=-c%20statement_timeout%3D9s&connect_timeout=7"
    )
    with database.connect(money=True) as connection:
        found = [setting(connection, name) for name in ("application_name", "statement_timeout", "lock_timeout")]
        parameters = driver_connection(connection).info.get_parameters()
    database.dispose()

    assert found == ["other", "9s", "2s"]
    assert parameters["connect_timeout"] == "7"


def test_a_long_job_has_no_limits(database: Database, impatient: None) -> None:
    """A job that takes minutes is cut neither by the server nor here, whatever the deadline for its locks."""
    with database.connect(money=True) as connection, database.begin(connection, time.monotonic()):
        database.backend.lift_time_limit(connection)
        found = [setting(connection, name) for name in ("statement_timeout", "idle_in_transaction_session_timeout")]
        connection.exec_driver_sql(f"SELECT pg_sleep({3 * STALL_S})")

    assert found == ["0", "0"]


@pytest.mark.parametrize("is_pipelined", [False, True], ids=["simple", "pipeline"])
def test_a_transaction_whose_daemon_is_not_heard(
    database: Database, monkeypatch: pytest.MonkeyPatch, is_pipelined: bool
) -> None:
    """The server ends it, and with it its locks, whatever way its last statements were sent."""
    monkeypatch.setitem(postgresql._MONEY_SESSION, "idle_in_transaction_session_timeout", "200ms")
    database = Database(database.money_engine.url.render_as_string(hide_password=False))
    with connected(database) as connection:
        driver = driver_connection(connection)
        with driver.pipeline() if is_pipelined else nullcontext():
            driver.execute("SELECT 1")
            driver.execute("SELECT 2")
        began = time.monotonic()
        select.select([driver.pgconn.socket], [], [], 5.0)  # the server says good-bye

        assert 0.1 < time.monotonic() - began < LATE_S
        with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout) as caught:
            driver.execute("SELECT 3")
        assert fault_of(caught.value) is Fault.UNAVAILABLE
    database.dispose()


# --- a server that says nothing more


def wait_in_a_statement(connection: Connection, _proxy: TcpProxy) -> None:
    connection.exec_driver_sql("SELECT 2")


def wait_in_a_pipeline(connection: Connection, _proxy: TcpProxy) -> None:
    driver = driver_connection(connection)
    with driver.pipeline():
        cursors = [driver.execute(f"SELECT {number}") for number in range(3)]
    cursors[-1].fetchall()


def wait_in_the_middle_of_an_answer(connection: Connection, proxy: TcpProxy) -> None:
    proxy.forward()
    proxy.silence_after(10_000)
    connection.exec_driver_sql("SELECT repeat('x', 100000)")


def wait_while_much_is_sent(connection: Connection, _proxy: TcpProxy) -> None:
    # More than the sockets' buffers hold.
    connection.exec_driver_sql("SELECT length(%s)", ("x" * 30_000_000,))


@pytest.mark.parametrize(
    "wait",
    [wait_in_a_statement, wait_in_a_pipeline, wait_in_the_middle_of_an_answer, wait_while_much_is_sent],
    ids=lambda wait: wait.__name__,
)
def test_a_server_that_stops_answering(
    database: Database, proxy: TcpProxy, impatient: None, wait: Callable[[Connection, TcpProxy], None]
) -> None:
    """Whatever is waited for, the wait ends, the connection is closed, and the error says that the database is away."""
    with connected(database) as connection:
        database.begin(connection, time.monotonic() + 60)
        connection.exec_driver_sql("SELECT 1")
        driver = driver_connection(connection)
        proxy.silence()
        began = time.monotonic()
        with pytest.raises((DBAPIError, driver.OperationalError)) as caught:
            wait(connection, proxy)

        assert STALL_S <= time.monotonic() - began < STALL_S + LATE_S
        assert fault_of(caught.value) is Fault.UNAVAILABLE
        assert label_of(caught.value) == "AnswerOverdue 08006"
        assert driver.closed


def commit_in_a_pipeline(driver: Any) -> None:
    with driver.pipeline():
        driver.execute("SELECT 1")
        driver.commit()


@pytest.mark.parametrize("is_pipelined", [False, True], ids=["simple", "pipeline"])
@pytest.mark.parametrize("action", [AtCommit.HOLD, AtCommit.HOLD_ANSWER], ids=["request", "answer"])
def test_a_commit_that_is_never_answered(
    database: Database, proxy: TcpProxy, impatient: None, is_pipelined: bool, action: AtCommit
) -> None:
    """A COMMIT whose request or answer is swallowed is not waited for any longer than anything else."""
    with connected(database) as connection:
        transaction = database.begin(connection, time.monotonic() + 60)
        connection.exec_driver_sql("SELECT 1")
        driver = driver_connection(connection)
        proxy.at_commit(action)
        commit = partial(commit_in_a_pipeline, driver) if is_pipelined else transaction.commit
        began = time.monotonic()
        with pytest.raises((DBAPIError, driver.OperationalError)):
            commit()

        assert STALL_S <= time.monotonic() - began < STALL_S + LATE_S
        assert proxy.acted.is_set()
        assert driver.closed


def test_an_answer_that_comes_in_pieces(database: Database, proxy: TcpProxy, impatient: None) -> None:
    """A slow network is none that has stopped: each sign of life counts."""
    with connected(database) as connection:
        database.begin(connection, time.monotonic() + 60)
        proxy.delay(STALL_S / 4)
        began = time.monotonic()
        rows = connection.exec_driver_sql("SELECT repeat('x', 10000) FROM generate_series(1, 100)").all()

        assert len(rows) == 100
        assert time.monotonic() - began > 2 * STALL_S


def test_the_deadline_ends_a_wait(database: Database, proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait ends at the batch's deadline, however long the server may be silent."""
    monkeypatch.setattr(postgresql, "WAIT_S_MIN", 0.1)
    with connected(database) as connection:
        database.begin(connection, time.monotonic() + 0.4)
        proxy.silence()
        began = time.monotonic()
        with pytest.raises(DBAPIError):
            connection.exec_driver_sql("SELECT 1")

        assert 0.3 <= time.monotonic() - began < 0.4 + LATE_S


def test_another_thread_ends_a_wait(database: Database, proxy: TcpProxy) -> None:
    """Who closes the gate need not wait for a server that is silent."""
    with connected(database) as connection:
        database.begin(connection, time.monotonic() + 60)
        driver: Any = driver_connection(connection)
        proxy.silence()
        timer = threading.Timer(0.3, lambda: database.backend.abandon(driver))
        timer.start()
        began = time.monotonic()
        with pytest.raises(DBAPIError):
            connection.exec_driver_sql("SELECT 1")
        timer.join()

        assert 0.3 <= time.monotonic() - began < 0.3 + LATE_S


def test_connecting_to_a_server_that_says_nothing(database: Database, proxy: TcpProxy) -> None:
    """A server that accepts and never answers is given up after two seconds."""
    proxy.silence()
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable, match="cannot connect: there was no answer in time"):
        database.connect(money=True)

    assert 1.9 <= time.monotonic() - began < 2.0 + LATE_S


def test_a_name_server_that_says_nothing(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting is given up in time, and the lane is free; one that comes late is used when it has come."""
    answered, resolve = threading.Event(), socket.getaddrinfo

    def slow_resolve(*args: Any, **kwargs: Any) -> Any:
        assert answered.wait(20)
        return resolve(*args, **kwargs)

    monkeypatch.setattr(postgresql, "CONNECT_S", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", slow_resolve)
    database = Database(postgresql_url.replace("127.0.0.1", "localhost"))
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable, match=r"no answer within 0\.2 s"):
        database.connect(money=True)
    assert time.monotonic() - began < 10

    answered.set()
    deadline = time.monotonic() + 20
    while True:
        with suppress(DatabaseUnavailable), database.connect(money=True) as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar() == 1
            break
        assert time.monotonic() < deadline
    database.dispose()


def test_a_server_that_falls_silent_after_the_login(
    database: Database, proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the library asks of a new connection before anything else is bounded too; nothing else is by that."""
    monkeypatch.setattr(postgresql, "SETTLE_S", STALL_S)
    proxy.silence_after_login()
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable, match="cannot connect: AnswerOverdue 08006"):
        database.connect(money=True)
    lasted_s = time.monotonic() - began
    proxy.forward()
    with database.connect(money=True) as connection:
        connection.exec_driver_sql(f"SELECT pg_sleep({2 * STALL_S})")

    assert STALL_S <= lasted_s < STALL_S + LATE_S


def test_the_drivers_own_warnings_are_not_shown(
    database: Database, proxy: TcpProxy, impatient: None, caplog: pytest.LogCaptureFixture
) -> None:
    """The driver's log quotes the server, and the server quotes values: the lane logs what there is to say."""
    with database.connect(money=True) as connection:
        driver = driver_connection(connection)
        with pytest.raises(driver.DataError), driver.pipeline():
            driver.execute("SELECT 'secret'::int").fetchall()

    assert caplog.text == ""


def test_a_pipeline_is_sent_at_its_end(database: Database, postgresql_url: str) -> None:
    """The server hears nothing, not even BEGIN, before all statements are there; then it answers each of them."""
    with connected(database) as connection, observing(postgresql_url) as observer:
        driver = driver_connection(connection)
        with driver.pipeline():
            cursors = [driver.cursor().execute("SELECT %s::text", (str(number),)) for number in range(3)]
            state = observer.execute("SELECT state FROM pg_stat_activity WHERE pid = %s", (driver.info.backend_pid,))
            assert state.fetchall() == [("idle",)]

        assert [cursor.fetchall() for cursor in cursors] == [[("0",)], [("1",)], [("2",)]]
        assert driver.info.transaction_status is psycopg.pq.TransactionStatus.INTRANS


def test_what_fails_in_a_pipeline(database: Database) -> None:
    """The statement that failed says why, not the ones after it, and the connection can be used again."""
    with connected(database) as connection:
        driver = driver_connection(connection)
        cursors = []
        with pytest.raises(psycopg.errors.DivisionByZero), driver.pipeline():
            cursors = [driver.cursor().execute(text) for text in ("SELECT 1", "SELECT 1 / 0", "SELECT 2", "SELECT 3")]
        assert cursors[0].fetchall() == [(1,)]
        driver.rollback()
        assert driver.execute("SELECT 4").fetchall() == [(4,)]


def test_a_pipeline_larger_than_any_buffer(database: Database) -> None:
    """Much is sent while much is answered: neither side waits for the other for ever."""
    texts = [f"{number:09d}" * 100_000 for number in range(20)]
    with connected(database) as connection:
        driver = driver_connection(connection)
        with driver.pipeline():
            cursors = [driver.cursor().execute("SELECT %s::text", (text,)) for text in texts]

        assert [cursor.fetchone() for cursor in cursors] == [(text,) for text in texts]


def test_a_trip_that_the_network_takes_in_pieces(database: Database, impatient: None) -> None:
    """What the socket does not take at once is sent as it can: more than once its buffer, to a server that reads on."""
    text = "x" * 4_000_000
    with connected(database) as connection:
        driver = driver_connection(connection)
        with socket.socket(fileno=os.dup(driver.fileno())) as wire:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        with driver.pipeline():
            cursors = [driver.cursor().execute("SELECT length(%s::text)", (text,)) for _ in range(3)]

        assert [cursor.fetchone() for cursor in cursors] == [(4_000_000,)] * 3


def test_cursors_are_used_again(database: Database) -> None:
    """A statement meets the cursor that has run it; two of one name in a trip have one each; a full one is let go."""
    with connected(database) as connection:
        driver = driver_connection(connection)
        first, second = driver.spare_cursor("a"), driver.spare_cursor("a")
        assert first is not second
        first.execute("SELECT 1")
        driver.spare("a", first)
        assert driver.spare_cursor("b") is not first
        assert driver.spare_cursor("a") is first

        second.execute("SELECT generate_series(1, 2000)")
        driver.spare("a", second)
        assert driver.spare_cursor("a") is not second


def test_what_an_operator_should_know_of_the_server(postgresql_url: str) -> None:
    """Settings that lose payments when the machine crashes are named, good ones are not."""
    database = Database(postgresql_url)
    told = "synchronous_commit is off: after a crash payments may be lost"
    before = database.remarks()
    with observing(postgresql_url) as observer:
        name = observer.info.dbname
        durable = observer.execute("SHOW fsync").fetchall() == [("on",)]
        observer.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        database.dispose()

    after = database.remarks()
    database.dispose()
    assert told not in before
    assert told in after
    assert any(remark.startswith("fsync is off") for remark in after) is not durable
    assert not any("server_encoding" in remark for remark in after)
