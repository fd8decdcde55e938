"""Key versions 密钥版本: the pairs of AK and KEK that a bank has had, has, and is to have.

    state    | when                                        | accepted
    ---------+---------------------------------------------+---------
    pending  | not activated, or for a later moment        | no
    active   | from its beginning on                       | yes
    retiring | its end has been set and has not come yet   | yes
    retired  | its end has come; its secrets are destroyed | no

Sans-IO: no clock here; moments are naive, Asia/Shanghai. A state follows from the dates, so that nothing has to happen
when one comes: daemons that hold the store change over by themselves, all at the same moment.

Rule 1: at most two versions are accepted at any moment, so that sign-in tries at most two keys.
Rule 2: two versions with the same AK are never accepted together: a sign-in could not tell which KEK the bank has.
Rule 3: numbers count from 1 and are never used again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from crypto.errors import KeyFault, KeyRefused, KeyVersionRefused, VersionFault
from crypto.keys import Key, check_key, same_key
from crypto.suites import Suite

RETIRED_KEPT = 20
"""Retired versions of a bank whose check values are kept: twenty years of yearly changes."""


class KeyState(Enum):
    """What a version may be used for at a moment: (name, 名称)."""

    PENDING = ("pending", "待启用")
    ACTIVE = ("active", "使用中")
    RETIRING = ("retiring", "将停用")
    RETIRED = ("retired", "已停用")

    def __init__(self, english: str, chinese: str) -> None:
        self.english = english
        self.chinese = chinese


@dataclass(frozen=True, slots=True)
class BankKeys:
    """A pair of keys of one bank from a key ceremony 银行密钥."""

    suite: Suite
    ak: Key
    kek: Key

    def __post_init__(self) -> None:
        """Refuse what must not be used: KeyRefused says which and why."""
        suite = self.suite
        check_key(self.ak, suite.check_cipher(suite.ak_bytes), suite.ak_bytes)
        check_key(self.kek, suite.check_cipher(suite.kek_bytes), suite.kek_bytes)
        if same_key(self.ak, self.kek, suite.wrap_cipher):
            raise KeyRefused(self.kek.label, KeyFault.SAME_AS_AK)

    @property
    def ak_kcv(self) -> bytes:
        """The check value of AK, 4 bytes."""
        return self.ak.kcv(self.suite.check_cipher(self.suite.ak_bytes))

    @property
    def kek_kcv(self) -> bytes:
        """The check value of KEK, 4 bytes."""
        return self.kek.kcv(self.suite.check_cipher(self.suite.kek_bytes))


@dataclass(frozen=True, slots=True)
class KeyVersion:
    """One pair of a bank's keys with its dates 密钥版本.

    Attributes:
        number: from 1.
        suite: the suite that it was loaded for.
        keys: None once they are destroyed.
        ak_kcv: 4 bytes; stays when the key is destroyed.
        kek_kcv: likewise.
        loaded_at: when it was put into the store; None of a store that did not note it.
        valid_from: from when it is accepted; None while nobody has activated it.
        valid_until: until when, not included; None without an end.
    """

    number: int
    suite: Suite
    keys: BankKeys | None
    ak_kcv: bytes
    kek_kcv: bytes
    loaded_at: datetime | None
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    def state(self, now: datetime) -> KeyState:
        """Return what it may be used for at ``now``."""
        if self.valid_until is not None and now >= self.valid_until:
            return KeyState.RETIRED
        if self.valid_from is None or now < self.valid_from:
            return KeyState.PENDING
        return KeyState.ACTIVE if self.valid_until is None else KeyState.RETIRING

    def is_accepted(self, now: datetime) -> bool:
        """Tell whether a sign-in under it is accepted at ``now``."""
        return self.state(now) in {KeyState.ACTIVE, KeyState.RETIRING}

    def without_keys(self) -> "KeyVersion":
        """Return it with its secrets destroyed."""
        return replace(self, keys=None)


Versions = tuple[KeyVersion, ...]
"""All versions of one bank, oldest first."""


def added(versions: Versions, bank_code: str, keys: BankKeys, now: datetime) -> Versions:
    """Return ``versions`` with a new one: active at once when the bank has none in use or planned, else pending.

    Raises:
        KeyRefused: both keys are those of a version that is there.
    """
    for other in versions:
        if other.keys is not None and other.keys.ak == keys.ak and other.keys.kek == keys.kek:
            raise KeyRefused(f"AK and KEK of bank {bank_code}", KeyFault.SAME_AS_BEFORE, f"{other.number}")
    is_first = all(other.valid_from is None or other.state(now) is KeyState.RETIRED for other in versions)
    number = max((other.number for other in versions), default=0) + 1
    version = KeyVersion(number, keys.suite, keys, keys.ak_kcv, keys.kek_kcv, now, now if is_first else None)
    return (*versions, version)


def activated(
    versions: Versions, bank_code: str, number: int, now: datetime, valid_from: datetime, former_until: datetime
) -> Versions:
    """Return ``versions`` with one of them accepted from ``valid_from`` on, and the former one until ``former_until``.

    Raises:
        KeyVersionRefused: it cannot be: says why and what to do.
    """
    chosen = _found(versions, bank_code, number)
    if chosen.state(now) is not KeyState.PENDING:
        raise KeyVersionRefused(bank_code, number, VersionFault.NOT_PENDING)
    if former_until < valid_from:
        raise KeyVersionRefused(bank_code, number, VersionFault.ENDS_FIRST)
    begins = max(now, valid_from)
    others = [other for other in versions if other is not chosen and other.valid_from is not None]
    if any(other.valid_from is not None and other.valid_from > now for other in others):
        raise KeyVersionRefused(bank_code, number, VersionFault.ANOTHER_PLANNED)
    formers = [other for other in others if other.is_accepted(begins)]
    if len(formers) > 1:
        raise KeyVersionRefused(bank_code, number, VersionFault.TWO_IN_USE)
    if former_until > begins and any(_same_ak(chosen, former) for former in formers):
        raise KeyVersionRefused(bank_code, number, VersionFault.SAME_AK)
    ended = {former.number: _ended(former, max(begins, former_until)) for former in formers}
    begun = replace(chosen, valid_from=begins)
    return tuple(begun if each is chosen else ended.get(each.number, each) for each in versions)


def retired(versions: Versions, bank_code: str, number: int, now: datetime) -> Versions:
    """Return ``versions`` with one of them ended now and its secrets destroyed; KeyVersionRefused when it was."""
    chosen = _found(versions, bank_code, number)
    if chosen.state(now) is KeyState.RETIRED:
        raise KeyVersionRefused(bank_code, number, VersionFault.RETIRED_BEFORE)
    ended = replace(chosen, valid_until=now).without_keys()
    return tuple(ended if each is chosen else each for each in versions)


def without_dead_keys(versions: Versions, now: datetime) -> Versions:
    """Return ``versions`` with the secrets of the retired ones destroyed, and the oldest of those left out."""
    dead = [each for each in versions if each.state(now) is KeyState.RETIRED]
    forgotten = {each.number for each in dead[:-RETIRED_KEPT]}
    return tuple(
        each.without_keys() if each.state(now) is KeyState.RETIRED else each
        for each in versions
        if each.number not in forgotten
    )


def accepted(versions: Iterable[KeyVersion], now: datetime) -> Versions:
    """Return the versions that are accepted at ``now``, the newest first; at most two."""
    return tuple(sorted((each for each in versions if each.is_accepted(now)), key=lambda each: -each.number))


def _found(versions: Versions, bank_code: str, number: int) -> KeyVersion:
    for each in versions:
        if each.number == number:
            return each
    raise KeyVersionRefused(bank_code, number, VersionFault.MISSING)


def _same_ak(one: KeyVersion, other: KeyVersion) -> bool:
    if one.keys is None or other.keys is None:
        return False
    return same_key(one.keys.ak, other.keys.ak, one.suite.wrap_cipher)


def _ended(version: KeyVersion, until: datetime) -> KeyVersion:
    """An end that was set before is never put off."""
    return replace(version, valid_until=until if version.valid_until is None else min(version.valid_until, until))
