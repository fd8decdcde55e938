"""Column types: what is stored is the same on every engine and comes back as it was."""

# ruff: noqa: DTZ001 - the database clock is naive Asia/Shanghai by contract

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeDecorator

from dbgate.column_types import Clock, Day, Flag, Name, Text, clock_number, number_clock, number_day
from dbgate.records import PaymentState


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        (Text(10), "", None),
        (Text(10), "张三", "张三"),
        (Day(), date(2026, 11, 2), 20261102),
        (Clock(), datetime(2026, 1, 2, 3, 4, 5, 678000), 20260102030405678),
        (Flag(), True, 1),
        (Flag(), False, 0),
        (Name(PaymentState), PaymentState.REVERSED_BEFORE_ARRIVAL, "reversed_before_arrival"),
    ],
)
def test_there_and_back(kind: TypeDecorator[Any], value: object, stored: object) -> None:
    """The empty string is NULL, a date a number that sorts, a moment another, an enumeration its value."""
    assert kind.process_bind_param(value, sqlite.dialect()) == stored
    assert kind.process_result_value(stored, sqlite.dialect()) == value


@pytest.mark.parametrize("kind", [Day(), Clock(), Flag(), Name(PaymentState)])
def test_null(kind: TypeDecorator[Any]) -> None:
    """Nothing is NULL, and NULL is nothing."""
    assert kind.process_bind_param(None, sqlite.dialect()) is None
    assert kind.process_result_value(None, sqlite.dialect()) is None


def test_no_such_day() -> None:
    """A number that is no date is not read as one."""
    with pytest.raises(ValueError, match="day"):
        number_day(20260230)


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(9999, 12, 31)))
def test_moments_keep_their_milliseconds(moment: datetime) -> None:
    """Any moment comes back cut to milliseconds."""
    assert number_clock(clock_number(moment)) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)
