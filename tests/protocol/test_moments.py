"""Field types of the calendar: only days, months and times that exist."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.fields import FieldInvalid
from protocol.moments import Date, Month, Time


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
