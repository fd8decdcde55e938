"""What is said of keys before anything is wrong with them."""

from datetime import timedelta
from pathlib import Path

import pytest

from crypto.key_store import KeyStore
from crypto.keys import Key
from crypto.suites import SUITES
from fep.config.key_findings import key_findings
from tests.support.records import NOW
from tests.support.rim import settings_of

DAY = timedelta(days=1)
YEAR_S = 365 * 86_400.0


def keys(first: int) -> tuple[Key, Key]:
    secret = bytes(range(1, 16))
    return Key("AK", bytes([first]) + secret), Key("KEK", bytes([first + 100]) + secret)


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    """A store with keys of bank 0103 (aes), in use since today."""
    store = KeyStore.create(tmp_path / "keys.store", Key("master key", bytes(range(32))))
    store.add("0103", *keys(1), SUITES["aes"], NOW)
    return store


def said(store: KeyStore, days: int = 0, bank_code: str = "0103") -> list[str]:
    found = list(key_findings(settings_of(bank_code), store, YEAR_S, NOW + days * DAY))
    assert all(text.zh and text.zh != text.en for text in found)
    return [text.en for text in found]


def test_old_keys_should_be_changed(store: KeyStore) -> None:
    """After a year, to the day; a version that has followed begins anew."""
    assert said(store, 365) == []
    assert said(store, 366) == ["key version 1 is in use for 366 days; hold a key ceremony"]
    store.add("0103", *keys(2), SUITES["aes"], NOW + 366 * DAY)
    store.activate("0103", 2, NOW + 366 * DAY, NOW + 366 * DAY, NOW + 370 * DAY)
    assert said(store, 366) == []


def test_keys_that_end_without_others_behind_them(store: KeyStore) -> None:
    """A bank that will not be able to sign in is told while there is time; one with a successor is not."""
    store.add("0103", *keys(2), SUITES["aes"], NOW)
    store.activate("0103", 2, NOW, NOW, NOW + 3 * DAY)
    assert said(store) == []
    store.retire("0103", 2, NOW)
    assert said(store) == [f"its last keys end at {NOW + 3 * DAY} and none follow; load and activate new ones"]


@pytest.mark.parametrize(("bank_code", "is_said"), [("0102", True), ("0103", False), ("0104", False), ("0403", False)])
def test_3des_is_said(store: KeyStore, bank_code: str, is_said: bool) -> None:
    """The default of the standard link, whose time is over; the weak suites have a warning of their own."""
    if bank_code != "0103":
        store.add(bank_code, *keys(3), settings_of(bank_code).suite, NOW)
    assert any("agree on aes or sm4" in text for text in said(store, bank_code=bank_code)) == is_said
