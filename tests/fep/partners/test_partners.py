"""The partners of one daemon: their days roll, they are away and come back, and they end with the daemon."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fep.config.settings import Address
from fep.links.listener import CHECK_INTERVAL_S
from fep.partners.partners import Partners
from protocol.canonical.link import WorkDay
from protocol.session import SignsIn
from protocol.transactions import Transaction
from tests.fep.partners.conftest import AskingDialect, Turning
from tests.support import partner_bank
from tests.support.partner_bank import PartnerBank, refuse
from tests.support.ports import free_port
from tests.support.records import NOW
from tests.support.rim import Rim

CODE = "0102"
TODAY = NOW.date()
TOMORROW = TODAY + timedelta(days=1)


class Daemon:
    """What a daemon has of partners, with its clocks in the test's hand."""

    def __init__(self, turning: Turning, port: int, dialect: AskingDialect) -> None:
        self.rim = Rim(banks={CODE: {"dialect": dialect, "node": "301", "partner": Address("127.0.0.1", port)}})
        self.turning = turning
        self.partners = Partners(self.rim.services, turning.reactor)

    def until(self, condition: Callable[[], object], *, after_s: float = 0.0) -> None:
        """Let time pass, then turn the daemon's loop until something is so."""
        self.rim.clock.advance(after_s)

        def turned() -> object:
            self.partners.check(self.rim.clock.seconds())
            return condition()

        self.turning.until(turned)

    @property
    def state(self) -> dict[str, str]:
        return self.partners.state(CODE)["partner"]


@pytest.fixture
def start(turning: Turning, logs: object) -> Iterator[Callable[..., Daemon]]:
    """A way to start a daemon whose bank listens on a port."""
    with ExitStack() as stack:

        def begin(port: int, signs_in: SignsIn = SignsIn.FEP_EACH_DAY) -> Daemon:
            daemon = Daemon(turning, port, AskingDialect(signs_in))
            stack.callback(end, daemon)
            return daemon

        yield begin


def end(daemon: Daemon) -> None:
    drained = daemon.partners.drain()
    daemon.until(lambda: drained.called, after_s=1000.0)


def test_a_day_rolls(start: Callable[..., Daemon], bank: PartnerBank, logs: list[Any]) -> None:
    """The calendar's day at first; when the clearing date is known to be later, 91 and 90, once."""
    daemon = start(bank.port)
    daemon.until(lambda: daemon.state["day"])
    assert daemon.state == {
        "address": f"127.0.0.1:{bank.port}",
        "day": f"{TODAY}",
        "trouble": "",
        "reason": "",
        "code": "",
    }
    daemon.rim.gate.clearing_dates[CODE] = TODAY
    daemon.until(lambda: True, after_s=3600.0)
    daemon.rim.gate.clearing_dates[CODE] = TOMORROW
    daemon.until(lambda: daemon.state["day"] == f"{TOMORROW}", after_s=CHECK_INTERVAL_S)

    assert [(asked.code, asked.work_date) for asked in bank.asked] == [
        ("90", f"{TODAY:%Y%m%d}"),
        ("91", f"{TODAY:%Y%m%d}"),
        ("90", f"{TOMORROW:%Y%m%d}"),
    ]
    assert [asked.message_id for asked in bank.asked] == [f"{900_000_000 + n:020d}" for n in (1, 2, 3)]
    assert [line["event"] for line in logs] == ["partner_signed_in", "partner_signed_out", "partner_signed_in"]


def test_a_bank_that_is_away_and_comes_back(start: Callable[..., Daemon], logs: list[Any]) -> None:
    """The reason is told meanwhile; the bank is signed in at when it is there again."""
    port = free_port()
    daemon = start(port)
    daemon.until(lambda: daemon.state["reason"])
    assert (daemon.state["day"], daemon.state["trouble"], daemon.state["reason"]) == ("", "sign_in", "not_connected")
    daemon.until(lambda: daemon.rim.events["partner_sign_in_failed"] == 2, after_s=5.0)

    bank = PartnerBank(refuse("51"), port)
    daemon.until(lambda: daemon.state["code"] == "51", after_s=10.0)
    bank.manner = partner_bank.approve
    daemon.until(lambda: daemon.state["day"], after_s=20.0)
    assert daemon.state["reason"] == ""
    bank.close()
    assert [(line["event"], line.get("reason")) for line in logs] == [
        ("partner_sign_in_failed", "not_connected"),
        ("partner_sign_in_failed", "refused"),
        ("partner_signed_in", None),
    ]


def test_a_bank_that_does_not_answer(start: Callable[..., Daemon], bank: PartnerBank) -> None:
    """The daemon's own loop ends the exchange after ``partner_timeout``."""
    bank.manner = partner_bank.hold
    daemon = start(bank.port)
    daemon.until(lambda: bank.asked)
    daemon.until(lambda: True, after_s=9.9)
    assert daemon.state["reason"] == ""
    daemon.until(lambda: daemon.state["reason"] == "reply_timed_out", after_s=0.1)


def test_a_daemon_that_ends(start: Callable[..., Daemon], bank: PartnerBank, logs: list[Any]) -> None:
    """A day stays open over a restart: nothing is signed out, and nothing new is asked."""
    daemon = start(bank.port)
    daemon.until(lambda: daemon.state["day"])
    drained = daemon.partners.drain()
    daemon.rim.gate.clearing_dates[CODE] = TOMORROW
    daemon.until(lambda: drained.called, after_s=CHECK_INTERVAL_S)
    daemon.until(lambda: True, after_s=600.0)
    assert bank.codes == ["90"]
    assert len(logs) == 1


def test_a_format_in_which_nobody_signs_in(start: Callable[..., Daemon], bank: PartnerBank) -> None:
    """The bank is asked when there is something to ask, and keeps no day."""
    daemon = start(bank.port, SignsIn.NOBODY)
    daemon.until(lambda: True, after_s=600.0)
    assert daemon.state == {"address": f"127.0.0.1:{bank.port}"}
    answered = daemon.partners.by_bank[CODE].ask(Transaction.SIGN_IN, WorkDay(TODAY), 1)
    assert daemon.turning.result(answered).is_approved
    assert bank.codes == ["90"]


def test_banks_that_are_no_partners(start: Callable[..., Daemon], bank: PartnerBank) -> None:
    """Nothing is told of them, and nothing asked."""
    daemon = start(bank.port)
    assert list(daemon.partners.by_bank) == [CODE]
    assert daemon.partners.state("0103") == {}


def test_a_bank_that_is_asked_as_before_is_not_disturbed(start: Callable[..., Daemon], bank: PartnerBank) -> None:
    """A new configuration in which nothing of the partner has changed leaves its day open."""
    daemon = start(bank.port)
    daemon.until(lambda: daemon.state["day"])
    partner = daemon.partners.by_bank[CODE]
    settings = daemon.rim.services.banks[CODE].settings
    daemon.rim.services.banks[CODE].settings = replace(settings, name="other")

    daemon.partners.take_banks()

    assert daemon.partners.by_bank[CODE] is partner
    assert daemon.state["day"] == f"{TODAY}"


def test_a_bank_that_has_moved_is_asked_where_it_is(start: Callable[..., Daemon], bank: PartnerBank) -> None:
    """Another address makes another partner, whose day is opened anew; without an address nobody is asked."""
    daemon = start(free_port())
    services = daemon.rim.services
    settings = services.banks[CODE].settings
    services.banks[CODE].settings = replace(settings, partner=Address("127.0.0.1", bank.port))

    daemon.partners.take_banks()
    daemon.until(lambda: daemon.state["day"], after_s=1.0)
    assert daemon.state["address"] == f"127.0.0.1:{bank.port}"

    services.banks[CODE].settings = replace(settings, partner=None)
    daemon.partners.take_banks()
    assert daemon.partners.state(CODE) == {}
