"""File names 文件名: which file a name stands for, and the name that a file has."""

import re
from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Self

from protocol.fields import FieldInvalid
from protocol.files.errors import FileNameInvalid
from protocol.moments import Date, Month
from protocol.record import record

_SAFE = re.compile(r"(?!\.)[A-Za-z0-9_.-]{1,64}")
_NAME = re.compile(r"(?P<prefix>[A-Z]{2,3})(?P<bank_code>[0-9]{4})(?P<period>[0-9]{8})\.txt")
_BANK_CODE = re.compile(r"[0-9]{4}")

NUMBER_MAX = 99
"""Batches of a bank and month: two digits."""


class FileKind(Enum):
    """A kind of file; the value is its type in FILE_LIST."""

    RECONCILE_DETAIL = ("01", "DZ", "clearing_date")  # 对账明细
    RECONCILE_RESULT = ("02", "DZR", "clearing_date")  # 对账结果
    DEBIT_LIST = ("03", "DK", "month")  # 出盘
    DEBIT_RESULT = ("04", "DKR", "month")  # 回盘
    MANDATES = ("05", "WT", "file_date")  # 代扣协议

    prefix: str
    """Letters that its name begins with."""
    period: str
    """Attribute of its head that its name holds besides the bank."""

    def __new__(cls, file_type: str, prefix: str, period: str) -> Self:
        """Make the member's value its type and keep the rest beside it."""
        member = object.__new__(cls)
        member._value_ = file_type
        member.prefix = prefix
        member.period = period
        return member

    @property
    def is_from_bank(self) -> bool:
        """Whether a bank sends it; else the FEP makes it."""
        return self in _FROM_BANK

    @property
    def is_numbered(self) -> bool:
        """Whether a month has several, so that a number of two digits stands behind it."""
        return self.period == "month"


_FROM_BANK = (FileKind.RECONCILE_DETAIL, FileKind.DEBIT_RESULT, FileKind.MANDATES)
_KINDS = {kind.prefix: kind for kind in FileKind}
_RESULTS = {
    FileKind.RECONCILE_DETAIL: FileKind.RECONCILE_RESULT,
    FileKind.DEBIT_LIST: FileKind.DEBIT_RESULT,
}


@record
class FileName:
    """The name of a file.

    Attributes:
        kind: of the file.
        bank_code: 4 digits.
        period: the day, or the month as YYYYMM, as its kind has it.
        number: within the month, from 1 to 99; 0 where the period is a day.
    """

    kind: FileKind
    bank_code: str
    period: date | int
    number: int = 0

    def __str__(self) -> str:
        """Return the name; FileNameInvalid when it has none."""
        if not _BANK_CODE.fullmatch(self.bank_code):
            raise FileNameInvalid("the bank code is not 4 digits")
        return f"{self.kind.prefix}{self.bank_code}{self.written_period}.txt"

    @property
    def written_period(self) -> str:
        """The day, or month and number, as 8 digits; FileNameInvalid when it has none."""
        if isinstance(self.period, date) and not self.kind.is_numbered and self.number == 0:
            return self.period.strftime("%Y%m%d").rjust(8, "0")
        if isinstance(self.period, int) and self.kind.is_numbered and 1 <= self.number <= NUMBER_MAX:
            return f"{_month_of(b'%06d' % self.period):06d}{self.number:02d}"
        raise FileNameInvalid("period or number is not that of this kind of files")

    @property
    def expected(self) -> Mapping[str, object]:
        """What the head of the file must say, for ``check_file``."""
        return {"bank_code": self.bank_code, self.kind.period: self.period}

    @property
    def result(self) -> "FileName":
        """The name of the file that answers this one; FileNameInvalid when none does."""
        if self.kind not in _RESULTS:
            raise FileNameInvalid("no file answers this one")
        return FileName(_RESULTS[self.kind], self.bank_code, self.period, self.number)


def checked_name(name: str) -> str:
    """Return ``name`` when a file may be called so, in any layout; FileNameInvalid when not."""
    if not _SAFE.fullmatch(name):
        raise FileNameInvalid("1 to 64 letters, digits, _ . -, the first no dot")
    return name


def file_name(name: str) -> FileName:
    """Return what ``name`` stands for; FileNameInvalid when it is no name of this kind."""
    match = _NAME.fullmatch(checked_name(name))
    if match is None or match["prefix"] not in _KINDS:
        raise FileNameInvalid("none of DZ DZR WT DK DKR, bank code, date or month and number, .txt")
    return name_of(_KINDS[match["prefix"]], match["bank_code"], match["period"])


def name_of(kind: FileKind, bank_code: str, period: str) -> FileName:
    """Return the name of a file of that kind, whose period is 8 digits; FileNameInvalid when it is none."""
    digits = period.encode("ascii")
    if not kind.is_numbered:
        return FileName(kind, bank_code, _day_of(digits))
    number = int(digits[6:])
    if number == 0:
        raise FileNameInvalid("numbers count from 01")
    return FileName(kind, bank_code, _month_of(digits[:6]), number)


def _day_of(digits: bytes) -> date:
    try:
        day = Date().parse(digits)
    except FieldInvalid as error:
        raise FileNameInvalid(str(error)) from None
    assert day is not None, "only an optional day may be absent"
    return day


def _month_of(digits: bytes) -> int:
    try:
        month = Month().parse(digits)
    except FieldInvalid as error:
        raise FileNameInvalid(str(error)) from None
    assert month is not None, "only an optional month may be absent"
    return month
