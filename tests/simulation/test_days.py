"""Thirty days of a utility and its banks: each closed day is balanced, and all days add up to all there is.

Two truthful banks over a line that loses and doubles messages, with different cut-offs, days closed by command, days on
which nobody works, bills that are issued and balances that are applied meanwhile.
"""

# ruff: noqa: DTZ001 - the database clock is naive Asia/Shanghai by contract

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random

import pytest

from dbgate.bulk import load_rows
from dbgate.load_kinds import ACCOUNTS, BILLS
from dbgate.reports.days import BankDay
from tests.conftest import NewDatabase
from tests.dbgate.fixtures import account_no, account_row
from tests.simulation.fep_in_process import Clock, Fep
from tests.simulation.truthful_bank import TruthfulBank

BEGIN = datetime(2026, 11, 2, 8, 0)
CUT_OFFS = {"0102": time(23, 30), "0103": time(17, 0)}
ACCOUNT_COUNT = 24
ACTS_A_DAY = 50
SEEDS = (1, 2)


@pytest.fixture
def fep(new_database_url: NewDatabase) -> Iterator[Fep]:
    """A FEP with some accounts; their bills are issued day by day."""
    with new_database_url() as url:
        fep = Fep(url, Clock(BEGIN), CUT_OFFS)
        load_rows(fep.database, ACCOUNTS, [account_row(each, 300 * (each % 3)) for each in range(ACCOUNT_COUNT)])
        yield fep
        fep.close()


class Month:
    """Days of two banks and the utility."""

    def __init__(self, fep: Fep, seed: int) -> None:
        self.fep, self.random = fep, Random(seed)
        numbers = [account_no(each) for each in range(ACCOUNT_COUNT)]
        self.banks = [TruthfulBank(code, fep, Random(f"{seed}/{code}"), numbers) for code in CUT_OFFS]
        self.first = fep.clock().date()
        self.applied = 0

    def run(self, days: int) -> None:
        """Let the days pass, and reconcile what is closed, sooner or later."""
        for day in range(days):
            self._morning(day)
            if self.random.random() > 0.12:  # else a holiday: nobody works, and the date jumps when somebody does
                self._work()
            self.fep.clock.moment = datetime.combine(self.first + timedelta(days=day + 1), time(8))
            if self.random.random() < 0.7:
                self.fep.roll()
                self._reconcile()
        self.fep.roll()
        self._reconcile()

    def _morning(self, day: int) -> None:
        """Bills are issued, some long overdue by now, and the balances are applied."""
        due = 20260801 if self.random.random() < 0.3 else 20991231
        chosen = self.random.sample(range(ACCOUNT_COUNT), 8)
        load_rows(
            self.fep.database,
            BILLS,
            [(f"D{day:03d}N{each:03d}", account_no(each), 202610, day, 1, 0, 1, 130, due) for each in chosen],
        )
        if self.random.random() < 0.6:
            self.applied += self.fep.apply_balances()

    def _work(self) -> None:
        """Both banks work until the small hours, most of all around their cut-offs; some days end by command."""
        closing = self.random.randrange(ACTS_A_DAY) if self.random.random() < 0.15 else None
        for act in range(ACTS_A_DAY):
            self._let_time_pass(act)
            self.random.choice(self.banks).act()
            if act == closing:
                self.fep.close_day(self.random.choice(self.banks).code)
            if self.random.random() < 0.05:
                self.fep.roll()
            if self.random.random() < 0.03:
                self._reconcile()

    def _let_time_pass(self, act: int) -> None:
        clock = self.fep.clock
        if act in (20, 40):  # to two minutes before a cut-off, and then second by second over it
            cut_off = time(16, 58) if act == 20 else time(23, 28)
            clock.moment = max(clock(), datetime.combine(clock().date(), cut_off))
        else:
            clock.go_on(seconds=self.random.choice([1, 5, 20]))

    def _reconcile(self) -> None:
        """Each bank reconciles all days that are closed: those on which nothing happened too."""
        for bank in self.banks:
            day, present = self.first, self.fep.present_day(bank.code)
            while day < present:
                if day not in bank.reconciled:
                    bank.reconcile(day)
                day += timedelta(days=1)


def _run(fep: Fep, seed: int, days: int) -> Month:
    month = Month(fep, seed)
    month.run(days)
    stored = fep.day_totals()
    told: dict[BankDay, object] = {
        (bank.code, day): totals for bank in month.banks for day, totals in bank.totals.items() if totals.pay_count
    }
    assert {key: totals for key, totals in stored.items() if totals.pay_count} == told
    assert fep.findings() == []
    return month


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("seed", SEEDS)
def test_thirty_days(fep: Fep, seed: int) -> None:
    """3001 is balanced and 3002 the bank's own list, day by day; nothing in the books disagrees in the end."""
    month = _run(fep, seed, 30)
    assert all(len(bank.reconciled) >= 30 for bank in month.banks)
    seen = sum((Counter(bank.seen) for bank in month.banks), Counter[str]())
    rare = {"reversed UNDONE", "reversed NEVER_ARRIVED", "cancelled", "repeated", "asked", "doubled", "refused"}
    assert min(seen[each] for each in rare) > 0, seen
    assert seen["not cancelled 2009"] > 0
    assert seen["not reversed 2009"] + seen["not reversed 2016"] > 0, seen
    assert month.applied > 0


@pytest.mark.engine("postgresql")
def test_some_days_on_a_server(fep: Fep) -> None:
    """The same on PostgreSQL, for fewer days."""
    month = _run(fep, 4, 6)
    assert all(len(bank.reconciled) >= 6 for bank in month.banks)


def test_a_bank_that_is_not_truthful(fep: Fep) -> None:
    """A book that is wrong by one fen is noticed: the simulation can fail."""
    month = Month(fep, 5)
    month.run(1)
    bank = month.banks[0]
    bank.reconciled.clear()
    first = date(2026, 11, 2)
    bank.totals[first] = type(bank.totals[first])(pay_count=1, pay_amount_fen=1)
    with pytest.raises(AssertionError):
        bank.reconcile(first)
