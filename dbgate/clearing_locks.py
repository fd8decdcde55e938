"""Locks of the clearing dates 清算日期锁: batches hold a bank's day, the cut-off takes it from all of them.

| engine                         | a batch holds                            | the cut-off takes                    |
|--------------------------------|------------------------------------------|--------------------------------------|
| with shared row locks          | the bank's clearing date, FOR SHARE      | the clearing date, FOR UPDATE        |
| without (Oracle)               | one of the bank's slot rows, FOR UPDATE  | all of them and the clearing date    |

Rule 1: who holds a day commits into that day, and the day does not move before.
Rule 2: a day that is being closed by command is not held any more. Its row in ``closings`` is committed first and read
without a lock, in the same statement that would lock: holds that overlap would otherwise keep the cut-off out for as
long as there is work.
Rule 3: the cut-off does not wait for a day. It lets go, looks whether there is still something to do, and tries again:
whoever came to move a day that another has moved meanwhile would wait in vain, until no batch holds the new one.
"""

import os
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime
from itertools import count
from zlib import crc32

from sqlalchemy import Connection, Exists, Select, func, select

from dbgate import rows
from dbgate.backends.base import Backend
from dbgate.column_types import clock_number, day_number, number_day
from dbgate.prepared import InsertRows, Keys, Statement, UpdateRows
from dbgate.records import ClearingDay
from dbgate.row_locks import for_update
from dbgate.tables import clearing_dates, clearing_slots, closings
from dbgate.trip import Trip, run
from dbgate.wanted import in_chunks

ROLL_RETRY_S = 0.02
"""Pause before a day that is held is tried again: a batch takes milliseconds."""

SLOTS = 32
"""Slot rows of a bank: twice the lanes of four daemons, for lanes that share a slot wait for each other, and few
enough for the cut-off to lock them all within milliseconds."""

_lane_numbers = count()


def lane_slot(backend: Backend) -> int | None:
    """Return the slot that the next lane holds days by; None where it locks the clearing date itself.

    Lanes of one process get different ones; processes begin at different places, by host and process number.
    """
    if backend.has_shared_locks:
        return None
    place = crc32(f"{socket.gethostname()}/{os.getpid()}".encode())
    return (place + next(_lane_numbers)) % SLOTS


def hold_days(trip: Trip, bank_codes: Sequence[str], slot: int | None) -> Callable[[], list[ClearingDay]]:
    """Hold the clearing days of the banks until the transaction ends: step 0 of a batch.

    Args:
        trip: gets the statements.
        bank_codes: sorted.
        slot: of the lane, None where rows can be locked shared.

    Returns:
        What gives the days that are held, once the trip has been made. A bank that has none, or whose day is being
        closed, is not among them: roll first.
    """
    if slot is None:
        held = [trip.ask(_HOLD_DAYS, chunk) for chunk in in_chunks(bank_codes)]
        return lambda: [rows.clearing_day_of(row) for reply in held for row in reply.rows]
    slots = [trip.ask(_HOLD_SLOTS, chunk, slot) for chunk in in_chunks(bank_codes)]
    days = [trip.ask(DAYS, chunk) for chunk in in_chunks(bank_codes)]

    def _held() -> list[ClearingDay]:
        has_slot = {row[0] for reply in slots for row in reply.rows}
        return [rows.clearing_day_of(row) for reply in days for row in reply.rows if row[0] in has_slot]

    return _held


def read_days(connection: Connection, bank_codes: Sequence[str]) -> dict[str, date]:
    """Return the clearing dates of the banks that have one, without a lock."""
    return {row[0]: number_day(row[1]) for row in run(connection, DAYS, bank_codes).rows}


def take_days(connection: Connection, bank_codes: Sequence[str], backend: Backend) -> dict[str, date]:
    """Keep everybody out of the days of the banks until the transaction ends, and return those there are.

    Args:
        connection: in a transaction.
        bank_codes: sorted, at most 1,000.
        backend: says how they are held.

    Raises:
        DBAPIError: somebody holds one of them.
    """
    if not backend.has_shared_locks:
        _take_slots(connection, bank_codes)
    return {row[0]: number_day(row[1]) for row in run(connection, _TAKE_DAYS, bank_codes).rows}


def banks_without_slots(connection: Connection, bank_codes: Sequence[str], backend: Backend) -> set[str]:
    """Return the banks that lack slot rows where days are held by them; ``take_days`` makes them."""
    if backend.has_shared_locks:
        return set()
    counts = {row[0]: row[1] for row in run(connection, _COUNT_SLOTS, bank_codes).rows}
    return {bank_code for bank_code in bank_codes if counts.get(bank_code, 0) < SLOTS}


def _take_slots(connection: Connection, bank_codes: Sequence[str]) -> None:
    taken = Counter(row[0] for row in run(connection, _TAKE_SLOTS, bank_codes).rows)
    lacking = [(bank_code, slot) for bank_code in bank_codes if taken[bank_code] < SLOTS for slot in range(SLOTS)]
    if lacking:
        run(connection, _INSERT_SLOTS, lacking)
        # Once more: those that another daemon has made meanwhile may be held by a batch already.
        run(connection, _TAKE_SLOTS, bank_codes)


def create_days(connection: Connection, days: Sequence[tuple[str, date]]) -> None:
    """Create the clearing dates of banks that have none: the first day is the present one."""
    if days:
        run(connection, _INSERT_DAYS, [(bank_code, day_number(day), day_number(day)) for bank_code, day in days])


def close_days(connection: Connection, days: Sequence[tuple[str, date]], moment: datetime) -> None:
    """Say that these days of banks are closed; the dates move on when they are next rolled."""
    closed_at = clock_number(moment)
    run(connection, _INSERT_CLOSINGS, [(bank_code, day_number(day), closed_at) for bank_code, day in days])


def closed_days(connection: Connection, bank_codes: Sequence[str]) -> set[tuple[str, date]]:
    """Return the days of the banks, from the present ones on, that were closed by command."""
    return {(row[0], number_day(row[1])) for row in run(connection, _CLOSED_DAYS, bank_codes).rows}


def move_days(connection: Connection, days: Sequence[tuple[str, date]]) -> None:
    """Move the clearing dates of the banks, which the caller has taken."""
    if days:
        run(connection, _MOVE_DAYS, [(day_number(day), bank_code) for bank_code, day in days])


_BANKS = ("bank_codes",)


def _is_closing() -> Exists:
    return (
        select(closings.c.bank_code)
        .where(
            closings.c.bank_code == clearing_dates.c.bank_code,
            closings.c.clearing_date == clearing_dates.c.clearing_date,
        )
        .correlate(clearing_dates)
        .exists()
    )


def _days(keys: Keys) -> Select[tuple[object, ...]]:
    of_banks = keys.among(clearing_dates.c.bank_code, "bank_codes")
    return select(*rows.CLEARING_DAY_COLUMNS).where(of_banks).order_by(clearing_dates.c.bank_code)


def _slots(keys: Keys) -> Select[tuple[object, ...]]:
    of_banks = keys.among(clearing_slots.c.bank_code, "bank_codes")
    return select(clearing_slots.c.bank_code).where(of_banks).order_by(clearing_slots.c.bank_code)


def _slots_held(keys: Keys) -> Select[tuple[object, ...]]:
    of_slot = clearing_dates.c.bank_code == clearing_slots.c.bank_code
    is_closing = select(clearing_dates.c.bank_code).where(of_slot, _is_closing()).correlate(clearing_slots).exists()
    return for_update(_slots(keys).where(clearing_slots.c.slot_no == keys.one("slot_no"), ~is_closing))


def _slot_counts(keys: Keys) -> Select[tuple[object, ...]]:
    of_banks = keys.among(clearing_slots.c.bank_code, "bank_codes")
    return select(clearing_slots.c.bank_code, func.count()).where(of_banks).group_by(clearing_slots.c.bank_code)


def _closed_days(keys: Keys) -> Select[tuple[object, ...]]:
    of_bank = closings.c.bank_code == clearing_dates.c.bank_code
    return (
        select(closings.c.bank_code, closings.c.clearing_date)
        .join(clearing_dates, of_bank)
        .where(
            keys.among(clearing_dates.c.bank_code, "bank_codes"),
            closings.c.clearing_date >= clearing_dates.c.clearing_date,
        )
    )


DAYS = Statement("select_days", _days, _BANKS, _BANKS)
_HOLD_DAYS = Statement(
    "hold_days", lambda keys: _days(keys).where(~_is_closing()).with_for_update(read=True), _BANKS, _BANKS
)
_TAKE_DAYS = Statement("take_days", lambda keys: _days(keys).with_for_update(nowait=True), _BANKS, _BANKS)
_HOLD_SLOTS = Statement("hold_slots", _slots_held, ("bank_codes", "slot_no"), _BANKS)
_TAKE_SLOTS = Statement(
    "take_slots",
    lambda keys: _slots(keys).order_by(clearing_slots.c.slot_no).with_for_update(nowait=True),
    _BANKS,
    _BANKS,
)
_COUNT_SLOTS = Statement("count_slots", _slot_counts, _BANKS, _BANKS)
_CLOSED_DAYS = Statement("select_closed_days", _closed_days, _BANKS, _BANKS)
_INSERT_DAYS = InsertRows("insert_days", clearing_dates, if_new=True)
_MOVE_DAYS = UpdateRows("move_days", clearing_dates, ["clearing_date"], ["bank_code"])
_INSERT_SLOTS = InsertRows("insert_slots", clearing_slots, if_new=True)
_INSERT_CLOSINGS = InsertRows("insert_closings", closings, if_new=True)
