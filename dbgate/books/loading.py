"""Loading of the books 账务装入: what a money batch wants of them, read after its account locks.

Mandates, rows of debit batches and pushes move under the lock of their account: whoever claims a push afterwards finds
the bill in the debit batch, and whoever has claimed it before is seen.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, select

from dbgate.books import rows
from dbgate.books.book_set import BookSet
from dbgate.books.tables import debit_rows, mandates, pushes
from dbgate.prepared import Keys, Statement
from dbgate.trip import Reply, Trip
from dbgate.wanted import Wanted, in_chunks

_ITEMS = ("items",)


def _debits(keys: Keys) -> Select[Any]:
    return select(*rows.DEBIT_COLUMNS).where(
        debit_rows.c.batch_no == keys.one("batch_no"), keys.among(debit_rows.c.account_no, "items")
    )


def _pushes(keys: Keys) -> Select[Any]:
    return select(*rows.PUSH_COLUMNS).where(keys.among(pushes.c.account_no, "items"))


_MANDATES = Statement(
    "select_mandates",
    lambda keys: select(*rows.MANDATE_COLUMNS).where(keys.among(mandates.c.account_no, "items")),
    _ITEMS,
    _ITEMS,
)
_DEBITS = Statement("select_debits", _debits, ("batch_no", "items"), _ITEMS)
_PUSHES = Statement("select_pushes", _pushes, _ITEMS, _ITEMS)


class Books(NamedTuple):
    """What was asked of the books, on its way."""

    mandates: Sequence[Reply]
    debits: Sequence[Reply]
    pushes: Sequence[Reply]


NO_BOOKS = Books((), (), ())


def ask_books(trip: Trip, wanted: Wanted) -> Books:
    """Ask for the books that a money batch wants, behind its account locks; nothing when it wants none."""
    if not wanted.has_books:
        return NO_BOOKS
    pushing = _ask(trip, _PUSHES, wanted.pushes)
    debits = [
        trip.ask(_DEBITS, batch_no, chunk)
        for batch_no, account_nos in sorted(wanted.debits.items())
        for chunk in in_chunks(sorted(account_nos))
    ]
    return Books(_ask(trip, _MANDATES, wanted.mandates), debits, pushing)


def add_books(books: Books, book_set: BookSet) -> None:
    """Put what ``ask_books`` asked for, once the trip has been made."""
    book_set.add_mandates(_read(books.mandates, rows.mandate_of))
    book_set.add_debits(_read(books.debits, rows.debit_of))
    book_set.add_pushes(_read(books.pushes, rows.push_of))


def _ask(trip: Trip, statement: Statement, items: Iterable[str]) -> list[Reply]:
    return [trip.ask(statement, chunk) for chunk in in_chunks(sorted(items))]


def _read(replies: Iterable[Reply], record_of: Callable[[Any], Any]) -> list[Any]:
    return [record_of(row) for reply in replies for row in reply.rows]
