"""Clearing dates 清算日期: each bank's business day, and its roll at the cut-off 日切.

The date is a row of the bank's that money batches hold (shared) until they commit. It becomes the greater of itself and
the day that the database clock stands in, which begins at the bank's cut-off of the evening before; it never goes back.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection, bindparam, select, update

from dbgate.insertion import insert_new
from dbgate.records import ClearingDay
from dbgate.tables import clearing_dates
from dbgate.wanted import in_chunks

DEFAULT_CUT_OFF = time(23, 30)

_ROWS_LOCKED = (
    select(clearing_dates.c.bank_code, clearing_dates.c.clearing_date)
    .where(clearing_dates.c.bank_code.in_(bindparam("items", expanding=True)))
    .order_by(clearing_dates.c.bank_code)
    .with_for_update()
)
_ROLL = (
    update(clearing_dates)
    .where(clearing_dates.c.bank_code == bindparam("key"))
    .values(clearing_date=bindparam("new_clearing_date"))
)

ClockReading = Callable[[Connection], datetime]


class ClearingDateDue(Exception):
    """The clock stands past the cut-off of ``bank_codes``, or they have no row yet: roll first, then begin again."""

    def __init__(self, bank_codes: Sequence[str]) -> None:
        super().__init__(f"clearing date of {', '.join(bank_codes)} is due")
        self.bank_codes = bank_codes


class ClearingDates:
    """When each bank's clearing date rolls, and the dates that this process last read."""

    def __init__(self, cut_offs: Mapping[str, time] | None = None, default_cut_off: time = DEFAULT_CUT_OFF) -> None:
        self._cut_offs = dict(cut_offs or {})
        self._default_cut_off = default_cut_off
        self._last_read: dict[str, date] = {}

    def date_at(self, bank_code: str, moment: datetime) -> date:
        """Return the clearing date that a bank without history has at ``moment``: the next day from the cut-off on."""
        is_past = moment.time() >= self._cut_offs.get(bank_code, self._default_cut_off)
        return moment.date() + timedelta(days=1) if is_past else moment.date()

    def require_current(self, days: Mapping[str, ClearingDay | None], now: datetime) -> None:
        """Raise ClearingDateDue when any of ``days`` is missing or should have rolled by ``now``."""
        due = [
            bank_code
            for bank_code, day in days.items()
            if day is None or day.clearing_date < self.date_at(bank_code, now)
        ]
        if due:
            raise ClearingDateDue(due)

    def roll(self, connection: Connection, bank_codes: Iterable[str], now: ClockReading) -> None:
        """Create missing rows and roll those that are due, in a transaction that the caller begins and commits.

        The rows are locked first and the clock is read after that, so it cannot stand before the roll of another.
        """
        for chunk in in_chunks(sorted(set(bank_codes))):
            current = {row.bank_code: row.clearing_date for row in connection.execute(_ROWS_LOCKED, {"items": chunk})}
            moment = now(connection)
            dates = {bank_code: self.date_at(bank_code, moment) for bank_code in chunk}
            new = [
                {"bank_code": bank_code, "clearing_date": day, "first_date": day}
                for bank_code, day in dates.items()
                if bank_code not in current
            ]
            due = [
                {"key": bank_code, "new_clearing_date": day}
                for bank_code, day in dates.items()
                if bank_code in current and day > current[bank_code]
            ]
            if new:
                insert_new(connection, clearing_dates, new)
            if due:
                connection.execute(_ROLL, due)

    def close_day(self, connection: Connection, bank_code: str) -> date:
        """Move a bank one day on by command and return its new date; the roll of that evening is then void.

        Raises:
            KeyError: the bank has no clearing date.
        """
        row = connection.execute(_ROWS_LOCKED, {"items": [bank_code]}).one_or_none()
        if row is None:
            raise KeyError(f"bank {bank_code} has no clearing date")
        following: date = row.clearing_date + timedelta(days=1)
        connection.execute(_ROLL, [{"key": bank_code, "new_clearing_date": following}])
        return following

    def note(self, day: ClearingDay) -> None:
        """Remember a clearing day that was read; a snapshot older than what is known is ignored."""
        known = self._last_read.get(day.bank_code)
        if known is None or known < day.clearing_date:
            self._last_read[day.bank_code] = day.clearing_date

    def last_read(self, bank_code: str) -> date | None:
        """Return the bank's clearing date as last read, None while unknown."""
        return self._last_read.get(bank_code)
