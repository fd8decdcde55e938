"""Journal's part 流水方: rows of our journal as entries of a reconciliation."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from dbgate.books.day_keys import JournalDay
from dbgate.books.differences import Difference, Side
from dbgate.records import Identity, Movement, Payment
from handlers.journal import serial_of
from handlers.reconciliation.entries import BankEntry, FepEntry
from handlers.reconciliation.keys import side_of_payment
from protocol.canonical.codes import OriginalState

_POSTED = OriginalState.POSTED


def left_entries(left: Sequence[Payment], undos: Iterable[Payment]) -> list[FepEntry]:
    """Return the rows of the day that are not equal to the bank's.

    Args:
        left: these rows.
        undos: of the day, at least those of the payments among ``left``.
    """
    identities = {row.identity for row in left}
    matched = {row.original for row in undos if row.identity not in identities}
    return [_entry(row, is_undo_matched=row.identity in matched) for row in left]


def adjustment_entries(rows: Iterable[Payment], day: JournalDay) -> list[FepEntry]:
    """Return those of the rows that operators have made to mend the day; they stand for rows of the bank's."""
    return [
        _entry(row, is_adjustment=True)
        for row in rows
        if row.mends_date == day.clearing_date and row.movement is Movement.PAY
    ]


def counted_dates(rows: Iterable[Payment], day: JournalDay) -> dict[Identity, date]:
    """Return where rows count, by identity; of one that stands in two databases the day itself goes first."""
    found: dict[Identity, date] = {}
    for row in rows:
        if day.counts(row) and found.get(row.identity) != day.clearing_date:
            found[row.identity] = row.clearing_date
    return found


def originals_of(rows: Iterable[Payment]) -> dict[Identity, Identity]:
    """Return what undos undid, by their identity."""
    return {row.identity: row.original for row in rows if row.original is not None}


def carried_entries(carried: Iterable[Difference]) -> tuple[list[BankEntry], list[FepEntry]]:
    """Return what other days have carried here: the bank's rows and ours."""
    bank, fep = [], []
    for each in carried:
        if each.bank is not None:
            bank.append(BankEntry(each.identity, each.bank, each.difference_no))
        elif each.fep is not None:
            fep.append(FepEntry(each.identity, each.fep, each.fep_serial or 0, carried=each.difference_no))
    return bank, fep


def late_halves(alone: Iterable[Difference], bank: Iterable[BankEntry], fep: Sequence[FepEntry]) -> list[Difference]:
    """Return which of the differences that one side alone has had, on other days, find their other half in this day.

    So the bank's payment that had not arrived when its day was reconciled, and came after all.

    Args:
        alone: of days around this one.
        bank: rows of this day's file that we do not have.
        fep: rows of ours that are not in this day's file.
    """
    theirs = {(entry.identity, entry.side) for entry in bank}
    ours = {(entry.identity, entry.side) for entry in fep}
    # Its undo is equal on both sides: then the payment may say yet that it stands.
    ours |= {(each.identity, replace(each.side, state=int(_POSTED))) for each in fep if each.is_undo_matched}
    return [each for each in alone if _side(each) in (theirs if each.bank is None else ours)]


def _side(difference: Difference) -> tuple[Identity, Side | None]:
    return difference.identity, difference.fep if difference.bank is None else difference.bank


def _entry(row: Payment, *, is_undo_matched: bool = False, is_adjustment: bool = False) -> FepEntry:
    undoes = row.original if row.movement is not Movement.PAY else None
    return FepEntry(
        row.identity, side_of_payment(row), serial_of(row), undoes, is_undo_matched, is_adjustment=is_adjustment
    )
