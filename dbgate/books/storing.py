"""Storing of the books 账务落库: the set statements that write what a batch has decided about them."""

from collections.abc import Iterator
from typing import NamedTuple

from dbgate.books import rows
from dbgate.books.book_set import BookSet
from dbgate.books.tables import debit_rows, mandates, pushes
from dbgate.column_types import clock_number, day_number
from dbgate.forms import Values
from dbgate.prepared import InsertRows, Prepared, UpdateRows

_MOVING_MANDATE = [column.name for column in mandates.c if column is not mandates.c.account_no]
_FIXED_IN_PUSH = {"bill_no", "account_no", "bank_code", "created_at"}
_MOVING_PUSH = [column.name for column in pushes.c if column.name not in _FIXED_IN_PUSH]
_MOVING_DEBIT = ["state", "result", "debited_fen", "debit_date", "debit_serial", "fep_serial"]

_INSERT_MANDATES = InsertRows("insert_mandates", mandates, if_new=True)
_MANDATES = UpdateRows("update_mandates", mandates, _MOVING_MANDATE, ["account_no", "state", "file_date"])
_INSERT_DEBITS = InsertRows("insert_debits", debit_rows, if_new=True)
_DEBITS = UpdateRows("update_debits", debit_rows, _MOVING_DEBIT, ["batch_no", "bill_no", "state"])
UPDATE_PUSHES = UpdateRows("update_pushes", pushes, _MOVING_PUSH, ["bill_no", "state", "due_at"])


class Sending(NamedTuple):
    """A statement, its rows, and what has happened when it does not find or insert each of them."""

    statement: Prepared
    values: list[Values]
    stale: str


def sendings(books: BookSet) -> Iterator[Sending]:
    """Yield what is to be sent; those without rows are to be left out."""
    new = list(map(rows.mandate_values, books.new_mandates()))
    yield Sending(_INSERT_MANDATES, new, "a mandate was given meanwhile")
    moved: list[Values] = [
        (*rows.moved_mandate_values(now), old.account_no, old.state.value, day_number(old.file_date))
        for old, now in books.moved_mandates()
    ]
    yield Sending(_MANDATES, moved, "a mandate moved meanwhile")
    yield Sending(_INSERT_DEBITS, list(map(rows.debit_values, books.new_debits())), "a bill was listed meanwhile")
    moved = [
        (*rows.moved_debit_values(now), old.batch_no, old.bill_no, old.state.value) for old, now in books.moved_debits()
    ]
    yield Sending(_DEBITS, moved, "a row of a debit batch moved meanwhile")
    moved = [
        (*rows.moved_push_values(now), old.bill_no, old.state.value, clock_number(old.due_at))
        for old, now in books.moved_pushes()
    ]
    yield Sending(UPDATE_PUSHES, moved, "a push moved meanwhile")
