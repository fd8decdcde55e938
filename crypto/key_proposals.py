"""Key proposals 密钥操作提请: acts on keys that one officer has proposed and another approves (four eyes 双人复核).

They stand in the sealed store with all that they need, new keys included, and nothing of them holds before somebody
else has approved. Rule: what is approved is what was proposed. A proposal is bound to the bank's keys as they were, by
a digest over numbers, suites, check values and dates; when anything of these has changed, it is refused.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from crypto.errors import KeyProposalRefused, ProposalFault
from crypto.key_changes import KeyChange
from crypto.key_versions import KeyVersion, Versions, without_dead_keys

PROPOSALS_MAX = 64
"""Proposals that wait at once: more than one ceremony for all banks of a site brings."""


@dataclass(frozen=True, slots=True)
class KeyProposal:
    """What is proposed 提请.

    Attributes:
        number: from 1, never used again.
        bank_code: whose keys; empty when of none.
        change: what is to be done.
        detail: how it came, in words of the program, for the journal.
        proposed_by: as the system knows him.
        proposed_at: naive, Asia/Shanghai.
        expires_at: from then on it is not approved any more.
        basis: digest of the bank's keys that it was proposed on.
        has_login: the system could tell who it was; else it was whoever works as that user.
    """

    number: int
    bank_code: str
    change: KeyChange
    detail: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    basis: str
    has_login: bool = True


class KeyProposals:
    """Those of one store; ``last``: the highest number that was ever given."""

    def __init__(self, waiting: Mapping[int, KeyProposal], last: int) -> None:
        self._waiting = dict(waiting)
        self.last = last

    @property
    def all(self) -> Mapping[int, KeyProposal]:
        """All that are kept, expired ones too, by number."""
        return self._waiting

    def waiting(self, now: datetime) -> tuple[KeyProposal, ...]:
        """Return those that can be approved at ``now``, oldest first."""
        return tuple(each for _, each in sorted(self._waiting.items()) if now < each.expires_at)

    def add(
        self,
        bank_code: str,
        change: KeyChange,
        detail: str,
        operator: str,
        now: datetime,
        until: datetime,
        basis: str,
        *,
        has_login: bool = True,
    ) -> KeyProposal:
        """Add what ``operator`` proposes; KeyProposalRefused when too many wait."""
        if len(self.waiting(now)) >= PROPOSALS_MAX:
            raise KeyProposalRefused(None, ProposalFault.TOO_MANY)
        self.last += 1
        proposal = KeyProposal(self.last, bank_code, change, detail, operator, now, until, basis, has_login)
        self._waiting[self.last] = proposal
        return proposal

    def find(self, number: int, now: datetime) -> KeyProposal:
        """Return a proposal that waits; KeyProposalRefused when there is none of that number, or no longer."""
        proposal = self._waiting.get(number)
        if proposal is None:
            raise KeyProposalRefused(number, ProposalFault.MISSING)
        if now >= proposal.expires_at:
            raise KeyProposalRefused(number, ProposalFault.EXPIRED)
        return proposal

    def end(self, number: int) -> None:
        """Forget a proposal, with the keys in it."""
        del self._waiting[number]

    def without_expired(self, now: datetime) -> "KeyProposals":
        """Return what can still be approved: the keys of the others are destroyed."""
        return KeyProposals({each.number: each for each in self.waiting(now)}, self.last)


def basis(versions: Versions, now: datetime) -> str:
    """Return the digest of a bank's keys; keys that have ended and are forgotten for that do not count."""
    return hashlib.sha256(json.dumps(list(map(_told, without_dead_keys(versions, now)))).encode()).hexdigest()


def _told(version: KeyVersion) -> list[str]:
    dates = f"{version.valid_from}", f"{version.valid_until}"
    return [f"{version.number}", version.suite.name, version.ak_kcv.hex(), version.kek_kcv.hex(), *dates]
