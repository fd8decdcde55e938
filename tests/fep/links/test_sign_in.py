"""Signing in and exchanging keys: clocks, replays, addresses, and the life of key versions."""

import os
from datetime import timedelta

import pytest

from fep.links import replay_guard
from tests.support.raw_bank import (
    AK,
    ECHO,
    KEY_EXCHANGE,
    SIGN_IN,
    SIGN_IN_REPLY,
    SIGN_IN_REQUEST,
    SUITES,
)
from tests.support.records import TODAY
from tests.support.rim import Rim, WiredBank


def echo_code(bank: WiredBank, version: int) -> str:
    return bank.request(ECHO, key_version=version, mac_key=bank.keys[version].mak).code


# --- the reply


@pytest.mark.parametrize("bank_code", SUITES)
def test_the_reply_to_sign_in(logs, bank_code):
    """Sign-in returns the bank's random, version 1, the lifetime, our wall clock and keys that fit their KCV."""
    rim = Rim(link={"key_lifetime": 3600})
    rim.gate.clearing_dates[bank_code] = TODAY + timedelta(days=1)
    bank, random = rim.connect(bank_code), os.urandom(16)
    reply = bank.exchange_keys(SIGN_IN, client_random=random)
    fields = SIGN_IN_REPLY.unpack(reply.body)

    assert (reply.code, reply.mac_state, reply.key_version, reply.clearing_date) == ("0000", "right", 0, "20261122")
    assert fields["client_random"] == random
    assert (fields["key_version"], fields["key_lifetime"], fields["server_time"]) == (1, 3600, "20261121101530")
    bank.check_alive()
    assert [event["bank_code"] for event in logs if event["event"] == "signed_in"] == [bank_code]


def test_every_version_has_keys_of_its_own(rim):
    """No two sign-ins and no two versions share a key."""
    keys = set()
    for bank in (rim.bank(), rim.bank()):
        bank.exchange_keys(KEY_EXCHANGE)
        keys |= {key for version in bank.keys.values() for key in (version.mak, version.tek)}
    assert len(keys) == 8


# --- clocks


@pytest.mark.parametrize("code", [SIGN_IN, KEY_EXCHANGE])
@pytest.mark.parametrize(("off_s", "expected"), [(300, "0000"), (-300, "0000"), (301, "1008"), (-301, "1008")])
def test_the_clocks_may_differ_by_five_minutes(rim, code, off_s, expected):
    """300 s are within the limit, 301 are not, both ways and over midnight."""
    bank = rim.connect() if code == SIGN_IN else rim.bank()
    rim.wall_now = rim.wall_now.replace(hour=23, minute=58)
    reply = bank.exchange_keys(code, clock=rim.wall_now + timedelta(seconds=off_s))
    assert (reply.code, reply.mac_state) == (expected, "right")
    assert bank.ends == "open"


def test_only_keys_are_under_the_clock_rule(rim):
    """The clock of an ECHO may say anything."""
    assert rim.bank().request(ECHO, clock=rim.wall_now + timedelta(days=3)).code == "0000"


# --- replays


def test_a_recorded_sign_in_is_worth_nothing(rim):
    """The same random within ten minutes gets 1002 without a MAC on any connection, and counts as a MAC failure."""
    first, second = rim.connect(), rim.connect()
    recorded = first.build(SIGN_IN, SIGN_IN_REQUEST.pack(client_random=b"r" * 16))
    assert first.exchange(recorded).code == "0000"
    rim.pass_time(9)

    reply = second.exchange(recorded)
    assert (reply.code, reply.mac_state) == ("1002", "zero")
    assert rim.events == {"mac_failure": 1}
    assert second.link.bank is None
    second.sign_in()


def test_the_third_replay_in_a_row_ends_the_link(rim):
    """A recording has a right MAC each time; it does not start the count of failures anew."""
    first, second = rim.connect(), rim.connect()
    recorded = first.build(SIGN_IN, SIGN_IN_REQUEST.pack(client_random=b"r" * 16))
    first.exchange(recorded)
    for _ in range(3):
        assert second.exchange(recorded).code == "1002"
    assert second.link.is_closed
    assert rim.events == {"mac_failure": 3, "security_event": 1}


def test_a_random_of_another_bank_is_another(rim):
    """Two banks may draw the same random."""
    for bank_code in ("0102", "0103"):
        assert rim.connect(bank_code).exchange_keys(SIGN_IN, client_random=b"r" * 16).code == "0000"


def test_key_exchange_is_guarded_too(rim):
    """A random of a sign-in is no good for a key exchange; the keys in use stay as they are."""
    bank = rim.connect()
    bank.exchange_keys(SIGN_IN, client_random=b"r" * 16)
    bank.check_alive()
    assert bank.exchange_keys(KEY_EXCHANGE, client_random=b"r" * 16).code == "1002"
    bank.check_alive()


def test_a_frame_that_nobody_signed_is_not_remembered(rim):
    """Only randoms of authenticated frames count, so that nobody can spend a bank's random before it does."""
    bank = rim.connect()
    body = SIGN_IN_REQUEST.pack(client_random=b"r" * 16)
    assert bank.request(SIGN_IN, body, mac_key=b"0" * 16).code == "1002"
    assert bank.request(SIGN_IN, body, mac_key=AK).code == "0000"


def test_randoms_are_forgotten_after_ten_minutes(rim):
    """Older recordings fail the clock check, so ten minutes are remembered."""
    for expected, pause_s in (("0000", 599.0), ("1002", 1.0), ("0000", 0.0)):
        assert rim.connect().exchange_keys(SIGN_IN, client_random=b"r" * 16).code == expected
        rim.pass_time(pause_s)


def test_a_full_memory_makes_banks_wait(rim, monkeypatch):
    """When no more randoms can be remembered a sign-in gets 1011, MACed, and nothing is forgotten for it."""
    monkeypatch.setattr(replay_guard, "ENTRIES_MAX", 3)
    for number in range(2):
        assert rim.connect().exchange_keys(SIGN_IN, client_random=bytes([number] * 16)).code == "0000"
    waiting = rim.connect()
    reply = waiting.exchange_keys(SIGN_IN)
    assert (reply.code, reply.mac_state, waiting.link.bank) == ("1011", "right", None)
    assert waiting.exchange_keys(SIGN_IN, clock=rim.wall_now + timedelta(hours=1)).code == "1008"
    rim.clock.advance(600)
    assert waiting.exchange_keys(SIGN_IN).code == "0000"


# --- addresses


def test_a_bank_signs_in_from_its_own_networks_only(logs):
    """From another bank's network a sign-in is closed without a reply, before its MAC is looked at."""
    rim = Rim(banks={"0103": {"addresses": ()}})
    for fields in ({}, {"mac": b"\1" * 8}):
        bank = rim.connect("0103")
        bank.send(bank.build(SIGN_IN, SIGN_IN_REQUEST.pack(), **fields))
        assert (bank.ends, bank.frames()) == ("closed", [])
    refused = [event for event in logs if event["event"] == "sign_in_refused"]
    assert [(event["bank_code"], event["peer"]) for event in refused] == [("0103", "10.1.2.3")] * 2


# --- versions


def test_the_former_version_stays_for_a_minute(rim):
    """The former version is valid until 60 s after the bank's first frame under the new one, then 1005."""
    bank = rim.bank()
    bank.exchange_keys(KEY_EXCHANGE)
    rim.pass_time(50)
    assert echo_code(bank, 1) == "0000"
    assert echo_code(bank, 2) == "0000"
    rim.pass_time(50)
    assert echo_code(bank, 2) == "0000"
    assert echo_code(bank, 1) == "0000"
    rim.pass_time(10)

    reply = bank.request(ECHO, key_version=1, mac_key=bank.keys[1].mak)
    assert (reply.code, reply.mac_state) == ("1005", "zero")
    bank.check_alive()


def test_a_reply_uses_the_version_of_its_request(rim):
    """Both versions are valid, and each reply is MACed under the one that its request came under."""
    bank = rim.bank()
    bank.exchange_keys(KEY_EXCHANGE)
    for version in (2, 1, 2):
        reply = bank.request(ECHO, key_version=version, mac_key=bank.keys[version].mak)
        assert (reply.key_version, reply.mac_state) == (version, "right")


def test_versions_do_not_share_keys(rim):
    """A frame that names one version and is MACed under another is 1002."""
    bank = rim.bank()
    bank.exchange_keys(KEY_EXCHANGE)
    assert bank.request(ECHO, key_version=2, mac_key=bank.keys[1].mak).code == "1002"


def test_a_version_that_was_not_used_is_replaced(rim):
    """A further exchange before the new version was used replaces it."""
    bank = rim.bank()
    bank.exchange_keys(KEY_EXCHANGE)
    bank.exchange_keys(KEY_EXCHANGE)
    assert [echo_code(bank, version) for version in (2, 3, 1)] == ["1005", "0000", "0000"]


def test_a_third_version_has_to_wait(rim):
    """While two used versions are valid a key exchange gets 1011, MACed, until the former has ended."""
    bank = rim.bank()
    bank.exchange_keys(KEY_EXCHANGE)
    bank.check_alive()
    reply = bank.exchange_keys(KEY_EXCHANGE)
    assert (reply.code, reply.mac_state) == ("1011", "right")
    rim.pass_time(59)
    bank.check_alive()
    rim.pass_time(1)
    assert bank.exchange_keys(KEY_EXCHANGE).code == "0000"
    assert bank.version == 3


def test_a_key_exchange_begins_a_new_lifetime(logs):
    """The lifetime is that of a version: after an exchange business goes on under the new one."""
    rim = Rim(link={"key_lifetime": 30})
    bank = rim.bank()
    rim.pass_time(31)
    assert bank.request(2999).code == "1005"
    bank.exchange_keys(KEY_EXCHANGE)
    assert bank.request(2999).code == "1004"
    assert bank.request(2999, key_version=1, mac_key=bank.keys[1].mak).code == "1005"
