"""Why PostgreSQL was not to be had: from real refusals of a real server, in words that an operator understands."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

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


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("sslmode=requre", "the option sslmode of the database URL has a bad value: requre"),
        ("connect_timeout=abc", "the option connect_timeout of the database URL has a bad value: abc"),
        ("keepalives_idle=x", "the option keepalives_idle of the database URL has a bad value: x"),
        ("foo=1", "the database URL has an option that PostgreSQL does not know: foo"),
        ("options=-z", "the option options of the database URL is not understood"),
        (
            "options=-c%20foo%3Dbar",
            "the option options of the database URL sets foo, which the server does not know",
        ),
        ("service=none", 'the connection cannot be begun: definition of service "none" not found'),
        ("host=/none", "nobody listens at the socket /none/.s.PGSQL.{port}"),
        ("target_session_attrs=standby", "no server of the database URL is as target_session_attrs wants it"),
    ],
)
def test_options(server: PostgresServer, options: str, said: str) -> None:
    """An option of the URL that is wrong is named, with its value."""
    assert refusal(f"{server.url()}?{options}") == f"cannot connect: {said.format(port=server.port)}"


def test_port_that_is_none(server: PostgresServer) -> None:
    """A port that is too great is named."""
    url = server.url().replace(f":{server.port}", ":99999")

    assert refusal(url) == "cannot connect: the port 99999 of the database URL is none: 1 to 65535"


@contextmanager
def refusing_server(message: str) -> Iterator[str]:
    """A server that refuses every login with this message, or says nothing at all when it is empty; its URL."""
    fields = (b"S" + "致命错误".encode(), b"VFATAL", b"C28000", b"M" + message.encode(), b"")
    body = b"\0".join(fields) + b"\0"
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def _serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    while len(start := client.recv(4096)) == 8:  # asks for encryption
                        client.sendall(b"N")
                    if start and message:
                        client.sendall(b"E" + struct.pack(">I", len(body) + 4) + body)

        thread = threading.Thread(target=_serve)
        thread.start()
        try:
            yield f"postgresql+psycopg://fep:geheim@127.0.0.1:{listener.getsockname()[1]}/billing"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ('用户 "fep" Password 认证失败', "the user or the password is not accepted"),
        ('用户 "fep" 密码认证失败', "the user or the password is not accepted"),
        ('数据库 "billing" 不存在', "there is no database billing"),
        ('角色 "fep" 不存在', "there is no user fep"),
        (
            '没有用于主机 "10.1.2.3", 用户 "fep", 数据库 "billing", SSL 关闭 的 pg_hba.conf 记录',
            "the server does not admit this host, user and database (pg_hba.conf)",
        ),
        ("对不起, 已经有太多的客户", "the server has no connection left"),
        ("已保留的连接位置为执行非复制请求的超级用户预留", "the server has no connection left"),
        ("数据库系统启动中", "the server is starting or stopping"),
        (
            "Passwort-Authentifizierung für Benutzer »fep« fehlgeschlagen",
            "the server refused the connection to 127.0.0.1:{port} (user fep, database billing): "
            "its log has the reason",
        ),
        (
            "",
            "the server closed the connection: its log has the reason, unless no PostgreSQL listens there",
        ),
    ],
)
def test_a_server_that_speaks_another_language(message: str, said: str) -> None:
    """Chinese is understood; in any other language the server's log is pointed to, never the name of an exception."""
    with refusing_server(message) as url:
        port = Database(url).money_engine.url.port
        assert refusal(url) == f"cannot connect: {said.format(port=port)}"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ('连接到"127.0.0.1"上的服务器，端口5432失败：拒绝连接', "nobody listens at 127.0.0.1:5432"),
        ('连接到"db" (10.1.2.3)上的服务器，端口5432失败：拒绝连接', "nobody listens at db:5432"),
        ('无效端口号: "99999"', "the port 99999 of the database URL is none: 1 to 65535"),
        ('无效的 sslmode值: "requre"', "the option sslmode of the database URL has a bad value: requre"),
        ("超时满", "there was no answer in time"),
        ("服务器不支持 SSL, 但是要求使用 SSL", "server and URL do not agree on SSL (sslmode)"),
    ],
)
def test_a_library_that_speaks_chinese(message: str, said: str) -> None:
    """The distribution's libpq speaks the language of whoever runs it."""
    assert connect_reason(psycopg.OperationalError(f"connection is bad: {message}")) == said


def test_other_errors() -> None:
    """An error of a statement or of another driver is none of these; unknown words of a server point to its log."""
    for error in (
        psycopg.errors.UndefinedTable('relation "x" does not exist'),
        psycopg.OperationalError('database "x" does not exist'),
        OSError("Connection refused"),
    ):
        assert connect_reason(error) is None
    unknown = psycopg.OperationalError("connection failed: something new")
    assert connect_reason(unknown) == "the server refused the connection: its log has the reason"
