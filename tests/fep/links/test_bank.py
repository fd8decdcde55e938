"""A bank as the daemon knows it: its keys fit its suite, and they are shown to nobody."""

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from crypto.certificate import Certificate
from crypto.errors import KeyUnavailable
from crypto.key_store import KeyStore
from crypto.keys import Key
from crypto.suites import SUITES
from fep.config.settings import CertificatePin
from fep.links.bank import Bank, SuiteDiffers
from tests.support import raw_bank
from tests.support.raw_bank import AK, KEK
from tests.support.records import NOW
from tests.support.rim import bank_of, settings_of


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    store = KeyStore.create(tmp_path / "keys.store", Key("master key", bytes(range(32))))
    for code, suite in raw_bank.SUITES.items():
        store.add(code, Key("AK", AK), Key("KEK", KEK), SUITES[suite], NOW)
    return store


@pytest.mark.parametrize("bank_code", raw_bank.SUITES)
def test_its_keys_come_from_the_key_store(store, bank_code):
    """AK makes the MACs that the bank's own AK makes, with the bank's suite."""
    bank = Bank.from_store(settings_of(bank_code), store)
    message = bytes(range(128))
    assert bank.keys[0].authenticator.mac_of(message) == raw_bank.mac(raw_bank.SUITES[bank_code], AK, message)
    issued = bank.new_key_ring(77).issue(bank.keys[0].kek, 0.0)
    assert (issued.key_version, issued.key_lifetime_s) == (1, 77)
    mak = raw_bank.unwrap(bank.settings.suite.name, KEK, issued.wrapped.wrapped_mak)
    assert raw_bank.kcv(bank.settings.suite.name, mak) == issued.wrapped.mak_kcv


def test_a_bank_without_keys(tmp_path):
    """A bank whose keys were never loaded is named."""
    empty = KeyStore.create(tmp_path / "keys.store", Key("master key", bytes(range(32))))
    with pytest.raises(KeyUnavailable, match="0102"):
        Bank.from_store(settings_of("0102"), empty)


def test_keys_of_another_suite(store):
    """Keys that were loaded for another suite are refused in both languages, by bank and suites."""
    with pytest.raises(SuiteDiffers, match=r"0102 .* 3des, its file says aes") as raised:
        Bank.from_store(settings_of("0102", suite=SUITES["aes"]), store)
    for word in ("0102", "3des", "aes", "套件"):
        assert word in raised.value.chinese


def test_its_networks():
    """An address is in one of them, or the bank does not come from there."""
    bank = bank_of(settings_of("0102", addresses=(ip_network("10.1.0.0/16"), ip_network("2001:db8::/64"))))
    assert bank.may_connect_from(ip_address("10.1.2.3"))
    assert bank.may_connect_from(ip_address("2001:db8::7"))
    assert not bank.may_connect_from(ip_address("10.2.0.1"))


def test_its_certificate():
    """The one that its file names, by digest, subject or both; without a name any but one that is another bank's."""
    now = datetime.now(UTC)
    own, other = (Certificate(f"CN={name},C=CN", digest * 32, now, now) for name, digest in (("a", "aa"), ("b", "bb")))
    renewed = replace(own, sha256="cc" * 32)

    def bank(**pin):
        return bank_of(settings_of("0102", certificate=CertificatePin(**pin)))

    pinned, named, free = bank(sha256=(own.sha256, renewed.sha256)), bank(subject=own.subject), bank()
    both = bank(subject=own.subject, sha256=(own.sha256,))
    banks = [pinned, free]
    assert [pinned.may_show(each, banks) for each in (own, renewed, other, None)] == [True, True, False, False]
    assert [named.may_show(each, banks) for each in (own, renewed, other, None)] == [True, True, False, False]
    assert [both.may_show(each, banks) for each in (own, renewed, other, None)] == [True, False, False, False]
    assert [free.may_show(each, banks) for each in (own, other, None)] == [False, True, True]


def test_no_key_is_shown(store):
    """Neither key appears when a bank is printed, nor anything that holds one."""
    text = repr(Bank.from_store(settings_of("0102"), store))
    for secret in (AK, KEK):
        assert secret.hex() not in text.lower()
        assert repr(secret)[2:-1] not in text
    for holder in ("<Key", "authenticator"):
        assert holder not in text
