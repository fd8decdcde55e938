"""A bank 银行 as the running daemon knows it: its settings and the keys that authenticate it."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import Self

from crypto.errors import SuiteDiffers
from crypto.key_ring import KeyRing
from crypto.key_store import KeyStore
from crypto.keys import Key
from crypto.session import Authenticator, ak_mac
from fep.config.settings import BankSettings

UNSIGNED = Authenticator(lambda data: b"")
"""Stands in for an authenticator where the bank's format has no MAC."""

IPAddress = IPv4Address | IPv6Address


@dataclass(slots=True, eq=False)
class Bank:
    """One bank's settings, its authenticator under AK and its KEK; both are of no use where its format has no MAC.

    One object for as long as the daemon runs: its connections hold it, and a new configuration changes what is in it.
    """

    settings: BankSettings
    authenticator: Authenticator = field(repr=False)
    kek: Key | None = field(repr=False)

    @classmethod
    def from_store(cls, settings: BankSettings, store: KeyStore) -> Self:
        """Take the bank's keys from the key store; one whose format has no MAC needs none.

        Raises:
            KeyUnavailable, KeyRefused: there are none, or they do not fit the bank's suite.
            SuiteDiffers: they were loaded for another suite.
        """
        if not settings.session.has_mac:
            return cls(settings, UNSIGNED, None)
        keys = store.get(settings.bank_code)
        if keys.suite is not settings.suite:
            raise SuiteDiffers(settings.bank_code, keys.suite.name, settings.suite.name)
        return cls(settings, ak_mac(settings.suite, keys.ak), keys.kek)

    def take_over(self, other: "Bank") -> None:
        """Take the settings and keys of the same bank in a new configuration; sessions keep the keys they have."""
        self.settings, self.authenticator, self.kek = other.settings, other.authenticator, other.kek

    def new_key_ring(self, key_lifetime_s: int) -> KeyRing:
        """Return a key ring for one connection of this bank."""
        assert self.kek is not None, "only formats with a MAC have session keys"
        return KeyRing(self.settings.suite, self.kek, key_lifetime_s)

    def may_connect_from(self, peer: IPAddress) -> bool:
        """Tell whether ``peer`` is in one of the bank's networks."""
        return any(peer in network for network in self.settings.addresses)
