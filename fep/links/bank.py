"""A bank 银行 as the running daemon knows it: its settings and the keys that authenticate it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Self

from crypto.certificate import Certificate
from crypto.errors import KeyUnavailable, MacMismatch, SuiteDiffers
from crypto.key_ring import KeyRing
from crypto.key_store import KeyStore
from crypto.key_versions import KeyState, KeyVersion
from crypto.keys import Key
from crypto.session import Authenticator, ak_mac
from fep.config.settings import BankSettings
from fep.links.load import Load
from fep.links.route import IPAddress

UNSIGNED = Authenticator(lambda data: b"")
"""Stands in for an authenticator where the bank's format has no MAC."""


@dataclass(frozen=True, slots=True)
class SignInKeys:
    """One key version of a bank: what authenticates its sign-in, and what wraps the session keys of that sign-in.

    Attributes:
        version: as the key store says when it is accepted.
    """

    version: KeyVersion = field(repr=False)
    authenticator: Authenticator = field(repr=False)
    kek: Key = field(repr=False)

    @classmethod
    def of(cls, version: KeyVersion) -> Self:
        """Make the authenticator under the version's AK."""
        assert version.keys is not None, "keys that are destroyed sign nobody in"
        return cls(version, ak_mac(version.suite, version.keys.ak), version.keys.kek)


@dataclass(slots=True, eq=False)
class Bank:
    """One bank's settings and its key versions, none where its format has no MAC.

    One object for as long as the daemon runs: its connections hold it, and a new configuration changes what is in it.
    """

    settings: BankSettings
    keys: tuple[SignInKeys, ...] = field(repr=False)
    load: Load = field(default_factory=Load, repr=False)
    _suspended_from: BankSettings | None = field(default=None, init=False, repr=False)

    @classmethod
    def from_store(cls, settings: BankSettings, store: KeyStore) -> Self:
        """Take the bank's keys from the key store; one whose format has no MAC needs none.

        Raises:
            KeyUnavailable, KeyRefused: there are none, or they do not fit the bank's suite.
            SuiteDiffers: they were loaded for another suite.
        """
        if not settings.session.has_mac:
            return cls(settings, ())
        # Those that end or begin later are taken too: what is accepted is asked at each sign-in.
        versions = [each for each in store.versions(settings.bank_code) if each.keys and each.valid_from]
        fitting = [each for each in versions if each.suite is settings.suite]
        if versions and not fitting:
            raise SuiteDiffers(settings.bank_code, versions[-1].suite.name, settings.suite.name)
        if not fitting:
            raise KeyUnavailable(settings.bank_code)
        return cls(settings, tuple(map(SignInKeys.of, fitting)))

    def signing(self, signed: bytes, mac: bytes, now: datetime) -> SignInKeys:
        """Return the keys under which ``mac`` is that of ``signed``, among those that are accepted at ``now``.

        All of them are tried, whichever fits, so that the time says nothing; at most two are accepted at once.

        Raises:
            MacMismatch: under none of them.
        """
        fitting = None
        for keys in self.keys:
            if keys.version.is_accepted(now) and compare_digest(keys.authenticator.mac_of(signed), mac):
                fitting = keys
        if fitting is None:
            raise MacMismatch(len(signed), sha256(signed).hexdigest())
        return fitting

    def key_state(self, now: datetime) -> list[dict[str, str | int]]:
        """Return number, state and dates of the versions that are or will be accepted, for operators."""
        return [
            {
                "version": version.number,
                "state": version.state(now).english,
                "valid_from": str(version.valid_from or ""),
                "valid_until": str(version.valid_until or ""),
            }
            for version in (each.version for each in self.keys)
            if version.state(now) is not KeyState.RETIRED
        ]

    def take_over(self, other: "Bank") -> None:
        """Take the settings and keys of the same bank in a new configuration; sessions keep the keys they have."""
        self.keys = other.keys
        if self._suspended_from is None:
            self.settings = other.settings
        else:
            self._suspended_from, self.settings = other.settings, _suspended(other.settings)

    def suspend(self) -> None:
        """Take no business of the bank until ``resume``, whatever a new configuration says."""
        if self._suspended_from is None:
            self._suspended_from, self.settings = self.settings, _suspended(self.settings)

    def resume(self) -> None:
        """Take what the configuration allows."""
        if self._suspended_from is not None:
            self.settings, self._suspended_from = self._suspended_from, None

    def new_key_ring(self, key_lifetime_s: int) -> KeyRing:
        """Return a key ring for one connection of this bank."""
        assert self.keys, "only formats with a MAC have session keys"
        return KeyRing(self.settings.suite, key_lifetime_s)

    def may_connect_from(self, peer: IPAddress) -> bool:
        """Tell whether ``peer`` is in one of the bank's networks."""
        return any(peer in network for network in self.settings.addresses)

    def may_show(self, certificate: Certificate | None, banks: Iterable["Bank"]) -> bool:
        """Tell whether a connection on which ``certificate`` was shown may be this bank's among ``banks``.

        A bank whose file names its certificate shows that one; the others show any but one that is another's.
        """
        pin = self.settings.certificate
        if pin:
            return pin.fits(certificate)
        return not any(bank.settings.certificate.fits(certificate) for bank in banks)


def _suspended(settings: BankSettings) -> BankSettings:
    return replace(settings, terms=replace(settings.terms, is_suspended=True))
