"""Jobs 批处理: work that a command runs by itself, in batches of its own, the way the daemon's lanes run theirs.

A job meets the daemons as another daemon would: same locks in the same order, same checks at COMMIT, and every batch is
a transaction of its own. So a job that is killed has done some of its batches and none by half.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import time as time_of_day

from dbgate.batch import Committed as Committed  # noqa: PLC0414 - whoever opens a job has it from here
from dbgate.batch import MoneyLane
from dbgate.clearing import ClearingDates
from dbgate.cut_off import CutOff
from dbgate.database import Database
from dbgate.work import Decide, Needs, Work

JOB_ACCOUNTS_MAX = 500
"""Accounts locked by one transaction of a job: a payment that meets one of them waits a fraction of a second."""

JOB_DEADLINE_S = 60.0
"""How long a job waits for locks and answers of one batch: nobody waits at a counter for it."""


class Job:
    """Runs works on one database, a transaction for each call."""

    def __init__(self, database: Database, clearing: ClearingDates, committed: Committed | None = None) -> None:
        self.database = database
        self._lane = MoneyLane(database, clearing, committed=committed)

    def run(self, asked: Sequence[tuple[Needs, Decide]]) -> list[object]:
        """Run all in one transaction and return for each, in order, the decision's answer or a GateError.

        At most ``JOB_ACCOUNTS_MAX`` accounts; by account_no, so that the locks are taken in the order of all others.
        """
        deadline = time.monotonic() + JOB_DEADLINE_S
        works = [Work(needs, decide, True, deadline, _nobody) for needs, decide in asked]
        return [answer for _, answer in self._lane.run(works)]

    def close(self) -> None:
        """Let go of the connection."""
        self._lane.close()


@contextmanager
def job(database: Database, cut_offs: Mapping[str, time_of_day], committed: Committed | None = None) -> Iterator[Job]:
    """Open a job on one database; ``cut_offs`` by bank, as of ``Gate``; ``committed`` as of ``MoneyLane``.

    Raises:
        DatabaseUnavailable: its clearing dates cannot be looked at.
    """
    clearing = ClearingDates(cut_offs)
    CutOff(database, clearing).ensure(cut_offs)
    opened = Job(database, clearing, committed)
    try:
        yield opened
    finally:
        opened.close()


def _nobody(_answer: object) -> None:
    """Whoever runs a job has its answers already."""
