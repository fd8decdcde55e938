"""Why PostgreSQL was not to be had: from real refusals of a real server, in words that an operator understands."""

from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from dbgate import schema
from dbgate.connect_reasons import connect_reason
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable
from tests.support.postgresql_server import PostgresServer, binaries, running_server, why_missing

pytestmark = pytest.mark.skipif(binaries() is None, reason=why_missing())


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server that has room for three users besides its superusers."""
    with running_server(max_connections="6", superuser_reserved_connections="3") as server:
        server.create_role("fep", "right")
        yield server


def refusal(url: str) -> str:
    """What is said when the database is connected to."""
    database = Database(url)
    with pytest.raises(DatabaseUnavailable) as caught:
        database.connect(money=True)
    with pytest.raises(DatabaseUnavailable) as of_schema:
        schema.check(database.read_engine)
    assert str(of_schema.value).partition(": ")[2] == str(caught.value).partition(": ")[2]
    return str(caught.value)


def test_wrong_password(server: PostgresServer) -> None:
    """A password that the server does not accept, or that is not given, and is never shown."""
    for password in ("geheim", None):
        said = refusal(server.url(user="fep", password=password))
        assert said == "cannot connect: the user or the password is not accepted"


def test_what_does_not_exist(server: PostgresServer) -> None:
    """An unknown database, user or host is named."""
    assert refusal(server.url("billing")) == "cannot connect: there is no database billing"
    assert (
        refusal(server.url().replace("127.0.0.1", "db.invalid")) == "cannot connect: the host db.invalid is not known"
    )
    user = psycopg.OperationalError('connection failed: connection to server failed: FATAL:  role "x" does not exist')
    assert connect_reason(user) == "there is no user x"


def test_nobody_listens(server: PostgresServer) -> None:
    """A wrong port is told from a wrong host."""
    url = server.url().replace(f":{server.port}", ":1")

    assert refusal(url) == "cannot connect: nobody listens at 127.0.0.1:1"


def test_too_many_connections(server: PostgresServer) -> None:
    """A server that is full says so."""
    with ExitStack() as stack:
        for _ in range(3):
            plain = server.url(user="fep", password="right").replace("+psycopg", "")
            stack.enter_context(psycopg.connect(plain))
        assert refusal(server.url(user="fep", password="right")) == "cannot connect: the server has no connection left"


def test_ssl(server: PostgresServer) -> None:
    """A URL that insists on SSL with a server that has none."""
    said = refusal(f"{server.url()}?sslmode=require")

    assert said == "cannot connect: server and URL do not agree on SSL (sslmode)"


def test_other_errors() -> None:
    """An error of a statement, of another driver or of unknown words is none of these."""
    for error in (
        psycopg.errors.UndefinedTable('relation "x" does not exist'),
        psycopg.OperationalError('database "x" does not exist'),
        psycopg.OperationalError("connection failed: something new"),
        OSError("Connection refused"),
    ):
        assert connect_reason(error) is None
