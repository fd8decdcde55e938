"""A billing database that is lost, in many ways, costs its own requests, and the daemon heals by itself. 数据库失联

Each test lets a proxy in front of PostgreSQL do one thing that networks and servers do. A bank is always answered, 9001
or 9002 at the latest at ``db_timeout``; afterwards each payment is asked for again and stands once.
"""

import time
import tomllib
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.raw_bank import new_serial
from tests.support.tcp_proxy import AtCommit, TcpProxy
from tests.system.checks import query_fields
from tests.system.messages import DEPOSIT, PAY, QUERY, REVERSE, pay, query, undo
from tests.system.test_idempotency import state_of

DB_TIMEOUT_S = 3.0
# The sweep over the requests in work, and what a busy machine takes.
LATE_S = 0.25 + 1.5
# What a lane may take to notice that the server says nothing (5 s, and 2 s to connect), and the breaker to look again.
HEAL_S = 20.0


@pytest.fixture(scope="module")
def site(make_site, secrets):
    """A running site whose daemon reaches its database through a proxy, and is never started again."""
    site = make_site()
    site.bystander = site.take("empty")  # of whom nobody asks what became of him
    path = site.directory / "fep.toml"
    text = path.read_text(encoding="utf-8")
    url = tomllib.loads(text)["billing"]["database"][0]["url"]
    with TcpProxy(url) as site.proxy:
        path.write_text(text.replace(url, site.proxy.url), encoding="utf-8")
        site.daemon.configure("billing", db_timeout=DB_TIMEOUT_S).start()
        yield site
        site.proxy.forward()
        site.close(secrets)


@pytest.fixture
def proxy(site):
    """The proxy, which forwards again when the test has ended."""
    yield site.proxy
    site.proxy.forward()
    wait_until_served(site)


@pytest.fixture
def tellers(site):
    """Four tellers of two banks, each with a link of its own."""
    return [site.bank(code) for code in ("0102", "0102", "0103", "0103")]


class Payment:
    """A deposit under its own identity, that can be sent again."""

    def __init__(self, bank, account, amount=700):
        self.bank, self.account_no, self.amount, self.serial = bank, account.account_no, amount, new_serial()

    def send(self):
        """Send the request and return the reply's code and how long it took."""
        began = time.monotonic()
        reply = self.bank.request(PAY, pay(self.account_no, self.amount, DEPOSIT), serial=self.serial)
        return reply.code, time.monotonic() - began


def at_once(calls):
    """Make all calls at the same time, each in a thread of its own, and return their results."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def ask(bank, account):
    """Send a QUERY and return the reply's code and how long it took."""
    began = time.monotonic()
    return bank.request(QUERY, query(account.account_no)).code, time.monotonic() - began


def wait_until_served(site):
    """Wait until payments and queries are served again, by the daemon that runs."""
    bank = site.bank()
    deadline = time.monotonic() + HEAL_S
    while {Payment(bank, site.bystander).send()[0], ask(bank, site.bystander)[0]} != {"0000"}:
        assert time.monotonic() < deadline, "the daemon does not heal"
        time.sleep(0.1)
    site.hang_up()


def check_in_time(results):
    """Nobody has waited longer than ``db_timeout``."""
    assert max(took_s for _, took_s in results) < DB_TIMEOUT_S + LATE_S


def check_settled(site, payments):
    """Every payment, asked for again, is approved and stands once; one more request reverses each of them once."""
    banks = {payment.bank.bank_code: site.bank(payment.bank.bank_code) for payment in payments}
    for payment in payments:
        payment.bank = banks[payment.bank.bank_code]
        assert payment.send()[0] == "0000"
        assert query_fields(payment.bank, payment.account_no)["balance"] == payment.amount
        reply = payment.bank.request(REVERSE, undo(payment.account_no, payment.amount, payment.serial))
        assert reply.code == "0000"
        assert query_fields(payment.bank, payment.account_no)["balance"] == 0
        assert state_of(payment.bank, payment.account_no, payment.serial) == 3


def lost(site, tellers, breakage):
    """Break something while everybody pays and asks; return the payments and what all were answered."""
    payments = [Payment(bank, site.take("empty")) for bank in tellers]
    breakage()
    results = at_once([payment.send for payment in payments])
    asked = at_once([lambda bank=bank: ask(bank, site.bystander) for bank in tellers])
    return payments, results, asked


# --- the server ---


def test_a_server_that_says_nothing(site, proxy, tellers):
    """Nothing was sent that could be stored: 9001 for all, in time, while the database hangs."""
    payments, results, asked = lost(site, tellers, proxy.silence)

    check_in_time(results + asked)
    assert {code for code, _ in results + asked} == {"9001"}
    proxy.forward()
    wait_until_served(site)
    check_settled(site, payments)


def test_refused_at_once_while_it_is_down(site, proxy, tellers):
    """When it is known that the database is down nobody waits; it is told once, and once that it is up again."""
    mark = site.daemon.mark()
    proxy.silence()
    at_once([Payment(bank, site.bystander).send for bank in tellers])
    site.daemon.wait_for_event(lambda event: event["event"] == "database_down" and event["money"], mark, HEAL_S)
    results = [Payment(tellers[0], site.bystander).send() for _ in range(5)]
    proxy.forward()
    up = site.daemon.wait_for_event(lambda event: event["event"] == "database_up" and event["money"], mark, HEAL_S)
    wait_until_served(site)

    assert [code for code, _ in results] == ["9001"] * 5
    assert max(took_s for _, took_s in results) < LATE_S
    told = [event["event"] for event in site.daemon.events(mark) if event.get("money")]
    assert [word for word in told if word.startswith("database_")] == ["database_down", "database_up"]
    assert up["down_s"] > 0


def test_a_server_that_is_not_there(site, proxy, tellers):
    """Connections are cut and refused: 9001 for all, soon."""
    payments, results, asked = lost(site, tellers, proxy.refuse)

    check_in_time(results + asked)
    assert {code for code, _ in results + asked} == {"9001"}
    proxy.forward()
    wait_until_served(site)
    check_settled(site, payments)


def test_connections_that_were_cut(site, proxy, tellers):
    """The first requests after all connections have broken are served, as if nothing had happened."""
    payments, results, asked = lost(site, tellers, proxy.cut)

    assert {code for code, _ in results + asked} == {"0000"}
    check_settled(site, payments)


def test_an_answer_that_stops_in_the_middle(site, proxy, tellers):
    """The server falls silent after some bytes of an answer."""
    payments, results, asked = lost(site, tellers, lambda: proxy.silence_after(300))

    check_in_time(results + asked)
    assert {code for code, _ in results + asked} <= {"9001", "9002"}
    proxy.forward()
    wait_until_served(site)
    check_settled(site, payments)


def test_a_slow_network(site, proxy, tellers):
    """Answers that take their time are answers: nothing fails, and the database is not taken for down."""
    mark = site.daemon.mark()
    payments, results, asked = lost(site, tellers, lambda: proxy.delay(0.1))
    proxy.forward()

    assert {code for code, _ in results + asked} == {"0000"}
    check_settled(site, payments)
    assert [event for event in site.daemon.events(mark) if event["event"] == "database_down"] == []


# --- COMMIT ---


@pytest.mark.parametrize(
    ("action", "codes"),
    [
        (AtCommit.CUT_BEFORE, {"0000"}),
        (AtCommit.CUT_AFTER, {"0000"}),
        (AtCommit.CUT_ANSWER, {"0000"}),
        (AtCommit.HOLD, {"0000", "9002"}),
        (AtCommit.HOLD_ANSWER, {"0000", "9002"}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_commit_that_is_lost(site, proxy, tellers, action, codes):
    """A COMMIT or its answer that is cut off is found out about; one that is swallowed is 9002, never "not done"."""
    payments, results, asked = lost(site, tellers, lambda: proxy.at_commit(action))

    assert proxy.acted.is_set()
    check_in_time(results + asked)
    assert {code for code, _ in results} <= codes
    if "9002" in codes:
        assert "9002" in {code for code, _ in results}
    proxy.forward()
    wait_until_served(site)
    check_settled(site, payments)


def test_many_lost_commits(site, proxy, tellers):
    """Whatever is cut off while money moves, each payment stands exactly once in the end."""
    payments = []
    for action in [AtCommit.CUT_BEFORE, AtCommit.CUT_AFTER, AtCommit.CUT_ANSWER] * 2:
        some, results, _ = lost(site, tellers, lambda action=action: proxy.at_commit(action))
        check_in_time(results)
        payments += some
    proxy.forward()

    check_settled(site, payments)


# --- the end ---


def test_a_daemon_ends_while_its_database_hangs(site, proxy):
    """SIGTERM ends it in order and in time, whatever it waits for; after a start everything stands as it should."""
    payment = Payment(site.bank(), site.take("empty"))
    proxy.silence()
    code, took_s = payment.send()
    began = time.monotonic()
    assert site.daemon.stop(timeout_s=40) == 0
    lasted_s = time.monotonic() - began
    proxy.forward()
    site.daemon.start()

    assert (code, took_s < DB_TIMEOUT_S + LATE_S) == ("9001", True)
    assert lasted_s < 25
    check_settled(site, [payment])
