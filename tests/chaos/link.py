"""A bank's connection that finds its way 银行连接: signs in at whichever daemon lives, and again when it is lost."""

import threading
import time
from collections.abc import Sequence
from typing import Any

from tests.chaos.journal import Journal
from tests.support.daemon import Daemon
from tests.support.raw_bank import ECHO, SIGN_IN, Closed, Frame, RawBank

CONNECT_DEADLINE_S = 60.0
"""Longer than everything that a run does to the daemons together, on a busy machine."""
RETRY_S = 0.2
"""How soon a bank tries again; a real one takes its time, this one wants to hit every moment of a recovery."""


class GaveUp(Exception):
    """No daemon took the bank in; the run has failed."""


class Link:
    """One connection of one bank, with at most one request in flight.

    Args:
        wait_s: how long a reply may take until there is none; longer than the daemon's ``db_timeout``.
    """

    def __init__(
        self, number: int, bank_code: str, daemons: Sequence[Daemon], journal: Journal, wait_s: float, home: int
    ) -> None:
        self.number, self.bank_code, self.daemon = number, bank_code, home
        self._daemons, self._journal, self._wait_s = daemons, journal, wait_s
        self._encrypted = number % 3 == 0
        self._bank: RawBank | None = None
        self._pause = threading.Event()

    def close(self) -> None:
        """Hang up."""
        if self._bank is not None:
            self._bank.close()
            self._bank = None

    def move(self, daemon: int) -> None:
        """Hang up; the next request goes to that daemon when it lives, else to another."""
        self.close()
        self.daemon = daemon

    def pause(self) -> None:
        """Wait as long as a bank does between two tries."""
        self._pause.wait(RETRY_S)

    def ready(self) -> None:
        """Connect and sign in unless that has been done.

        Raises:
            GaveUp: nobody took it in.
        """
        deadline = time.monotonic() + CONNECT_DEADLINE_S
        while self._bank is None:
            self._bank = self._sign_in()
            if self._bank is None:
                if time.monotonic() > deadline:
                    raise GaveUp(f"teller {self.number} could not sign in for {CONNECT_DEADLINE_S:.0f} s")
                self.daemon = (self.daemon + 1) % len(self._daemons)
                self.pause()

    def build(self, txn: int, body: bytes, **fields: Any) -> bytes:
        """Return a request frame for this connection, which must be ready."""
        assert self._bank is not None
        return self._bank.build(txn, body, **fields)

    def exchange(self, request: bytes, *, hang_up: bool = False) -> Frame | None:
        """Send a request and return its reply; None, and the connection lost, when no authentic one came."""
        assert self._bank is not None
        try:
            self._bank.send(request)
            if hang_up:
                self._bank.reset()
                self._bank = None
                return None
            reply = self._bank.reply(request, self._wait_s)
        except (OSError, Closed):  # TimeoutError is an OSError
            self.close()
            return None
        if reply.mac_state != "right" or reply.echo != Frame(request, b"", "").echo:
            self._journal.complain(f"a reply that is not authentic or not to its request: {reply!r}")
            self.close()
            return None
        return reply

    def exchange_all(self, requests: Sequence[bytes]) -> list[Frame]:
        """Send requests in one write and return all replies, on a connection that must not fail."""
        assert self._bank is not None
        return self._bank.replies(requests)

    def _sign_in(self) -> RawBank | None:
        bank = None
        try:
            port = self._daemons[self.daemon].port
            bank = RawBank(port, self.bank_code, encrypted=self._encrypted, deadline_s=self._wait_s)
            replies = bank.exchange_keys(SIGN_IN), bank.request(ECHO)
        except (OSError, Closed):
            if bank is not None:
                bank.close()
            return None
        if {(reply.code, reply.mac_state) for reply in replies} == {("0000", "right")}:
            return bank
        self._journal.complain(f"sign-in of bank {self.bank_code} was answered {replies!r}")
        bank.close()
        return None
