"""The end of a day while payments flow at full speed through two daemons: every payment is in exactly one day. 日切"""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from tests.support.daemon import done, fep
from tests.support.raw_bank import Frame, RawBank, new_serial, now, today
from tests.system import messages
from tests.system.database import execute
from tests.system.messages import DEPOSIT, PAY, RECON_TOTALS, pay
from tests.system.test_two_daemons import second_of

BANK = "0102"
LINKS = 8
WINDOW = 24
"""Payments of a link in one write: together some two hundred are under way."""

AROUND_S = 1.5
"""How long payments flow before and after the end of the day."""


@dataclass
class Flow:
    """Payments that flow on all links until they are told to stop, and what was answered.

    Attributes:
        answered: (sent at, serial, amount, reply) of each payment, by link, in the order of sending.
    """

    banks: Sequence[RawBank]
    account_nos: Sequence[str]
    answered: list[list[tuple[datetime, int, int, Frame]]] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Flow":
        self._pool = ThreadPoolExecutor(len(self.banks))
        self._links = [self._pool.submit(self._pump, at) for at in range(len(self.banks))]
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._pool.shutdown()
        self.answered = [link.result() for link in self._links]

    def _pump(self, at: int) -> list[tuple[datetime, int, int, Frame]]:
        bank, answered = self.banks[at], []
        while not self._stop.is_set():
            asked = [(new_serial(), number + 1) for number in range(WINDOW)]
            frames = [
                bank.build(PAY, pay(self.account_nos[(at + fen) % len(self.account_nos)], fen, DEPOSIT), serial=serial)
                for serial, fen in asked
            ]
            sent_at = now()
            replies = bank.replies(frames)
            answered += [(sent_at, serial, fen, reply) for (serial, fen), reply in zip(asked, replies, strict=True)]
        return answered

    @property
    def days(self) -> Counter[str]:
        """How many payments were answered under which clearing date."""
        return Counter(reply.clearing_date for link in self.answered for *_, reply in link)

    def totals(self, day: str) -> dict[str, int]:
        """What the bank says of a day in RECON_TOTALS."""
        sums = [fen for link in self.answered for _, _, fen, reply in link if reply.clearing_date == day]
        return {"pay_count": len(sums), "pay_amount": sum(sums)}


def check_each_day(site, flow: Flow, ended_at: datetime) -> None:
    """Each payment is in one day: as it was told, as 3001 counts at both daemons, as stored; none is late."""
    day, next_day = (f"{today() + timedelta(days=more):%Y%m%d}" for more in (0, 1))
    assert {reply.code for link in flow.answered for *_, reply in link} == {"0000"}
    assert set(flow.days) == {day, next_day}
    for link in flow.answered:
        dates = [reply.clearing_date for *_, reply in link]
        windows = [set(dates[first : first + WINDOW]) for first in range(0, len(dates), WINDOW)]
        assert all(max(before) <= min(after) for before, after in pairwise(windows))
        assert {reply.clearing_date for sent_at, _, _, reply in link if sent_at > ended_at} == {next_day}
    for number in range(len(site.daemons)):
        for of_day, result in ((day, 1), (next_day, 3)):
            body = messages.TOTALS_REQUEST.pack(clearing_date=of_day.encode(), **flow.totals(of_day))
            told = messages.TOTALS_REPLY.unpack(site.bank(BANK, daemon=number).request(RECON_TOTALS, body).body)
            counted = {name: told[name] for name in ("pay_count", "pay_amount")}
            assert (told["result"], counted) == (result, flow.totals(of_day))
    stored = execute(
        site.directory,
        "SELECT bank_serial, clearing_date, amount_fen FROM payments WHERE bank_code = ? AND movement = 'pay'",
        BANK,
    )
    answered = [(f"{serial:012d}", int(r.clearing_date), fen) for link in flow.answered for _, serial, fen, r in link]
    assert sorted(stored) == sorted(answered)
    # Sum of the days = sum of all, and all that else must agree.
    done(fep("audit", "sums", "--config", site.directory / "fep.toml"))


@pytest.fixture
def links(fresh_site):
    """Start two daemons and sign a bank in on four links at each; the site's banks have another cut-off if told."""

    def connect(cut_off: str = "23:59") -> Flow:
        fresh_site.daemon.configure_bank(BANK, cut_off=cut_off).start()
        second_of(fresh_site).start()
        banks = [fresh_site.bank(BANK, daemon=at % 2) for at in range(LINKS)]
        return Flow(banks, [fresh_site.take("empty").account_no for _ in range(2 * LINKS)])

    return connect


def test_a_day_closed_by_command(fresh_site, links):
    """A command ends the day in the middle of it: what is sent after it has returned is in the next day."""
    if now() > datetime.combine(today(), datetime.max.time(), now().tzinfo) - timedelta(minutes=3):
        pytest.skip("the day is about to end by itself")
    with links() as flow:
        time.sleep(AROUND_S)
        done(fep("day", "close", BANK, "--date", f"{today()}", "--config", fresh_site.directory / "fep.toml"))
        ended_at = now()
        time.sleep(AROUND_S)
    check_each_day(fresh_site, flow, ended_at)


@pytest.mark.slow
def test_a_day_that_ends_by_the_clock(fresh_site, links):
    """The cut-off comes while payments flow: what is sent after it is in the next day."""
    cut_off = (now() + timedelta(seconds=75)).replace(second=0, microsecond=0)
    if cut_off.date() != today():
        pytest.skip("the day is about to end by itself")
    flow = links(f"{cut_off:%H:%M}")
    time.sleep(max(0.0, (cut_off - now()).total_seconds() - AROUND_S))
    with flow:
        time.sleep(2 * AROUND_S)
    check_each_day(fresh_site, flow, cut_off)
