"""Field types of the calendar 日期时间域: date, month, time of day and moment, as digits; days without a year.

A daemon sees the same few dates and times over and over, so the last ones are kept; each cache is bounded.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
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


class Timestamp(FixedField):
    """``YYYYMMDDHHMMSS``."""

    def __init__(self) -> None:
        super().__init__("YYYYMMDDHHMMSS", 14, b" ")

    def parse(self, raw: bytes) -> datetime:
        """Return the moment, of whatever clock the link goes by."""
        return _moment_of(raw)

    def build(self, value: datetime) -> bytes:
        """Return the digits of ``value``."""
        return _digits_of_moment(value)


class TransmissionTime(FixedField):
    """``MMDDHHMMSS``; only ever written."""

    def __init__(self) -> None:
        super().__init__("MMDDHHMMSS", 10, b"0")

    def parse(self, raw: bytes) -> bytes:
        """Return the digits: nobody reads them."""
        return raw

    def build(self, value: datetime) -> bytes:
        """Return the digits of ``value``."""
        return _digits_of_moment(value)[4:]


class TimeOfDay(FixedField):
    """``YYYYMMDDHHMMSS`` of which only the time counts; midnight when it is blank."""

    def __init__(self) -> None:
        super().__init__("YYYYMMDDHHMMSS", 14, b" ")

    def parse(self, raw: bytes) -> time:
        """Return the time of day."""
        return _moment_of(raw).time() if raw.strip(b" ") else time.min

    def build(self, value: datetime) -> bytes:
        """Return the digits of ``value``."""
        return _digits_of_moment(value)


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A day without its year."""

    month: int
    day: int

    def nearest(self, today: date) -> date:
        """Return the day of this month and number that is nearest to ``today``, a day in the past before one to come.

        Raises:
            FieldInvalid: there is none within a year, as for 0229 in most years.
        """
        return _nearest(self.month, self.day, today)


class DayOfYear(FixedField):
    """``MMDD``: a day without its year, which whoever reads it resolves around today."""

    def __init__(self) -> None:
        super().__init__("MMDD", 4, b"0")

    def parse(self, raw: bytes) -> MonthDay:
        """Return month and day; 0229 is one."""
        return _month_day_of(raw)

    def build(self, value: date) -> bytes:
        """Return month and day of ``value``."""
        return b"%02d%02d" % (value.month, value.day)


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


@lru_cache(DATES_KEPT)
def _month_day_of(raw: bytes) -> MonthDay:
    if not raw.isdigit():
        raise FieldInvalid("not digits")
    month, day = int(raw[:2]), int(raw[2:])
    if _in_year(2024, month, day) is None:  # a leap year, which has every day
        raise FieldInvalid("no such day")
    return MonthDay(month, day)


@lru_cache(DATES_KEPT)
def _nearest(month: int, day: int, today: date) -> date:
    years = (today.year - 1, today.year, today.year + 1)
    days = [found for year in years if (found := _in_year(year, month, day)) is not None]
    if not days:
        raise FieldInvalid("no such day within a year")
    return min(days, key=lambda found: (abs(found - today), found > today))


def _in_year(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


@lru_cache(TIMES_KEPT)
def _moment_of(raw: bytes) -> datetime:
    if not raw.isdigit():
        raise FieldInvalid("not digits")
    try:
        return datetime.combine(_date_of(raw[:8]), _time_of(raw[8:]))  # of the link's own wall clock
    except FieldInvalid:
        raise FieldInvalid("no such moment") from None


def _digits_of_moment(moment: datetime) -> bytes:
    day, time_of_day = (moment.year, moment.month, moment.day), (moment.hour, moment.minute, moment.second)
    return b"%04d%02d%02d%02d%02d%02d" % (day + time_of_day)


@lru_cache(TIMES_KEPT)
def _time_of(raw: bytes) -> time:
    if not raw.isdigit():
        raise FieldInvalid("not digits")
    try:
        return time(int(raw[:2]), int(raw[2:4]), int(raw[4:]))
    except ValueError:
        raise FieldInvalid("no such time of day") from None
