"""Day keys 对账键: each row that counts in a clearing date as one text, in which equal rows are equal.

One column instead of six, because a driver spends its time on values: the engine puts the text together, and a million
rows are read in the time of two hundred thousand.
"""

from collections.abc import Generator, Iterable, Sequence
from datetime import date
from functools import partial, reduce
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    case,
    cast,
    func,
    literal_column,
    select,
    type_coerce,
)

from dbgate.column_types import day_number, number_day
from dbgate.details import counts
from dbgate.loading import constant
from dbgate.prepared import Keys, Statement
from dbgate.record import record
from dbgate.records import Identity, Movement, Payment, PaymentState
from dbgate.tables import payments
from dbgate.trip import stream

KEYS_AT_ONCE = 10_000
"""Keys fetched together: a megabyte."""

BATCH_CHANNEL = 10
UNDONE = 1
"""Outcome of a REVERSE that undid its original."""

_COUNTED = frozenset({Movement.PAY, Movement.CANCEL})
_AMOUNT_CHARS = 20
# No serial and no account number holds a tab: the files of banks and of the utility refuse control characters.
_TAB = "\t"


def key_prefix(bank_date: date, movement: Movement, state: PaymentState) -> str:
    """Return how the key of a row begins; ``key_of`` appends the rest."""
    return f"{day_number(bank_date)}{movement.value} {state.value} "


def key_of(prefix: str, amount_fen: int, bank_serial: str, account_no: str) -> str:
    """Return the key of a row, the text that ``day_keys`` yields."""
    [key] = keys_of([prefix], [amount_fen], [bank_serial], [account_no])
    return key


def keys_of(
    prefixes: Iterable[str], amounts_fen: Iterable[int], bank_serials: Iterable[str], account_nos: Iterable[str]
) -> list[str]:
    """Return the keys of many rows, as ``key_of`` makes one."""
    rows = zip(prefixes, amounts_fen, bank_serials, account_nos, strict=True)
    return [f"{prefix}{amount_fen}\t{serial}\t{account_no}" for prefix, amount_fen, serial, account_no in rows]


def identity_of(bank_code: str, key: str) -> Identity:
    """Return the identity of the row that has this key."""
    return Identity(bank_code, number_day(int(key[:8])), key.split(_TAB)[1])


@record
class JournalDay:
    """What of a bank's clearing date is reconciled.

    Attributes:
        with_batch_debits: payments of debit batches too; some formats leave them out of the bank's file.
    """

    bank_code: str
    clearing_date: date
    with_batch_debits: bool = True

    def has(self, row: Payment) -> bool:
        """Tell whether a journal row counts in it: the rule of ``dbgate.details.counts``, for a row that is loaded."""
        return (row.identity.bank_code, row.clearing_date) == (self.bank_code, self.clearing_date) and self.counts(row)

    def counts(self, row: Payment) -> bool:
        """Tell whether a journal row would count in a day of its own."""
        if row.mends_date is not None or (row.channel == BATCH_CHANNEL and not self.with_batch_debits):
            return False
        return row.movement in _COUNTED or (row.movement is Movement.REVERSE and row.outcome == UNDONE)

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the same for the table."""
        columns = payments.c
        rows = [columns.bank_code == self.bank_code, columns.clearing_date == self.clearing_date]
        return [*rows, *_counted(with_batch_debits=self.with_batch_debits)]


def _counted(*, with_batch_debits: bool) -> list[ColumnElement[bool]]:
    not_batch = payments.c.channel != literal_column(str(BATCH_CHANNEL))
    return [counts()] if with_batch_debits else [counts(), not_batch]


def _keys(keys: Keys, *, with_batch_debits: bool) -> Select[Any]:
    words: list[ColumnElement[str]] = [
        cast(payments.c.bank_date, String(8)),
        type_coerce(payments.c.movement, String),
        literal_column("' '", String),
        type_coerce(payments.c.state, String),
        literal_column("' '", String),
        cast(payments.c.amount_fen, String(_AMOUNT_CHARS)),
        literal_column(f"'{_TAB}'", String),
        payments.c.bank_serial,
        literal_column(f"'{_TAB}'", String),
        # A bank's row has an account always; where ours had none, a key without it is still a text.
        func.coalesce(type_coerce(payments.c.account_no, String), literal_column("' '", String)),
    ]
    return select(reduce(lambda text, word: text.concat(word), words)).where(
        payments.c.bank_code == keys.one("bank_code"),
        payments.c.clearing_date == keys.one("clearing_date"),
        *_counted(with_batch_debits=with_batch_debits),
    )


_KEYS = {
    with_batch_debits: Statement(
        name, partial(_keys, with_batch_debits=with_batch_debits), ("bank_code", "clearing_date")
    )
    for with_batch_debits, name in ((True, "select_day_keys"), (False, "select_day_keys_but_debits"))
}


def day_keys(connection: Connection, day: JournalDay) -> Generator[Sequence[str]]:
    """Yield the keys of the rows that count in a day, some thousand at a time, in any order."""
    statement = _KEYS[day.with_batch_debits]
    for rows in stream(connection, statement, KEYS_AT_ONCE, day.bank_code, day_number(day.clearing_date)):
        yield [key for (key,) in rows]


def day_sums(connection: Connection, day: JournalDay) -> tuple[int, int]:
    """Return how many rows count in a day, and their sum in fen: PAY, less CANCEL, less REVERSE."""
    is_pay = payments.c.movement == constant(Movement.PAY)
    amount = case((is_pay, payments.c.amount_fen), else_=-payments.c.amount_fen)
    [(count, total_fen)] = connection.execute(select(func.count(), func.sum(amount)).where(*day.conditions()))
    return int(count), int(total_fen or 0)
