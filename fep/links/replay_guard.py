"""Replay guard 重放防护: client randoms of sign-in and key exchange that were seen a short while ago.

Source: wire specification, section 2: a client_random seen within the last ten minutes on this daemon is answered 1002.
Older recordings fail the clock check.
"""

from collections import OrderedDict

REMEMBERED_S = 600.0
ENTRIES_MAX = 100_000
"""A bank that signs in 166 times a second for ten minutes: no healthy one does, and it is 20 MB."""


class ReplayGuard:
    """Remembers (bank, random) for ten minutes; only randoms of authenticated frames are to be shown to it."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, bytes], float] = OrderedDict()

    def is_full(self, now: float) -> bool:
        """Tell whether no more can be remembered at ``now`` (monotonic seconds): new sign-ins must wait."""
        while self._seen and next(iter(self._seen.values())) <= now - REMEMBERED_S:
            self._seen.popitem(last=False)
        return len(self._seen) >= ENTRIES_MAX

    def is_fresh(self, bank_code: str, client_random: bytes, now: float) -> bool:
        """Remember the random and tell whether it was new; ``is_full`` must have been asked before."""
        key = (bank_code, client_random)
        if self._seen.get(key, now - REMEMBERED_S) > now - REMEMBERED_S:
            return False
        self._seen.pop(key, None)
        self._seen[key] = now
        return True
