"""Kinds of load files 装载文件种类: accounts.csv and bills.csv, column by column: what is right and what it becomes.

A parsed row is a tuple of plain values in the order of the file's columns; ``stored`` makes of it the row of the table.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sqlalchemy import Table, select

from dbgate.column_types import number_day
from dbgate.forms import Values
from dbgate.prepared import InsertRows, Statement
from dbgate.records import AccountState, BillState, CollectMode, UserClass
from dbgate.tables import accounts, bills

AMOUNT_MAX = 10**13
"""Hard ceiling of any amount or balance in fen (business rules), and of a meter reading in 1/100 kWh."""

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
_CODE = re.compile(r"[!-~]+")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_DIGITS = re.compile(r"[0-9]+")

Parse = Callable[[str], Any]


def text(chars_max: int, *, is_required: bool = False) -> Parse:
    """Any text without control characters, at most ``chars_max`` characters."""

    def _parse(value: str) -> str:
        value = value.strip()
        if is_required and not value:
            raise ValueError("is empty")
        if len(value) > chars_max:
            raise ValueError(f"has {len(value)} characters, at most {chars_max} are allowed")
        if _CONTROL_CHARACTERS.search(value):
            raise ValueError("contains a control character")
        return value

    return _parse


def code(chars_min: int, chars_max: int, *, digits: bool = False) -> Parse:
    """Printable ASCII without spaces (or digits only) of a certain length; ``chars_min`` 0: may be empty."""
    pattern, what = (_DIGITS, "digits") if digits else (_CODE, "printable ASCII characters without spaces")

    def _parse(value: str) -> str:
        if not chars_min <= len(value) <= chars_max or not (pattern.fullmatch(value) or not value):
            raise ValueError(f"must be {chars_min} to {chars_max} {what}")
        return value

    return _parse


def integer(low: int, high: int) -> Parse:
    """An integer in ASCII digits, ``low`` to ``high``."""

    def _parse(value: str) -> int:
        if not _INTEGER.fullmatch(value) or not low <= int(value) <= high:
            raise ValueError(f"must be an integer from {low} to {high}")
        return int(value)

    return _parse


def choice(*names: str) -> Parse:
    """One of ``names``."""
    known = {name: name for name in names}

    def _parse(value: str) -> str:
        if value not in known:
            raise ValueError(f"must be one of {', '.join(names)}")
        return known[value]

    return _parse


def flag(value: str) -> int:
    """Return 0 or 1; empty is 0."""
    if value not in {"", "0", "1"}:
        raise ValueError("must be 0 or 1")
    return int(value == "1")


def month(value: str) -> int:
    """Return YYYYMM as an integer."""
    if len(value) != 6 or not _DIGITS.fullmatch(value) or not 1 <= int(value[4:]) <= 12 or int(value) < 190001:
        raise ValueError("must be a month YYYYMM")
    return int(value)


def day(value: str) -> int:
    """Return YYYYMMDD as an integer."""
    is_day = len(value) == 8 and _DIGITS.fullmatch(value) is not None
    try:
        number_day(int(value) if is_day else 0)
    except ValueError:
        raise ValueError("must be a date YYYYMMDD") from None
    return int(value)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file.

    Attributes:
        name: ``accounts`` or ``bills``.
        table: where its rows go; the first column of file and table is the key.
        columns: the file's columns and how each is read, in the order of the tuples.
        optional: columns that may be missing, with the text they then have.
        complete: what the table's row has after the file's columns and before the digest.
        insert: INSERT of rows whose key is free.
        digests: SELECT of (key, digest) of the rows that have certain keys.
        account_index: where a row names an account that must exist; None: nowhere.
    """

    name: str
    table: Table
    columns: Mapping[str, Parse]
    optional: Mapping[str, str]
    complete: Values
    insert: InsertRows
    digests: Statement
    account_index: int | None

    def stored(self, row: Values) -> Values:
        """Return the table's row of a parsed (or generated) row of the file."""
        return (*(value if value != "" else None for value in row), *self.complete, digest_of(row))


def digest_of(row: Values) -> int:
    """Return 64 bits, signed, of a parsed row's content: by them an equal row is told from a changed one later on."""
    content = "\x1f".join(map(str, row)).encode()
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big", signed=True)


def _digests_of(table: Table, key: str) -> Statement:
    return Statement(
        f"load_digests_of_{table.name}",
        lambda keys: select(table.c[key], table.c.load_digest).where(keys.among(table.c[key], "keys")),
        ("keys",),
        lists=("keys",),
    )


ACCOUNTS = Kind(
    name="accounts",
    table=accounts,
    columns={
        "account_no": code(10, 16, digits=True),
        "name": text(100, is_required=True),
        "address": text(200),
        "meter_no": code(0, 32),
        "passbook": code(0, 32),
        "supply_branch": code(4, 8),
        "user_class": choice(*(member.value for member in UserClass)),
        "collect_mode": choice(*(member.value for member in CollectMode)),
        "state": choice(*(member.value for member in AccountState)),
        "balance": integer(0, AMOUNT_MAX),
        "pay_at_utility": flag,
    },
    optional={"pay_at_utility": "0"},
    complete=(),
    insert=InsertRows("load_accounts", accounts, if_new=True),
    digests=_digests_of(accounts, "account_no"),
    account_index=None,
)
BALANCE_INDEX = list(ACCOUNTS.columns).index("balance")

BILLS = Kind(
    name="bills",
    table=bills,
    columns={
        # 16 characters on the wire.
        "bill_no": code(1, 16),
        "account_no": code(10, 16, digits=True),
        "month": month,
        "seq": integer(0, 99),
        # Corrections of a reading may take energy back.
        "energy": integer(-AMOUNT_MAX, AMOUNT_MAX),
        "previous_reading": integer(0, AMOUNT_MAX),
        "this_reading": integer(0, AMOUNT_MAX),
        "principal": integer(0, AMOUNT_MAX),
        "due_date": day,
    },
    optional={},
    complete=(BillState.OPEN.value, None),
    insert=InsertRows("load_bills", bills, if_new=True),
    digests=_digests_of(bills, "bill_no"),
    account_index=1,
)

KINDS = {kind.name: kind for kind in (ACCOUNTS, BILLS)}
