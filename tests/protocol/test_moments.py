"""Field types of the calendar: only days, months and times that exist."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.fields import FieldInvalid
from protocol.moments import Date, DayOfYear, Month, MonthDay, Time, TimeOfDay, Timestamp, TransmissionTime


@given(st.dates())
def test_dates_are_eight_digits(day: date) -> None:
    """Every day of the calendar goes out and comes back."""
    assert Date().build(day) == f"{day.year:04d}{day.month:02d}{day.day:02d}".encode()
    assert Date().parse(Date().build(day)) == day


@pytest.mark.parametrize(
    "raw", [b"20260231", b"20261301", b"20260100", b"00000000", b"2026 101", b"2026-1-1", b"20250229"]
)
def test_days_that_do_not_exist_are_refused(raw: bytes) -> None:
    """31 February is no day, nor are zeros where a day must stand."""
    with pytest.raises(FieldInvalid):
        Date().parse(raw)


def test_a_date_may_be_absent_where_it_is_optional() -> None:
    """Zeros are None, and None is zeros."""
    assert Date(optional=True).parse(b"00000000") is None
    assert Date(optional=True).build(None) == b"00000000"
    assert Date(optional=True).parse(b"20240229") == date(2024, 2, 29)
    with pytest.raises(FieldInvalid):
        Date().build(None)


def test_months() -> None:
    """A month is an int YYYYMM with a month that exists."""
    assert Month().parse(b"202611") == 202611
    assert Month().build(202601) == b"202601"
    assert Month(optional=True).parse(b"000000") is None
    assert Month(optional=True).build(None) == b"000000"
    assert Month(optional=True).parse(b"000101") == 101
    for raw in (b"202613", b"202600", b"000000", b"000012", b"2026 1"):
        with pytest.raises(FieldInvalid):
            Month().parse(raw)
    for value in (None, 202613, 1000001, -1):
        with pytest.raises(FieldInvalid):
            Month().build(value)


@given(st.times().map(lambda moment: moment.replace(microsecond=0)))
def test_times_are_six_digits(moment: time) -> None:
    """Every second of the day goes out and comes back, midnight too."""
    assert Time().build(moment) == moment.strftime("%H%M%S").encode()
    assert Time().parse(Time().build(moment)) == moment


@pytest.mark.parametrize("raw", [b"240000", b"006000", b"000060", b"12:000", b"      "])
def test_times_that_do_not_exist_are_refused(raw: bytes) -> None:
    """There is no 24th hour and no 60th second."""
    with pytest.raises(FieldInvalid):
        Time().parse(raw)


def test_fractions_of_a_second_are_dropped() -> None:
    """The wire knows whole seconds."""
    assert Time().build(time(1, 2, 3, 999999)) == b"010203"


@pytest.mark.parametrize(
    ("raw", "today", "day"),
    [
        (b"1231", date(2027, 1, 1), date(2026, 12, 31)),
        (b"0101", date(2026, 12, 31), date(2027, 1, 1)),
        (b"1122", date(2026, 11, 22), date(2026, 11, 22)),
        (b"0229", date(2028, 3, 1), date(2028, 2, 29)),
        (b"0229", date(2027, 12, 31), date(2028, 2, 29)),
        (b"0601", date(2026, 11, 30), date(2026, 6, 1)),
    ],
)
def test_days_without_a_year(raw: bytes, today: date, day: date) -> None:
    """The nearest day of that name, on whatever side of New Year."""
    assert DayOfYear().parse(raw).nearest(today) == day


def test_days_that_are_not() -> None:
    """0229 is a day only near a leap year; 0230 never is."""
    with pytest.raises(FieldInvalid, match="no such day within a year"):
        MonthDay(2, 29).nearest(date(2026, 6, 1))
    for raw in (b"0230", b"1301", b"0000", b"12 1"):
        with pytest.raises(FieldInvalid):
            DayOfYear().parse(raw)
    assert DayOfYear().build(date(2026, 2, 9)) == b"0209"


def test_moments() -> None:
    """Fourteen digits; of some, only the time counts, and a blank is midnight."""
    moment = datetime(2026, 11, 22, 10, 0, 3)  # noqa: DTZ001 - the wall clock of a link
    assert (Timestamp().parse(b"20261122100003"), Timestamp().build(moment)) == (moment, b"20261122100003")
    assert (TimeOfDay().parse(b"20261122100003"), TimeOfDay().parse(b" " * 14)) == (time(10, 0, 3), time.min)
    for raw in (b"20261122250000", b"20261322100000", b"2026112210000 ", b"+2026112210000"):
        with pytest.raises(FieldInvalid):
            Timestamp().parse(raw)


def test_transmission_times() -> None:
    """Ten digits without a year; nobody reads them, so anything may stand there."""
    moment = datetime(2026, 2, 9, 1, 2, 3, 999_999)  # noqa: DTZ001 - the wall clock of a link
    assert TransmissionTime().build(moment) == b"0209010203"
    assert TransmissionTime().parse(b"\xff no time") == b"\xff no time"


@settings(deadline=None)
@given(st.dates(date(1990, 1, 1), date(2090, 12, 31)), st.integers(-182, 182))
def test_a_day_near_today_gets_its_own_year(today: date, days: int) -> None:
    """Half a year to either side, on whatever side of New Year or of 29 February."""
    day = today + timedelta(days=days)
    assert DayOfYear().parse(DayOfYear().build(day)).nearest(today) == day


def test_half_a_year_away() -> None:
    """Of two days as near, the past one: an accounting date is rarely in the future."""
    past, today, future = date(2024, 1, 1), date(2024, 7, 2), date(2025, 1, 1)
    assert today - past == future - today
    assert MonthDay(1, 1).nearest(today) == past
    assert MonthDay(1, 1).nearest(today + timedelta(1)) == future


@pytest.mark.parametrize("raw", [b"+122", b"1 22", b"12-2", b"\xb2\xb211", b"    ", b"0001", b"0100", b"1232", b"0431"])
def test_what_is_no_day_of_a_year(raw: bytes) -> None:
    """Four digits, and a day that some year has."""
    with pytest.raises(FieldInvalid):
        DayOfYear().parse(raw)
