"""Services 公共服务: what all links of one daemon share."""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from threading import Lock
from typing import Protocol

from dbgate.work import Needs, Work
from fep.config.settings import Settings
from fep.links.bank import Bank
from fep.links.in_work import InWork
from fep.links.replay_guard import ReplayGuard
from fep.links.transaction_log import TransactionLog


class Clock(Protocol):
    """Monotonic time; Twisted's reactor and its test ``Clock`` are ones."""

    def seconds(self) -> float:
        """Return seconds since some fixed moment."""
        ...


class SubmitsWork(Protocol):
    """What a link needs of the gate."""

    def submit(self, work: Work) -> None:
        """Take work in; ``work.done`` is called later, once.

        Raises:
            GateBusy, GateClosed: it was not taken.
        """
        ...

    def clearing_date(self, bank_code: str) -> date | None:
        """Return the bank's clearing date as last read, None while unknown."""
        ...


@dataclass(slots=True)
class Services:
    """One daemon's shared parts.

    Attributes:
        clock: monotonic seconds.
        wall_clock: naive Asia/Shanghai time of this machine.
        next_echo_serial: number for a request of our own; None while there is none.
        turn: held while the loop works on frames or answers (``dbgate.gate.Gate`` says what for).
        events: counters of what is no transaction: frames dropped, MAC failures, connections refused.
        branch_of: the database that work waits for, None when for all of them; None itself when there is only one.
    """

    settings: Settings
    banks: Mapping[str, Bank]
    gate: SubmitsWork
    clock: Clock
    wall_clock: Callable[[], datetime]
    next_echo_serial: Callable[[], int | None]
    turn: AbstractContextManager[object] = field(default_factory=Lock)
    transaction_log: TransactionLog = field(default_factory=TransactionLog)
    replay_guard: ReplayGuard = field(default_factory=ReplayGuard)
    events: Counter[str] = field(default_factory=Counter)
    in_work: InWork = field(default_factory=InWork)
    branch_of: Callable[[Needs], Hashable | None] | None = None
