"""Criteria 统计口径: the time a report is over, what it is narrowed to, and what its rows are grouped by."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Integer, literal_column, type_coerce

from dbgate.records import UserClass
from dbgate.tables import accounts, bills, payments

Sums = TypeVar("Sums")
Columns = dict["Dimension", ColumnElement[Any]]


class Dimension(Enum):
    """What sums are grouped by; the value is its name on the command line."""

    BANK = "bank"
    OUTLET = "outlet"  # of the bank 网点
    TELLER = "teller"
    CHANNEL = "channel"
    BRANCH = "branch"  # of the utility 供电分公司
    CLASS = "class"
    DAY = "day"
    MONTH = "month"
    BILL_MONTH = "bill-month"


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``first`` to ``last``, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a report is narrowed to; an empty tuple leaves it open. At most 1,000 values each (Oracle's IN lists)."""

    banks: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    tellers: tuple[str, ...] = ()
    channels: tuple[int, ...] = ()
    branches: tuple[str, ...] = ()
    classes: tuple[UserClass, ...] = ()

    @property
    def of_account(self) -> bool:
        """Whether it asks for something that stands in the account and not in the payment."""
        return bool(self.branches or self.classes)

    def of_payments(self) -> list[ColumnElement[bool]]:
        """Return the conditions on payments, and on their accounts."""
        columns = payments.c
        return [
            *among(columns.bank_code, self.banks),
            *among(columns.branch_code, self.outlets),
            *among(columns.teller_id, self.tellers),
            *among(columns.channel, self.channels),
            *self.of_accounts(),
        ]

    def of_accounts(self) -> list[ColumnElement[bool]]:
        """Return the conditions on accounts alone."""
        return [*among(accounts.c.supply_branch, self.branches), *among(accounts.c.user_class, self.classes)]


def month_start(day: ColumnElement[Any]) -> ColumnElement[int]:
    """Return YYYYMM00 of a day column, by arithmetic that all engines share."""
    number = type_coerce(day, Integer)
    return number - number % literal_column("100", Integer)


OF_ACCOUNT = frozenset({Dimension.BRANCH, Dimension.CLASS})
"""What stands in the account."""

OF_PAYMENTS: Columns = {
    Dimension.BANK: payments.c.bank_code,
    Dimension.OUTLET: payments.c.branch_code,
    Dimension.TELLER: payments.c.teller_id,
    Dimension.CHANNEL: payments.c.channel,
    Dimension.BRANCH: accounts.c.supply_branch,
    Dimension.CLASS: accounts.c.user_class,
    Dimension.DAY: payments.c.clearing_date,
    Dimension.MONTH: month_start(payments.c.clearing_date),
}
"""By what payments are grouped; days and months are those of the clearing date."""

OF_BILLS: Columns = {
    Dimension.BRANCH: accounts.c.supply_branch,
    Dimension.CLASS: accounts.c.user_class,
    Dimension.DAY: bills.c.due_date,
    Dimension.MONTH: month_start(bills.c.due_date),
    Dimension.BILL_MONTH: bills.c.month,
}
"""By what unsettled bills are grouped; days and months are those of the due date."""


def labelled(columns: Columns, by: Sequence[Dimension]) -> list[ColumnElement[Any]]:
    """Return the columns of ``by`` under names of their own, for a subquery that is grouped by them."""
    return [columns[dimension].label(f"by_{dimension.name.lower()}") for dimension in by]


def key_of(by: Sequence[Dimension], values: Sequence[Any]) -> tuple[Any, ...]:
    """Return the values of a group as Python has them: a month as YYYYMM, text without a value as empty."""
    return tuple(
        value // 100 if dimension is Dimension.MONTH else "" if value is None else value
        for dimension, value in zip(by, values, strict=True)
    )


def in_order(groups: dict[tuple[Any, ...], Sums]) -> dict[tuple[Any, ...], Sums]:
    """Return the groups sorted by their keys; the values of a dimension are of one kind."""
    return dict(sorted(groups.items(), key=lambda group: tuple(getattr(value, "value", value) for value in group[0])))


def among(column: ColumnElement[Any], values: Collection[Any]) -> list[ColumnElement[bool]]:
    """Return the condition that a column has one of these values, none when there are none."""
    return [column.in_(list(values))] if values else []
