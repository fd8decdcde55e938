"""Clearing dates 清算日期: each bank's business day, and its roll at the cut-off 日切.

The date is a row of the bank's that money batches hold until they commit (``clearing_locks``). It becomes the greater
of itself and the day that the database clock stands in, which begins at the bank's cut-off of the evening before; a day
that an operator has closed is over whatever the clock says. It never goes back.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection

from dbgate.clearing_locks import (
    banks_without_slots,
    close_days,
    closed_days,
    create_days,
    move_days,
    read_days,
    take_days,
)
from dbgate.database import Database
from dbgate.errors import DayNotOpen
from dbgate.records import ClearingDay
from dbgate.wanted import in_chunks

DEFAULT_CUT_OFF = time(23, 30)

ONE_DAY = timedelta(days=1)


class ClearingDateDue(Exception):
    """The days of ``bank_codes`` are over by the clock or by command, or not there yet: roll, then begin again."""

    def __init__(self, bank_codes: Sequence[str]) -> None:
        super().__init__(f"clearing date of {', '.join(bank_codes)} is due")
        self.bank_codes = bank_codes


class ClearingDates:
    """When each bank's clearing date rolls, and the dates that this process last read."""

    def __init__(self, cut_offs: Mapping[str, time] | None = None, default_cut_off: time = DEFAULT_CUT_OFF) -> None:
        self._cut_offs = dict(cut_offs or {})
        self._default_cut_off = default_cut_off
        self._last_read: dict[str, date] = {}

    def take_cut_offs(self, cut_offs: Mapping[str, time]) -> None:
        """Take other cut-offs: a date that has rolled stays where it is."""
        self._cut_offs = dict(cut_offs)

    def date_at(self, bank_code: str, moment: datetime) -> date:
        """Return the clearing date that a bank without history has at ``moment``: the next day from the cut-off on."""
        is_past = moment.time() >= self._cut_offs.get(bank_code, self._default_cut_off)
        return moment.date() + ONE_DAY if is_past else moment.date()

    def require_current(self, days: Mapping[str, ClearingDay | None], now: datetime) -> None:
        """Raise ClearingDateDue when any of ``days`` is missing or should have rolled by ``now``."""
        due = [
            bank_code
            for bank_code, day in days.items()
            if day is None or day.clearing_date < self.date_at(bank_code, now)
        ]
        if due:
            raise ClearingDateDue(due)

    def roll(self, connection: Connection, bank_codes: Iterable[str], database: Database) -> None:
        """Create missing days and move those that are over, in a transaction that the caller begins and commits.

        It is looked at first without a lock, for others may have done it. The days that are due, and no others, are
        taken before the clock is read again, so it cannot stand before the roll of another.

        Raises:
            DBAPIError: among others because a batch holds a day that is over; begin again a little later.
        """
        for chunk in in_chunks(sorted(set(bank_codes))):
            due = self._due(connection, chunk, read_days(connection, chunk), database)
            lacking = banks_without_slots(connection, chunk, database.backend)
            wanted = sorted({bank_code for bank_code, _ in due} | lacking)
            if not wanted:
                continue
            taken = take_days(connection, wanted, database.backend)
            due = self._due(connection, wanted, taken, database)
            create_days(connection, [(bank_code, day) for bank_code, day in due if bank_code not in taken])
            move_days(connection, [(bank_code, day) for bank_code, day in due if bank_code in taken])

    def _due(
        self, connection: Connection, bank_codes: Sequence[str], days: Mapping[str, date], database: Database
    ) -> list[tuple[str, date]]:
        """Return the banks whose day is missing or over, with the day that follows."""
        moment = database.now(connection)
        closed = closed_days(connection, bank_codes)
        due = []
        for bank_code in bank_codes:
            present = days.get(bank_code)
            following = max(present or date.min, self.date_at(bank_code, moment))
            while (bank_code, following) in closed:
                following += ONE_DAY
            if following != present:
                due.append((bank_code, following))
        return due

    def present_day(self, connection: Connection, bank_code: str, database: Database) -> date:
        """Return the first day of a bank that is not over by the clock or by command, whether its date has moved yet.

        Raises:
            KeyError: the bank has no clearing date.
        """
        days = read_days(connection, [bank_code])
        if bank_code not in days:
            raise KeyError(f"bank {bank_code} has no clearing date")
        closed = closed_days(connection, [bank_code])
        present = max(days[bank_code], self.date_at(bank_code, database.now(connection)))
        while (bank_code, present) in closed:
            present += ONE_DAY
        return present

    def close_day(self, connection: Connection, bank_code: str, day: date, database: Database) -> None:
        """Say that ``day`` of a bank is over; nothing is locked, and rolling moves the date.

        The roll of that evening is then void. A day that is over already stays so.

        Raises:
            KeyError: the bank has no clearing date.
            DayNotOpen: ``day`` has not begun.
        """
        present = self.present_day(connection, bank_code, database)
        if day > present:
            raise DayNotOpen(bank_code, day, present)
        if day == present:
            close_days(connection, [(bank_code, day)], database.now(connection))

    def note(self, day: ClearingDay) -> None:
        """Remember a clearing day that was read; a snapshot older than what is known is ignored."""
        known = self._last_read.get(day.bank_code)
        if known is None or known < day.clearing_date:
            self._last_read[day.bank_code] = day.clearing_date

    def last_read(self, bank_code: str) -> date | None:
        """Return the bank's clearing date as last read, None while unknown."""
        return self._last_read.get(bank_code)
