"""Services 公共服务: what all links of one daemon share."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from dbgate.work import Needs
from fep.audit.log import AuditLog
from fep.config.settings import Address, Settings
from fep.descriptors import Descriptors
from fep.files.work import FileWork
from fep.links.admission import Admission
from fep.links.bank import Bank
from fep.links.guests import Guests
from fep.links.in_work import InWork
from fep.links.notices import Notices
from fep.links.refusals import Refusals
from fep.links.replay_guard import ReplayGuard
from fep.links.submissions import AfterRound, Submissions, TakesWork, at_once
from fep.links.tails import Tails
from fep.links.transaction_log import TransactionLog
from fep.links.turns import Turns
from fep.traces.sampled import TakesSamples

if TYPE_CHECKING:
    from fep.links.tls import TlsEndpoint


class Clock(Protocol):
    """Monotonic time; Twisted's reactor and its test ``Clock`` are ones."""

    def seconds(self) -> float:
        """Return seconds since some fixed moment."""
        ...


class SubmitsWork(TakesWork, Protocol):
    """What a link needs of the gate."""

    def clearing_date(self, bank_code: str) -> date | None:
        """Return the bank's clearing date as last read, None while unknown."""
        ...


class TakesFileWork(Protocol):
    """What takes work with batch files in."""

    def submit(self, work: FileWork) -> None:
        """Take work in; ``work.done`` is called once, now or later."""
        ...


@dataclass(slots=True)
class Services:
    """One daemon's shared parts.

    Attributes:
        clock: monotonic seconds.
        wall_clock: naive Asia/Shanghai time of this machine.
        next_own_serial: number for a request of our own; None while there is none.
        file_desk: for batch files.
        turn: held while the loop works on frames or answers (``dbgate.gate.Gate`` says what for).
        audit: the audit log, which is told of what is answered.
        admission: who may connect, over all dialects.
        guests: connections on which nobody has signed in.
        notices: which lines that anybody can cause are written.
        events: counters of what is no transaction: frames dropped, MAC failures, connections refused.
        refusals: what the limits have turned away, by reason.
        mac_failures: of those, the MACs that were wrong, by bank.
        clock_skews: by bank, seconds that its clock was ahead of ours when it last asked for keys.
        tails: who watches frames.
        descriptors: that new connections leave enough file descriptors for the rest.
        link_numbers: of connections, from 1.
        after_round: has a function called when the loop has read what has arrived.
        tls: what is shown and asked for on the addresses where TLS is spoken.
        traces: samples requests; None while they are not traced.
        branch_of: the database that work waits for, None when for all of them; None itself when there is only one.
    """

    settings: Settings
    banks: dict[str, Bank]
    gate: SubmitsWork
    clock: Clock
    wall_clock: Callable[[], datetime]
    next_own_serial: Callable[[], int | None]
    file_desk: TakesFileWork
    turn: AbstractContextManager[object] = field(default_factory=Lock)
    transaction_log: TransactionLog = field(default_factory=TransactionLog)
    replay_guard: ReplayGuard = field(default_factory=ReplayGuard)
    guests: Guests = field(default_factory=Guests)
    notices: Notices = field(default_factory=Notices)
    events: Counter[str] = field(default_factory=Counter)
    refusals: Refusals = field(default_factory=Refusals)
    mac_failures: Counter[str] = field(default_factory=Counter)
    clock_skews: dict[str, float] = field(default_factory=dict)
    in_work: InWork = field(default_factory=InWork)
    tails: Tails = field(default_factory=Tails)
    link_numbers: Iterator[int] = field(default_factory=lambda: count(1))
    audit: AuditLog = field(default_factory=AuditLog)
    admission: Admission = field(default_factory=Admission)
    tls: Mapping[Address, "TlsEndpoint"] = field(default_factory=dict)
    traces: TakesSamples | None = None
    branch_of: Callable[[Needs], Hashable | None] | None = None
    after_round: AfterRound = at_once
    descriptors: Descriptors = field(init=False)
    submissions: Submissions = field(init=False)
    turns: Turns = field(init=False)

    def __post_init__(self) -> None:
        """Make what is made of the other parts; what a round brings goes to the gate together."""
        self.descriptors = Descriptors(self._no_descriptors)
        self.submissions = Submissions(self.gate, self.after_round)
        self.turns = Turns(self.after_round)

    def _no_descriptors(self, count: int) -> None:
        self.events["connection_refused"] += count
        self.refusals.connections["file_descriptors"] += count
