"""Limits, pay window, service hours and debit batches, as a bank meets them. 限额、交费期、服务时间"""

import time
from datetime import timedelta

import pytest

from tests.support.raw_bank import SIGN_IN, now, today
from tests.system import messages
from tests.system.checks import ask, pay_fields, query_fields
from tests.system.database import execute
from tests.system.messages import CANCEL, DEPOSIT, PAY, QUERY, REVERSE, STATUS, pay, query, status, undo
from tests.system.test_idempotency import volley

COUNTER, MOBILE, PHONE = 1, 5, 6
WAIT_S = 10.0


@pytest.fixture(scope="module")
def limited(make_site, secrets):
    """A site with limits for bank 0102, service hours that are over for 0103, and a pay window that is not now."""
    site = make_site()
    daemon, hour = site.daemon, now()
    daemon.configure_bank("0102", "limits", single_fen=5_000, daily_fen=10_000)
    daemon.configure_bank("0102", "limits.channel.05", single_fen=500, daily_fen=800)
    opens, closes = (hour + timedelta(hours=hours) for hours in (3, 5))
    daemon.configure_bank("0103", "service_hours", opens=opens.strftime("%H:%M"), closes=closes.strftime("%H:%M"))
    days = [day for day in range(1, 29) if abs(day - today().day) > 1 and day > 1]
    daemon.configure("rules.pay_window.TEST02", days=days, opens="00:00", closes="00:00")
    daemon.start()
    site.add_daemon()
    yield site
    site.close(secrets)


@pytest.fixture
def hang_up(limited):
    """Close the test's connections when it ends."""
    yield
    limited.hang_up()


pytestmark = pytest.mark.usefixtures("hang_up")


def test_the_single_limit_is_per_bank_and_channel(limited):
    """A single amount above the limit of its bank and channel is 2012; at the limit it is taken."""
    account, bank = limited.take("empty"), limited.bank()

    for channel, limit in ((COUNTER, 5_000), (MOBILE, 500)):
        ask(bank, PAY, pay(account.account_no, limit + 1, DEPOSIT), "2012", channel=channel)
        paid = ask(bank, PAY, pay(account.account_no, limit, DEPOSIT), channel=channel)
        ask(bank, CANCEL, undo(account.account_no, limit, paid.serial), channel=channel)

    assert pay_fields(ask(limited.bank("0104"), PAY, pay(account.account_no, 5_001, DEPOSIT)))["balance_after"] == 5_001


def test_the_daily_limit_counts_what_stands(limited):
    """The sum of a bank's day in a channel is limited; what is undone may be paid again."""
    account, bank = limited.take("empty"), limited.bank()
    first = ask(bank, PAY, pay(account.account_no, 500, DEPOSIT), channel=MOBILE)
    ask(bank, PAY, pay(account.account_no, 301, DEPOSIT), "2012", channel=MOBILE)
    second = ask(bank, PAY, pay(account.account_no, 300, DEPOSIT), channel=MOBILE)
    ask(bank, PAY, pay(account.account_no, 1, DEPOSIT), "2012", channel=MOBILE)

    ask(bank, REVERSE, undo(account.account_no, 500, first.serial), channel=MOBILE)

    ask(bank, PAY, pay(account.account_no, 501, DEPOSIT), "2012", channel=MOBILE)
    third = ask(bank, PAY, pay(account.account_no, 500, DEPOSIT), channel=MOBILE)
    assert query_fields(bank, account.account_no)["balance"] == 800
    for paid, amount in ((second, 300), (third, 500)):
        ask(
            bank, CANCEL, undo(account.account_no, amount, paid.serial), channel=COUNTER
        )  # the original's channel counts
    assert pay_fields(ask(bank, PAY, pay(account.account_no, 500, DEPOSIT), channel=MOBILE))["balance_after"] == 500


def test_the_daily_limit_holds_across_daemons(limited):
    """Forty deposits at once through two daemons are approved up to the daily limit and not a fen beyond."""
    accounts = [limited.take("empty") for _ in range(4)]
    banks = [limited.bank(daemon=at % 2) for at in range(4)]

    def make(bank):
        account = accounts[banks.index(bank)]
        return [bank.build(PAY, pay(account.account_no, 700, DEPOSIT), channel=PHONE) for _ in range(10)]

    codes = [reply.code for reply in volley(banks, make)]

    assert set(codes) == {"0000", "2012"}
    assert codes.count("0000") == 10_000 // 700
    assert sum(query_fields(banks[0], account.account_no)["balance"] for account in accounts) == 14 * 700


def test_outside_the_service_hours(limited):
    """Outside its service hours a bank's business is 1012, but STATUS and REVERSE are served."""
    bank, account = limited.bank("0103"), limited.take("future")

    ask(bank, QUERY, query(account.account_no), "1012")
    ask(bank, PAY, pay(account.account_no, 8_000), "1012")
    ask(bank, CANCEL, undo(account.account_no, 8_000, 5), "1012")
    ask(bank, STATUS, status(account.account_no, 5))
    ask(bank, REVERSE, undo(account.account_no, 8_000, 5_000_001))


def test_outside_the_pay_window(limited):
    """Outside the supply branch's pay window PAY is 2005 and payable_now 0; undoing is not touched by it."""
    bank, account = limited.bank("0104"), limited.take("empty")
    paid = ask(bank, PAY, pay(account.account_no, 900, DEPOSIT))
    execute(limited.directory, "UPDATE accounts SET supply_branch = 'TEST02' WHERE account_no = ?", account.account_no)

    ask(bank, PAY, pay(account.account_no, 100, DEPOSIT, expected_payable=1), "2005")

    assert query_fields(bank, account.account_no)["payable_now"] == 0
    ask(bank, CANCEL, undo(account.account_no, 900, paid.serial))


def test_a_debit_batch_holds_the_account(limited):
    """While a bill is in a debit batch PAY is 2011 in both modes; QUERY shows the bill in state 2, and it is owed."""
    bank, account = limited.bank("0104"), limited.take("owing")
    held = account.bills[1].bill_no
    execute(limited.directory, "UPDATE bills SET state = 'in_debit' WHERE bill_no = ?", held)

    for mode in (messages.SETTLE, DEPOSIT):
        ask(bank, PAY, pay(account.account_no, account.payable, mode, expected_payable=1), "2011")

    head, rows = messages.query_reply(ask(bank, QUERY, query(account.account_no)).body)
    assert [row["state"] for row in rows] == [1, 2, 1]
    assert (head["bill_count"], head["total_due"], head["payable_now"]) == (3, account.total_due, 0)
    _, bills = messages.consumption_reply(
        ask(bank, messages.CONSUMPTION, messages.records(account.account_no, months=12)).body
    )
    assert [bill["state"] for bill in bills] == [1, 2, 1]


# --- what one bank, and one address, may take -------------------------------------------------------------------------


def test_a_bank_has_so_many_links(fresh_site):
    """One more sign-in is told to try again later; when a link ends there is room; other banks are not concerned."""
    fresh_site.daemon.configure_bank("0102", "limits", links_max=2).start()
    first, _ = fresh_site.bank(), fresh_site.bank()
    third = fresh_site.connect()
    assert third.exchange_keys(SIGN_IN).code == "1011"
    fresh_site.bank("0103")

    first.close()
    deadline = time.monotonic() + WAIT_S
    while third.exchange_keys(SIGN_IN).code != "0000":
        assert time.monotonic() < deadline


def test_a_bank_asks_so_much_a_second(fresh_site):
    """Above its rate a bank is told that the FEP is busy, over all its links together; others are served."""
    fresh_site.daemon.configure_bank("0102", "limits", rate_max=5).start()
    account = fresh_site.take("empty")
    banks = [fresh_site.bank(), fresh_site.bank()]
    other = fresh_site.bank("0103")

    codes = [bank.request(QUERY, query(account.account_no)).code for _ in range(10) for bank in banks]

    assert codes[:5] == ["0000"] * 5
    assert "1011" in codes
    assert [other.request(QUERY, query(account.account_no)).code for _ in range(20)] == ["0000"] * 20


def test_an_address_whose_sign_ins_fail_is_kept_out(fresh_site):
    """After twenty failures nobody from that address connects for a while; who is signed in goes on."""
    daemon = fresh_site.daemon.start()
    bank = fresh_site.bank()
    for _ in range(7):
        stranger = fresh_site.connect()
        for _ in range(3):
            stranger.send(stranger.build(SIGN_IN, bytes(32))[:-8] + b"wrongmac")
        stranger.until_closed()

    assert fresh_site.connect().until_closed() == []  # closed unread
    daemon.wait_for_event(lambda line: line.get("reason") == "sign_in_failures")
    bank.check_alive()
