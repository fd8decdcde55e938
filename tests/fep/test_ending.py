"""The bound of a daemon's end: what it is made of, and what becomes of a daemon that takes longer."""

import re
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from fep.config.settings import BillingSettings, KeySettings, LinkSettings, Settings
from fep.ending import Ending, limit_s
from fep.service_manager import SPARE_S

UNIT = Path(__file__).parents[2] / "conf" / "systemd" / "fep@.service"


class GivenUp:
    """What ends the process."""

    def __init__(self) -> None:
        self.happened = threading.Event()
        self.exit_codes: list[int] = []

    def __call__(self, exit_code: int) -> None:
        self.exit_codes.append(exit_code)
        self.happened.set()


def test_a_daemon_that_takes_too_long_is_given_up_and_says_why() -> None:
    """The thread behind it does not need the loop: it says for how long it was waited and for what."""
    given_up = GivenUp()
    with capture_logs() as logs:
        ending = Ending(given_up)
        ending.step("links")
        ending.begin(0.05)
        assert given_up.happened.wait(10)
    assert logs == [{"event": "drain_overdue", "log_level": "error", "waited_s": 0.05, "step": "links"}]
    assert given_up.exit_codes == [3]


def test_one_that_ends_in_time_is_left_alone() -> None:
    """What is over is not given up afterwards."""
    given_up = GivenUp()
    ending = Ending(given_up)
    ending.begin(0.05)
    ending.over()
    assert not given_up.happened.wait(0.2)


def test_threads_are_left_once_all_is_drained(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a thread still looks at costs a moment, not the bound of the whole, and the exit code is the daemon's."""
    monkeypatch.setattr("fep.ending.REST_S", 0.05)
    given_up = GivenUp()
    with capture_logs() as logs:
        ending = Ending(given_up)
        ending.begin(3600.0)
        ending.drained(0)
        assert given_up.happened.wait(10)
    assert logs == [{"event": "threads_left", "log_level": "warning", "waited_s": 0.05}]
    assert given_up.exit_codes == [0]


def test_what_bounds_the_end_does_not_put_it_off() -> None:
    """A process does not wait for the thread that stands behind it."""
    before = set(threading.enumerate())
    ending = Ending(GivenUp())
    ending.begin(3600.0)
    started = set(threading.enumerate()) - before
    ending.over()
    assert [thread.daemon for thread in started] == [True]


def test_a_second_signal_does_not_prolong_it() -> None:
    """The bound counts from the first signal."""
    given_up = GivenUp()
    ending, began = Ending(given_up), time.monotonic()
    ending.begin(0.05)
    ending.begin(3600.0)
    assert given_up.happened.wait(10)
    assert time.monotonic() - began < 10


def test_the_unit_waits_longer_than_the_default_limits_take() -> None:
    """TimeoutStopSec= is more than the sum of the steps and what comes behind them."""
    found = re.search(r"^TimeoutStopSec=(\d+)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    assert limit_s(of(LinkSettings(), 10.0)) + SPARE_S < int(found[1])


def test_longer_limits_make_a_longer_end() -> None:
    """The bound is made of the limits that the site has set."""
    usual = limit_s(of(LinkSettings(), 10.0))
    assert limit_s(of(LinkSettings(), 20.0)) == usual + 20.0  # for links, and for the gate
    assert limit_s(of(replace(LinkSettings(), drain_timeout=8.0), 10.0)) == usual + 3.0
    assert limit_s(of(replace(LinkSettings(), partner_timeout=12.0), 10.0)) == usual + 2.0


def of(link: LinkSettings, db_timeout: float) -> Settings:
    """Return the settings of a site that sets these limits."""
    billing = BillingSettings((), db_timeout)
    return Settings(Path(), billing, KeySettings(Path(), ""), {}, link=link)
