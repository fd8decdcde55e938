"""Details 明细: what counts in a closed clearing date, in the order of fep_serial, a slice at a time.

A closed day never changes. So where its rows stand is looked up once, in its outline: the fep_serial of every 100th
row. A slice is then read from the mark before it to the mark behind it, and costs the same at the end of a million
rows as at their beginning; a bank that walks through all pages has each row of the day read five times, not some ten
thousand times.
"""

from array import array
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, literal_column, or_, select

from dbgate import rows
from dbgate.column_types import day_number
from dbgate.loading import constant, load_days
from dbgate.prepared import Keys, Statement
from dbgate.records import DayDetails, DaySlice, Movement
from dbgate.tables import payments
from dbgate.trip import Reply, Trip, run
from dbgate.working_set import WorkingSet

MARK_ROWS = 100
"""Rows from one mark to the next: what a slice reads in vain takes a tenth of a millisecond, and the marks of a million
rows take 80 kB."""

OUTLINES_MAX = 64
"""Days whose outlines are kept: yesterday and the day before of thirty banks, 5 MB at a million rows each."""

BankDay = tuple[str, date]
"""A bank and a clearing date of it."""


class Outline(NamedTuple):
    """Where the rows of one closed day stand; ``marks`` are the fep_serials of rows 0, 100, 200 and so on."""

    marks: Sequence[int]
    last_serial: int
    row_count: int

    def range_of(self, first_row: int, rows_max: int) -> tuple[int, int, int]:
        """Return between which fep_serials a slice stands, both included, and how many rows are before it there."""
        mark, skipped = divmod(first_row, MARK_ROWS)
        behind = (first_row + rows_max - 1) // MARK_ROWS + 1
        last = self.marks[behind] - 1 if behind < len(self.marks) else self.last_serial
        return self.marks[mark], last, skipped


_EMPTY = Outline((), 0, 0)


def counts() -> ColumnElement[bool]:
    """Return the condition that a row counts in its day.

    PAY every payment posted in that day, later undone or not; CANCEL those answered 0000, which are the stored ones;
    REVERSE those that undid something. An adjustment counts on the day that it mends, as what it is there.
    """
    return and_(payments.c.mends_date.is_(None), _took_effect())


def adjusts() -> ColumnElement[bool]:
    """Return the condition that a row is an adjustment 调账: it moved money, and counts in the totals of no day."""
    return and_(payments.c.mends_date.is_not(None), _took_effect())


def _took_effect() -> ColumnElement[bool]:
    movements = [constant(Movement.PAY), constant(Movement.CANCEL)]
    return or_(payments.c.movement.in_(movements), reversed_something())


def reversed_something() -> ColumnElement[bool]:
    """Return the condition for rows of REVERSE that undid a payment, and did not only find that there was nothing."""
    return and_(payments.c.movement == constant(Movement.REVERSE), payments.c.outcome == literal_column("1"))


def _of_day(keys: Keys) -> list[ColumnElement[bool]]:
    return [
        payments.c.bank_code == keys.one("bank_code"),
        payments.c.clearing_date == keys.one("clearing_date"),
        counts(),
    ]


def _outline(keys: Keys) -> Select[Any]:
    """Select the marks and the last row, each with its place from 1."""
    serial = payments.c.fep_serial
    placed = select(
        serial,
        func.row_number().over(order_by=serial).label("place"),
        func.lead(serial).over(order_by=serial).label("following"),
    )
    placed_rows = placed.where(*_of_day(keys)).subquery("placed")
    is_mark = placed_rows.c.place % literal_column(str(MARK_ROWS)) == literal_column("1")
    return (
        select(placed_rows.c.fep_serial, placed_rows.c.place)
        .where(or_(is_mark, placed_rows.c.following.is_(None)))
        .order_by(placed_rows.c.fep_serial)
    )


# Without OFFSET and LIMIT: for the first rows in the order of fep_serial PostgreSQL likes to look up these alone, and
# reads past all other banks'. With both ends given it stops there, whatever it looks up.
def _slice(keys: Keys) -> Select[Any]:
    return (
        select(*rows.DETAIL_COLUMNS)
        .where(
            *_of_day(keys),
            payments.c.fep_serial >= keys.one("first_serial"),
            payments.c.fep_serial <= keys.one("last_serial"),
        )
        .order_by(payments.c.fep_serial)
    )


_OUTLINE = Statement("select_outline", _outline, ("bank_code", "clearing_date"))
_SLICE = Statement(
    "select_details",
    _slice,
    ("bank_code", "clearing_date", "first_serial", "last_serial"),
)


class Outlines:
    """The outlines that one connection has looked up; forgotten with it, for its database may be another one then."""

    def __init__(self) -> None:
        self._known: OrderedDict[BankDay, Outline] = OrderedDict()

    def forget(self) -> None:
        """Forget all."""
        self._known.clear()

    def of(self, connection: Connection, bank_days: Iterable[BankDay]) -> dict[BankDay, Outline]:
        """Return the outlines of those days that are closed in the caller's snapshot.

        The one statement that reads a whole day returns few rows of it: an engine in this process works it off
        without the interpreter, so the caller need not keep anybody from that meanwhile.
        """
        wanted = sorted(set(bank_days))
        unknown = [key for key in wanted if key not in self._known]
        found = {key: self._known[key] for key in wanted if key in self._known}
        if unknown:
            self._find(connection, unknown, found)
        self._keep_latest(found)
        return found

    def _find(self, connection: Connection, unknown: Sequence[BankDay], found: dict[BankDay, Outline]) -> None:
        days = WorkingSet()
        load_days(connection, sorted({bank_code for bank_code, _ in unknown}), days)
        for key in unknown:
            bank_code, clearing_date = key
            day = days.day(bank_code)
            if day is None or clearing_date < day.first_date:
                found[key] = _EMPTY
            elif clearing_date < day.clearing_date:
                found[key] = self._known[key] = _look_up(connection, bank_code, clearing_date)

    def _keep_latest(self, used: Iterable[BankDay]) -> None:
        for key in used:
            if key in self._known:
                self._known.move_to_end(key)
        while len(self._known) > OUTLINES_MAX:
            self._known.popitem(last=False)


def _look_up(connection: Connection, bank_code: str, clearing_date: date) -> Outline:
    placed = run(connection, _OUTLINE, bank_code, day_number(clearing_date)).rows
    if not placed:
        return _EMPTY
    last_serial, row_count = placed[-1]
    marks = array("q", [serial for serial, place in placed if place % MARK_ROWS == 1])
    return Outline(marks, last_serial, row_count)


class AskedSlice(NamedTuple):
    """A slice on its way: the row count of its day, and the rows around it unless there are none."""

    row_count: int
    skipped: int = 0
    reply: Reply | None = None


AskedDetails = Mapping[tuple[str, DaySlice], AskedSlice]
"""By bank and what was asked for."""


def ask_details(
    trip: Trip, wanted: Iterable[tuple[str, DaySlice]], outlines: Mapping[BankDay, Outline]
) -> AskedDetails:
    """Ask for the slices whose day has an outline."""
    asked = {}
    for bank_code, day_slice in sorted(wanted):
        outline = outlines.get((bank_code, day_slice.clearing_date))
        if outline is not None:
            asked[bank_code, day_slice] = _ask_slice(trip, bank_code, day_slice, outline)
    return asked


def _ask_slice(trip: Trip, bank_code: str, wanted: DaySlice, outline: Outline) -> AskedSlice:
    if not wanted.rows_max or wanted.first_row >= outline.row_count:
        return AskedSlice(outline.row_count)
    first, last, skipped = outline.range_of(wanted.first_row, wanted.rows_max)
    reply = trip.ask(_SLICE, bank_code, day_number(wanted.clearing_date), first, last)
    return AskedSlice(outline.row_count, skipped, reply)


def add_details(asked: AskedDetails, working_set: WorkingSet) -> None:
    """Put what ``ask_details`` asked for into the working set, once the trip has been made."""
    for (bank_code, wanted), (row_count, skipped, reply) in asked.items():
        found = () if reply is None else reply.rows[skipped : skipped + wanted.rows_max]
        working_set.add_details(bank_code, wanted, DayDetails(row_count, tuple(map(rows.detail_row_of, found))))
