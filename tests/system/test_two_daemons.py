"""Two daemons over one database share nothing else, and no bank can tell them apart. 双守护进程"""

import shutil
from datetime import datetime, timedelta

import pytest

from tests.support.daemon import Daemon
from tests.support.raw_bank import SIGN_IN, SIGN_IN_REQUEST, RawBank, new_serial, now, today
from tests.system import messages
from tests.system.checks import CUT_OFF, ask, clearing_date, pay_fields, query_fields
from tests.system.database import execute
from tests.system.messages import (
    CANCEL,
    DEPOSIT,
    INVOICE,
    PAY,
    QUERY,
    RECON_TOTALS,
    REVERSE,
    SETTLE,
    invoice,
    pay,
    query,
    undo,
)
from tests.system.test_idempotency import check_once, state_of, volley

LIMITED_BANK, CHANNEL, DAILY_LIMIT_FEN = "0105", 6, 10_000
MANY = 30
"""How often two frames are sent in the same instant: enough for each order to come up many times."""


def second_of(site):
    """Return a second daemon, not started, whose directory is its own: it shares only the database with the first."""
    directory = site.directory.parent / "second"
    shutil.copytree(site.directory, directory, ignore=shutil.ignore_patterns("fep.sock*"))
    site.daemons.append(Daemon(directory))
    return site.daemons[-1]


@pytest.fixture(scope="module")
def site(make_site, secrets):
    """A site with two daemons, each with a directory and a port of its own."""
    site = make_site()
    limits = f"limits.channel.{CHANNEL:02d}"
    site.daemon.configure_bank(LIMITED_BANK, limits, daily_fen=DAILY_LIMIT_FEN).start()
    second_of(site).start()
    yield site
    site.close(secrets)


@pytest.fixture
def banks(site):
    """One bank's links, signed in at each daemon."""
    return [site.bank(daemon=number) for number in (0, 1)]


def at_both(banks, bodies, txn_code=PAY, **fields):
    """Send a frame to each daemon in the same instant and return both replies."""
    return volley(banks, lambda bank: [bank.build(txn_code, bodies[banks.index(bank)], **fields)])


# --- identity ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [0, 1])
def test_a_repeat_at_the_other_daemon(site, banks, first):
    """PAY, CANCEL, REVERSE and a tombstone sent again at the other daemon get the first reply, with REPEAT."""
    one, other = banks[first], banks[1 - first]
    account, serials = site.take("empty"), [new_serial() for _ in range(3)]
    requests = [
        (PAY, pay(account.account_no, 700, DEPOSIT), serials[0]),
        (CANCEL, undo(account.account_no, 700, serials[0]), new_serial()),
        (PAY, pay(account.account_no, 900, DEPOSIT), serials[1]),
        (REVERSE, undo(account.account_no, 900, serials[1]), new_serial()),
        (REVERSE, undo(account.account_no, 5, serials[2]), new_serial()),
    ]
    for txn_code, body, serial in requests:
        check_once([bank.request(txn_code, body, serial=serial) for bank in (one, other, one)])

    assert query_fields(other, account.account_no)["balance"] == 0


def test_one_identity_at_both_in_the_same_instant(site, banks):
    """A PAY sent to both daemons in the same instant is posted once, and both give the one reply."""
    for _ in range(MANY):
        account, serial = site.take("future"), new_serial()

        replies = at_both(banks, [pay(account.account_no, 8_000)] * 2, serial=serial)

        check_once(replies)
        assert query_fields(banks[0], account.account_no)["total_due"] == 0
        assert state_of(banks[1], account.account_no, serial) == 1


def test_one_identity_with_two_contents_in_the_same_instant(site, banks):
    """Of two payments of different accounts under one identity, sent to both daemons at once, one is posted."""
    accounts = [site.take("empty"), site.take("empty")]
    stands = [0, 0]
    for _ in range(MANY):
        bodies = [pay(account.account_no, 700, DEPOSIT) for account in accounts]

        replies = at_both(banks, bodies, serial=new_serial())

        assert sorted(reply.code for reply in replies) == ["0000", "2006"]
        stands[[reply.code for reply in replies].index("0000")] += 700
    assert [query_fields(banks[0], account.account_no)["balance"] for account in accounts] == stands


def test_an_undo_at_both_in_the_same_instant(site, banks):
    """A CANCEL at one daemon and a REVERSE at the other, at once, take the money back once."""
    account = site.take("empty")
    ask(banks[0], PAY, pay(account.account_no, 5_000, DEPOSIT))
    for number in range(MANY):
        paid = ask(banks[number % 2], PAY, pay(account.account_no, 700, DEPOSIT))
        body = undo(account.account_no, 700, paid.serial)

        cancelled, reversed_ = volley(banks, lambda bank, body=body: [bank.build(CODES[banks.index(bank)], body)])

        outcome = messages.UNDO_REPLY.unpack(reversed_.body)["outcome"]
        assert (cancelled.code, reversed_.code, outcome) in (("0000", "0000", 3), ("2008", "0000", 1))
        assert state_of(banks[number % 2], account.account_no, paid.serial) == {3: 2, 1: 3}[outcome]
    assert query_fields(banks[0], account.account_no)["balance"] == 5_000


CODES = (CANCEL, REVERSE)


@pytest.mark.parametrize(("txn_code", "state"), [(CANCEL, 2), (REVERSE, 3)])
def test_an_undo_at_the_other_daemon(site, banks, txn_code, state):
    """What was paid at one daemon is undone at the other, its bill owed again, and the PAY sent again is 2010."""
    account, serial = site.take("future"), new_serial()
    body = pay(account.account_no, 8_000)
    ask(banks[0], PAY, body, serial=serial)

    undone = ask(banks[1], txn_code, undo(account.account_no, 8_000, serial))

    assert messages.UNDO_REPLY.unpack(undone.body)["outcome"] == 1
    for bank in banks:
        ask(bank, PAY, body, "2010", serial=serial)
        assert state_of(bank, account.account_no, serial) == state
        assert query_fields(bank, account.account_no)["total_due"] == 8_000


def test_a_reverse_that_is_quicker_than_its_payment(site, banks):
    """A REVERSE at one daemon bars the PAY that arrives at the other afterwards."""
    account, serial = site.take("empty"), new_serial()

    barred = ask(banks[1], REVERSE, undo(account.account_no, 700, serial))

    assert messages.UNDO_REPLY.unpack(barred.body)["outcome"] == 2
    ask(banks[0], PAY, pay(account.account_no, 700, DEPOSIT), "2010", serial=serial)
    assert [state_of(bank, account.account_no, serial) for bank in banks] == [4, 4]


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_serials_and_invoice_numbers_of_both(site, banks):
    """Payments through both daemons at once all get a FEP serial and an invoice number, each of them once."""
    accounts = [site.take("empty") for _ in banks]

    def make(bank):
        account = accounts[banks.index(bank)]
        return [bank.build(PAY, pay(account.account_no, 10, DEPOSIT, print_invoice=1)) for _ in range(60)]

    replies = volley(banks, make)

    assert {reply.code for reply in replies} == {"0000"}
    serials = {reply.fep_serial for reply in replies}
    invoices = {pay_fields(reply)["invoice_no"] for reply in replies}
    assert (len(serials), len(invoices)) == (120, 120)
    assert {number[:2] for number in serials | invoices} == {"01"}
    issued = execute(site.directory, "SELECT invoice_no, fep_serial FROM invoices")
    told = {(pay_fields(reply)["invoice_no"], int(reply.fep_serial)) for reply in replies}
    assert told <= set(issued)


def test_an_invoice_is_counted_by_both(site, banks):
    """An invoice printed at one daemon is reprinted at the other with the same number; the limit counts both."""
    account = site.take("empty")
    paid = ask(banks[0], PAY, pay(account.account_no, 700, DEPOSIT))
    heads = [
        messages.INVOICE_HEAD.unpack(reply.body[: messages.INVOICE_HEAD.size])
        for reply in (ask(banks[at % 2], INVOICE, invoice(account.account_no, paid.serial)) for at in range(4))
    ]

    assert [head["print_count"] for head in heads] == [1, 2, 3, 4]
    assert len({head["invoice_no"] for head in heads}) == 1
    ask(banks[0], INVOICE, invoice(account.account_no, paid.serial), "2014")


# --- limits, days, totals ---------------------------------------------------------------------------------------------


def test_the_daily_limit_of_both(site):
    """Both daemons together take no more than a day's limit, though each is asked for twice as much at once."""
    links = [site.bank(LIMITED_BANK, daemon=at % 2) for at in range(4)]
    accounts = [site.take("empty") for _ in links]

    def make(bank):
        account = accounts[links.index(bank)]
        return [bank.build(PAY, pay(account.account_no, 700, DEPOSIT), channel=CHANNEL) for _ in range(10)]

    replies = volley(links, make)

    approved = [reply for reply in replies if reply.code == "0000"]
    assert {reply.code for reply in replies} == {"0000", "2012"}
    assert len(approved) == DAILY_LIMIT_FEN // 700
    # What is given back at one daemon may be paid at the other, and no more.
    account_no = pay_fields(approved[0])["account_no"]
    ask(links[0], CANCEL, undo(account_no, 700, approved[0].serial))
    ask(links[1], PAY, pay(account_no, 700, DEPOSIT), channel=CHANNEL)
    ask(links[0], PAY, pay(account_no, 700, DEPOSIT), "2012", channel=CHANNEL)


def test_a_daemon_that_starts_anew_keeps_the_limit(fresh_site):
    """A daemon that starts while another takes payments under a daily limit gives nothing back."""
    limits = f"limits.channel.{CHANNEL:02d}"
    fresh_site.daemon.configure_bank(LIMITED_BANK, limits, daily_fen=DAILY_LIMIT_FEN).start()
    account, bank = fresh_site.take("empty"), fresh_site.bank(LIMITED_BANK)
    body = pay(account.account_no, 4_000, DEPOSIT)
    for _ in range(2):
        ask(bank, PAY, body, channel=CHANNEL)

    second_of(fresh_site).start()

    for link in (bank, fresh_site.bank(LIMITED_BANK, daemon=1)):
        ask(link, PAY, body, "2012", channel=CHANNEL)
    ask(bank, PAY, pay(account.account_no, 2_000, DEPOSIT), channel=CHANNEL)


def test_a_cut_off_at_one_is_one_at_the_other(fresh_site):
    """Once one daemon has rolled the day, the other takes nothing into it, and undoes nothing of it."""
    if now().time() >= CUT_OFF or now() + timedelta(minutes=1) >= datetime.combine(today(), CUT_OFF, now().tzinfo):
        pytest.skip("the day has rolled already, or is about to")
    account, day = fresh_site.take("empty"), clearing_date()
    fresh_site.daemon.start()
    bank = fresh_site.bank()
    paid = ask(bank, PAY, pay(account.account_no, 700, DEPOSIT))
    second_of(fresh_site).configure_bank("0102", cut_off="00:00").start()  # for this one the next day has begun
    next_day = (today() + timedelta(days=1)).strftime("%Y%m%d")

    late = fresh_site.bank(daemon=1).request(PAY, pay(account.account_no, 300, DEPOSIT))
    later = bank.request(PAY, pay(account.account_no, 200, DEPOSIT))

    assert (paid.clearing_date, late.clearing_date, later.clearing_date) == (day, next_day, next_day)
    refused = bank.request(CANCEL, undo(account.account_no, 700, paid.serial))
    assert (refused.code, refused.clearing_date) == ("2009", next_day)
    for link in (bank, fresh_site.bank(daemon=1)):
        body = messages.TOTALS_REQUEST.pack(clearing_date=day.encode(), pay_count=1, pay_amount=700)
        told = messages.TOTALS_REPLY.unpack(link.request(RECON_TOTALS, body).body)
        assert (told["result"], told["pay_count"], told["pay_amount"]) == (1, 1, 700)


def test_the_totals_of_both(site):
    """Payments through either daemon count in the totals that each of them tells."""
    links = [site.bank("0104", daemon=number) for number in (0, 1)]
    account, body = site.take("empty"), messages.TOTALS_REQUEST.pack(clearing_date=clearing_date().encode())
    before = messages.TOTALS_REPLY.unpack(ask(links[0], RECON_TOTALS, body).body)
    for link in links:
        ask(link, PAY, pay(account.account_no, 700, DEPOSIT))

    after = [messages.TOTALS_REPLY.unpack(ask(link, RECON_TOTALS, body).body) for link in links]

    assert after[0] == after[1]
    assert after[0]["pay_count"] - before["pay_count"] == 2
    assert after[0]["pay_amount"] - before["pay_amount"] == 1_400


# --- links ------------------------------------------------------------------------------------------------------------


def test_one_bank_signed_in_at_both(site):
    """A bank is signed in at both daemons at once, with keys of its own at each, and each serves it."""
    random = bytes(range(16))
    links = [site.connect(daemon=number) for number in (0, 1)]
    for link in links:  # a random that one daemon has seen is new to the other
        reply = link.exchange(link.build(SIGN_IN, SIGN_IN_REQUEST.pack(client_random=random)))
        assert (reply.code, reply.mac_state) == ("0000", "right")
        link.take_keys(reply)
        link.check_alive()
    assert links[0].keys[links[0].version].mak != links[1].keys[links[1].version].mak
    account = site.take("future")
    for link in links:
        ask(link, QUERY, query(account.account_no))


def test_keys_of_one_daemon_are_nothing_to_the_other(site):
    """A frame sealed with the keys of the other daemon's connection is 1002, and nothing is done."""
    account, serial = site.take("future"), new_serial()
    links: list[RawBank] = [site.bank(daemon=number) for number in (0, 1)]
    foreign = links[0].keys[links[0].version].mak
    body = pay(account.account_no, 8_000, SETTLE)

    reply = links[1].exchange(links[1].build(PAY, body, serial=serial, mac_key=foreign))

    assert (reply.code, reply.mac_state) == ("1002", "zero")
    assert state_of(links[0], account.account_no, serial) == 0
    check_once([links[0].request(PAY, body, serial=serial), links[1].request(PAY, body, serial=serial)])
    head, _ = messages.query_reply(ask(links[1], QUERY, query(account.account_no)).body)
    assert (head["balance"], head["total_due"]) == (0, 0)
