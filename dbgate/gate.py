"""The gate 数据库闸口: takes work from any thread, runs it in batches on its lanes, delivers the results.

A lane takes *all* work that waits when its connection becomes free, up to ``batch_max``: no delay is ever added to fill
a batch. Money work and read work have queues and lanes of their own.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from datetime import time as time_of_day

import structlog

from dbgate.batch import Lane, MoneyLane, ReadLane, Turn
from dbgate.clearing import DEFAULT_CUT_OFF, ClearingDates
from dbgate.cut_off import CutOff
from dbgate.database import Database
from dbgate.errors import GateClosed, OutcomeUnknown, StatementFailed
from dbgate.forms import IN_LIST_MAX
from dbgate.work import Work
from dbgate.work_queue import WorkQueue

BATCH_MAX = 64
"""Requests in one transaction: at 32 most of what batching brings has been won, and a batch of 64 still takes
milliseconds, so that nobody waits long behind it."""

QUEUE_MAX = 2048
"""Requests that may wait in each queue: less than a second's work for the slowest database that is sensible, so what
waits is answered well before ``db_timeout``; what comes on top is told ``busy`` at once."""

Deliver = Callable[[list[tuple[Work, object]]], None]

log = structlog.get_logger(__name__)


class Gate:
    """The gate to one billing database.

    Args:
        database: which one; the gate does not dispose of it.
        deliver: called once for each batch with all its results (work, answer or GateError), after the commit, in the
            lane's thread; it hands over to the process's own loop and calls each ``work.done`` there.
        cut_offs: by bank_code; others have ``default_cut_off``.
        batch_max: 1 to 1,000 requests in one transaction.
        queue_max: requests that may wait for money lanes, and as many for read lanes.
        money_lanes: default: what the engine can use (SQLite has one writer).
        read_lanes: connections for read work.
        turn: a lock that the process's own loop holds while it works. A lane whose database runs in this process holds
            it from BEGIN to COMMIT, in which it never waits: otherwise the two threads hand the interpreter to each
            other at every row that SQLite steps to, and both are slower for it.
    """

    def __init__(
        self,
        database: Database,
        deliver: Deliver,
        *,
        cut_offs: Mapping[str, time_of_day] | None = None,
        default_cut_off: time_of_day = DEFAULT_CUT_OFF,
        batch_max: int = BATCH_MAX,
        queue_max: int = QUEUE_MAX,
        money_lanes: int | None = None,
        read_lanes: int = 1,
        turn: Turn | None = None,
    ) -> None:
        if not 1 <= batch_max <= IN_LIST_MAX:
            raise ValueError(f"batch_max is 1 to {IN_LIST_MAX}, not {batch_max}")
        self._database = database
        self._deliver = deliver
        self._batch_max = batch_max
        self._clearing = ClearingDates(cut_offs, default_cut_off)
        self._money = WorkQueue(queue_max, has_exclusive_accounts=True)
        self._reads = WorkQueue(queue_max, has_exclusive_accounts=False)
        self._cut_off = CutOff(database, self._clearing)
        money_count = database.backend.money_lanes if money_lanes is None else money_lanes
        self._threads = [
            *(self._start(MoneyLane(database, self._clearing, turn), self._money, i) for i in range(money_count)),
            *(self._start(ReadLane(database, self._clearing, turn), self._reads, i) for i in range(read_lanes)),
        ]

    def submit(self, work: Work) -> None:
        """Queue ``work``, from any thread.

        Raises:
            GateBusy: the queue is full.
            GateClosed: the gate is draining.
        """
        (self._money if work.money else self._reads).put(work)

    def clearing_date(self, bank_code: str) -> date | None:
        """Return the bank's clearing date as any batch last read it, None while unknown. Never blocks."""
        return self._clearing.last_read(bank_code)

    def ensure_banks(self, bank_codes: Iterable[str]) -> None:
        """Create the clearing dates of new banks and roll those that are due; blocks, up to 10 s.

        Raises:
            DatabaseUnavailable: nothing was done.
        """
        self._cut_off.ensure(bank_codes)

    def forget_daily_counters(self) -> None:
        """Let daily limits be counted anew from what is posted; at start, for the limits may be others. Blocks.

        Raises:
            DatabaseUnavailable: nothing was done.
        """
        self._cut_off.forget_counters()

    def roll_clearing_dates(self) -> None:
        """Roll every clearing date that is due, as a timer does at the cut-offs; blocks and raises likewise."""
        self._cut_off.roll_all()

    def close_day(self, bank_code: str) -> date:
        """Move a bank one day on by command and return its new clearing date; blocks and raises likewise.

        Raises:
            KeyError: the bank has no clearing date.
        """
        return self._cut_off.close_day(bank_code)

    def close(self, timeout_s: float) -> bool:
        """Take no more work, finish what waits and runs, and tell whether all was done within ``timeout_s``.

        What has not begun by then is delivered as ``GateClosed``; it is never started afterwards.
        """
        deadline = time.monotonic() + timeout_s
        self._money.close()
        self._reads.close()
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        left = self._money.abandon() + self._reads.abandon()
        if left:
            self._hand_over([(work, GateClosed("the gate was closed before this was begun")) for work in left])
        return not left and not any(thread.is_alive() for thread in self._threads)

    def _start(self, lane: Lane, queue: WorkQueue, number: int) -> threading.Thread:
        name = f"{'money' if lane.money else 'read'}-lane-{number}"
        thread = threading.Thread(target=self._serve, args=(lane, queue), name=name, daemon=True)
        thread.start()
        return thread

    def _serve(self, lane: Lane, queue: WorkQueue) -> None:
        """Run batches until the queue is closed and empty."""
        pause_s = self._database.backend.pause_s if lane.money else 0.0
        while works := queue.take(self._batch_max):
            results = self._run(lane, works)
            queue.release(works)
            self._hand_over(results)
            if pause_s:
                time.sleep(pause_s)
        lane.close()

    def _run(self, lane: Lane, works: list[Work]) -> list[tuple[Work, object]]:
        for work in works:
            work.batch_size = len(works)
        try:
            return lane.run(works)
        except Exception as error:
            # Lanes answer everything themselves; whatever comes here is our bug, and money may have moved.
            log.exception("lane_failed", money=lane.money, batch_size=len(works))
            failure = OutcomeUnknown if lane.money else StatementFailed
            return [(work, failure(f"the lane failed: {type(error).__name__}")) for work in works]

    def _hand_over(self, results: list[tuple[Work, object]]) -> None:
        try:
            self._deliver(results)
        except Exception:
            # The lane must go on: the others' money waits behind it.
            log.exception("delivery_failed", batch_size=len(results))
