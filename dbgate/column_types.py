"""Column types 列类型: one representation on every engine, so that values sort, compare and load alike.

| type      | Python     | stored as                                                                          |
|-----------|------------|------------------------------------------------------------------------------------|
| ``Text``  | ``str``    | VARCHAR; the empty string is NULL everywhere, because Oracle knows no empty string |
| ``Day``   | ``date``   | integer YYYYMMDD; Oracle's DATE carries a time, SQLite has none                    |
| ``Clock`` | ``datetime`` | integer YYYYMMDDHHMMSSmmm, naive Asia/Shanghai wall clock                        |
| ``Name``  | ``Enum``   | VARCHAR, the member's value                                                        |
| ``Flag``  | ``bool``   | small integer 0 or 1; Oracle has no boolean before 23ai                            |

Widths are characters, not bytes (Oracle: ``VARCHAR2(n CHAR)``).
"""

from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, SmallInteger, String
from sqlalchemy.types import TypeDecorator


def day_number(day: date) -> int:
    """Return ``day`` as integer YYYYMMDD."""
    return day.year * 10_000 + day.month * 100 + day.day


# The dates of a batch are few (today, due dates of some years), so nearly every one is found: 4,096 are eleven years.
@lru_cache(maxsize=4096)
def number_day(number: int) -> date:
    """Return integer YYYYMMDD as a date; ValueError when there is no such day."""
    return date(number // 10_000, number // 100 % 100, number % 100)


def clock_number(moment: datetime) -> int:
    """Return ``moment`` as integer YYYYMMDDHHMMSSmmm; what is finer than a millisecond is cut off."""
    time_of_day = (moment.hour * 100 + moment.minute) * 100 + moment.second
    return day_number(moment) * 1_000_000_000 + time_of_day * 1000 + moment.microsecond // 1000


def number_clock(number: int) -> datetime:
    """Return integer YYYYMMDDHHMMSSmmm as a naive moment."""
    day, rest = divmod(number, 1_000_000_000)
    seconds, milliseconds = divmod(rest, 1000)
    return datetime(  # noqa: DTZ001 - wall clock of the database, naive by contract
        day // 10_000,
        day // 100 % 100,
        day % 100,
        seconds // 10_000,
        seconds // 100 % 100,
        seconds % 100,
        milliseconds * 1000,
    )


class Text(TypeDecorator[str]):
    """Text that may be empty."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Store the empty string as NULL."""
        return value or None

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str:
        """Read NULL as the empty string."""
        return "" if value is None else str(value)


class Day(TypeDecorator[date]):
    """A date."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> int | None:
        """Store YYYYMMDD."""
        return None if value is None else day_number(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> date | None:
        """Read YYYYMMDD."""
        return None if value is None else number_day(value)


class Clock(TypeDecorator[datetime]):
    """A moment of the database's wall clock, to the millisecond."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Store YYYYMMDDHHMMSSmmm."""
        return None if value is None else clock_number(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Read YYYYMMDDHHMMSSmmm."""
        return None if value is None else number_clock(value)


class Flag(TypeDecorator[bool]):
    """Yes or no."""

    impl = SmallInteger
    cache_ok = True

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> int | None:
        """Store 1 or 0."""
        return None if value is None else int(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> bool | None:
        """Read 1 or 0."""
        return None if value is None else bool(value)


class Name(TypeDecorator[Enum]):
    """A member of an enumeration, by its value."""

    impl = String
    cache_ok = True

    def __init__(self, enumeration: type[Enum]) -> None:
        # The longest name of any enumeration has 23 characters: reversed_before_arrival.
        super().__init__(24)
        self.enumeration = enumeration
        self._members: dict[str, Enum] = {str(member.value): member for member in enumeration}

    def process_bind_param(self, value: Enum | None, dialect: Dialect) -> str | None:
        """Store the member's value."""
        return None if value is None else str(value._value_)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Enum | None:
        """Read the member of this value; KeyError when the enumeration has none."""
        return None if value is None else self._members[value]
