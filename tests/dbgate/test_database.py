"""The database: how it is opened, what is refused, its clock."""

# ruff: noqa: DTZ001 - the database clock is naive Asia/Shanghai by contract

import os
import sys
import time
from configparser import ConfigParser
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dbgate.backends import base
from dbgate.backends.registry import DRIVERS
from dbgate.clock import system_clock
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable
from tests.dbgate.fixtures import Clock
from tests.support.daemon import ROOT
from tests.support.databases import stored

POSTGRESQL = "postgresql+psycopg://fep:secret@db.example/billing"


@pytest.mark.parametrize(
    ("url", "driver", "requirement"),
    [
        (POSTGRESQL, "psycopg", "psycopg[binary]>=3.3"),
        ("oracle+oracledb://fep:secret@db.example/?service_name=billing", "oracledb", "oracledb>=3.4"),
        ("oracle+cx_oracle://fep:secret@db.example/?service_name=billing", "cx_Oracle", "cx_Oracle==8.3.0"),
    ],
)
def test_a_driver_that_is_not_installed_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, url: str, driver: str, requirement: str
) -> None:
    """One that pip can install wherever the program came from; nobody reads a traceback."""
    monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(DatabaseUnavailable) as caught:
        Database(url)
    assert str(caught.value) == f"the driver {driver} is not installed; pip install '{requirement}'"


def test_the_remedies_are_what_the_extras_want() -> None:
    """Who follows the message has the same driver as who installs the extra."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = setup["options.extras_require"]
    drivers = {"postgresql": "postgresql", "oracle": "oracle", "oracle+cx_oracle": "cx-oracle"}
    assert {"sqlite": ""} | {scheme: extras[extra].strip() for scheme, extra in drivers.items()} == DRIVERS


def test_a_driver_that_lacks_a_part_of_its_own_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """psycopg without libpq is installed and cannot be imported."""

    def broken(*_: object, **__: object) -> Engine:
        raise ImportError("no pq wrapper available.\nAttempts made: ...")

    monkeypatch.setattr(base, "create_engine", broken)
    with pytest.raises(
        DatabaseUnavailable, match=r"cannot be imported \(no pq wrapper available.\); pip install 'psycopg\["
    ):
        Database(POSTGRESQL)


def pragma(database: Database, name: str, *, money: bool) -> object:
    with database.connect(money=money) as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


@pytest.mark.engine("sqlite")
def test_sqlite_is_durable(empty: Database) -> None:
    """What is committed survives a power cut: write-ahead log, synchronised at each commit."""
    for money in (True, False):
        assert pragma(empty, "journal_mode", money=money) == "wal"
        assert pragma(empty, "synchronous", money=money) == 2
        assert pragma(empty, "query_only", money=money) == int(not money)


@pytest.mark.engine("sqlite")
def test_wait_for_the_write_lock(empty: Database) -> None:
    """A transaction waits for the lock until its deadline: at least a millisecond, at most a day."""
    with empty.connect(money=True) as connection:
        for wait_s, expected_ms in (
            (2.5, range(1500, 2501)),
            (-1.0, range(1, 2)),
            (1e9, range(86_400_000, 86_400_001)),
        ):
            with empty.begin(connection, time.monotonic() + wait_s):
                assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() in expected_ms


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("mysql://user:secret@host/db", "no support for mysql; this version serves SQLite, PostgreSQL and Oracle"),
        ("user:secret@nowhere", "malformed"),
        ("sqlite:////no/such/directory/fep.db", "cannot connect: OperationalError SQLITE_CANTOPEN"),
    ],
)
def test_urls_that_do_not_work(url: str, reason: str) -> None:
    """A database that cannot be used is refused with the reason, never with the password."""
    with pytest.raises(DatabaseUnavailable, match=reason) as caught:
        Database(url).connect(money=True)

    assert "secret" not in str(caught.value)


@pytest.mark.engine("sqlite")
def test_what_the_log_calls_it(url: str) -> None:
    """By its number, and by its name where somebody has said it."""
    nameless, named = Database(url, database_no=7), Database(url, database_no=7, name="yangcheng")
    assert nameless.about == {"database_no": 7}
    assert named.about == {"database_no": 7, "database": "yangcheng"}
    nameless.dispose()
    named.dispose()


@pytest.mark.parametrize("database_no", [0, 100])
def test_number_of_the_database(url: str, database_no: int) -> None:
    """The number of a database has two digits."""
    with pytest.raises(ValueError, match=str(database_no)):
        Database(url, database_no=database_no)


def test_clock_is_cut_to_milliseconds(empty: Database, clock: Clock) -> None:
    """The clock tells no more than is stored, so that a row read back equals the one that was written."""
    clock.moment = datetime(2026, 11, 22, 10, 0, 0, 999999)
    with empty.connect(money=False) as connection:
        assert empty.now(connection) == datetime(2026, 11, 22, 10, 0, 0, 999000)


def test_system_clock_is_shanghai() -> None:
    """The machine's clock is read in China's time, wherever the machine stands."""
    expected = datetime.now(timezone(timedelta(hours=8))).replace(tzinfo=None)

    assert abs(system_clock() - expected) < timedelta(seconds=5)


class Opened(Exception):
    """Instead of a connection: what it would have been opened with."""


def test_dispose(empty: Database) -> None:
    """A database that was let go of can be opened again."""
    empty.dispose()

    assert stored(empty, "SELECT count(*) FROM payments") == [(0,)]
    with empty.connect(money=False) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM payments").scalar_one() == 0


@pytest.mark.engine("sqlite")
def test_a_database_that_is_kept_open(empty: Database, url: str) -> None:
    """Its write-ahead log stays when nobody else uses it, and goes when it is let go of."""
    log_ahead = Path(url.removeprefix("sqlite:///") + "-wal")
    empty.keep_open()
    empty.keep_open()
    with empty.connect(money=True) as connection, connection.begin():
        connection.exec_driver_sql("UPDATE accounts SET account_no = account_no")
    assert log_ahead.exists()
    empty.let_go()
    assert not log_ahead.exists()


@pytest.mark.engine("sqlite")
def test_what_the_disk_has_left(empty: Database, url: str) -> None:
    """It is the disk's that the file is on; a file that has gone is told of by who looks for it."""
    disk = os.statvfs(url.removeprefix("sqlite:///"))
    assert empty.backend.room_bytes is not None
    left_bytes = empty.backend.room_bytes(empty.money_engine.url)
    assert abs(left_bytes - disk.f_bavail * disk.f_frsize) < 1 << 30
    Path(url.removeprefix("sqlite:///")).unlink()
    empty.require_room()
