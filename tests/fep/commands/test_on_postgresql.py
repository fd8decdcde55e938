"""A site on PostgreSQL, from ``fep init`` to a running daemon; and what is said when the server does not play along."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.dbgate.fixtures import account_row, bill_rows
from tests.fep.commands.conftest import Run
from tests.support.daemon import Daemon, done, fep
from tests.support.databases import driver_connection
from tests.support.postgresql_server import PostgresServer
from tests.support.shared_postgresql import SharedPostgres

PASSWORD = "p@ss-geheim"
IN_URL = "p%40ss-geheim"
ACCOUNTS = (
    "account_no,name,address,meter_no,passbook,supply_branch,user_class,collect_mode,state,balance,pay_at_utility"
)
BILLS = "bill_no,account_no,month,seq,energy,previous_reading,this_reading,principal,due_date"


@pytest.fixture(scope="module")
def server(postgresql: SharedPostgres) -> PostgresServer:
    """The shared server, with a role that must give its password."""
    if postgresql.server is None:
        pytest.skip("needs a server on which it may create roles and databases")
    postgresql.server.create_role("fep_clerk", PASSWORD)
    return postgresql.server


@contextmanager
def owned_database(server: PostgresServer, name: str, *statements: str, owner: str = "fep_clerk") -> Iterator[str]:
    """An empty database and its URL, password included; the statements are run in it first, by the superuser."""
    server.create_database(name)
    try:
        with server.connect(name) as connection:
            for statement in (f"ALTER DATABASE {name} OWNER TO {owner}", *statements):
                connection.execute(statement.encode())
        yield server.url(name, user="fep_clerk", password=IN_URL)
    finally:
        server.drop_database(name)


@pytest.fixture
def url(server: PostgresServer) -> Iterator[str]:
    with owned_database(server, "site") as url:
        yield url


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with driver_connection(url) as connection:
        found: list[tuple[object, ...]] = connection.execute(query).fetchall()
        return found


def write(path: Path, header: str, *lines: tuple[object, ...]) -> Path:
    path.write_text("\n".join([header, *(",".join(map(str, line)) for line in lines), ""]), encoding="utf-8")
    return path


def test_a_site_from_init_to_run(url: str, tmp_path: Path) -> None:
    """Initialise, load, load again, upgrade, run and ask: each as an operator does it, in processes of their own."""
    site = tmp_path / "site"
    config = site / "fep.toml"
    files = (
        write(tmp_path / "a.csv", ACCOUNTS, account_row(900_007, 500)),
        write(tmp_path / "b.csv", BILLS, *bill_rows(900_007)),
    )

    done(fep("init", site, "--demo", "--accounts", "20", "--database", url))
    loaded = done(fep("--lang", "en", "load", "--config", config, *files))
    again = done(fep("--lang", "en", "load", "--config", config, *files))
    upgraded = done(fep("--lang", "en", "db", "upgrade", "--config", config))
    daemon = Daemon(site).start()
    status = done(fep("--lang", "en", "status", "--config", config))
    code = daemon.stop()

    assert code == 0
    assert rows(url, "SELECT count(*) FROM accounts") == [(21,)]
    assert rows(url, "SELECT balance_change_fen FROM payments WHERE account_no = '0100900007'") == [(500,)]
    assert "a.csv" in loaded.stdout
    assert rows(url, "SELECT count(*) FROM bills WHERE bill_no LIKE 'DB900007_'") == [(2,)]
    assert loaded.stdout != again.stdout
    assert "the database has the schema of this program" in upgraded.stdout
    assert "schema current" in status.stdout
    assert (site / "database.secret").read_text() == f"{PASSWORD}\n"
    assert stat.S_IMODE((site / "database.secret").stat().st_mode) == 0o600
    assert "geheim" not in config.read_text(encoding="utf-8")
    said = [loaded, again, upgraded, status]
    assert not [one for one in said if "geheim" in one.stdout + one.stderr]
    assert daemon.leaks(["geheim"]) == []


def test_a_site_whose_tables_the_dba_makes(server: PostgresServer, tmp_path: Path) -> None:
    """Made over SQLite and moved: no password on a command line, no right to create a table, and it loads accounts."""
    site = tmp_path / "site"
    config, secret = site / "fep.toml", site / "database.secret"
    accounts = write(tmp_path / "a.csv", ACCOUNTS, account_row(900_007, 500))
    with owned_database(server, "made_by_the_dba", owner="postgres"):
        done(fep("init", site))
        (site / "billing.db").unlink()
        secret.touch(mode=0o600)
        secret.write_text(f"{PASSWORD}\n")
        text = config.read_text(encoding="utf-8")
        url = server.url("made_by_the_dba", user="fep_clerk")
        text = text.replace('"sqlite:///billing.db"\n', f'"{url}"\n').replace("# password =", "password =")
        config.write_text(text, encoding="utf-8")
        refused = fep("db", "upgrade", "--config", config)
        printed = done(fep("db", "upgrade", "--sql", "--config", config))
        with server.connect("made_by_the_dba") as dba:
            dba.execute(printed.stdout.encode())
            dba.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO fep_clerk")
        done(fep("check-config", "--config", config))
        done(fep("load", "--config", config, accounts))
        assert rows(server.url("made_by_the_dba"), "SELECT count(*) FROM accounts") == [(1,)]

    assert refused.returncode == 3
    assert "42501" in refused.stderr


def test_a_database_that_has_the_schema_is_used(run: Run, url: str, tmp_path: Path) -> None:
    """Demo rows that stand there, and what has happened to them, are left; a second site serves the same database."""
    assert run("init", tmp_path / "one", "--demo", "--accounts", 20, "--database", url).exit_code == 0
    with driver_connection(url) as connection:
        connection.execute("UPDATE bills SET state = 'settled', settled_by = 1")
    before = rows(url, "SELECT * FROM bills ORDER BY bill_no"), rows(url, "SELECT * FROM payments ORDER BY fep_serial")

    assert run("init", tmp_path / "two", "--demo", "--accounts", 25, "--database", url).exit_code == 0

    assert rows(url, "SELECT count(*) FROM accounts") == [(25,)]
    assert rows(url, "SELECT * FROM bills WHERE state = 'settled' ORDER BY bill_no") == before[0]
    assert set(before[1]) <= set(rows(url, "SELECT * FROM payments"))


def refused(run: Run, directory: Path, url: str) -> tuple[str, str]:
    """Initialise in both languages, in vain; return what was said. Nothing is left, and no password is shown."""
    said = []
    for language in ("en", "zh"):
        outcome = run("--lang", language, "init", directory, "--demo", "--database", url)
        assert outcome.exit_code == 3
        assert "geheim" not in outcome.out + outcome.err
        assert "Traceback" not in outcome.err
        assert not directory.exists()
        said.append(outcome.err.strip())
    return said[0], said[1]


def test_wrong_password(run: Run, url: str, tmp_path: Path) -> None:
    """The user is told that it is the user or the password."""
    assert refused(run, tmp_path / "site", url.replace(IN_URL, "geheimer")) == (
        "billing database: the schema was not upgraded: the user or the password is not accepted",
        "营业数据库: 表结构未升级: 用户名或密码不正确",
    )


def test_unreachable_server(run: Run, url: str, server: PostgresServer, tmp_path: Path) -> None:
    """The user is told where nobody listens."""
    assert refused(run, tmp_path / "site", url.replace(str(server.port), "1")) == (
        "billing database: the schema was not upgraded: nobody listens at 127.0.0.1:1",
        "营业数据库: 表结构未升级: 127.0.0.1:1 无服务监听",
    )


def test_missing_database(run: Run, url: str, tmp_path: Path) -> None:
    """The user is told which database there is not."""
    assert refused(run, tmp_path / "site", url.replace("/site", "/sight")) == (
        "billing database: the schema was not upgraded: there is no database sight",
        "营业数据库: 表结构未升级: 数据库 sight 不存在",
    )


def test_foreign_table(run: Run, server: PostgresServer, tmp_path: Path) -> None:
    """A database that another program lives in is left alone, and its table is named."""
    make = "CREATE TABLE accounts (id integer)", "ALTER TABLE accounts OWNER TO fep_clerk"
    with owned_database(server, "foreign_table", *make) as url:
        assert refused(run, tmp_path / "site", url) == (
            "billing database: tables of another program are there: accounts; this one needs a database of its own",
            "营业数据库: 已有其他程序的表: accounts; 本程序须使用独立的数据库",
        )
        assert rows(url, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'") == [("accounts",)]


def test_no_right_to_create_tables(run: Run, server: PostgresServer, tmp_path: Path) -> None:
    """The user is told that tables must be allowed."""
    with owned_database(server, "no_right", owner="postgres") as url:
        assert refused(run, tmp_path / "site", url) == (
            "billing database: the schema was not upgraded: the user may not do this (InsufficientPrivilege 42501)",
            "营业数据库: 表结构未升级: 用户权限不足 (InsufficientPrivilege 42501)",
        )


def test_a_database_without_an_encoding(run: Run, server: PostgresServer, tmp_path: Path) -> None:
    """A database that keeps bytes is refused by every command, with the way to make one that does not."""
    site = tmp_path / "site"
    assert run("init", site).exit_code == 0
    url = server.create_database_in("site_bytes", "SQL_ASCII")
    config = site / "fep.toml"
    config.write_text(config.read_text(encoding="utf-8").replace("sqlite:///billing.db", url), encoding="utf-8")
    english = "the database keeps no encoding (SQL_ASCII): create it with createdb --encoding=UTF8 --template=template0"
    chinese = "数据库未设字符编码 (SQL_ASCII): 请用 createdb --encoding=UTF8 --template=template0 创建"
    try:
        for words in (
            ("init", tmp_path / "new", "--database", url),
            ("check-config", "--config", config),
            ("db", "upgrade", "--config", config),
        ):
            for language, said in (("en", english), ("zh", chinese)):
                outcome = run("--lang", language, *words)
                assert outcome.exit_code != 0
                assert said in outcome.out + outcome.err
    finally:
        server.drop_database("site_bytes")


@pytest.mark.parametrize(
    ("encoding", "codec", "unfit"), [("LATIN1", "iso8859-1", "㼆测试"), ("EUC_CN", "gb2312", "测试㼆")]
)
def test_a_name_that_the_encoding_lacks(
    run: Run, server: PostgresServer, tmp_path: Path, encoding: str, codec: str, unfit: str
) -> None:
    """A load is refused with line and column, quoting nothing; also when only the server knows the encoding."""
    url = server.create_database_in("site_encoded", encoding)
    config = tmp_path / "site" / "fep.toml"
    plain = ("0100900001", "Zhang", "", "", "", "JC0101", "residential", "counter", "active", 0, 0)
    file = write(tmp_path / "a.csv", ACCOUNTS, plain, ("0100900002", unfit, *plain[2:]))
    column = "name has a character that the database does not hold, its encoding is"
    expected = (
        ("en", "", f"{file}: line 3: {column} {codec}"),
        ("zh", "", f"{file}: 第 3 行: name 含数据库字符集 {codec} 没有的字"),
        ("en", "?client_encoding=utf8", f"{file}: nothing was loaded: a text has a character that"),
        ("zh", "?client_encoding=utf8", f"{file}: 有数据库字符集没有的字"),
    )
    try:
        assert run("init", tmp_path / "site", "--database", url).exit_code == 0
        text = config.read_text(encoding="utf-8")
        for language, options, said in expected:
            config.write_text(text.replace(url, url + options), encoding="utf-8")
            outcome = run("--lang", language, "load", "--config", config, file)
            assert outcome.exit_code == 2
            assert said in outcome.err
            assert unfit[0] not in outcome.err
            assert "u3f06" not in outcome.err
        assert rows(url, "SELECT count(*) FROM accounts") == [(0,)]
    finally:
        server.drop_database("site_encoded")


def test_demo_names_that_the_encoding_lacks(run: Run, server: PostgresServer, tmp_path: Path) -> None:
    """Generated rows are refused likewise, and no site is made."""
    url = server.create_database_in("site_demo", "LATIN1")
    try:
        outcome = run("--lang", "zh", "init", tmp_path / "site", "--demo", "--accounts", 5, "--database", url)
    finally:
        server.drop_database("site_demo")
    assert outcome.exit_code == 3
    assert "营业数据库: 未装入任何数据: 有数据库字符集没有的字" in outcome.err
    assert not (tmp_path / "site").exists()
