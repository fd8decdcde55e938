"""The versions of a bank's keys: which is accepted when."""

from datetime import datetime, timedelta

import pytest

from crypto.errors import KeyFault, KeyRefused, KeyVersionRefused, VersionFault
from crypto.key_versions import (
    RETIRED_KEPT,
    BankKeys,
    KeyState,
    Versions,
    accepted,
    activated,
    added,
    retired,
    without_dead_keys,
)
from crypto.keys import Key
from crypto.suites import SUITES

NOW = datetime(2026, 11, 21, 10, 15, 30)  # noqa: DTZ001 - naive, Asia/Shanghai
DAY = timedelta(days=1)


def keys_of(number: int, *, ak: int | None = None, suite: str = "aes") -> BankKeys:
    """Return a pair of its own for each number."""
    secret = bytes(range(16))
    first, second = bytes([number if ak is None else ak]), bytes([100 + number])
    return BankKeys(SUITES[suite], Key("AK", first + secret[1:]), Key("KEK", second + secret[1:]))


def two_versions(**second: int) -> Versions:
    """Return an active version and a pending one, loaded a day later."""
    return added(added((), "0102", keys_of(1), NOW - DAY), "0102", keys_of(2, **second), NOW)


def numbers(versions: Versions, now: datetime) -> list[int]:
    return [version.number for version in accepted(versions, now)]


def test_the_first_pair_is_in_use_at_once_and_the_next_one_waits() -> None:
    """A bank without keys is served as soon as it has some; one that has some notices nothing of new ones."""
    versions = two_versions()
    assert [each.state(NOW) for each in versions] == [KeyState.ACTIVE, KeyState.PENDING]
    assert (versions[0].valid_from, versions[1].valid_from) == (NOW - DAY, None)
    assert numbers(versions, NOW + 1000 * DAY) == [1]


def test_both_are_accepted_between_two_dates_and_then_the_new_one_alone() -> None:
    """The window begins and ends to the second, the end not included."""
    second = timedelta(seconds=1)
    versions = activated(two_versions(), "0102", 2, NOW, NOW + DAY, NOW + 3 * DAY)
    assert numbers(versions, NOW + DAY - second) == [1]
    assert numbers(versions, NOW + DAY) == [2, 1]
    assert numbers(versions, NOW + 3 * DAY - second) == [2, 1]
    assert numbers(versions, NOW + 3 * DAY) == [2]
    states = [[each.state(NOW + at * DAY).english for each in versions] for at in (0, 1, 3)]
    assert states == [["retiring", "pending"], ["retiring", "active"], ["retired", "active"]]


def test_without_a_window_the_new_one_takes_over_in_one_moment() -> None:
    """At no moment both, and at none neither."""
    versions = activated(two_versions(), "0102", 2, NOW, NOW - DAY, NOW)
    assert (numbers(versions, NOW - DAY), numbers(versions, NOW)) == ([1], [2])


@pytest.mark.parametrize(
    ("number", "begins", "ends", "fault"),
    [
        (3, 0, 1, VersionFault.MISSING),
        (1, 0, 1, VersionFault.NOT_PENDING),
        (2, 2, 1, VersionFault.ENDS_FIRST),
    ],
)
def test_what_cannot_be_activated(number: int, begins: int, ends: int, fault: VersionFault) -> None:
    """Each is told by bank and number, in both languages, with what to do."""
    with pytest.raises(KeyVersionRefused, match=f"key version {number} of bank 0102") as caught:
        activated(two_versions(), "0102", number, NOW, NOW + begins * DAY, NOW + ends * DAY)
    assert caught.value.fault is fault
    assert fault.remedy in str(caught.value)
    assert fault.chinese in caught.value.chinese


def test_never_more_than_two_are_accepted() -> None:
    """While one window lasts or is planned, no further version is activated."""
    begun = activated(two_versions(), "0102", 2, NOW, NOW, NOW + 3 * DAY)
    third = added(begun, "0102", keys_of(3), NOW)
    with pytest.raises(KeyVersionRefused) as caught:
        activated(third, "0102", 3, NOW, NOW + DAY, NOW + 2 * DAY)
    assert caught.value.fault is VersionFault.TWO_IN_USE
    assert numbers(activated(third, "0102", 3, NOW, NOW + 3 * DAY, NOW + 4 * DAY), NOW + 3 * DAY) == [3, 2]

    planned = added(activated(two_versions(), "0102", 2, NOW, NOW + DAY, NOW + 3 * DAY), "0102", keys_of(3), NOW)
    with pytest.raises(KeyVersionRefused) as caught:
        activated(planned, "0102", 3, NOW, NOW + 9 * DAY, NOW + 9 * DAY)
    assert caught.value.fault is VersionFault.ANOTHER_PLANNED


def test_a_window_needs_another_ak() -> None:
    """Under one AK nobody could tell which KEK the bank has; without a window that is no question."""
    versions = two_versions(ak=1)
    with pytest.raises(KeyVersionRefused) as caught:
        activated(versions, "0102", 2, NOW, NOW, NOW + DAY)
    assert caught.value.fault is VersionFault.SAME_AK
    assert numbers(activated(versions, "0102", 2, NOW, NOW, NOW), NOW) == [2]


def test_an_end_that_was_set_is_not_put_off() -> None:
    """A version that was to end tomorrow ends tomorrow, whatever comes after it."""
    versions = activated(two_versions(), "0102", 2, NOW, NOW, NOW + DAY)
    third = added(versions, "0102", keys_of(3), NOW)
    later = activated(third, "0102", 3, NOW, NOW + DAY, NOW + 9 * DAY)
    assert [each.valid_until for each in later] == [NOW + DAY, NOW + 9 * DAY, None]


def test_a_retired_pair_is_destroyed_and_its_check_values_stay() -> None:
    """At once by command, at the next change of the store when its end has come."""
    first, second = retired(two_versions(), "0102", 1, NOW)
    assert (first.keys, first.state(NOW), first.ak_kcv) == (None, KeyState.RETIRED, keys_of(1).ak_kcv)
    assert second.keys is not None
    with pytest.raises(KeyVersionRefused) as caught:
        retired((first, second), "0102", 1, NOW)
    assert caught.value.fault is VersionFault.RETIRED_BEFORE

    windowed = activated(two_versions(), "0102", 2, NOW, NOW, NOW + DAY)
    assert without_dead_keys(windowed, NOW) == windowed
    assert [each.keys is None for each in without_dead_keys(windowed, NOW + DAY)] == [True, False]


def test_the_oldest_retired_ones_are_forgotten() -> None:
    """The list stays short, and numbers are not used again."""
    versions: Versions = ()
    for number in range(1, RETIRED_KEPT + 4):
        versions = added(versions, "0102", keys_of(number), NOW)
        versions = retired(versions, "0102", number, NOW)
    kept = without_dead_keys(versions, NOW)
    assert [each.number for each in kept] == list(range(4, RETIRED_KEPT + 4))
    assert added(kept, "0102", keys_of(90), NOW)[-1].number == RETIRED_KEPT + 4


def test_the_same_pair_twice_is_a_mistake() -> None:
    """Whoever loads the old sheets again is told; one new key of the two is enough."""
    with pytest.raises(KeyRefused) as caught:
        added(two_versions(), "0102", keys_of(1), NOW)
    assert caught.value.fault is KeyFault.SAME_AS_BEFORE
    assert added(two_versions(), "0102", keys_of(3, ak=1), NOW)[-1].number == 3


def test_ak_and_kek_that_differ_in_parity_alone_are_the_same() -> None:
    """DES does not look at the low bit of a byte, so neither does the comparison."""
    ak = bytes.fromhex("404142434445464748494A4B4C4D4E4F")
    with pytest.raises(KeyRefused) as caught:
        BankKeys(SUITES["3des"], Key("AK", ak), Key("KEK", bytes(octet ^ 1 for octet in ak)))
    assert caught.value.fault is KeyFault.SAME_AS_AK
