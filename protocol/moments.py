"""Field types of the calendar 日期时间域: date, month and time of day, as digits.

A daemon sees the same few dates and times over and over, so the last ones are kept; each cache is bounded.
"""

from datetime import date, time
from functools import lru_cache

from protocol.fields import FieldInvalid, FixedField

DATES_KEPT = 1024
"""Due dates and original dates of some years."""

TIMES_KEPT = 256
"""Requests of one second share their time; older ones do not come back."""


class Date(FixedField):
    """``date``: YYYYMMDD. Zeros are None when ``optional``, else invalid like any other day that does not exist."""

    def __init__(self, *, optional: bool = False) -> None:
        super().__init__("date", 8, b"0")
        self.accepts = "zeros when absent" if optional else ""
        self._optional = optional

    def parse(self, raw: bytes) -> date | None:
        """Return the day."""
        if self._optional and raw == self.blank:
            return None
        return _date_of(raw)

    def build(self, value: date | None) -> bytes:
        """Return the digits of ``value``."""
        if value is not None:
            return _digits_of(value)
        if not self._optional:
            raise FieldInvalid("absent")
        return self.blank


class Month(FixedField):
    """``month``: YYYYMM as an int. Zeros are None when ``optional``."""

    def __init__(self, *, optional: bool = False) -> None:
        super().__init__("month", 6, b"0")
        self.accepts = "zeros when absent" if optional else ""
        self._optional = optional

    def parse(self, raw: bytes) -> int | None:
        """Return the month."""
        if self._optional and raw == self.blank:
            return None
        if not raw.isdigit():
            raise FieldInvalid("not digits")
        return _checked_month(int(raw))

    def build(self, value: int | None) -> bytes:
        """Return the digits of ``value``."""
        if value is not None:
            return b"%06d" % _checked_month(value)
        if not self._optional:
            raise FieldInvalid("absent")
        return self.blank


class Time(FixedField):
    """``time``: HHMMSS. Zeros are midnight: no time of this link is ever absent."""

    def __init__(self) -> None:
        super().__init__("time", 6, b"0")

    def parse(self, raw: bytes) -> time:
        """Return the time of day."""
        return _time_of(raw)

    def build(self, value: time) -> bytes:
        """Return the digits of ``value``; fractions of a second are dropped."""
        return b"%02d%02d%02d" % (value.hour, value.minute, value.second)


def _checked_month(month: int) -> int:
    if not (1 <= month % 100 <= 12 and 1 <= month // 100 <= 9999):
        raise FieldInvalid("no such month")
    return month


@lru_cache(DATES_KEPT)
def _date_of(raw: bytes) -> date:
    if not raw.isdigit():
        raise FieldInvalid("not digits")
    try:
        return date(int(raw[:4]), int(raw[4:6]), int(raw[6:]))
    except ValueError:
        raise FieldInvalid("no such day") from None


@lru_cache(DATES_KEPT)
def _digits_of(day: date) -> bytes:
    return b"%04d%02d%02d" % (day.year, day.month, day.day)


@lru_cache(TIMES_KEPT)
def _time_of(raw: bytes) -> time:
    if not raw.isdigit():
        raise FieldInvalid("not digits")
    try:
        return time(int(raw[:2]), int(raw[2:4]), int(raw[4:]))
    except ValueError:
        raise FieldInvalid("no such time of day") from None
