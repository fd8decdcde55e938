"""Upgrades under load: no connection is refused, every request is answered, each payment happens once. 带载升级"""

import signal
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, pairwise

import pytest

from tests.support.daemon import Daemon, done, fep
from tests.support.raw_bank import Closed, RawBank, new_serial, today
from tests.system.billing import Account
from tests.system.checks import query_fields
from tests.system.conftest import Site
from tests.system.messages import DEPOSIT, PAY, pay

BANKS = ("0102", "0103", "0104", "0105")
LINKS = 6
ANSWER_LIMIT_S = 60.0
"""A bank that has repeated for so long, on as many connections as it took, was let down."""
SETTLED_IN = 20
"""Payments of all links together before and behind each step of an upgrade, so that it happens under load."""
WAIT_S = 60.0


class Payer(threading.Thread):
    """A bank's link that pays and pays; cut off, it connects again and repeats what it had no answer to.

    Attributes:
        answered_s: when each payment was approved, monotonic seconds.
        paid_fen: what was approved.
        refused: connects that nobody took.
        repeats: requests that were sent again.
    """

    def __init__(self, port: int, bank_code: str, account: Account, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.account, self.answered_s, self.paid_fen = account, [time.monotonic()], 0
        self.refused = self.repeats = 0
        self.failure = ""
        self._port, self._bank_code, self._over = port, bank_code, over
        self._bank: RawBank | None = None

    def run(self) -> None:
        try:
            for amount_fen in count(1):
                if self._over.is_set():
                    return
                self._pay(amount_fen)
        except Exception:
            self.failure = traceback.format_exc()
        finally:
            if self._bank is not None:
                self._bank.close()

    def _pay(self, amount_fen: int) -> None:
        serial, day, deadline_s = new_serial(), today(), time.monotonic() + ANSWER_LIMIT_S
        body = pay(self.account.account_no, amount_fen, DEPOSIT)
        while True:
            assert time.monotonic() < deadline_s, f"payment {serial} was never answered"
            try:
                bank = self._connected()
                reply = bank.exchange(bank.build(PAY, body, serial=serial, bank_date=day))
            except (OSError, Closed):
                self._drop()
            else:
                assert reply.mac_state == "right", reply
                if reply.code == "0000":
                    break
                assert reply.code in ("1011", "9001", "9002"), reply
                time.sleep(0.02)
            self.repeats += 1
        self.paid_fen += amount_fen
        self.answered_s.append(time.monotonic())

    def _connected(self) -> RawBank:
        if self._bank is None:
            try:
                bank = RawBank(self._port, self._bank_code)
            except ConnectionRefusedError:
                self.refused += 1
                time.sleep(0.02)
                raise
            self._bank = bank
            bank.sign_in()
        return self._bank

    def _drop(self) -> None:
        if self._bank is not None:
            self._bank.close()
            self._bank = None


class Load:
    """The links of all banks at work."""

    def __init__(self, site: Site, port: int) -> None:
        self._over = threading.Event()
        self.payers = [
            Payer(port, BANKS[number % len(BANKS)], site.take("empty"), self._over) for number in range(LINKS)
        ]

    def goes_on(self) -> None:
        """Wait until some more payments have been approved, some of every link."""
        before = [len(payer.answered_s) for payer in self.payers]
        deadline_s = time.monotonic() + WAIT_S
        while any(len(p.answered_s) < had + SETTLED_IN // LINKS for p, had in zip(self.payers, before, strict=True)):
            assert time.monotonic() < deadline_s, [payer.failure for payer in self.payers]
            time.sleep(0.02)

    def end(self) -> None:
        """Let every payment that has begun come to its end."""
        self._over.set()
        for payer in self.payers:
            payer.join(ANSWER_LIMIT_S + WAIT_S)
            assert not payer.is_alive()


@contextmanager
def under_load(site: Site, port: int) -> Iterator[Load]:
    """Let banks pay meanwhile; afterwards nothing was refused or left unanswered, and each payment stands once."""
    load = Load(site, port)
    for payer in load.payers:
        payer.start()
    try:
        load.goes_on()
        yield load
        load.goes_on()
    finally:
        load.end()
    assert [payer.failure for payer in load.payers] == [""] * LINKS
    assert [payer.refused for payer in load.payers] == [0] * LINKS
    bank = site.bank(daemon=len(site.daemons) - 1)
    balances = {
        payer.account.account_no: query_fields(bank, payer.account.account_no)["balance"] for payer in load.payers
    }
    assert balances == {payer.account.account_no: payer.paid_fen for payer in load.payers}
    gap_s = max(later - earlier for payer in load.payers for earlier, later in pairwise(payer.answered_s))
    payments = sum(len(payer.answered_s) - 1 for payer in load.payers)
    repeats = sum(payer.repeats for payer in load.payers)
    print(f"{payments} payments, {repeats} requests repeated, longest gap {gap_s:.1f} s")
    assert repeats  # it was under load


def serves(daemon: Daemon, mark: int = 0) -> None:
    """Wait until a daemon says that it has started."""
    daemon.wait_for_event(lambda event: event["event"] == "started", mark, WAIT_S)


@pytest.fixture
def listening(fresh_site: Site) -> Iterator[socket.socket]:
    """The socket of a socket unit, which stays open whatever becomes of daemons; the site's daemon is given it."""
    with socket.create_server(("127.0.0.1", fresh_site.daemon.port), backlog=1024) as listening:
        fresh_site.daemon.handed_over = listening
        yield listening


@pytest.mark.parametrize("overlap", [False, True], ids=["one after the other", "both for a while"])
def test_an_upgrade_with_an_inherited_socket(fresh_site: Site, listening: socket.socket, *, overlap: bool) -> None:
    """Whoever connects meanwhile waits in the socket's queue, whether the old daemon has gone when the new one comes or
    not; the schema is looked after in between, as an upgrade does.
    """
    old, new = fresh_site.daemon, Daemon(fresh_site.directory)
    new.port, new.handed_over = old.port, listening
    old.start(wait=False)
    serves(old)
    fresh_site.daemons.append(new)
    with under_load(fresh_site, old.port):
        if overlap:
            new.start(wait=False)
            serves(new)
            old.signal(signal.SIGTERM)
            assert old.wait() == 0
        else:
            assert old.stop() == 0
            done(fep("db", "upgrade", "--config", fresh_site.directory / "fep.toml"))
            new.start(wait=False)
            serves(new)


def test_two_instances_on_one_port_restarted_in_turn(fresh_site: Site) -> None:
    """Each has a queue of its own; while one is started again the other takes whoever comes."""
    first, second = fresh_site.daemon, Daemon(fresh_site.directory)
    first.configure("listener", reuse_port=True)
    second.port = first.port
    first.start()
    second.start(wait=False)
    serves(second)
    fresh_site.daemons.append(second)
    with under_load(fresh_site, first.port) as load:
        for daemon in (first, second):
            mark = daemon.mark()
            assert daemon.stop() == 0
            load.goes_on()
            daemon.start(wait=False)
            serves(daemon, mark)
            load.goes_on()
