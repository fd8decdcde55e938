"""Day rows 对账流水: the few journal rows of a reconciliation that are looked at one by one."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Select, select

from dbgate import rows
from dbgate.books.day_keys import JournalDay
from dbgate.column_types import day_number
from dbgate.details import counts
from dbgate.loading import ask_payments, constant, read
from dbgate.prepared import Keys, Statement
from dbgate.records import Identity, Movement, Payment
from dbgate.tables import payments
from dbgate.trip import Trip
from dbgate.wanted import by_bank_and_date, in_chunks


def _undos_of(keys: Keys) -> Select[Any]:
    return select(*rows.PAYMENT_COLUMNS).where(
        keys.among(payments.c.account_no, "account_nos"),
        payments.c.bank_code == keys.one("bank_code"),
        payments.c.clearing_date == keys.one("clearing_date"),
        payments.c.movement != constant(Movement.PAY),
        counts(),
    )


# By account, for which there is an index; an undo has the account and the clearing date of its original.
_UNDOS_OF = Statement(
    "select_undos_of_accounts", _undos_of, ("account_nos", "bank_code", "clearing_date"), ("account_nos",)
)


def rows_under(connection: Connection, identities: Iterable[Identity]) -> Iterator[Payment]:
    """Yield the journal rows under these identities, of any kind and day."""
    for bank_code, bank_date, serials in by_bank_and_date(sorted(set(identities))):
        for chunk in in_chunks(serials):
            trip = Trip(connection)
            replies = ask_payments(trip, [Identity(bank_code, bank_date, serial) for serial in chunk])
            trip.go()
            yield from read(replies, rows.payment_of)


def undos_of(connection: Connection, day: JournalDay, account_nos: Iterable[str]) -> Iterator[Payment]:
    """Yield what undid payments of these accounts in a day."""
    for chunk in in_chunks(sorted(set(account_nos))):
        trip = Trip(connection)
        reply = trip.ask(_UNDOS_OF, chunk, day.bank_code, day_number(day.clearing_date))
        trip.go()
        yield from filter(day.has, read([reply], rows.payment_of))
