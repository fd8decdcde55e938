"""Listing 表: what a report shows, before it is known where: columns with a kind, and rows of plain values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from fep.language import Text

FEP_SERIAL_DIGITS = 12


class Kind(Enum):
    """What the values of a column are."""

    TEXT = "text"  # str, or a Text in both languages
    COUNT = "count"  # int
    YUAN = "yuan"  # int fen, shown in yuan
    DAY = "day"  # date
    MOMENT = "moment"  # datetime, shown to the second
    MONTH = "month"  # int YYYYMM
    ACCOUNT = "account"  # str, masked where people read

    @property
    def is_number(self) -> bool:
        """Whether it is summed, and stands at the right."""
        return self in {Kind.COUNT, Kind.YUAN}


class AccountNumber(str):
    """An account number in a column of other things: masked as those of ``Kind.ACCOUNT`` are."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading and the kind of its values; a value may be None in every kind."""

    heading: Text
    kind: Kind = Kind.TEXT


@dataclass(frozen=True, slots=True)
class Listing:
    """One table of a report.

    Attributes:
        name: in file names, lower-case ASCII.
        title: what it shows, and over what.
        tab: its name in a workbook, at most 20 characters.
        rows: read once, one value for each column.
        total: a last row, shown where people read and left out of CSV.
        is_list: it may be long: it goes to the files alone where there are any.
        row_count: how many rows there will be, about; 0 when nobody knows.
    """

    name: str
    title: Text
    tab: Text
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]
    total: Sequence[Any] | None = None
    is_list: bool = False
    row_count: int = 0


def yuan(amount_fen: int) -> str:
    """Return fen as yuan with two decimals and without separators, so that programs read it too.

    >>> yuan(-12345), yuan(5)
    ('-123.45', '0.05')
    """
    whole, fen = divmod(abs(amount_fen), 100)
    return f"{'-' if amount_fen < 0 else ''}{whole}.{fen:02d}"


def fep_serial(number: int | None) -> str | None:
    """Return a FEP serial as messages and receipts have it; None where there is none."""
    return None if number is None else str(number).zfill(FEP_SERIAL_DIGITS)


def text_of(kind: Kind, value: Any) -> str:
    """Return a value as text; None is empty."""
    if value is None:
        return ""
    if isinstance(value, Text):  # what stands for a total, in whichever column comes first
        return str(value)
    if kind is Kind.YUAN:
        return yuan(value)
    if kind is Kind.MONTH:
        return f"{value // 100:04d}-{value % 100:02d}"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
