"""The machine's clock is set while the daemon runs: an hour back, a day ahead and back again. 时钟跳变

On SQLite the process's clock is the database's too, so that all that looks at a clock is concerned.
"""

import time
from datetime import timedelta

import pytest

from tests.support import stepped_clock
from tests.support.raw_bank import SIGN_IN, now
from tests.support.stepped_clock import SteppedClock
from tests.system.messages import DEPOSIT, PAY, pay

HOUR_S, DAY_S = 3600, 86_400
BEGIN_S = 2 * HOUR_S  # ahead of the true time: the site's keys were loaded a moment ago, and no clock goes before that
SIGN_IN_S = 1.0
WAIT_S = 10.0

pytestmark = pytest.mark.skipif(bool(stepped_clock.why_not()), reason=stepped_clock.why_not())


@pytest.fixture
def clock(fresh_site, tmp_path) -> SteppedClock:
    """The clock of a running daemon."""
    clock = SteppedClock(fresh_site.daemon, tmp_path)
    clock.step(BEGIN_S)
    fresh_site.daemon.configure(sign_in_timeout=SIGN_IN_S).start()
    return clock


def noticed(daemon, since):
    """Wait until the daemon has noticed, and return by how much it says the clock was set."""
    return daemon.wait_for_event(lambda event: event["event"] == "clock_stepped", since, WAIT_S)["by_s"]


def sign_in_code(site, offset_s):
    """Return what a bank is answered whose clock is off by so much."""
    return site.connect().exchange_keys(SIGN_IN, clock=now() + timedelta(seconds=offset_s)).code


def check_cut_off_in_time(site):
    """Who connects and says nothing is cut off when a second has passed, by the clock of nobody."""
    began = time.monotonic()
    assert site.connect().read_frame(WAIT_S) is None
    assert SIGN_IN_S - 0.5 < time.monotonic() - began < SIGN_IN_S + 4


def check_not_replayed(site, recorded):
    """A sign-in that was recorded is refused, whatever has become of the clock."""
    bank = site.connect()
    bank.send(recorded)
    reply = bank.read_frame()
    assert reply is None or reply.code == "1002"


def test_a_clock_that_is_set(fresh_site, clock):
    """Payments go on, dates never go back, waits stay as long, no sign-in passes twice; one line for each time."""
    daemon, account = fresh_site.daemon, fresh_site.take("empty")
    bank, replies = fresh_site.connect(), []
    bank.sign_in(clock=now() + timedelta(seconds=BEGIN_S))
    recorded = bank.sent[0]
    bank_date = (now() + timedelta(seconds=BEGIN_S)).date()

    def paid():
        replies.append(bank.request(PAY, pay(account.account_no, 100, DEPOSIT), bank_date=bank_date))
        assert replies[-1].code == "0000"
        return replies[-1].clearing_date

    first_day = paid()
    former_s = BEGIN_S
    for offset_s in (BEGIN_S - HOUR_S, BEGIN_S + DAY_S, BEGIN_S):
        mark = daemon.mark()
        clock.step(offset_s)
        assert noticed(daemon, mark) == pytest.approx(offset_s - former_s, abs=1)

        assert paid() == max(reply.clearing_date for reply in replies)
        assert (sign_in_code(fresh_site, former_s), sign_in_code(fresh_site, offset_s)) == ("1008", "0000")
        check_cut_off_in_time(fresh_site)
        check_not_replayed(fresh_site, recorded)
        assert [event["event"] for event in daemon.events(mark)].count("clock_stepped") == 1
        former_s = offset_s

    assert replies[-1].clearing_date > first_day  # it had rolled when the clock was a day ahead, and stays
    assert len({reply.fep_serial for reply in replies}) == len(replies)
