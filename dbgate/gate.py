"""The gate 数据库闸口: takes work from any thread, runs it in batches on its lanes, delivers the results.

A lane takes *all* work that waits when its connection becomes free, up to ``batch_max``: no delay is ever added to fill
a batch. Money work, queries and histories have queues and lanes of their own: a teller's query waits neither behind
payments nor behind somebody's list of two years.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from datetime import time as time_of_day

from dbgate.batch import MoneyLane, ReadLane
from dbgate.breaker import Breaker
from dbgate.clearing import DEFAULT_CUT_OFF, ClearingDates
from dbgate.cut_off import CutOff
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable
from dbgate.forms import IN_LIST_MAX
from dbgate.lane import Lane, Turn
from dbgate.lane_group import Deliver, LaneGroup
from dbgate.lane_meter import LaneReading
from dbgate.work import Needs, Work
from dbgate.work_queue import WorkQueue

BATCH_MAX = 64
"""Requests in one transaction: at 32 most of what batching brings has been won, and a batch of 64 still takes
milliseconds, so that nobody waits long behind it."""

HISTORY_BATCH_MAX = 4
"""Histories, totals and details in one snapshot: each may read thousands of rows, and an embedded database lets nobody
else work meanwhile."""

QUEUE_MAX = 2048
"""Requests that may wait in each queue: less than a second's work for the slowest database that is sensible, so what
waits is answered well before ``db_timeout``; what comes on top is told ``busy`` at once."""

ABANDON_S = 0.5
"""What is left of the time to close when lanes that still wait for the database are made to end: several times as long
as they take to notice."""


class Gate:
    """The gate to one billing database.

    Args:
        database: which one; the gate does not dispose of it.
        deliver: called once for each batch with all its results (work, answer or GateError), after the commit, in the
            lane's thread; it hands over to the process's own loop and calls each ``work.done`` there.
        cut_offs: by bank_code; others have ``default_cut_off``.
        batch_max: 1 to 1,000 requests in one transaction.
        queue_max: requests that may wait for money lanes, as many for read lanes, and as many for histories.
        money_lanes: default: what the engine can use (SQLite has one writer).
        read_lanes: connections for read work, likewise; histories have one more.
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
        read_lanes: int | None = None,
        turn: Turn | None = None,
    ) -> None:
        if not 1 <= batch_max <= IN_LIST_MAX:
            raise ValueError(f"batch_max is 1 to {IN_LIST_MAX}, not {batch_max}")
        backend = database.backend
        self._clearing = ClearingDates(cut_offs, default_cut_off)
        self._cut_off = CutOff(database, self._clearing)
        money_probe, read_probe = MoneyLane(database, self._clearing), ReadLane(database, self._clearing)
        self._probes: list[Lane] = [money_probe, read_probe]
        # Two: a full disk, or a server that has become a standby, stops payments and not queries.
        self._money_breaker = Breaker(money_probe, self._money_down, **database.about, money=True)
        self._read_breaker = Breaker(read_probe, self._reads_down, **database.about, money=False)

        def _group(name: str, breaker: Breaker, batch_max: int, pause_s: float = 0.0) -> LaneGroup:
            queue = WorkQueue(queue_max, has_exclusive_accounts=breaker is self._money_breaker)
            return LaneGroup(name, queue, breaker, deliver, batch_max=batch_max, pause_s=pause_s)

        self._money = _group("money", self._money_breaker, batch_max, backend.pause_s)
        self._reads = _group("read", self._read_breaker, batch_max)
        self._histories = _group("history", self._read_breaker, min(batch_max, HISTORY_BATCH_MAX))

        def _reader() -> ReadLane:
            return ReadLane(database, self._clearing, turn, self._read_breaker)

        money_count = backend.money_lanes if money_lanes is None else money_lanes
        read_count = backend.read_lanes if read_lanes is None else read_lanes
        self._money.start([MoneyLane(database, self._clearing, turn, self._money_breaker) for _ in range(money_count)])
        self._reads.start([_reader() for _ in range(read_count)])
        self._histories.start([_reader()])

    @property
    def is_up(self) -> bool:
        """Whether the database takes work of every kind, as far as is known. Never blocks."""
        return self._money_breaker.is_up and self._read_breaker.is_up

    @property
    def takes_money(self) -> bool:
        """Whether the database takes payments, as far as is known. Never blocks."""
        return self._money_breaker.is_up

    def readings(self) -> list[LaneReading]:
        """Return what is to be seen of the queues and lanes; from any thread, and nobody is held up."""
        return [group.reading() for group in (self._money, self._reads, self._histories)]

    def ailments(self, hung_s: float) -> Iterator[str]:
        """Yield what is wrong with the threads of this gate, for a watchdog; a database that is down is no ailment.

        Args:
            hung_s: a batch that takes longer does not end any more: several times the longest deadline.
        """
        for group in (self._money, self._reads, self._histories):
            yield from group.ailments(hung_s)

    def submit(self, work: Work) -> None:
        """Queue ``work``, from any thread.

        Raises:
            GateBusy: the queue is full.
            GateClosed: the gate is draining.
            DatabaseUnavailable: the database is known to be down.
        """
        if work.money:
            self._money.submit(work)
        elif _is_history(work.needs):
            self._histories.submit(work)
        else:
            self._reads.submit(work)

    def clearing_date(self, bank_code: str) -> date | None:
        """Return the bank's clearing date as any batch last read it, None while unknown. Never blocks."""
        return self._clearing.last_read(bank_code)

    def take_cut_offs(self, cut_offs: Mapping[str, time_of_day]) -> None:
        """Roll the banks' clearing dates at other times from now on; by bank_code, as of the constructor."""
        self._clearing.take_cut_offs(cut_offs)

    def ensure_banks(self, bank_codes: Iterable[str]) -> None:
        """Create the clearing dates of new banks and roll those that are due; blocks, up to 10 s.

        Raises:
            DatabaseUnavailable: nothing was done.
        """
        self._cut_off.ensure(bank_codes)

    def recount_daily_limits(self) -> None:
        """Let daily limits be counted anew from what is posted; at start, for the limits may be others. Blocks.

        Raises:
            DatabaseUnavailable: nothing was done.
        """
        self._cut_off.recount_limits()

    def roll_clearing_dates(self) -> None:
        """Roll every clearing date that is due, as a timer does at the cut-offs; blocks and raises likewise.

        Called every few seconds, it also finds out without any request that the database is down: one that fails to
        roll is suspected, and the breaker looks into it.
        """
        if not self._money_breaker.is_up:
            raise DatabaseUnavailable("the database is down")
        try:
            self._cut_off.roll_all()
        except DatabaseUnavailable as error:
            self._money_breaker.suspect(str(error))
            raise

    def close_day(self, bank_code: str, day: date) -> date:
        """End a bank's ``day`` by command and return its new clearing date; blocks and raises likewise.

        Raises:
            KeyError: the bank has no clearing date.
            DayNotOpen: ``day`` has not begun.
        """
        return self._cut_off.close_day(bank_code, day)

    def close(self, timeout_s: float) -> bool:
        """Take no more work, finish what waits and runs, and tell whether all was done within ``timeout_s``.

        What has not begun by then is delivered as ``GateClosed``; it is never started afterwards. What waits for the
        database shortly before is ended as if its deadline had come.
        """
        deadline = time.monotonic() + timeout_s
        groups = self._money, self._reads, self._histories
        breakers = self._money_breaker, self._read_breaker
        for each in (*groups, *breakers):
            each.close()
        in_time = deadline - min(ABANDON_S, timeout_s / 2)
        if all(each.join(in_time) for each in (*groups, *breakers)):
            return True
        left_count = sum(group.abandon() for group in groups)
        for probe in self._probes:
            probe.abandon()
        return all(each.join(deadline) for each in (*groups, *breakers)) and left_count == 0

    def _money_down(self) -> None:
        self._money.refuse_waiting()

    def _reads_down(self) -> None:
        self._reads.refuse_waiting()
        self._histories.refuse_waiting()


def _is_history(needs: Needs) -> bool:
    """Tell whether a request reads many rows of one account, or looks through a day."""
    of_account = needs.payments_since is not None or needs.bills_since is not None
    return of_account or needs.totals_of is not None or needs.details is not None
