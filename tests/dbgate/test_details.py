"""Details: the slices of a closed day on every engine, what an outline saves, and when one is looked up anew."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from threading import RLock

import pytest

from dbgate import details
from dbgate.batch import MoneyLane, ReadLane
from dbgate.clearing import ClearingDates
from dbgate.clearing_locks import create_days
from dbgate.cut_off import CutOff
from dbgate.database import Database
from dbgate.details import MARK_ROWS, Outline
from dbgate.lane import Lane
from dbgate.records import DayDetails, DaySlice, DetailRow, Identity, Movement, Payment, PaymentState
from dbgate.rows import INSERT_PAYMENTS, payment_values
from dbgate.trip import run
from dbgate.work import Moment, Work
from tests.dbgate.fixtures import (
    BANK,
    DAY,
    Clock,
    account_no,
    answers,
    deposit,
    identity,
    payment,
    read,
    settle,
    undo,
)
from tests.support.databases import driver_connection
from tests.support.statements import on_statement, watch

ONE_DAY = timedelta(days=1)
PAST = DAY - 2 * ONE_DAY
ROWS = 3 * MARK_ROWS
OUTLINE, SLICE = "lead(payments.fep_serial)", "payments.fep_serial >="


def wanting(wanted: DaySlice, bank: str = BANK) -> Work:
    """Return the work of one who wants a slice."""
    return read(lambda records, _: records.details(bank, wanted), bank, details=wanted)


def details_of(lane: Lane, first_row: int, rows_max: int, clearing_date: date = PAST, bank: str = BANK) -> object:
    """Return the slice as a decision sees it."""
    [found] = answers(lane.run([wanting(DaySlice(clearing_date, first_row, rows_max), bank)]))
    return found


def shown(lane: Lane, first_row: int = 0, rows_max: int = 20, clearing_date: date = PAST) -> tuple[int, list[int]]:
    """Return the row count of the day and the fep_serials of the slice."""
    found = details_of(lane, first_row, rows_max, clearing_date)
    assert isinstance(found, DayDetails)
    return found.row_count, [row.fep_serial for row in found.rows]


@pytest.fixture
def reader(database: Database) -> Iterator[ReadLane]:
    lane = ReadLane(database, ClearingDates())
    yield lane
    lane.close()


def rows_of_a_month() -> Iterator[Payment]:
    """Rows of two banks and two days in no order, among them some that count and some that do not."""
    for number in range(2 * ROWS):
        bank = "0103" if number % 7 == 3 else BANK
        day = PAST + ONE_DAY if number % 19 == 7 else PAST
        serial = 110_000_000_000 + number * 7_919 % 20_011
        row = payment(Identity(bank, day, f"{number:012}"), Moment(Clock().moment, day, serial, None), 1, number)
        if number % 11 == 5:
            row = replace(row, movement=Movement.REVERSE, outcome=2 + number % 2)
        elif number % 13 == 4:
            row = replace(row, movement=Movement.REVERSE, outcome=1)
        elif number % 17 == 6:
            row = replace(row, movement=Movement.CANCEL, outcome=1)
        elif number % 23 == 8:
            row = replace(row, movement=Movement.APPLY)
        yield row


@pytest.fixture
def full_day(url: str, database: Database) -> list[int]:
    """Give the bank a past day that has four marks or more; return the fep_serials that count, in their order."""
    month = list(rows_of_a_month())
    with database.connect(money=True) as connection, database.begin(connection, time.monotonic() + 30.0):
        for start in range(0, len(month), MARK_ROWS):
            run(connection, INSERT_PAYMENTS, [payment_values(row) for row in month[start : start + MARK_ROWS]])
        create_days(connection, [(BANK, DAY)])
    with driver_connection(url) as connection:
        connection.execute(f"UPDATE clearing_dates SET first_date = {PAST - ONE_DAY:%Y%m%d}")
    kinds = {(Movement.PAY, None), (Movement.CANCEL, 1), (Movement.REVERSE, 1)}
    own = [row for row in month if (row.identity.bank_code, row.clearing_date) == (BANK, PAST)]
    counting = [row.fep_serial for row in own if (row.movement, row.outcome) in kinds and row.fep_serial is not None]
    assert 3 * MARK_ROWS < len(counting) < len(own)
    return sorted(counting)


def test_slices_of_a_long_day(reader: ReadLane, full_day: list[int]) -> None:
    """Each slice has the rows that stand there by fep_serial: at both ends, at the marks, across them, and whole."""
    count = len(full_day)
    near_marks = [mark * MARK_ROWS + off for mark in range(count // MARK_ROWS + 1) for off in (-20, -19, -1, 0, 1)]
    for first in (*(place for place in near_marks if place >= 0), count - 20, count - 1):
        assert shown(reader, first) == (count, full_day[first : first + 20]), first
    assert shown(reader, 3, 2 * MARK_ROWS) == (count, full_day[3 : 3 + 2 * MARK_ROWS])
    assert shown(reader, 0, 10 * MARK_ROWS) == (count, full_day)


def test_a_slice_past_the_end(database: Database, reader: ReadLane, full_day: list[int]) -> None:
    """It has no rows, and neither has a slice of none, which nobody reads; the count is told all the same."""
    statements = watch(database.read_engine)
    count = len(full_day)
    for first, rows_max in ((count, 20), (10**9, 20), (0, 0), (count, 0)):
        assert shown(reader, first, rows_max) == (count, [])
    assert not [sent for sent in statements if SLICE in sent]


def test_a_row_is_read_as_it_stands(database: Database, clock: Clock) -> None:
    """Identity, number, kind, state, account and amount; undone payments count, reversals that undid nothing do not."""
    money, reader = MoneyLane(database, ClearingDates()), ReadLane(database, ClearingDates())
    money.run([deposit(1, 1, 5), settle(2, 2), deposit(3, 3, 100, bank="0103")])
    money.run([undo(1, 4, identity(1)), undo(1, 5, identity(99))])
    clock.moment += ONE_DAY
    money.run([deposit(1, 6, 7)])

    found = details_of(reader, 0, 20, DAY)

    assert isinstance(found, DayDetails)
    assert found.row_count == 3
    assert [(row.movement, row.state, row.account_no, row.amount_fen, row.identity) for row in found.rows] == [
        (Movement.PAY, PaymentState.REVERSED, account_no(1), 5, identity(1)),
        (Movement.PAY, PaymentState.POSTED, account_no(2), 300, identity(2)),
        (Movement.REVERSE, PaymentState.POSTED, account_no(1), 5, identity(4)),
    ]
    serials = [row.fep_serial for row in found.rows]
    assert serials == sorted(serials)
    assert "0100000001" not in repr(found)
    for lane in (money, reader):
        lane.close()


def test_a_row_without_an_account(url: str, reader: ReadLane, full_day: list[int]) -> None:
    """An empty text is NULL in the tables and empty again in the records."""
    with driver_connection(url) as connection:
        connection.execute(f"UPDATE payments SET account_no = NULL WHERE fep_serial = {full_day[0]}")
    found = details_of(reader, 0, 1)
    assert isinstance(found, DayDetails)
    [row] = found.rows
    number = int(row.identity.bank_serial)
    own = Identity(BANK, PAST, f"{number:012}")
    assert row == DetailRow(own, full_day[0], row.movement, PaymentState.POSTED, "", number)


def test_a_day_that_is_open(database: Database, reader: ReadLane, full_day: list[int]) -> None:
    """The present day and those to come have no details, and nobody looks through them."""
    statements = watch(database.read_engine)
    assert [details_of(reader, 0, 20, day) for day in (DAY, DAY + ONE_DAY, date.max)] == [None] * 3
    assert not [sent for sent in statements if "FROM payments" in sent]
    CutOff(database, ClearingDates()).close_day(BANK, DAY)
    assert shown(reader, clearing_date=DAY) == (0, [])
    assert details_of(reader, 0, 20, DAY + ONE_DAY) is None


def test_days_in_which_nothing_can_have_been(database: Database, reader: ReadLane, full_day: list[int]) -> None:
    """Before the bank's first day, and of a bank that has none, there is nothing, and nobody looks for it."""
    statements = watch(database.read_engine)
    for day, bank in ((PAST - 2 * ONE_DAY, BANK), (date.min, BANK), (PAST, "0103")):
        assert details_of(reader, 0, 20, day, bank) == DayDetails(0, ())
    assert not [sent for sent in statements if "FROM payments" in sent]


def test_a_bank_gets_its_days_later(url: str, reader: ReadLane, full_day: list[int]) -> None:
    """That a bank had no day yet is forgotten at once."""
    assert details_of(reader, 0, 20, PAST, "0103") == DayDetails(0, ())
    with driver_connection(url) as connection:
        connection.execute(
            f"INSERT INTO clearing_dates (bank_code, clearing_date, first_date)"
            f" VALUES ('0103', {DAY:%Y%m%d}, {PAST:%Y%m%d})"
        )
    found = details_of(reader, 0, 1, PAST, "0103")
    assert isinstance(found, DayDetails)
    assert found.row_count > 0


def test_a_day_is_looked_through_once(database: Database, reader: ReadLane, full_day: list[int]) -> None:
    """A bank that walks through all pages, and begins again, costs one look at the whole day and one at each page."""
    statements = watch(database.read_engine)
    for first in (*range(0, 200, 20), *range(0, 200, 20)):
        assert shown(reader, first)[1] == full_day[first : first + 20]
    assert len([sent for sent in statements if OUTLINE in sent]) == 1
    assert len([sent for sent in statements if SLICE in sent]) == 20


def test_one_page_for_several(database: Database, reader: ReadLane, full_day: list[int]) -> None:
    """What several of a batch want is looked up once, and each gets its own."""
    statements = watch(database.read_engine)
    slices = [DaySlice(PAST, 0, 20), DaySlice(PAST, 20, 20), DaySlice(PAST, 0, 20), DaySlice(DAY, 0, 20)]
    found = answers(reader.run([wanting(each) for each in slices]))
    assert [found[0], found[3]] == [found[2], None]
    assert [row.fep_serial for page in found[:2] for row in page.rows] == full_day[:40]  # type: ignore[attr-defined]
    assert len([sent for sent in statements if SLICE in sent]) == 2


def test_with_another_connection_all_is_looked_up_anew(url: str, reader: ReadLane, full_day: list[int]) -> None:
    """Behind it may be a standby, or a backup that was put in the place of the database."""
    assert shown(reader)[0] == len(full_day)
    with driver_connection(url) as connection:
        connection.execute(f"DELETE FROM payments WHERE fep_serial = {full_day[0]}")
    assert shown(reader)[0] == len(full_day)  # a closed day does not change, and nobody looks
    reader.drop()
    assert shown(reader) == (len(full_day) - 1, full_day[1:21])


def test_only_so_many_days_are_kept(
    database: Database, reader: ReadLane, full_day: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that were asked for last; a day that was put out is looked up again."""
    monkeypatch.setattr(details, "OUTLINES_MAX", 2)
    statements = watch(database.read_engine)

    def _looked_through(day: date) -> int:
        before = len([sent for sent in statements if OUTLINE in sent])
        shown(reader, clearing_date=day)
        return len([sent for sent in statements if OUTLINE in sent]) - before

    first, second, third = PAST - ONE_DAY, PAST, PAST + ONE_DAY
    assert [_looked_through(day) for day in (first, second, first, third, first, second)] == [1, 1, 0, 1, 0, 1]


def test_a_batch_may_want_more_days_than_are_kept(
    reader: ReadLane, full_day: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is answered."""
    monkeypatch.setattr(details, "OUTLINES_MAX", 1)
    slices = [DaySlice(day, 0, 20) for day in (PAST - ONE_DAY, PAST, PAST + ONE_DAY)]
    found = answers(reader.run([wanting(each) for each in slices]))
    assert [page.row_count for page in found][:2] == [0, len(full_day)]  # type: ignore[attr-defined]


def test_a_day_closes_while_a_page_is_read(database: Database, reader: ReadLane, full_day: list[int]) -> None:
    """Days, outlines and rows are of one snapshot: what closes meanwhile is still open for the whole batch."""
    cut_off = CutOff(database, ClearingDates())
    on_statement(database.read_engine, "FROM clearing_dates", after=lambda: cut_off.close_day(BANK, DAY))
    wanted = DaySlice(DAY, 0, 20)
    about = read(lambda records, _: (records.day(BANK).clearing_date, records.details(BANK, wanted)), details=wanted)  # type: ignore[union-attr]
    assert answers(reader.run([about])) == [(DAY, None)]


@pytest.mark.parametrize(("fragment", "takes_turn"), [(OUTLINE, False), (SLICE, True)], ids=["outline", "slice"])
def test_who_looks_through_a_day_keeps_nobody_from_working(
    database: Database, full_day: list[int], fragment: str, takes_turn: bool
) -> None:
    """Where the database runs in this process, the one long statement runs without the interpreter's lock."""
    turn = RLock()
    taken: list[bool] = []
    lane = ReadLane(database, ClearingDates(), turn)

    def _look() -> None:
        taken.append(turn._is_owned())  # type: ignore[attr-defined]

    on_statement(database.read_engine, fragment, before=_look)
    assert shown(lane)[0] == len(full_day)
    lane.close()
    assert taken == [takes_turn and database.backend.runs_in_process]


@pytest.mark.parametrize(
    ("first_row", "rows_max", "expected"),
    [
        (0, 20, (10, 109, 0)),
        (80, 20, (10, 109, 80)),
        (81, 20, (10, 209, 81)),
        (100, 20, (110, 209, 0)),
        (199, 2, (110, 234, 99)),
        (200, 20, (210, 234, 0)),
        (0, 10**6, (10, 234, 0)),
    ],
)
def test_the_range_of_a_slice(first_row: int, rows_max: int, expected: tuple[int, int, int]) -> None:
    """It begins at the mark before the slice and ends before the mark behind it, or with the day."""
    assert Outline([10, 110, 210], 234, 225).range_of(first_row, rows_max) == expected
