"""Reconciliations 对账结果: what each clearing date of a bank came to; one row each, in the first database."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, or_, select

from dbgate.books.differences import Difference, difference_of
from dbgate.books.states import DifferenceState
from dbgate.books.tables import differences, reconciliations
from dbgate.record import record

ONE_DAY = timedelta(days=1)

LATE_DAYS = 2
"""How far from its bank's day a payment that comes late may count: its bank date is a day old at most, and after the
cut-off the clearing date is a day ahead."""


@record
class Reconciliation:
    """What a clearing date of a bank came to; the fields are the columns.

    Attributes:
        batch_no: 12 digits, the first two those of the database.
        file_digest: SHA-256 of the bank's file, hexadecimal.
        bank_row_count: rows of the bank's file.
        bank_total_fen: their sum as the file's head has it.
        fep_row_count: rows of the journal that count in the day.
        fep_total_fen: their sum: PAY, less CANCEL, less REVERSE.
        matched_count: rows of the bank's file that are matched.
        amount_differs_count: differences of this class, as the other counts are of theirs.
    """

    bank_code: str
    clearing_date: date
    batch_no: int
    file_name: str
    file_digest: str
    bank_row_count: int
    bank_total_fen: int
    fep_row_count: int
    fep_total_fen: int
    matched_count: int
    amount_differs_count: int
    state_differs_count: int
    only_bank_count: int
    only_fep_count: int
    in_flight_count: int
    done_at: datetime

    @property
    def difference_count(self) -> int:
        """Differences of all classes; what is in flight is none yet."""
        return self.amount_differs_count + self.state_differs_count + self.only_bank_count + self.only_fep_count


COLUMNS = tuple(each.name for each in fields(Reconciliation))


def reconciliations_of(connection: Connection, bank_code: str, days: Iterable[date]) -> dict[date, Reconciliation]:
    """Return those of the clearing dates that have been reconciled."""
    table = reconciliations.c
    statement = select(*(table[name] for name in COLUMNS)).where(
        table.bank_code == bank_code, table.clearing_date.in_(list(days))
    )
    found = [Reconciliation(*row) for row in connection.execute(statement)]
    return {each.clearing_date: each for each in found}


def differences_of(connection: Connection, bank_code: str, clearing_date: date) -> list[Difference]:
    """Return all differences of a day, whatever has become of them, by number."""
    table = differences.c
    return _differences(connection, table.bank_code == bank_code, table.clearing_date == clearing_date)


def carried_to(connection: Connection, bank_code: str, day: date) -> list[Difference]:
    """Return what other days have carried to ``day`` and nobody has found yet, by number."""
    table = differences.c
    return _differences(
        connection,
        table.bank_code == bank_code,
        table.clearing_date.in_([day - ONE_DAY, day + ONE_DAY]),
        table.state == DifferenceState.CARRIED,
        table.other_date == day,
    )


def open_around(connection: Connection, bank_code: str, day: date) -> list[Difference]:
    """Return what one side alone has on days around ``day`` and nobody has settled yet, by number.

    Left out is what operators have approved, or proposed for a payment of ours: its money may be on its way.
    """
    table = differences.c
    is_free = or_(
        table.state == DifferenceState.OPEN,
        (table.state == DifferenceState.PROPOSED) & table.approved_at.is_(None) & table.fep_serial.is_(None),
    )
    one_sided = table.fep_amount_fen.is_(None) | table.bank_amount_fen.is_(None)
    days = [day + timedelta(days=away) for away in range(-LATE_DAYS, LATE_DAYS + 1) if away]
    return _differences(connection, table.bank_code == bank_code, table.clearing_date.in_(days), is_free, one_sided)


def _differences(connection: Connection, *conditions: Any) -> list[Difference]:
    statement = select(differences).where(*conditions).order_by(differences.c.difference_no)
    return [difference_of(row._mapping) for row in connection.execute(statement)]


def neighbours(day: date) -> Sequence[date]:
    """Return the day before and the day after."""
    return day - ONE_DAY, day + ONE_DAY
