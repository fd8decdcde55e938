"""Dues 欠费: what an account owes on a day, over all its unsettled bills."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from dbgate.records import Bill, UserClass
from handlers.late_fee import late_fee
from handlers.terms import LateFeeRates


class Due(NamedTuple):
    """One unsettled bill and its late fee on the day."""

    bill: Bill
    late_fee_fen: int


class Dues(NamedTuple):
    """All that is unsettled, in the order of the bills that were given; the balance is not deducted."""

    items: tuple[Due, ...]
    principal_fen: int
    late_fee_fen: int

    @property
    def total_fen(self) -> int:
        """Principal and late fees."""
        return self.principal_fen + self.late_fee_fen

    def payable_fen(self, balance_fen: int) -> int:
        """Return what remains to be paid when the balance is used first."""
        return max(0, self.total_fen - balance_fen)

    def reached_by(self, money_fen: int) -> Sequence[Due]:
        """Return the first items that ``money_fen`` reaches, whole; the first that does not fit ends it."""
        for count, (bill, late_fee_fen) in enumerate(self.items):
            money_fen -= bill.principal_fen + late_fee_fen
            if money_fen < 0:
                return self.items[:count]
        return self.items


def dues_on(day: date, bills: Sequence[Bill], user_class: UserClass, rates: LateFeeRates) -> Dues:
    """Return what ``bills`` cost on ``day``, bills in a debit batch included."""
    principal_fen = fee_fen = 0
    items = []
    for bill in bills:
        fee = late_fee(bill.principal_fen, user_class, bill.due_date, day, rates)
        principal_fen += bill.principal_fen
        fee_fen += fee
        items.append(Due(bill, fee))
    return Dues(tuple(items), principal_fen, fee_fen)
