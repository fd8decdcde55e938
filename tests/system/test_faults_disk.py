"""A disk that is full: no money is taken, all else goes on, the log waits; with room it heals by itself. 磁盘写满"""

import json
import resource
import socket
import time
from pathlib import Path

import pytest

from tests.support.faults import CannotMount, FailingDisk, Filler, small_disk
from tests.support.ports import free_port
from tests.support.raw_bank import new_serial
from tests.system.checks import query_fields
from tests.system.messages import DEPOSIT, FILE_PUT, PAY, QUERY, pay, query
from tests.system.test_service_manager import WAIT_S, told
from tests.system.transfer import chunk_body, detail_file, detail_name, put

DISK_BYTES = 24 << 20  # the site is some 3 MiB, and 8 MiB must be left for money
DB_TIMEOUT_S = 1.0
HEAL_S = 20.0


class Payments:
    """Deposits of one bank into one account, each under an identity of its own."""

    def __init__(self, site):
        self.bank, self.account, self.serials = site.bank(), site.take("empty"), []

    def send(self, serial=None):
        """Send one, or one again, and return its code."""
        if serial is None:
            serial = new_serial()
            self.serials.append(serial)
        return self.bank.request(PAY, pay(self.account.account_no, 100, DEPOSIT), serial=serial).code

    def until_approved(self):
        """Send new ones until one is approved."""
        deadline = time.monotonic() + HEAL_S
        while self.send() != "0000":
            assert time.monotonic() < deadline, "the daemon does not heal"
            time.sleep(0.1)

    def check_each_stands_once(self):
        """Asked for again, each is approved; the account holds all of them once."""
        assert {self.send(serial) for serial in self.serials} == {"0000"}
        assert query_fields(self.bank, self.account.account_no)["balance"] == 100 * len(self.serials)


def names(events, *wanted):
    """Return the events of these names, in their order."""
    return [event["event"] for event in events if event["event"] in wanted]


@pytest.fixture
def manager(tmp_path):
    """The end of the notification socket that a service manager reads."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(WAIT_S)
        yield listening


@pytest.fixture
def site_on_small_disk(make_site, secrets, manager, tmp_path):
    """A running site that stands on a disk of its own, log and files included."""
    with small_disk(tmp_path / "disk", DISK_BYTES) as disk:
        if disk is None:
            pytest.skip("only root may mount a disk")
        site = make_site(disk)
        site.daemon.log_path = disk / "log"
        site.daemon.notify_socket = Path(manager.getsockname())
        site.daemon.configure("billing", db_timeout=DB_TIMEOUT_S).start()
        site.filler = Filler(disk / "filler")
        yield site
        site.filler.make_room()
        site.close(secrets)


def test_a_disk_that_is_full(site_on_small_disk, manager):
    """Payments are refused at once, nothing done; banks ask and sign in; no line of the log is lost or cut."""
    site = site_on_small_disk
    log: Path = site.daemon.log_path
    payments, filler = Payments(site), site.filler
    assert payments.send() == "0000"

    filler.fill()
    began = time.monotonic()
    assert [payments.send() for _ in range(5)] == ["9001"] * 5
    filler.fill()  # what has been let go of meanwhile
    assert [payments.send() for _ in range(30)] == ["9001"] * 30  # more lines than the log's last page takes
    assert time.monotonic() - began < 35 * DB_TIMEOUT_S / 2  # nobody waits for the timeout
    told(manager, b"STATUS=the log cannot be written: No space left on device")
    bank = site.bank("0103")
    assert bank.request(QUERY, query(payments.account.account_no)).code == "0000"
    assert bank.request(FILE_PUT, chunk_body(detail_name("0103"), detail_file("0103"), 0)).code == "9003"

    filler.make_room()
    payments.until_approved()
    payments.check_each_stands_once()
    put(bank, detail_name("0103"), detail_file("0103"))
    site.hang_up()
    assert site.daemon.stop() == 0
    events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert names(events, "database_down", "database_up", "log_resumed", "log_lines_dropped") in (
        ["database_down", "log_resumed", "database_up"],
        ["database_down", "database_up", "log_resumed"],
    )
    (down,) = (event for event in events if event["event"] == "database_down")
    assert down["reason"] == "the disk of the database has less than 8 MiB left"
    paid = [event for event in events if event.get("transaction") == "pay"]
    assert len(paid) == 2 * len(payments.serials)
    assert names(events, "files_unavailable", "files_available") == ["files_unavailable", "files_available"]


def test_files_that_may_not_grow(fresh_site):
    """A quota that is used up, which no look at the disk shows: unknown, then not done; healed and asked for again."""
    daemon = fresh_site.daemon.configure("billing", db_timeout=DB_TIMEOUT_S).start()
    payments, mark = Payments(fresh_site), daemon.mark()
    assert payments.send() == "0000"

    largest_bytes = max(path.stat().st_size for path in daemon.directory.rglob("*.db*"))
    hard = resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (largest_bytes, hard))
    while payments.send() == "0000":
        assert len(payments.serials) < 1000
    codes = [payments.send() for _ in range(2)]
    assert query_fields(payments.bank, payments.account.account_no)["balance"] >= 100
    resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (hard, hard))

    assert set(codes) <= {"9001", "9002"}
    payments.until_approved()
    payments.check_each_stands_once()
    assert names(daemon.events(mark), "database_down")


def test_a_file_system_that_becomes_read_only(make_site, secrets, tmp_path):
    """Money is not taken, banks ask and sign in, the daemon ends in order; on the mended disk each one stands once."""
    try:
        failing = FailingDisk(tmp_path, DISK_BYTES)
    except CannotMount:
        pytest.skip("only root may mount a disk")
    with failing as disk:
        site = make_site(disk.path)
        daemon = site.daemon.configure("billing", db_timeout=DB_TIMEOUT_S).start()
        payments, mark = Payments(site), daemon.mark()
        assert payments.send() == "0000"

        disk.fail()
        assert {payments.send() for _ in range(5)} <= {"9001", "9002"}
        bank = site.bank("0103")
        assert bank.request(QUERY, query(payments.account.account_no)).code == "0000"
        chunk = chunk_body(detail_name("0103"), detail_file("0103"), 0)
        assert [bank.request(FILE_PUT, chunk).code for _ in range(3)] == ["9003"] * 3
        daemon.wait_for_event(lambda event: event["event"] == "files_unavailable", mark)
        told = names(daemon.events(mark), "database_down", "files_unavailable")
        assert sorted(told) == ["database_down", "files_unavailable"]
        site.hang_up()
        assert daemon.stop() == 0
        assert names(daemon.events(mark), "control_socket_left", "drain_failed") == ["control_socket_left"]

        disk.take_off()
        disk.mount()
        daemon.port = free_port()  # the old one may be somebody else's by now
        daemon.start()
        payments.bank = site.bank()
        payments.check_each_stands_once()
        site.close(secrets)
