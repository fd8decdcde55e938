"""Locks of the clearing dates: batches hold a day together, the cut-off gets in however many of them overlap.

Everything is run in both ways: on shared row locks, and on slot rows as an engine without them wants it.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from dbgate.batch import MoneyLane
from dbgate.clearing import ClearingDateDue, ClearingDates
from dbgate.clearing_locks import SLOTS, hold_days, lane_slot, take_days
from dbgate.cut_off import CutOff
from dbgate.database import Database
from dbgate.errors import DayNotOpen, OutcomeUnknown
from dbgate.faults import Fault, fault_of
from dbgate.records import ClearingDay, Payment
from dbgate.trip import Trip
from tests.dbgate.fixtures import BANK, DAY, Clock, answers, deposit, fill
from tests.support.databases import stored
from tests.support.statements import limit_statements, on_statement

NEXT_DAY = date(2026, 11, 23)
OTHER_BANK = "0103"


@pytest.fixture(params=["shared", "slots"])
def way(request: pytest.FixtureRequest) -> str:
    """How days are held."""
    name: str = request.param
    return name


@pytest.fixture
def locking(empty: Database, way: str) -> Database:
    """A database in which days are held that way, with the days of two banks."""
    if way == "slots":
        empty.backend = replace(empty.backend, has_shared_locks=False)
    CutOff(empty, ClearingDates()).ensure([BANK, OTHER_BANK])
    return empty


@contextmanager
def transaction(database: Database) -> Iterator[Connection]:
    """A money transaction on a connection of its own, rolled back at the end."""
    with database.connect(money=True) as connection:
        begun = database.begin(connection, time.monotonic() + 5)
        yield connection
        begun.rollback()


def hold(connection: Connection, slot: int | None, *bank_codes: str) -> list[ClearingDay]:
    """The days of the banks, held."""
    trip = Trip(connection)
    held = hold_days(trip, bank_codes, slot)
    trip.go()
    return held()


def test_days_are_held_and_read(locking: Database) -> None:
    """A batch gets the days of its banks; a bank that has none is not among them."""
    with transaction(locking) as connection:
        held = hold(connection, lane_slot(locking.backend), BANK, OTHER_BANK, "0999")

    assert held == [ClearingDay(BANK, DAY, DAY), ClearingDay(OTHER_BANK, DAY, DAY)]


def test_a_day_that_is_being_closed_is_not_held(locking: Database) -> None:
    """Once its closing is stored no batch takes that day any more; other banks' days are not touched by it."""
    with locking.money_engine.begin() as connection:
        ClearingDates().close_day(connection, BANK, DAY, locking)
    with transaction(locking) as connection:
        held = hold(connection, lane_slot(locking.backend), BANK, OTHER_BANK)

    assert [day.bank_code for day in held] == [OTHER_BANK]


@pytest.mark.engine("postgresql")
def test_lanes_hold_a_day_together_and_keep_the_cut_off_out(locking: Database) -> None:
    """No batch waits for another; the day does not move before the last of them has ended."""
    with transaction(locking) as first, transaction(locking) as second, transaction(locking) as cut_off:
        assert hold(first, lane_slot(locking.backend), BANK)
        assert hold(second, lane_slot(locking.backend), BANK)
        with pytest.raises(DBAPIError) as waited:
            take_days(cut_off, [BANK], locking.backend)

    assert fault_of(waited.value) is Fault.LOCKED


@pytest.mark.engine("postgresql")
def test_a_day_that_is_taken_is_not_held(locking: Database) -> None:
    """While the cut-off has the day every batch waits, whatever its slot."""
    limit_statements(locking.money_engine, "200ms")
    with transaction(locking) as cut_off:
        assert take_days(cut_off, [BANK], locking.backend) == {BANK: DAY}
        for _ in range(3):
            with transaction(locking) as batch, pytest.raises(DBAPIError) as waited:
                hold(batch, lane_slot(locking.backend), BANK)
            assert fault_of(waited.value) is Fault.LOCKED


@contextmanager
def overlapping(database: Database, clearing: ClearingDates, count: int = 8) -> Iterator[None]:
    """Run batches that hold the bank's day for 50 ms each, so many at once that it is held at every moment."""
    stop = threading.Event()
    begun = threading.Barrier(count + 1)
    failures: list[BaseException] = []

    def _run() -> None:
        slot = lane_slot(database.backend)
        try:
            with database.connect(money=True) as connection:
                begun.wait(30)
                while not stop.is_set():
                    _batch(connection, slot)
        except BaseException as error:  # shown by the test
            failures.append(error)

    def _batch(connection: Connection, slot: int | None) -> None:
        try:
            with database.begin(connection, time.monotonic() + 5):
                days = {day.bank_code: day for day in hold(connection, slot, BANK)}
                clearing.require_current({BANK: days.get(BANK)}, database.now(connection))
                stop.wait(0.05)
        except ClearingDateDue:
            CutOff(database, clearing).ensure([BANK])

    threads = [threading.Thread(target=_run) for _ in range(count)]
    for thread in threads:
        thread.start()
    begun.wait(30)
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    assert failures == []


@pytest.mark.engine("postgresql")
@pytest.mark.parametrize("by_command", [True, False], ids=["command", "timer"])
def test_holds_that_overlap_do_not_keep_the_cut_off_out(locking: Database, clock: Clock, *, by_command: bool) -> None:
    """Eight lanes without a pause between their batches: the day moves in well under two seconds all the same."""
    clearing = ClearingDates()
    cut_off = CutOff(locking, clearing)
    with overlapping(locking, clearing):
        began = time.monotonic()
        if by_command:
            assert cut_off.close_day(BANK, DAY) == NEXT_DAY
        else:
            clock.moment = datetime(2026, 11, 22, 23, 30)  # noqa: DTZ001 - wall clock of the database
            cut_off.roll_all()
        took_s = time.monotonic() - began

    assert clearing.last_read(BANK) == NEXT_DAY
    assert stored(locking, f"SELECT clearing_date FROM clearing_dates WHERE bank_code = '{BANK}'") == [(20261123,)]
    assert took_s < 1.5


def fail(message: str) -> Callable[[], object]:
    """What raises the error of a database that has gone."""

    def _fail() -> object:
        raise DBAPIError(message, None, Exception(message), connection_invalidated=True)

    return _fail


def test_a_close_that_could_not_move_the_date_is_done_by_the_next_payment(locking: Database) -> None:
    """The operator is told that it is not done yet; not one payment enters the closed day after that."""
    fill(locking, 1)
    cut_off = CutOff(locking, ClearingDates())
    broken = [True]

    def _break_once() -> object:
        return fail("gone")() if broken.pop() else None

    on_statement(locking.money_engine, "UPDATE clearing_dates", before=lambda: _break_once() if broken else None)
    with pytest.raises(OutcomeUnknown, match=f"2026-11-22 of bank {BANK} is closed, its date has not moved yet"):
        cut_off.close_day(BANK, DAY)
    lane = MoneyLane(locking, ClearingDates())
    [paid] = answers(lane.run([deposit(0, 1, 5)]))
    lane.close()

    assert isinstance(paid, Payment)
    assert paid.clearing_date == NEXT_DAY


def test_two_operators_close_the_same_day(locking: Database) -> None:
    """Whoever comes second, before the date has moved, closes nothing more."""
    clearing = ClearingDates()
    for _ in range(2):
        with locking.money_engine.begin() as connection:
            clearing.close_day(connection, BANK, DAY, locking)
    CutOff(locking, clearing).roll_all()

    assert clearing.last_read(BANK) == NEXT_DAY
    assert stored(locking, "SELECT bank_code, clearing_date, closed_at FROM closings") == [
        (BANK, 20261122, 20261122100000123)
    ]


def test_closing_a_day_that_has_not_rolled_yet(locking: Database, clock: Clock) -> None:
    """After a standstill the present day is closed, not the one of before that the row still shows."""
    clock.moment = datetime(2026, 11, 25, 10, 0)  # noqa: DTZ001 - wall clock of the database
    assert CutOff(locking, ClearingDates()).close_day(BANK, date(2026, 11, 25)) == date(2026, 11, 26)


def test_days_closed_one_after_the_other(locking: Database) -> None:
    """Each command closes one day, and the calendar catches up with them; one that is over stays so."""
    cut_off = CutOff(locking, ClearingDates())
    days = [date(2026, 11, day) for day in (22, 23, 24, 25)]
    assert [cut_off.close_day(BANK, day) for day in days[:3]] == days[1:]
    assert [cut_off.close_day(BANK, day) for day in days[:3]] == [days[3]] * 3
    with pytest.raises(DayNotOpen, match="2026-11-26 of bank 0102 has not begun: its clearing date is 2026-11-25"):
        cut_off.close_day(BANK, date(2026, 11, 26))


def test_slots_are_made_with_the_day(locking: Database, way: str) -> None:
    """Where days are held by slots each bank has all of them; elsewhere the table stays empty."""
    expected = [(BANK, SLOTS), (OTHER_BANK, SLOTS)] if way == "slots" else []
    counted = stored(locking, "SELECT bank_code, count(*) FROM clearing_slots GROUP BY bank_code ORDER BY bank_code")

    assert counted == expected


def test_lost_slots_are_made_again(locking: Database) -> None:
    """A program with more slots than the one that made them, or a DBA's mistake, stops no payment."""
    fill(locking, 1)
    with locking.money_engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM clearing_slots WHERE slot_no > 2")
    lanes = [MoneyLane(locking, ClearingDates()) for _ in range(4)]
    paid = [answer for serial, lane in enumerate(lanes) for answer in answers(lane.run([deposit(0, serial + 1, 5)]))]
    for lane in lanes:
        lane.close()

    assert [type(answer) for answer in paid] == [Payment] * 4


def test_lanes_of_a_process_have_slots_of_their_own(locking: Database, way: str) -> None:
    """As many lanes as there are slots never wait for each other."""
    slots = {lane_slot(locking.backend) for _ in range(SLOTS)}
    assert slots == (set(range(SLOTS)) if way == "slots" else {None})


@pytest.mark.engine("postgresql")
def test_daemons_that_start_at_once_make_each_slot_once(empty: Database) -> None:
    """Whoever finds a slot made by another takes it as it is."""
    empty.backend = replace(empty.backend, has_shared_locks=False)
    start = threading.Barrier(4)
    failures: list[BaseException] = []

    def _start() -> None:
        try:
            start.wait(30)
            CutOff(empty, ClearingDates()).ensure([BANK, OTHER_BANK])
        except BaseException as error:  # shown by the test
            failures.append(error)

    threads = [threading.Thread(target=_start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert failures == []
    assert stored(empty, "SELECT count(*) FROM clearing_slots") == [(2 * SLOTS,)]
    assert stored(empty, "SELECT count(*) FROM clearing_dates") == [(2,)]
