"""SIGTERM ends a daemon within a bound, whatever its banks, its database and its own threads do. 停机时限"""

import os
import signal
import socket
import time

from tests.support.daemon import Daemon
from tests.support.raw_bank import RawBank
from tests.system import pushing
from tests.system.checks import ask, query_fields
from tests.system.conftest import Site
from tests.system.database import write_lock
from tests.system.messages import (
    DEPOSIT,
    FILE_PUT,
    PAY,
    QUERY,
    STATUS,
    STATUS_REPLY,
    pay,
    query,
    status,
)
from tests.system.transfer import asked, chunk_body, detail_file, detail_name, put

DB_TIMEOUT_S, PARTNER_TIMEOUT_S, DRAIN_TIMEOUT_S = 2.0, 1.0, 1.0
REST_S = 2.0
STEPS_S = PARTNER_TIMEOUT_S + (DB_TIMEOUT_S + DRAIN_TIMEOUT_S) + (DB_TIMEOUT_S + 5.0) + 13.0 + REST_S
"""Pushes, links, gate, audit log and the rest, as docs/operations.md adds them up."""
SPARE_S = 5.0  # for the interpreter's own end, on a machine under load
SILENT_QUERIES = 2_000


def limited(site: Site) -> Daemon:
    """Return the daemon of a site, started with short limits."""
    site.daemon.configure("billing", db_timeout=DB_TIMEOUT_S)
    site.daemon.configure("link", drain_timeout=DRAIN_TIMEOUT_S, partner_timeout=PARTNER_TIMEOUT_S)
    site.daemon.configure_bank(pushing.BANK, push=True)
    return site.daemon.start()


def never_reads(site: Site, account_no: str) -> RawBank:
    """Return a bank that asks and asks and takes no reply."""
    bank = site.bank("0104")
    bank.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    bank.socket.setblocking(False)
    requests = b"".join(bank.build(QUERY, query(account_no)) for _ in range(SILENT_QUERIES))
    sent = 0
    deadline = time.monotonic() + 1.0
    while sent < len(requests) and time.monotonic() < deadline:
        try:
            sent += bank.socket.send(requests[sent:])
        except BlockingIOError:
            time.sleep(0.02)
    return bank


def begins_a_frame(site: Site, account_no: str) -> RawBank:
    """Return a bank that stops in the middle of a frame."""
    bank = site.bank("0105")
    frame = bank.build(PAY, pay(account_no, 100, DEPOSIT))
    bank.send(frame[: len(frame) // 2])
    return bank


def wait_for_audit(site: Site) -> None:
    """Wait until the audit log has read the files of the configuration, which it does when it begins."""
    deadline = time.monotonic() + 15.0
    files = (path for path in (site.directory / "audit").rglob("*") if path.is_file())
    while not any(b"configuration" in path.read_bytes() for path in files):
        assert time.monotonic() < deadline
        time.sleep(0.02)
        files = (path for path in (site.directory / "audit").rglob("*") if path.is_file())


def test_a_drain_has_a_bound_whatever_is_in_work(fresh_site: Site) -> None:
    """A database that hangs, a bank that never reads, half a frame, a push without answer and half a file: it ends in
    time with 0, further signals change nothing, and what became of each request can be asked afterwards.
    """
    daemon, account, mandated = limited(fresh_site), fresh_site.take("empty"), fresh_site.take("empty")
    pushing.give_mandate(fresh_site, mandated)
    bill_no = pushing.load_bill(fresh_site, mandated)
    pushed_to = fresh_site.bank(pushing.BANK)
    pushing.pushed(pushed_to, bill_no)
    payer = fresh_site.bank("0103")
    name, data = detail_name("0103"), detail_file("0103", rows=200)
    ask(payer, FILE_PUT, chunk_body(name, data, 0))
    never_reads(fresh_site, account.account_no)
    begins_a_frame(fresh_site, account.account_no)
    payment = payer.build(PAY, pay(account.account_no, 700, DEPOSIT))
    with write_lock(fresh_site.directory):
        payer.send(payment)
        payer.check_alive()  # so the payment has been read, too
        began = time.monotonic()
        daemon.signal(signal.SIGTERM)
        daemon.wait_for_event(lambda event: event["event"] == "draining")
        for number in (signal.SIGTERM, signal.SIGINT):
            daemon.signal(number)
        reply = payer.reply(payment)
        assert daemon.wait(STEPS_S + SPARE_S) == 0
        took_s = time.monotonic() - began
    events = daemon.events()
    (draining,) = (event for event in events if event["event"] == "draining")
    assert draining["within_s"] == STEPS_S
    assert took_s < STEPS_S + SPARE_S
    assert {event["reason"] for event in events if event["event"] == "still_draining"} <= {"SIGTERM", "SIGINT"}
    assert "stopped" in {event["event"] for event in events}
    assert "drain_overdue" not in {event["event"] for event in events}
    assert reply.code in ("9001", "9002")

    fresh_site.hang_up()
    daemon.start()
    bank = fresh_site.bank("0103")
    said = STATUS_REPLY.unpack(ask(bank, STATUS, status(account.account_no, int(payment[50:62]))).body)
    assert query_fields(bank, account.account_no)["balance"] == (700 if said["state"] else 0)
    assert (said["state"], reply.code) != (1, "9001")
    assert asked(bank, name, data) == (2048, 0)  # goes on where it was
    put(bank, name, data)
    assert pushing.stored(fresh_site, bill_no)["state"] not in ("debited", "refused", "ended")


def test_a_thread_that_hangs_does_not_keep_a_daemon(fresh_site: Site) -> None:
    """A configuration on a device that never answers: the daemon drains, leaves the thread that reads it, and ends."""
    daemon = limited(fresh_site)
    wait_for_audit(fresh_site)
    hangs = fresh_site.directory / "banks" / "0199_hangs.toml"
    os.mkfifo(hangs)  # whoever opens it waits for ever
    bank = fresh_site.bank()
    daemon.signal(signal.SIGHUP)
    bank.check_alive()
    fresh_site.hang_up()
    began = time.monotonic()
    daemon.signal(signal.SIGTERM)
    assert daemon.wait(STEPS_S + SPARE_S) == 0
    assert time.monotonic() - began < STEPS_S
    assert [event["event"] for event in daemon.events()][-2:] == ["stopped", "threads_left"]
    hangs.unlink()
