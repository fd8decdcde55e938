"""A bank changes its keys: which AK signs in when, and under which KEK the session keys come."""

from datetime import datetime, timedelta

import pytest

from tests.support.raw_bank import AK, KEK, KEY_EXCHANGE, SIGN_IN, SUITES
from tests.support.records import NOW
from tests.support.rim import Rim, WiredBank, settings_of, sign_in_keys

NEW_AK = bytes.fromhex("606162636465666768696A6B6C6D6E6F")
NEW_KEK = bytes.fromhex("707172737475767778797A7B7C7D7E7F")
OLD, NEW = (AK, KEK), (NEW_AK, NEW_KEK)
SECOND = timedelta(seconds=1)
BEGINS, ENDS = NOW + timedelta(days=1), NOW + timedelta(days=8)


def changing(bank_code: str) -> Rim:
    """Return a rim whose bank changes its keys: the new ones from tomorrow on, the old ones for a week more."""
    settings = settings_of(bank_code)
    old = sign_in_keys(settings, 1, valid_until=ENDS)
    new = sign_in_keys(settings, 2, NEW_AK, NEW_KEK, valid_from=BEGINS)
    return Rim(keys={bank_code: (old, new)})


@pytest.fixture
def rim() -> Rim:
    return changing("0102")


def connected(rim: Rim, keys: tuple[bytes, bytes], at: datetime, bank_code: str = "0102") -> WiredBank:
    """Return a connection of the bank at a moment; it has these keys."""
    rim.wall_now = at
    bank = rim.connect(bank_code)
    bank.ak, bank.kek = keys
    return bank


@pytest.mark.parametrize("bank_code", SUITES)
@pytest.mark.parametrize(
    ("at", "accepted"),
    [
        (NOW, [OLD]),
        (BEGINS - SECOND, [OLD]),
        (BEGINS, [OLD, NEW]),
        (ENDS - SECOND, [OLD, NEW]),
        (ENDS, [NEW]),
    ],
)
def test_which_keys_sign_in(logs, bank_code, at, accepted):
    """Both between the two dates; before, the old ones alone, afterwards the new ones alone. No daemon is restarted."""
    rim = changing(bank_code)
    for number, keys in enumerate((OLD, NEW), 1):
        bank = connected(rim, keys, at, bank_code)
        if keys in accepted:
            bank.sign_in()  # the session keys come under the KEK of the same version, or the ECHO would fail
            assert [event["keys"] for event in logs if event["event"] == "signed_in"][-1] == number
        else:
            reply = bank.exchange_keys(SIGN_IN)
            assert (reply.code, reply.mac_state) == ("1002", "zero")


def test_one_version_s_ak_does_not_go_with_the_other_s_kek(rim):
    """Who signs in under the new AK gets session keys that the old KEK does not open."""
    bank = connected(rim, (NEW_AK, KEK), BEGINS)
    with pytest.raises(AssertionError):
        bank.exchange_keys(SIGN_IN)


def test_keys_are_exchanged_under_either_while_both_are_accepted(rim):
    """A connection that began under the old keys goes on under the new ones, and back, without a break."""
    bank = connected(rim, OLD, BEGINS).sign_in()
    for keys in (NEW, OLD, NEW):
        rim.pass_time(61)  # the former session keys have ended
        bank.ak, bank.kek = keys
        reply = bank.exchange_keys(KEY_EXCHANGE)
        assert (reply.code, reply.mac_state) == ("0000", "right")
        bank.check_alive()
    assert bank.version == 4


def test_a_session_outlives_the_keys_that_it_began_under(rim):
    """When the old keys end, their sessions go on; the next key exchange wants the new ones."""
    bank = connected(rim, OLD, ENDS - SECOND).sign_in()
    rim.wall_now = ENDS
    bank.check_alive()
    assert bank.exchange_keys(KEY_EXCHANGE).code == "1002"
    assert bank.ends == "open"
    bank.ak, bank.kek = NEW
    assert bank.exchange_keys(KEY_EXCHANGE).code == "0000"
    bank.check_alive()


def test_a_recorded_sign_in_is_no_better_under_two_keys(rim):
    """The same random under the other key is a replay too: one memory for the bank."""
    random = bytes(range(16))
    assert connected(rim, OLD, BEGINS).exchange_keys(SIGN_IN, client_random=random).code == "0000"
    assert connected(rim, NEW, BEGINS).exchange_keys(SIGN_IN, client_random=random).code == "1002"


def test_both_keys_are_always_tried(rim, monkeypatch):
    """The time that a sign-in takes does not say which key it fits: no key is left out because another has fitted."""
    tried = []
    bank = rim.services.banks["0102"]
    for keys in bank.keys:

        def counted(data, mac_of=keys.authenticator.mac_of, number=keys.version.number):
            tried.append(number)
            return mac_of(data)

        monkeypatch.setattr(keys.authenticator, "mac_of", counted)
    for keys in (OLD, NEW, (bytes(range(16)), KEK)):
        tried.clear()
        connected(rim, keys, BEGINS).exchange_keys(SIGN_IN)
        assert tried[:2] == [1, 2]
