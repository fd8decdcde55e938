"""The key versions of one connection 会话密钥版本.

Sans-IO: no clock here; ``now`` is passed in, seconds of one monotonic clock. Source: wire specification, section 2.

Rule 1: versions count from 1 and are never used again on the connection.
Rule 2: at most two versions live at once. What each event does to (former, current, next):

    state                            | issue              | the bank uses it        | 60 s later
    ---------------------------------+--------------------+-------------------------+-----------------
    nothing                          | -> next            |                         |
    next                             | next replaced      | next -> current         |
    current                          | -> current, next   | stays                   |
    current, next                    | next replaced      | next -> current,        |
                                     |                    | current -> former       |
    former, current                  | KeyRingBusy        | stays                   | former ends

    "current" is the newest version the bank has used, "next" one it has not used yet.

Rule 3: the FEP's own requests go under the current version, so none goes before the bank has used one.
Rule 4: a version's key lifetime runs from its issue; afterwards business requests under it get 1005, MACed with it.
"""

from dataclasses import dataclass

from crypto.errors import KeyRingBusy, KeyVersionUnknown
from crypto.keys import Key
from crypto.session import SessionSecurity, WrappedKeys, generate_session_keys, wrap_session_keys
from crypto.suites import Suite

FORMER_VERSION_S = 60.0
"""How long the former version stays valid after the bank's first frame under the new one (specification)."""


@dataclass(frozen=True, slots=True)
class IssuedKeys:
    """The key fields of a reply to sign-in or key exchange 签到应答中的密钥.

    Attributes:
        key_version: From 1.
        key_lifetime_s: Seconds from now.
        wrapped: MAK and TEK under KEK, with their check values.
    """

    key_version: int
    key_lifetime_s: int
    wrapped: WrappedKeys


@dataclass(frozen=True, slots=True)
class _Version:
    number: int
    security: SessionSecurity
    issued_s: float


class KeyRing:
    """The session keys of one connection, by version 会话密钥环.

    Args:
        suite: The bank's suite.
        key_lifetime_s: Lifetime of each version in seconds.
    """

    __slots__ = ("_current", "_former", "_former_ends_s", "_issued_last", "_lifetime_s", "_next", "_suite")

    def __init__(self, suite: Suite, key_lifetime_s: int = 86_400) -> None:
        self._suite = suite
        self._lifetime_s = key_lifetime_s
        self._issued_last = 0
        self._former: _Version | None = None
        self._former_ends_s = 0.0
        self._current: _Version | None = None
        self._next: _Version | None = None

    def issue(self, kek: Key, now: float) -> IssuedKeys:
        """Make new session keys and return what the reply carries, wrapped under ``kek`` 产生会话密钥.

        A connection may ask under one KEK and later under another: while a bank changes its keys both are accepted.

        Raises:
            KeyRingBusy: Two used versions are valid.
        """
        self._end_former(now)
        if self._former is not None:
            raise KeyRingBusy
        keys = generate_session_keys(self._suite)
        self._issued_last += 1
        self._next = _Version(self._issued_last, SessionSecurity(self._suite, keys), now)
        wrapped = wrap_session_keys(self._suite, kek, keys)
        return IssuedKeys(self._issued_last, self._lifetime_s, wrapped)

    def security(self, version: int, now: float) -> SessionSecurity:
        """Return what verifies a frame under ``version`` and makes its reply.

        Keep it for the reply: the version may end before that is ready.

        Raises:
            KeyVersionUnknown: There is no such version, or no longer.
        """
        return self._valid(version, now).security

    def mark_used(self, version: int, now: float) -> None:
        """Note that a frame of the bank has verified under ``version``; KeyVersionUnknown as for ``security``."""
        used = self._valid(version, now)
        if used is self._next:
            self._former, self._former_ends_s = self._current, now + FORMER_VERSION_S
            self._current, self._next = used, None

    def own_version(self, now: float) -> int | None:
        """Return the version for the FEP's own requests, None while the bank has used none.

        ``now`` is taken as everywhere on this class; the current version never ends, so nothing depends on it yet.
        """
        return None if self._current is None else self._current.number

    def expired(self, version: int, now: float) -> bool:
        """Tell whether the key lifetime of ``version`` is over; KeyVersionUnknown as for ``security``."""
        return now - self._valid(version, now).issued_s >= self._lifetime_s

    def _valid(self, version: int, now: float) -> _Version:
        current = self._current
        if current is not None and current.number == version:  # nearly always; it never ends, so no time is looked at
            return current
        self._end_former(now)
        for candidate in (self._next, self._former):
            if candidate is not None and candidate.number == version:
                return candidate
        raise KeyVersionUnknown(version)

    def _end_former(self, now: float) -> None:
        if self._former is not None and now >= self._former_ends_s:
            self._former = None
