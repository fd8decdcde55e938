"""Reconciling 对账入账: stores what a reconciliation came to, all of it in one transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import date
from itertools import starmap
from typing import Any

from sqlalchemy import Connection, Update, update

from dbgate.books.acts import Act, record_act
from dbgate.books.differences import Difference, Side
from dbgate.books.reconciliations import COLUMNS, Reconciliation, neighbours, reconciliations_of
from dbgate.books.states import DifferenceState
from dbgate.books.tables import differences, reconciliations
from dbgate.books.transactions import transaction
from dbgate.column_types import clock_number, day_number
from dbgate.database import Database
from dbgate.forms import Values
from dbgate.numbers import DIFFERENCE_NO, RECON_BATCH_NO, fep_serial_of, take_block
from dbgate.prepared import Change, InsertRows, Keys, UpdateRows
from dbgate.record import record
from dbgate.trip import run
from dbgate.wanted import in_chunks

CHUNK = 1_000
"""Differences handed to the driver at once."""


class Superseded(Exception):
    """The day, or a day beside it, has been reconciled by somebody else since it was read; nothing was stored."""


@record
class Settled:
    """What becomes of a difference that another day has carried here.

    Attributes:
        difference: as it was read, carried or a difference already.
        matching: its class from now on, of what has found its other half None.
    """

    difference: Difference
    matching: int | None


@record
class Result:
    """What a reconciliation came to, before it has its numbers.

    Attributes:
        reconciliation: its ``batch_no`` and ``done_at`` are given when it is stored.
        differences: theirs too.
        settled: what other days have carried here: all of it.
        seen: batch numbers of the days beside it that had been reconciled when it was read.
        operator: who reconciled.
    """

    reconciliation: Reconciliation
    differences: Sequence[Difference] = field(repr=False)
    settled: Sequence[Settled] = field(repr=False)
    seen: Mapping[date, int]
    operator: str


def _move_counts(keys: Keys) -> Update:
    table = reconciliations.c
    columns = ("matched_count", "only_bank_count", "only_fep_count", "in_flight_count")
    return (
        update(reconciliations)
        .where(table.bank_code == keys.one("of_bank_code"), table.clearing_date == keys.one("of_clearing_date"))
        .values({name: table[name] + keys.one(f"more_{name}") for name in columns})
    )


_INSERT = InsertRows("insert_reconciliations", reconciliations, if_new=True)
_INSERT_DIFFERENCES = InsertRows("insert_differences", differences)
_SETTLE = UpdateRows("settle_differences", differences, ("state", "matching"), ("difference_no", "state"))
_MOVE_COUNTS = Change(
    "move_reconciliation_counts",
    _move_counts,
    (
        "more_matched_count",
        "more_only_bank_count",
        "more_only_fep_count",
        "more_in_flight_count",
        "of_bank_code",
        "of_clearing_date",
    ),
)


def store(database: Database, result: Result) -> Reconciliation:
    """Store a day's result in the first database and return it as it is stored.

    Raises:
        Superseded: somebody else was quicker; read again.
        DatabaseUnavailable: nothing was stored.
        OutcomeUnknown: the answer to COMMIT was lost; whoever repeats the command finds out.
    """
    with transaction(database) as connection:
        database.backend.lift_time_limit(connection)
        return _store(connection, database, result)


def _store(connection: Connection, database: Database, result: Result) -> Reconciliation:
    number = database.database_no
    # The first statement locks the row of the series until COMMIT: two reconciliations are stored one after the other.
    [batch] = take_block(connection, RECON_BATCH_NO, 1)
    day = result.reconciliation.clearing_date
    bank_code = result.reconciliation.bank_code
    present = reconciliations_of(connection, bank_code, [day, *neighbours(day)])
    if {date: each.batch_no for date, each in present.items()} != dict(result.seen):
        raise Superseded
    now = database.now(connection)
    stored = replace(result.reconciliation, batch_no=fep_serial_of(number, batch), done_at=now)
    if run(connection, _INSERT, [_reconciliation_values(stored)]).count != 1:
        raise Superseded
    add_differences(connection, number, result.differences)
    _settle(connection, result.settled)
    record_act(connection, Act(result.operator, "reconcile", bank_code, day.isoformat()), now)
    return stored


def add_differences(connection: Connection, database_no: int, found: Sequence[Difference]) -> None:
    """Add differences in the caller's transaction; each gets its number."""
    if not found:
        return
    block = take_block(connection, DIFFERENCE_NO, len(found))
    rows = starmap(_difference_values, zip(block, found, strict=True))
    for chunk in in_chunks(rows, CHUNK):
        run(connection, _INSERT_DIFFERENCES, [(fep_serial_of(database_no, row[0]), *row[1:]) for row in chunk])


def _settle(connection: Connection, settled: Sequence[Settled]) -> None:
    for chunk in in_chunks(settled, CHUNK):
        moves = [_settled_values(each) for each in chunk]
        if run(connection, _SETTLE, moves).count != len(moves):
            raise Superseded
    for day, counts in _moved_counts(settled).items():
        bank_code = settled[0].difference.identity.bank_code
        run(connection, _MOVE_COUNTS, *counts, bank_code, day_number(day))


def _settled_values(each: Settled) -> Values:
    state = DifferenceState.MATCHED if each.matching is None else DifferenceState.OPEN
    matching = each.difference.matching if each.matching is None else each.matching
    return state.value, matching, each.difference.difference_no, each.difference.state.value


def _moved_counts(settled: Sequence[Settled]) -> dict[date, tuple[int, int, int, int]]:
    """Return by how much matched, only bank, only FEP and in flight move on the days that carried."""
    moved: Counter[tuple[date, str]] = Counter()
    for each in settled:
        has_bank_row = each.difference.bank is not None
        alone = "only_bank" if has_bank_row else "only_fep"
        kind = alone if each.matching is not None else "matched"
        was = "in_flight" if each.difference.state is DifferenceState.CARRIED else alone
        moved[each.difference.clearing_date, was] -= 1
        if kind != "matched" or has_bank_row:  # rows of files are counted, and one of ours is in none of that day
            moved[each.difference.clearing_date, kind] += 1
    return {
        day: (moved[day, "matched"], moved[day, "only_bank"], moved[day, "only_fep"], moved[day, "in_flight"])
        for day in sorted({day for day, _ in moved})
    }


def _reconciliation_values(stored: Reconciliation) -> Values:
    values = {name: getattr(stored, name) for name in COLUMNS}
    values |= {"clearing_date": day_number(stored.clearing_date), "done_at": clock_number(stored.done_at)}
    return tuple(values[column.name] for column in reconciliations.c)


def _difference_values(number: int, each: Difference) -> Values:
    bank_code, bank_date, bank_serial = each.identity
    return (
        number,
        bank_code,
        day_number(each.clearing_date),
        day_number(bank_date),
        bank_serial,
        each.matching,
        *_side_values(each.bank),
        *_side_values(each.fep),
        each.fep_serial,
        _day_value(each.other_date),
        each.state.value,
        *[None] * 8,  # what operators have done: nothing yet
        None if each.undo is None else day_number(each.undo.bank_date),
        None if each.undo is None else each.undo.bank_serial,
    )


def _side_values(side: Side | None) -> tuple[Any, ...]:
    if side is None:
        return None, None, None, None
    return side.account_no or None, side.txn, side.amount_fen, side.state


def _day_value(day: date | None) -> int | None:
    return None if day is None else day_number(day)
