"""Late fee 违约金: days, rates, rounding, floor and cap, each worked out by hand."""

import json
from datetime import date, datetime
from pathlib import Path

import pytest

from dbgate.records import UserClass
from handlers.late_fee import late_fee
from handlers.terms import LateFeeRates

HOME, OTHER = UserClass.RESIDENTIAL, UserClass.OTHER
VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "standard.json").read_text(encoding="utf-8"))


def _day(digits: str) -> date:
    return datetime.strptime(digits, "%Y%m%d").date()  # noqa: DTZ007 - a calendar date has no zone


BY_HAND = [
    # user class, principal, due, on, fee: how
    (HOME, 100_000, "20260925", "20260924", 0),  # before the due date
    (HOME, 100_000, "20260925", "20260925", 0),  # the due date itself
    (HOME, 100_000, "20260925", "20260926", 100),  # 1 day
    (HOME, 100_000, "20260925", "20260930", 500),  # 5 days
    (HOME, 100_000, "20260925", "20261001", 600),  # over a month's end
    (HOME, 100_000, "20260925", "20261231", 9_700),  # 5 + 31 + 30 + 31 days
    (HOME, 100_000, "20260925", "20270101", 9_800),  # a home pays no more in the next year
    (HOME, 100_000, "20270228", "20270301", 100),  # no leap day
    (HOME, 100_000, "20280228", "20280229", 100),  # the leap day
    (HOME, 100_000, "20280228", "20280301", 200),  # over the leap day
    (HOME, 100_000, "20280229", "20290228", 36_500),  # due on a leap day
    (HOME, 100_000, "20260101", "20280926", 99_900),  # 999 days, below the cap
    (HOME, 100_000, "20260101", "20280927", 100_000),  # 1000 days, at the cap
    (HOME, 100_000, "20260101", "20280928", 100_000),  # 1001 days, capped
    (HOME, 100_500, "20260925", "20260926", 101),  # 100.5 rounds up
    (HOME, 100_499, "20260925", "20260926", 100),  # 100.499 rounds down
    (HOME, 499, "20260925", "20260926", 0),  # 0.499 is 0 and stays 0
    (HOME, 500, "20260925", "20260926", 100),  # 0.5 is 1, then the floor
    (HOME, 99, "20260925", "20261025", 99),  # 2.97 is 3, the floor, then the cap
    (HOME, 0, "20260925", "20261025", 0),  # nothing owed
    (OTHER, 100_000, "20261230", "20261230", 0),  # the due date itself
    (OTHER, 100_000, "20261230", "20261231", 200),  # 0.2 % in the year
    (OTHER, 100_000, "20261230", "20270101", 500),  # 0.2 % and 0.3 %
    (OTHER, 100_000, "20261231", "20261231", 0),
    (OTHER, 100_000, "20261231", "20270101", 300),  # every day is in the next year
    (OTHER, 100_000, "20260925", "20261231", 19_400),  # 97 days at 0.2 %
    (OTHER, 100_000, "20260925", "20270131", 28_700),  # and 31 at 0.3 %
    (OTHER, 100_000, "20280228", "20280301", 400),  # over the leap day
    (OTHER, 100_000, "20251221", "20261110", 96_200),  # 10 at 0.2 % and 314 at 0.3 %
    (OTHER, 100_000, "20251230", "20270101", 100_000),  # 1 and 366 days, capped
]


@pytest.mark.parametrize(("user_class", "principal_fen", "due", "on", "fee_fen"), BY_HAND)
def test_by_hand(user_class: UserClass, principal_fen: int, due: str, on: str, fee_fen: int) -> None:
    """A bill costs the late fee that the regulation says for its user class and its days."""
    assert fee_fen == late_fee(principal_fen, user_class, _day(due), _day(on), LateFeeRates())


@pytest.mark.parametrize("vector", VECTORS["late_fee"], ids=lambda v: f"{v['principal']} {v['due']} {v['on']}")
def test_vectors(vector: dict[str, object]) -> None:
    """The golden vectors hold."""
    user_class = UserClass(vector["user_class"])
    due, on = _day(str(vector["due"])), _day(str(vector["on"]))
    assert vector["late_fee"] == late_fee(int(str(vector["principal"])), user_class, due, on, LateFeeRates())


def test_rates_of_a_province() -> None:
    """Rates, floor and cap are settings: here 0.05 % and 0.1 %, no floor, and half the principal at most."""
    rates = LateFeeRates(residential_bp=5, other_bp=10, other_next_years_bp=10, floor_fen=0, cap_percent=50)
    assert late_fee(10_000, HOME, date(2026, 11, 1), date(2026, 11, 3), rates) == 10
    assert late_fee(10_000, OTHER, date(2026, 12, 30), date(2027, 1, 2), rates) == 30
    assert late_fee(10_001, OTHER, date(2020, 1, 1), date(2026, 1, 1), rates) == 5_000
