"""Tallies 笔数与金额: what a chain has of each bank and clearing date, as its seals say it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fep.audit.lines import Counted

TRANSACTIONS = ("pay", "cancel", "reverse")
BankDay = tuple[str, str]
"""A bank's code and a clearing date, YYYYMMDD."""


class Tallies:
    """Counts and sums by bank and clearing date, of days that are not sealed yet."""

    def __init__(self) -> None:
        self._days: dict[BankDay, list[int]] = {}

    def add(self, counted: Counted) -> None:
        """Count a movement."""
        bank_code, day, transaction, amount_fen = counted
        sums = self._days.get((bank_code, day))
        if sums is None:
            sums = self._days[bank_code, day] = [0] * (2 * len(TRANSACTIONS))
        place = 2 * TRANSACTIONS.index(transaction)
        sums[place] += 1
        sums[place + 1] += amount_fen

    def days(self) -> list[BankDay]:
        """Return the days of which there is anything, in order."""
        return sorted(self._days)

    def told(self, days: Iterable[BankDay]) -> list[dict[str, Any]]:
        """Return what a seal says of these days; one without a movement is told too, with zeros."""
        return [_told(day, self._days.get(day)) for day in days]

    def forget(self, days: Iterable[BankDay]) -> None:
        """Count these days anew: they are sealed."""
        for day in days:
            self._days.pop(day, None)

    @classmethod
    def read(cls, told: Iterable[Mapping[str, Any]]) -> "Tallies":
        """Return what ``told`` was made of; ValueError, LookupError or TypeError for something else."""
        tallies = cls()
        for each in told:
            tallies._days[str(each["bank_code"]), str(each["clearing_date"])] = list(_numbers(each))
        return tallies


def day_of(told: Mapping[str, Any]) -> BankDay:
    """Return which day a seal's entry is of."""
    return str(told["bank_code"]), str(told["clearing_date"])


def _told(day: BankDay, sums: list[int] | None) -> dict[str, Any]:
    numbers = sums or [0] * (2 * len(TRANSACTIONS))
    said: dict[str, Any] = {"bank_code": day[0], "clearing_date": day[1]}
    for place, name in enumerate(TRANSACTIONS):
        said |= {f"{name}_count": numbers[2 * place], f"{name}_fen": numbers[2 * place + 1]}
    return said


def _numbers(told: Mapping[str, Any]) -> Iterator[int]:
    for name in TRANSACTIONS:
        yield int(told[f"{name}_count"])
        yield int(told[f"{name}_fen"])
