"""A FEP in the test's own process: the real handlers over lanes on a real database, and a clock that the test moves."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from functools import partial

from dbgate.audits.checks import Finding
from dbgate.audits.every_check import findings
from dbgate.batch import MoneyLane, ReadLane
from dbgate.books.balances import candidates
from dbgate.clearing import ClearingDates
from dbgate.cut_off import CutOff
from dbgate.job import job
from dbgate.records import DayTotals
from dbgate.reports.criteria import Period
from dbgate.reports.days import BankDay, day_totals
from dbgate.reports.snapshots import Snapshot, snapshot
from dbgate.work import Decision, Moment, Work
from dbgate.working_set import WorkingSet
from handlers import apply_balance
from handlers.apply_balance import Applied
from handlers.catalogue import HANDLERS
from handlers.terms import BankTerms, Context, Rules
from protocol.canonical.messages import Answer, Request
from tests.support.databases import open_database

DEADLINE_S = 60.0
ALL_TIME = Period(date(2026, 1, 1), date(2027, 12, 31))


class Clock:
    """A clock that only goes on when it is told to."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def go_on(self, **parts: float) -> None:
        """Let time pass."""
        self.moment += timedelta(**parts)


class Fep:
    """What banks ask, and what the utility does.

    Args:
        url: of a database that has the schema.
        clock: of everybody.
        cut_offs: by bank.
    """

    def __init__(self, url: str, clock: Clock, cut_offs: Mapping[str, time_of_day]) -> None:
        self.clock, self.cut_offs, self.rules = clock, cut_offs, Rules()
        self.database = open_database(url, clock)
        self._clearing = ClearingDates(cut_offs)
        self._cut_off = CutOff(self.database, self._clearing)
        self._money, self._reads = MoneyLane(self.database, self._clearing), ReadLane(self.database, self._clearing)
        self._cut_off.ensure(cut_offs)

    def close(self) -> None:
        """Let go of the database."""
        self._money.close()
        self._reads.close()
        self.database.dispose()

    def ask(self, request: Request) -> Answer:
        """Answer a request as the daemon would."""
        handler = HANDLERS[request.transaction]
        bank = BankTerms(request.head.bank_code)

        def decide(records: WorkingSet, moment: Moment) -> Decision:
            return handler.decide(request, records, Context(bank, self.rules, moment))

        needs = handler.needs(request, bank, self.clock().date())
        lane = self._money if handler.money else self._reads
        work = Work(needs, decide, handler.money, time.monotonic() + DEADLINE_S, lambda _: None)
        [(_, answer)] = lane.run([work])
        assert isinstance(answer, Answer), answer
        return answer

    def roll(self) -> None:
        """Roll what is due, as the daemon's timer does."""
        self._cut_off.roll_all()

    def present_day(self, bank_code: str) -> date:
        """Return the bank's clearing date as stored."""
        self._cut_off.roll_all()
        return self._cut_off.present_day(bank_code)

    def close_day(self, bank_code: str) -> None:
        """Close the bank's present day by command."""
        self._cut_off.close_day(bank_code, self._cut_off.present_day(bank_code))

    def apply_balances(self) -> int:
        """Run the utility's job and return how many bills it settled."""
        count = 0
        with job(self.database, self.cut_offs) as each:
            for page in candidates(self.database):
                decides = [partial(apply_balance.decide, number, self.rules.late_fee) for number in page]
                asked = list(zip(map(apply_balance.needs, page), decides, strict=True))
                for answer in each.run(asked):
                    assert isinstance(answer, Applied)
                    count += answer.bill_count
        return count

    def day_totals(self) -> dict[BankDay, DayTotals]:
        """Return the totals of all days."""
        with self._snapshot() as connection:
            return day_totals([connection], ALL_TIME)

    def findings(self) -> list[Finding]:
        """Return what does not agree in the books."""
        with self._snapshot() as connection:
            return list(findings([connection], ALL_TIME.first))

    @contextmanager
    def _snapshot(self) -> Iterator[Snapshot]:
        with snapshot(self.database) as connection:
            yield connection


def added(totals: DayTotals, **changes: int) -> DayTotals:
    """Return ``totals`` with some of its fields raised."""
    return replace(totals, **{name: getattr(totals, name) + change for name, change in changes.items()})
