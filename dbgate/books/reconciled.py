"""Reconciled 已对账: whether a clearing date has been reconciled, and what has become of a request's differences.

Read work only, in the first database; in the others these tables are empty.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Select, select

from dbgate.books.book_set import BookSet
from dbgate.books.states import DifferenceState
from dbgate.books.tables import differences, reconciliations
from dbgate.column_types import day_number, number_day
from dbgate.prepared import Keys, Statement
from dbgate.records import Identity
from dbgate.trip import Reply, Trip
from dbgate.wanted import Wanted, by_bank_and_date, in_chunks


def _batch_no(keys: Keys) -> Select[Any]:
    return select(reconciliations.c.batch_no).where(
        reconciliations.c.bank_code == keys.one("bank_code"),
        reconciliations.c.clearing_date == keys.one("clearing_date"),
    )


def _states(keys: Keys) -> Select[Any]:
    table = differences.c
    return select(table.bank_code, table.bank_date, table.bank_serial, table.state).where(
        table.bank_code == keys.one("bank_code"),
        table.bank_date == keys.one("bank_date"),
        keys.among(table.bank_serial, "serials"),
    )


_BATCH_NO = Statement("select_recon_batch_no", _batch_no, ("bank_code", "clearing_date"))
_STATES = Statement("select_difference_states", _states, ("bank_code", "bank_date", "serials"), ("serials",))
_MEMBERS = {state.value: state for state in DifferenceState}


class AskedBooks(NamedTuple):
    """What was asked, on its way."""

    batch_nos: Mapping[tuple[str, date], Reply]
    states: Sequence[Reply]


def ask_reconciled(trip: Trip, wanted: Wanted) -> AskedBooks:
    """Ask for the days and the differences that a read batch wants; nothing when it wants none."""
    states = [
        trip.ask(_STATES, bank_code, day_number(bank_date), chunk)
        for bank_code, bank_date, serials in by_bank_and_date(sorted(wanted.differences))
        for chunk in in_chunks(serials)
    ]
    return AskedBooks(_ask_days(trip, wanted.reconciliations), states)


def _ask_days(trip: Trip, days: Iterable[tuple[str, date]]) -> dict[tuple[str, date], Reply]:
    return {key: trip.ask(_BATCH_NO, key[0], day_number(key[1])) for key in sorted(set(days))}


def ask_days(trip: Trip, days: Iterable[tuple[str, date]]) -> AskedBooks:
    """Ask for days that are known only now."""
    return AskedBooks(_ask_days(trip, days), ())


def add_reconciled(asked: AskedBooks, books: BookSet) -> None:
    """Put what was asked for, once the trip has been made."""
    for (bank_code, clearing_date), reply in asked.batch_nos.items():
        for (batch_no,) in reply.rows:
            books.add_reconciliation(bank_code, clearing_date, batch_no)
    for reply in asked.states:
        for bank_code, bank_date, bank_serial, state in reply.rows:
            books.add_difference(Identity(bank_code, number_day(bank_date), bank_serial), _MEMBERS[state])
