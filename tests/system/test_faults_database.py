"""A database that hangs where it should not: its own processes stand still, a lock is never given up, no name server.
数据库挂起

Everybody is answered in time, the service manager sees a healthy process, and it heals without being started again.
"""

import os
import signal
import socket
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from tests.support.faults import Orders
from tests.support.tcp_proxy import TcpProxy
from tests.system.test_lost_database import (
    DB_TIMEOUT_S,
    LATE_S,
    Payment,
    at_once,
    check_in_time,
    check_settled,
    wait_until_served,
)
from tests.system.test_service_manager import WAIT_S, told

WATCHDOG_S = 1.5


@pytest.fixture(scope="module")
def manager(tmp_path_factory):
    """The end of the notification socket that a service manager reads."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path_factory.mktemp("manager") / "notify"))
        listening.settimeout(WAIT_S)
        yield listening


@pytest.fixture(scope="module")
def site(make_site, manager, secrets, tmp_path_factory):
    """A running site that is watched, and whose daemon looks up its server's name; never started again."""
    site = make_site()
    site.bystander = site.take("empty")
    path = site.directory / "fep.toml"
    text = path.read_text(encoding="utf-8")
    site.url = tomllib.loads(text)["billing"]["database"][0]["url"]
    daemon = site.daemon
    site.orders = Orders(daemon, tmp_path_factory.mktemp("orders") / "orders")
    daemon.notify_socket, daemon.watchdog_s = Path(manager.getsockname()), WATCHDOG_S
    with TcpProxy(site.url) as site.proxy:
        path.write_text(text.replace(site.url, site.proxy.url.replace("127.0.0.1", "localhost")), encoding="utf-8")
        daemon.configure("billing", db_timeout=DB_TIMEOUT_S).start()
        pid = daemon.pid
        yield site
        assert daemon.pid == pid
        site.close(secrets)


@pytest.fixture
def tellers(site):
    """Four tellers of two banks, each with a link of its own, whose work the daemon's connections have done."""
    tellers = [site.bank(code) for code in ("0102", "0102", "0103", "0103")]
    codes = at_once([Payment(bank, site.bystander).send for bank in tellers])
    assert {code for code, _ in codes} == {"0000"}
    return tellers


def connect(site):
    """Return a connection to the database, past the proxy."""
    return psycopg.connect(site.url.replace("postgresql+psycopg://", "postgresql://", 1), connect_timeout=20)


def wait_until_locked(connection):
    """Wait until somebody waits for a lock."""
    deadline = time.monotonic() + DB_TIMEOUT_S
    while not connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()[0]:
        assert time.monotonic() < deadline, "nobody waits for the account"


def check_watched(manager):
    """Signs of life come now: those that have come before are not looked at."""
    manager.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            manager.recv(200)
    manager.settimeout(WAIT_S)
    told(manager, b"WATCHDOG=1")


def test_server_processes_that_stand_still(site, manager, tellers):
    """Who waits for one is answered in time; the next are served by new ones, long before the old ones go on."""
    with connect(site) as connection:
        statement = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'fep'"
        pids = [pid for (pid,) in connection.execute(statement)]
    payments = [Payment(bank, site.take("empty")) for bank in tellers]
    assert pids
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        results = at_once([payment.send for payment in payments])
        check_watched(manager)
        wait_until_served(site)
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    check_in_time(results)
    codes = {code for code, _ in results}
    assert codes <= {"0000", "9001", "9002"}  # 0000: of who found a connection that was not there before
    assert codes != {"0000"}
    check_settled(site, payments)


def test_an_account_that_somebody_holds_for_ever(site, manager, tellers):
    """Its own payment is refused in time, nothing done; payments of others do not wait for it."""
    held, *others = [Payment(bank, site.take("empty")) for bank in tellers]
    mark = site.daemon.mark()
    with connect(site) as connection:
        connection.execute("SELECT 1 FROM accounts WHERE account_no = %s FOR UPDATE", (held.account_no,))
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(held.send)
            wait_until_locked(connection)  # its batch has begun; what is in it waits with it
            results = at_once([payment.send for payment in others])
            held_result = waiting.result()
        again = at_once([Payment(payment.bank, site.bystander).send for payment in others])
        check_watched(manager)
        connection.rollback()

    check_in_time([held_result, *results])
    assert held_result[0] == "9001"
    assert {code for code, _ in results + again} == {"0000"}
    assert max(took_s for _, took_s in again) < LATE_S
    assert [event for event in site.daemon.events(mark) if event["event"] == "database_down"] == []
    check_settled(site, [held, *others])


def test_a_name_server_that_does_not_answer(site, manager, tellers):
    """Connecting again hangs before there is a connection: 9001 in time, the process is well, it heals by itself."""
    payments = [Payment(bank, site.take("empty")) for bank in tellers]
    mark = site.daemon.mark()
    site.orders.slow_resolving(60)
    site.proxy.cut()
    results = at_once([payment.send for payment in payments])
    check_watched(manager)
    site.orders.slow_resolving(0)
    wait_until_served(site)

    check_in_time(results)
    assert {code for code, _ in results} <= {"9001", "9002"}
    assert [event for event in site.daemon.events(mark) if event["event"] == "watchdog_not_fed"] == []
    check_settled(site, payments)
