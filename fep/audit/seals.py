"""Seals 封存: a line whose MAC binds all of its chain so far, under a key that the chain's files do not hold.

    …, "key": "8 hex digits", "mac": "64 hex digits", "hash": …

The MAC is HMAC-SHA256 over the hash of the line before, as its 64 digits, and this line's bytes up to the comma before
``"mac"``. The key comes from the key store, so whoever can write the files, and has no master key, cannot make a seal.
"""

import hmac
import re
from collections.abc import Iterable
from typing import NamedTuple

from crypto.key_store import KeyStore

PURPOSE = "audit seal"

CUT_OFF, INTERVAL, CLEAN, IDLE = "cut_off", "interval", "stop", "idle"
"""Reasons of seals: days are over, an hour is, a writer ends in order, nobody writes there."""

_MAC = b', "mac": "'
_SEALED = re.compile(b'(.*"key": "([0-9a-f]{8})")' + _MAC + b'([0-9a-f]{64})"', re.DOTALL)


class SealKey:
    """A key for seals; ``number`` tells it from others and says nothing of it."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.number = hmac.digest(secret, b"number", "sha256").hex()[:8]

    def sealed(self, before: bytes, head: bytes) -> bytes:
        """Return ``head``, which ends with the key's number, with its MAC behind."""
        return head + _MAC + self._mac(before, head) + b'"'

    def fits(self, before: bytes, parts: "SealParts") -> bool:
        """Tell whether a seal was made with this key, behind the line whose hash is ``before``."""
        return hmac.compare_digest(self._mac(before, parts.head), parts.mac)

    def _mac(self, before: bytes, head: bytes) -> bytes:
        return hmac.digest(self._secret, before + head, "sha256").hex().encode()


class SealParts(NamedTuple):
    """What the MAC is of, the number of its key, and the MAC."""

    head: bytes
    key_number: str
    mac: bytes


def parts_of(head: bytes) -> SealParts | None:
    """Return the parts of a line's bytes before its hash, None when it has no seal."""
    found = _SEALED.fullmatch(head)
    return None if found is None else SealParts(found[1], found[2].decode(), found[3])


def seal_keys(store: KeyStore) -> list[SealKey]:
    """Return the keys that seals of this site may be under; the first one makes them.

    It stays when the store gets another master key. A store of the first format has none of its own until it is
    written again: until then seals are under one derived from the master key.
    """
    secrets = (store.lasting_secret(PURPOSE), store.derived_secret(PURPOSE))
    return [SealKey(secret) for secret in secrets if secret is not None]


def key_of(number: str, keys: Iterable[SealKey]) -> SealKey | None:
    """Return the key of that number, None when it is another site's, or forged."""
    return next((key for key in keys if key.number == number), None)
