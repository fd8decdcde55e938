"""Life of a link: timeouts, echoes, key exchange, key lifetime, encryption rule, addresses. 链路管理"""

import json
import os
import time
from datetime import datetime, timedelta

import pytest

from tests.support.raw_bank import AK, ECHO, KEY_EXCHANGE, SHANGHAI, SIGN_IN, SIGN_IN_REPLY, SIGN_OUT, Closed, now
from tests.system.checks import ask, check_reply, pay_fields, query_fields
from tests.system.messages import DEPOSIT, PAY, QUERY, pay, query

ACCOUNT = "0199700001"


# --- signing in and out -----------------------------------------------------------------------------------------------


def test_a_connection_that_never_signs_in_is_closed(fresh_site):
    """Sign-in must be done within sign_in_timeout of connecting, whatever else is sent meanwhile."""
    fresh_site.daemon.configure(sign_in_timeout=1.0).start()
    silent, talking, started = fresh_site.connect(), fresh_site.connect(), time.monotonic()
    codes = set()
    try:
        while time.monotonic() - started < 6:
            codes.add(talking.request(QUERY, query(ACCOUNT), mac_key=AK).code)
            time.sleep(0.1)
    except (Closed, ConnectionError):
        pass

    assert codes == {"1001"}
    assert silent.until_closed(5) == []
    assert 0.5 < time.monotonic() - started < 5


def test_replies_in_flight_come_before_the_sign_outs(site):
    """SIGN_OUT behind twenty queries: twenty replies, then its own, then the end."""
    bank = site.bank()
    requests = [bank.build(QUERY, query(ACCOUNT)) for _ in range(20)]
    bank.send(*requests, bank.build(SIGN_OUT))

    frames = bank.until_closed()

    assert [frame.txn_code for frame in frames] == [QUERY] * 20 + [SIGN_OUT]
    assert {frame.mac_state for frame in frames} == {"right"}


# --- key exchange -----------------------------------------------------------------------------------------------------


def test_the_former_keys_stay_valid_for_a_while(site):
    """After a key exchange both versions are valid, and each reply uses the version of its request."""
    bank = site.bank()
    old = bank.version
    bank.exchange_keys(KEY_EXCHANGE)

    for version in (old, bank.version, old, bank.version):
        request = bank.build(QUERY, query(ACCOUNT), key_version=version, mac_key=bank.keys[version].mak)
        assert check_reply(request, bank.exchange(request), "2001").key_version == version


def test_a_further_exchange_replaces_keys_not_used_yet(site):
    """A second exchange before the new keys were used replaces them: they are 1005, the former stay valid."""
    bank = site.bank()
    first = bank.version
    bank.exchange_keys(KEY_EXCHANGE)
    unused = bank.version
    bank.exchange_keys(KEY_EXCHANGE)

    assert len({first, unused, bank.version}) == 3
    request = bank.build(ECHO, key_version=unused)
    check_reply(request, bank.exchange(request), "1005", mac="zero")
    ask(bank, ECHO, key_version=first)
    ask(bank, ECHO)


def test_no_third_version_while_two_are_in_use(site):
    """While two used versions are valid a key exchange gets 1011, MACed with AK, and both go on."""
    bank = site.bank()
    first = bank.version
    bank.exchange_keys(KEY_EXCHANGE)
    second = bank.version
    bank.check_alive()

    reply = bank.exchange_keys(KEY_EXCHANGE)

    assert (reply.code, reply.mac_state) == ("1011", "right")
    for version in (first, second):
        ask(bank, ECHO, key_version=version)


def test_a_key_exchange_whose_clock_is_off(site):
    """A key exchange is under the clock rule too: 1008, and the keys stay."""
    bank = site.bank()

    reply = bank.exchange_keys(KEY_EXCHANGE, clock=now() + timedelta(seconds=420))

    assert (reply.code, reply.mac_state) == ("1008", "right")
    bank.check_alive()


def test_keys_that_have_expired(fresh_site):
    """When key_lifetime is over business gets 1005, MACed; a key exchange makes it go on."""
    fresh_site.daemon.configure(key_lifetime=2).start()
    bank = fresh_site.connect()
    reply = bank.exchange_keys(SIGN_IN)
    assert SIGN_IN_REPLY.unpack(reply.body)["key_lifetime"] == 2
    account, started = fresh_site.take("future"), time.monotonic()
    ask(bank, QUERY, query(account.account_no))

    while (reply := bank.request(QUERY, query(account.account_no))).code == "0000":
        assert time.monotonic() - started < 8
        time.sleep(0.05)

    assert (reply.code, reply.mac_state) == ("1005", "right")
    assert time.monotonic() - started > 1.5
    request = bank.build(PAY, pay(account.account_no, 8_000), encrypt=True)
    check_reply(request, bank.exchange(request), "1005")
    exchanged = bank.exchange_keys(KEY_EXCHANGE)
    assert (exchanged.code, exchanged.mac_state) == ("0000", "right")
    assert query_fields(bank, account.account_no)["payable"] == 8_000


# --- echoes of the FEP ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def restless(make_site, secrets):
    """A site that asks quiet links for a sign of life after one second."""
    site = make_site()
    site.daemon.configure(idle_timeout=1.0, echo_timeout=1.5).start()
    yield site
    site.close(secrets)


def test_a_quiet_link_is_asked_for_an_echo(restless):
    """After idle_timeout without a frame the FEP sends ECHO, as section 1 says it; an answer keeps the link open."""
    bank = restless.bank()

    frames = []
    for _ in range(3):
        frame = bank.next_fep_request(6)
        frames.append(frame)
        bank.send(bank.answer(frame))

    for frame in frames:
        assert (frame.mac_state, frame.flags, frame.txn_code, frame.code) == ("right", 0, ECHO, "    ")
        assert frame.header[8:12] == b"0102"
        assert frame.header[12:32] == b" " * 20
        sent = datetime.strptime(frame.header[32:46].decode(), "%Y%m%d%H%M%S").replace(tzinfo=SHANGHAI)
        assert abs(now() - sent) < timedelta(seconds=10)
        assert frame.header[46:48] == b"00"
        assert frame.header[48:60] == b"0" * 12
        assert frame.clearing_date == "0" * 8
        assert int(frame.fep_serial) > 0
        assert (frame.nonce, frame.key_version, frame.body) == (bytes(8), bank.version, b"")
    assert len({frame.fep_serial for frame in frames}) == 3
    bank.check_alive()


def test_a_link_that_does_not_answer_is_closed(restless):
    """A link that leaves the ECHO unanswered is closed after echo_timeout; a wrong MAC is no answer."""
    bank, forger = restless.bank(), restless.bank("0103")
    started = time.monotonic()
    frame = forger.next_fep_request(6)
    forger.send(forger.answer(frame)[:-8] + b"\x11" * 8)

    assert [frame.txn_code for frame in bank.until_closed(8)] == [ECHO]
    assert forger.until_closed(8) == []
    assert 2 < time.monotonic() - started < 7


def test_any_verified_frame_is_a_sign_of_life(restless):
    """A bank that goes on asking needs no ECHO and is not closed."""
    bank, started = restless.bank(), time.monotonic()
    while time.monotonic() - started < 3.5:
        ask(bank, QUERY, query(ACCOUNT), "2001")
        time.sleep(0.2)

    assert bank.fep_requests == []


def test_the_fep_uses_new_keys_after_the_bank_has(restless):
    """The FEP's own requests stay under the old keys until the bank has used the new ones."""
    bank = restless.bank()
    old = bank.version
    bank.exchange_keys(KEY_EXCHANGE)
    before = bank.next_fep_request(6)
    bank.send(bank.answer(before))
    bank.check_alive()
    after = bank.next_fep_request(6)
    bank.send(bank.answer(after))

    assert (before.key_version, after.key_version) == (old, bank.version)
    assert (before.mac_state, after.mac_state) == ("right", "right")


def test_a_link_that_never_proves_its_keys_is_closed(restless):
    """After a sign-in without any frame under the new MAK the FEP sends nothing of its own and closes."""
    bank, started = restless.connect(), time.monotonic()
    assert bank.exchange_keys(SIGN_IN).code == "0000"

    assert bank.until_closed(10) == []
    assert time.monotonic() - started > 1


# --- settings of a bank -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def choosy(make_site, secrets):
    """A site where bank 0102 must encrypt, 0103 must not, and 0104 is suspended."""
    site = make_site()
    site.daemon.configure_bank("0102", encryption="required")
    site.daemon.configure_bank("0103", encryption="forbidden")
    site.daemon.start()
    yield site
    site.close(secrets)


@pytest.mark.parametrize(("code", "encrypted"), [("0102", False), ("0103", True)], ids=["required", "forbidden"])
def test_the_encryption_rule(choosy, code, encrypted):
    """A body that is plain where it must be encrypted, or the other way round, is 1009, plain and MACed."""
    bank, account = choosy.bank(code, encrypted=encrypted), choosy.take("empty")

    ask(bank, PAY, pay(account.account_no, 100, DEPOSIT), "1009")
    ask(bank, QUERY, query(account.account_no), "1009")

    bank.encrypted = not encrypted
    assert query_fields(bank, account.account_no)["balance"] == 0
    assert pay_fields(ask(bank, PAY, pay(account.account_no, 100, DEPOSIT)))["balance_after"] == 100
    bank.exchange_keys(KEY_EXCHANGE)
    ask(bank, ECHO)
    ask(bank, SIGN_OUT)
    choosy.hang_up()


def test_an_unknown_transaction_is_found_before_the_encryption_rule(choosy):
    """Where both are wrong, the transaction code (1004) is found before the encryption (1009)."""
    ask(choosy.bank("0102"), 2999, bytes(48), "1004", encrypt=False)


def test_the_encryption_rule_is_found_before_a_malformed_body(choosy):
    """Where both are wrong, the encryption (1009) is found before the body's size (1003)."""
    ask(choosy.bank("0102"), QUERY, bytes(16), "1009", encrypt=False)


# --- addresses --------------------------------------------------------------------------------------------------------


def test_only_the_banks_own_addresses_are_let_in(fresh_site):
    """An address of no bank is closed unread; one of another bank is closed at its sign-in, without a reply."""
    daemon = fresh_site.daemon
    for code in ("0102", "0104", "0105", "0403"):
        daemon.configure_bank(code, addresses=["127.0.0.1/32"])
    daemon.configure_bank("0103", addresses=["127.0.0.2/32"])
    daemon.start()
    mark = daemon.mark()

    stranger = fresh_site.connect(source="127.0.0.3")
    assert stranger.until_closed(5) == []
    daemon.wait_for_event(lambda event: "127.0.0.3" in json.dumps(event), mark)

    fresh_site.connect("0103", source="127.0.0.2").sign_in()
    fresh_site.connect("0102", source="127.0.0.1").sign_in()
    for code, source in (("0102", "127.0.0.2"), ("0103", "127.0.0.1")):
        bank = fresh_site.connect(code, source=source)
        bank.send(bank.build(SIGN_IN, os.urandom(16) + bytes(16)))
        assert bank.until_closed(5) == []


def test_addresses_of_no_bank_are_not_read(fresh_site):
    """A stranger's sign-in is not even looked at: the connection is closed and its random may still be used."""
    daemon = fresh_site.daemon
    for code in ("0102", "0103", "0104", "0105", "0403"):
        daemon.configure_bank(code, addresses=["127.0.0.1/32"])
    daemon.start()
    stranger, random = fresh_site.connect(source="127.0.0.9"), os.urandom(16)
    try:
        stranger.send(stranger.build(SIGN_IN, random + bytes(16)))
        assert stranger.until_closed(5) == []
    except ConnectionError:
        pass  # closed before our frame had left

    fresh_site.connect().sign_in(client_random=random)
