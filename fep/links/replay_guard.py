"""Replay guard 重放防护: client randoms of sign-in and key exchange that were seen a short while ago.

Source: wire specification, section 2: a client_random seen within the last ten minutes on this daemon is answered 1002.
Older recordings fail the clock check.
"""

from collections import OrderedDict

REMEMBERED_S = 600.0
ENTRIES_MAX = 20_000
"""Of each bank: one that signs in 33 times a second for ten minutes; no healthy one does, and it is 4 MB. A bank that
does so is busy for its own sign-ins, not for another bank's."""


class ReplayGuard:
    """Remembers (bank, random) for ten minutes; only randoms of authenticated frames are to be shown to it."""

    def __init__(self) -> None:
        self._seen: dict[str, OrderedDict[bytes, float]] = {}

    def is_full(self, bank_code: str, now: float) -> bool:
        """Tell whether no more can be remembered of a bank at ``now`` (monotonic seconds): new sign-ins must wait."""
        seen = self._seen.setdefault(bank_code, OrderedDict())
        while seen and next(iter(seen.values())) <= now - REMEMBERED_S:
            seen.popitem(last=False)
        return len(seen) >= ENTRIES_MAX

    def is_fresh(self, bank_code: str, client_random: bytes, now: float) -> bool:
        """Remember the random and tell whether it was new; ``is_full`` must have been asked before."""
        seen = self._seen.setdefault(bank_code, OrderedDict())
        if seen.get(client_random, now - REMEMBERED_S) > now - REMEMBERED_S:
            return False
        seen.pop(client_random, None)
        seen[client_random] = now
        return True
