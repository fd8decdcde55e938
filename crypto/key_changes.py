"""Key changes 密钥变更: what an act is to do to a key store, as a value: one officer can propose it, another do it.

import and generate bring a new pair, export takes one out in key blocks; activate, retire and remove say which pairs
are accepted; reseal and begin journal are about the store itself.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from crypto.key_versions import BankKeys

WINDOW = timedelta(days=7)
"""How long the former version is accepted beside the new one unless the act says otherwise: a bank changes its
front-ends one after the other, and once more when it had to go back, within a week."""


@dataclass(frozen=True, slots=True)
class Addition:
    """A new pair of keys; ``blocks``: its key blocks for the bank, empty when it went there in components."""

    act: Literal["import", "generate"]
    keys: BankKeys
    blocks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Export:
    """A pair for the bank, wrapped under a protection key already."""

    number: int
    blocks: tuple[str, ...]
    act: Literal["export"] = "export"


@dataclass(frozen=True, slots=True)
class Activation:
    """A pending version is accepted from a moment on, and the former one for a while still.

    Attributes:
        valid_from: None: from when it is done.
        former_until: None: until ``window`` after the beginning.
    """

    number: int
    valid_from: datetime | None = None
    former_until: datetime | None = None
    window: timedelta = WINDOW
    act: Literal["activate"] = "activate"

    def moments(self, now: datetime) -> tuple[datetime, datetime]:
        """Return from when the new version is accepted and until when the former one, when this is done at ``now``."""
        begins = max(now, self.valid_from or now)
        return begins, self.former_until or begins + self.window


@dataclass(frozen=True, slots=True)
class Retirement:
    """A version ends at once; ``even_last``: although it is the only one that the bank can sign in with."""

    number: int
    even_last: bool = False
    act: Literal["retire"] = "retire"


@dataclass(frozen=True, slots=True)
class Removal:
    """All versions of a bank are taken out."""

    act: Literal["remove"] = "remove"


@dataclass(frozen=True, slots=True)
class Resealing:
    """Another master key; ``check_value`` tells whether the reference still leads to the same one."""

    reference: str
    check_value: str
    act: Literal["reseal"] = "reseal"


@dataclass(frozen=True, slots=True)
class NewJournal:
    """A broken journal is put aside and a new one begun."""

    act: Literal["begin journal"] = "begin journal"


KeyChange = Addition | Export | Activation | Retirement | Removal | Resealing | NewJournal


def deadline_of(change: KeyChange, latest: datetime, now: datetime) -> datetime:
    """Return until when a proposal of ``change`` may be approved: not after a moment that was agreed with the bank."""
    moments = (change.valid_from, change.former_until) if isinstance(change, Activation) else ()
    return min([latest, *(each for each in moments if each is not None and each > now)])
