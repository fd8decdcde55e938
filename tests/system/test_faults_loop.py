"""An event loop that stands still, a process that is stopped: told, ended by the service manager, nothing lost. 停顿

The service manager is the test's own: it reads the signs of life, and does what systemd does when they end.
"""

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.faults import Orders
from tests.support.raw_bank import new_serial
from tests.system.checks import query_fields
from tests.system.messages import DEPOSIT, PAY, pay
from tests.system.test_service_manager import told, until_silent

WAIT_S = 30.0
WATCHDOG_S = 1.5


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The end of the notification socket that a service manager reads."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(WAIT_S)
        yield listening


@pytest.fixture
def orders(fresh_site, manager, tmp_path) -> Orders:
    """A running daemon that is watched, and obeys."""
    daemon = fresh_site.daemon
    daemon.notify_socket, daemon.watchdog_s = Path(manager.getsockname()), WATCHDOG_S
    orders = Orders(daemon, tmp_path / "orders")
    daemon.start()
    told(manager, b"WATCHDOG=1")
    return orders


def names(daemon, since):
    """Return the events since a mark that tell of a process or a loop that stood still."""
    found = ("loop_stalled", "loop_resumed", "process_paused", "watchdog_not_fed", "reply_failed")
    return [event["event"] for event in daemon.events(since) if event["event"] in found]


def seen(daemon, name, since):
    """Wait for an event and return it."""
    return daemon.wait_for_event(lambda event: event["event"] == name, since, WAIT_S)


def test_a_loop_that_stands_still_is_killed_and_nothing_is_lost(fresh_site, manager, orders):
    """The log says where it stands, no sign of life comes, SIGABRT leaves the stacks; what was asked stands once."""
    daemon, account = fresh_site.daemon, fresh_site.take("empty")
    bank, serials, mark = fresh_site.bank(), [new_serial(), new_serial()], daemon.mark()
    body = pay(account.account_no, 700, DEPOSIT)
    assert bank.request(PAY, body, serial=serials[0]).code == "0000"

    orders.block_loop(120)
    stalled = seen(daemon, "loop_stalled", mark)
    bank.send(bank.build(PAY, body, serial=serials[1]))  # which nobody reads
    manager.settimeout(WATCHDOG_S * 0.9)
    until_silent(manager)
    assert any("runUntilCurrent" in frame for frame in stalled["frames"])
    assert names(daemon, mark) == ["loop_stalled"]

    daemon.signal(signal.SIGABRT)  # as systemd does after WatchdogSec
    assert daemon.wait() == -signal.SIGABRT
    assert any("Fatal Python error: Aborted" in line for line in daemon.output)
    fresh_site.hang_up()
    daemon.start()
    bank = fresh_site.bank()
    assert [bank.request(PAY, body, serial=serial).code for serial in serials] == ["0000", "0000"]
    assert query_fields(bank, account.account_no)["balance"] == 2 * 700


def test_a_loop_and_a_process_that_go_on_by_themselves(fresh_site, manager, orders):
    """Each is one line when it begins or has been, one when the loop turns again; banks are answered, life goes on."""
    daemon, account = fresh_site.daemon, fresh_site.take("empty")
    bank, mark = fresh_site.bank(), daemon.mark()

    orders.block_loop(WATCHDOG_S)
    seen(daemon, "loop_stalled", mark)
    assert bank.request(PAY, pay(account.account_no, 700, DEPOSIT)).code == "0000"
    assert seen(daemon, "loop_resumed", mark)["stalled_s"] > WATCHDOG_S / 2
    assert names(daemon, mark) == ["loop_stalled", "loop_resumed"]

    mark = daemon.mark()
    daemon.signal(signal.SIGSTOP)
    bank.send(bank.build(PAY, pay(account.account_no, 700, DEPOSIT)))
    time.sleep(2 * WATCHDOG_S)
    daemon.signal(signal.SIGCONT)
    reply = bank.read_frame()
    assert reply is not None
    assert reply.code == "0000"
    assert seen(daemon, "process_paused", mark)["paused_s"] > WATCHDOG_S
    told(manager, b"WATCHDOG=1")
    assert names(daemon, mark) == ["process_paused"]
    assert query_fields(bank, account.account_no)["balance"] == 2 * 700
