"""Clearing dates: where a moment belongs, and that a date never goes back."""

# ruff: noqa: DTZ001 - the database clock is naive Asia/Shanghai by contract

from datetime import date, datetime, time

import pytest

from dbgate.clearing import ClearingDateDue, ClearingDates
from dbgate.database import Database
from dbgate.records import ClearingDay
from tests.dbgate.fixtures import Clock
from tests.support.databases import stored


def roll(database: Database, dates: ClearingDates, *bank_codes: str) -> None:
    with database.money_engine.begin() as connection:
        dates.roll(connection, bank_codes, database)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 11, 22, 0, 0), date(2026, 11, 22)),
        (datetime(2026, 11, 22, 23, 29, 59, 999999), date(2026, 11, 22)),
        (datetime(2026, 11, 22, 23, 30), date(2026, 11, 23)),
        (datetime(2026, 12, 31, 23, 59), date(2027, 1, 1)),
    ],
)
def test_default_cut_off(moment: datetime, expected: date) -> None:
    """A moment at or past half past eleven at night belongs to the next day."""
    assert ClearingDates().date_at("0102", moment) == expected


def test_cut_off_of_a_bank() -> None:
    """A bank's own cut-off holds for it alone."""
    dates = ClearingDates({"0103": time(22, 0)}, default_cut_off=time(23, 0))

    assert dates.date_at("0103", datetime(2026, 11, 22, 22, 0)) == date(2026, 11, 23)
    assert dates.date_at("0102", datetime(2026, 11, 22, 22, 59)) == date(2026, 11, 22)


def test_due_dates_are_named() -> None:
    """Banks without a row and banks whose date is behind are due; a date ahead of the clock is not."""
    now = datetime(2026, 11, 22, 12, 0)
    days = {
        "0102": ClearingDay("0102", date(2026, 11, 22), date(2026, 1, 1)),
        "0103": ClearingDay("0103", date(2026, 11, 21), date(2026, 1, 1)),
        "0104": None,
        "0105": ClearingDay("0105", date(2026, 11, 25), date(2026, 1, 1)),
    }

    with pytest.raises(ClearingDateDue) as caught:
        ClearingDates().require_current(days, now)

    assert list(caught.value.bank_codes) == ["0103", "0104"]


def test_roll_jumps_over_days_and_never_goes_back(empty: Database, clock: Clock) -> None:
    """After days of standstill the date is today's; a clock that is set back moves nothing."""
    dates = ClearingDates()
    roll(empty, dates, "0102")
    clock.moment = datetime(2026, 11, 27, 8, 0)
    roll(empty, dates, "0102", "0103")
    clock.moment = datetime(2026, 11, 20, 8, 0)
    roll(empty, dates, "0103", "0102")

    assert stored(empty, "SELECT * FROM clearing_dates ORDER BY bank_code") == [
        ("0102", 20261127, 20261122),
        ("0103", 20261127, 20261127),
    ]


def test_last_read_never_goes_back() -> None:
    """A snapshot that is older than what is known does not change it."""
    dates = ClearingDates()
    for day in (22, 23, 22):
        dates.note(ClearingDay("0102", date(2026, 11, day), date(2026, 11, 1)))

    assert dates.last_read("0102") == date(2026, 11, 23)
