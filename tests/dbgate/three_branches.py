"""A utility of three branches for the tests: three databases with their gates, and a loop that delivers. 三个分公司

Branch ``jincheng`` has the accounts 0 to 99, ``yangcheng`` 100 to 199, ``gaoping`` 200 to 299; their databases are
numbered 11, 12 and 13. Two accounts of each have two open bills.
"""

import queue
import time
from collections.abc import Callable, Sequence

from dbgate.branch import Branch
from dbgate.branches import Branches
from dbgate.bulk import load_rows
from dbgate.database import Database
from dbgate.errors import GateError
from dbgate.gate import Gate
from dbgate.load_kinds import ACCOUNTS, BILLS
from dbgate.work import Work
from tests.dbgate.fixtures import BANK, Clock, account_row, bill_rows
from tests.support.databases import open_database, stored

WAIT_S = 20.0
NAMES = ("jincheng", "yangcheng", "gaoping")
PREFIXES = ("01000000", "01000001", "01000002")


class Loop:
    """The thread that results are delivered in is the test's own: it calls each ``done`` while it waits."""

    def __init__(self) -> None:
        self._arrived: queue.SimpleQueue[list[tuple[Work, object]]] = queue.SimpleQueue()

    def deliver(self, results: list[tuple[Work, object]]) -> None:
        self._arrived.put(results)

    def run_until(self, condition: Callable[[], object]) -> None:
        """Deliver what comes until the condition holds."""
        deadline = time.monotonic() + WAIT_S
        while not condition():
            for work, result in self._arrived.get(timeout=max(0.0, deadline - time.monotonic())):
                work.done(result)


class Utility:
    """Three branches and what is asked of them."""

    def __init__(self, urls: Sequence[str], clock: Clock) -> None:
        self.loop = Loop()
        databases = [open_database(url, clock, database_no=11 + index) for index, url in enumerate(urls)]
        for index, database in enumerate(databases):
            fill(database, (index * 100 + 1, index * 100 + 2))
        gates = [Gate(database, self.loop.deliver) for database in databases]
        self.branches = [Branch(*parts) for parts in zip(NAMES, databases, gates, strict=True)]
        for branch in self.branches:
            branch.open([BANK])
        self.gate = Branches(
            {branch: (prefix,) for branch, prefix in zip(self.branches, PREFIXES, strict=True)},
        )

    def close(self) -> None:
        self.gate.close(WAIT_S)
        for branch in self.branches:
            branch.database.dispose()

    def ask(self, *works: Work) -> list[object]:
        """Submit work and return the answers, each of which must come once; one that is refused answers its error."""
        answers: list[list[object]] = [[] for _ in works]
        for work, own in zip(works, answers, strict=True):
            work.done = own.append
            try:
                self.gate.submit(work)
            except GateError as error:
                own.append(error)
        self.loop.run_until(lambda: all(answers))
        assert [len(own) for own in answers] == [1] * len(works)
        return [own[0] for own in answers]

    def stored(self, query: str) -> list[object]:
        """Return the first column of a query's rows, for each branch."""
        return [[row[0] for row in stored(branch.database, query)] for branch in self.branches]

    def take_away(self, index: int) -> None:
        """Close a branch, as one is whose database has not been reached since the start."""
        self.branches[index].is_open = False


def fill(database: Database, numbers: Sequence[int]) -> None:
    """Store these accounts and their bills."""
    load_rows(database, ACCOUNTS, [account_row(number) for number in numbers])
    load_rows(database, BILLS, [row for number in numbers for row in bill_rows(number)])
