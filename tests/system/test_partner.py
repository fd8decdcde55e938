"""A bank that the daemon itself asks, in ELEC02: its day is opened and closed, and payments do not wait for it."""

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from tests.support import partner_bank
from tests.support.daemon import done, fep
from tests.support.partner_bank import Manner, PartnerBank, refuse
from tests.support.ports import free_port
from tests.support.raw_bank import today
from tests.system import database
from tests.system.checks import clearing_date
from tests.system.conftest import Site
from tests.system.tellers import bank as tellers
from tests.system.tellers.bank import FORMATS, Bank

CODE = FORMATS["elec02"].bank_code
ROLL_DEADLINE_S = 15.0  # each database is looked after every five seconds

StartBank = Callable[..., PartnerBank]


@pytest.fixture
def start_bank() -> Iterator[StartBank]:
    """A way to start the bank's program."""
    banks: list[PartnerBank] = []

    def start(manner: Manner = partner_bank.approve, port: int = 0) -> PartnerBank:
        banks.append(PartnerBank(manner, port))
        return banks[-1]

    yield start
    for bank in banks:
        bank.close()


def start_site(site: Site, port: int) -> Bank:
    """Start the daemon with a bank that is asked at ``port``, and return the bank's side of the other direction."""
    bank = Bank(site, FORMATS["elec02"])
    site.daemon.configure_bank(CODE, partner=f"127.0.0.1:{port}")
    tellers.start(site)
    return bank


def partner_event(site: Site, name: str, *, day: date | None = None) -> dict[str, Any]:
    """Return the log line of a partner's day."""
    return site.daemon.wait_for_event(
        lambda event: event.get("event") == name and (day is None or event["day"] == f"{day}"),
        timeout_s=ROLL_DEADLINE_S,
    )


def partner_state(site: Site) -> dict[str, str]:
    """Return what ``fep status`` says of the partner."""
    answer = json.loads(done(fep("status", "--json", "--config", site.directory / "fep.toml")).stdout)
    state: dict[str, str] = answer["daemon"]["banks"][CODE]["partner"]
    return state


def test_a_day_is_opened_and_rolls(fresh_site: Site, start_bank: StartBank) -> None:
    """90 at the start; when the clearing date moves 91 for the old day and 90 for the new one; status tells the day."""
    bank = start_bank()
    start_site(fresh_site, bank.port)
    day = date.fromisoformat(clearing_date())
    partner_event(fresh_site, "partner_signed_in", day=day)
    [asked] = bank.asked
    assert (asked.code, asked.head[4], asked.head[8:]) == ("90", f"{today():%Y%m%d}", ["", "0"])
    assert asked.message_id.isdigit()
    assert partner_state(fresh_site) == {
        "address": f"127.0.0.1:{bank.port}",
        "day": f"{day}",
        "trouble": "",
        "reason": "",
        "code": "",
    }

    following = day + timedelta(days=1)
    move = "UPDATE clearing_dates SET clearing_date = ? WHERE bank_code = ?"
    database.execute(fresh_site.directory, move, int(f"{following:%Y%m%d}"), CODE)
    partner_event(fresh_site, "partner_signed_out", day=day)
    partner_event(fresh_site, "partner_signed_in", day=following)
    assert bank.codes == ["90", "91", "90"]
    assert len({asked.message_id for asked in bank.asked}) == 3
    assert partner_state(fresh_site)["day"] == f"{following}"


def test_payments_do_not_wait_for_the_day(fresh_site: Site, start_bank: StartBank) -> None:
    """While the bank's own program is down its tellers are served; when it is up it is signed in at."""
    port = free_port()
    side = start_site(fresh_site, port)
    failed = partner_event(fresh_site, "partner_sign_in_failed")
    assert (failed["bank_code"], failed["reason"], failed["level"]) == (CODE, "not_connected", "warning")
    shown = fep("--lang", "en", "status", "--config", fresh_site.directory / "fep.toml").stdout
    assert "sign_in: the bank cannot be connected to" in shown

    account = fresh_site.take("owing")
    teller = side.teller()
    assert teller.ask(teller.settle(teller.query(account.account_no))).means == {"0000"}

    bank = start_bank(port=port)
    partner_event(fresh_site, "partner_signed_in", day=date.fromisoformat(clearing_date()))
    assert bank.codes == ["90"]
    failures = [line for line in fresh_site.daemon.events() if line.get("event") == "partner_sign_in_failed"]
    assert len(failures) == 1


def test_a_bank_that_refuses(fresh_site: Site, start_bank: StartBank) -> None:
    """Its code is in the log and in the status, its words are not in the log."""
    bank = start_bank(refuse("51", "户名 张三"))
    start_site(fresh_site, bank.port)
    failed = partner_event(fresh_site, "partner_sign_in_failed")
    assert (failed["reason"], failed["code"]) == ("refused", "51")
    assert (partner_state(fresh_site)["day"], partner_state(fresh_site)["code"]) == ("", "51")
    assert fresh_site.daemon.leaks(["张三"]) == []


def test_a_daemon_that_ends_while_it_asks(fresh_site: Site, start_bank: StartBank) -> None:
    """What was sent is waited for, as long as the time limit says, and the day is not closed."""
    bank = start_bank(partner_bank.hold)
    fresh_site.daemon.configure(partner_timeout=2)
    start_site(fresh_site, bank.port)
    bank.wait_for(lambda: bool(bank.asked))
    assert fresh_site.daemon.stop() == 0
    beside = ("transaction", "audit_sealed")
    last = [event for event in fresh_site.daemon.events() if event["event"] not in beside][-3:]
    assert [event["event"] for event in last] == ["draining", "partner_sign_in_failed", "stopped"]
    assert last[1]["reason"] == "reply_timed_out"
    assert bank.codes == ["90"]


def test_the_configuration_tells_of_it(fresh_site: Site) -> None:
    """``check-config`` shows where the bank is asked, in both languages."""
    Bank(fresh_site, FORMATS["elec02"])
    fresh_site.daemon.configure_bank(CODE, partner="127.0.0.1:9")
    config = fresh_site.directory / "fep.toml"
    assert "is asked at 127.0.0.1:9" in done(fep("--lang", "en", "check-config", "--config", config)).stdout
    assert "前置机主动连接 127.0.0.1:9" in done(fep("--lang", "zh", "check-config", "--config", config)).stdout
