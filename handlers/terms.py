"""Terms 规则参数: the settings that decisions depend on, as plain values; built from the configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from dbgate.record import record
from dbgate.work import Moment
from handlers.query_references import QueryReferences
from protocol.transactions import Transaction

AMOUNT_CEILING_FEN = 10**13
"""Hard ceiling for any amount or balance: 100 billion yuan, far above any bill and far below what an i64 or a
NUMBER(18) holds, so that no sum of a day can overflow."""


PUSH_AGE = timedelta(days=7)
"""For how long a bill is pushed: a bank that is away for a week is collected from otherwise."""


@dataclass(frozen=True, slots=True)
class LateFeeRates:
    """Late fee 违约金: daily rates in 1/10,000 of the principal, floor in fen, cap in 1/100 of the principal."""

    residential_bp: int = 10
    other_bp: int = 20
    other_next_years_bp: int = 30
    floor_fen: int = 100
    cap_percent: int = 100


@dataclass(frozen=True, slots=True)
class Hours:
    """A daily window ``opens <= t < closes``; it may run over midnight; equal ends mean always."""

    opens: time = time.min
    closes: time = time.min

    def contains(self, moment: datetime) -> bool:
        """Tell whether the wall clock of ``moment`` is inside."""
        now = moment.time()
        if self.opens == self.closes:
            return True
        if self.opens < self.closes:
            return self.opens <= now < self.closes
        return now >= self.opens or now < self.closes


@dataclass(frozen=True, slots=True)
class PayWindow:
    """Days of the month (empty: all) and hours in which banks may collect for a supply branch 交费期."""

    days: frozenset[int] = frozenset()
    hours: Hours = Hours()

    def contains(self, moment: datetime) -> bool:
        """Tell whether ``moment`` is inside."""
        return (not self.days or moment.day in self.days) and self.hours.contains(moment)


@dataclass(frozen=True, slots=True)
class BankTerms:
    """What one bank may do.

    Attributes:
        transactions: those that are enabled.
        single_limit_fen: by channel; others have ``default_single_limit_fen``.
        daily_limit_fen: by channel; a channel without one has no counter at all.
        service_hours: outside of them business is refused, STATUS and REVERSE excepted.
        is_suspended: likewise.
        push_age: for how long a bill is pushed to it.
    """

    bank_code: str
    transactions: frozenset[Transaction] = frozenset(Transaction)
    default_single_limit_fen: int = 100_000_000
    single_limit_fen: Mapping[int, int] = field(default_factory=dict)
    daily_limit_fen: Mapping[int, int] = field(default_factory=dict)
    service_hours: Hours = Hours()
    is_suspended: bool = False
    push_age: timedelta = PUSH_AGE


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for all banks."""

    late_fee: LateFeeRates = LateFeeRates()
    pay_windows: Mapping[str, PayWindow] = field(default_factory=dict)
    reprints_max: int = 3
    query_references: QueryReferences = field(default_factory=QueryReferences)


@record
class Context:
    """Everything beside request and records that a decision depends on."""

    bank: BankTerms
    rules: Rules
    moment: Moment
