"""Branch 供电分公司: one billing database of several, with its gate.

A branch whose database is away when the daemon starts stays closed: it takes no work until its schema has been checked
and its clearing dates are there. Looked after every few seconds, it opens by itself.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from dbgate import drawing, schema
from dbgate.database import Database
from dbgate.errors import DatabaseUnavailable, GateError, SchemaMismatch
from dbgate.faults import label_of
from dbgate.gate import Gate
from dbgate.work import Work

OPEN_WAIT_S = 15.0
"""How long a start waits for the slowest database: ten seconds are what its locks may take, the rest is connecting."""


class Branch:
    """One database and its gate; ``name`` is for operators.

    Attributes:
        is_open: it was reached, has the schema and takes work. It never closes again: from then on its gate says of
            each work whether the database could do it.
    """

    def __init__(self, name: str, database: Database, gate: Gate) -> None:
        self.name = name
        self.database = database
        self.gate = gate
        self.is_open = False
        self._opening = threading.Lock()

    @property
    def number(self) -> int:
        """The two digits that its fep_serials and invoice numbers begin with."""
        return self.database.database_no

    @property
    def is_up(self) -> bool:
        """Whether it takes work of every kind, as far as is known."""
        return self.is_open and self.gate.is_up

    @property
    def takes_money(self) -> bool:
        """Whether it takes payments, as far as is known."""
        return self.is_open and self.gate.takes_money

    def submit(self, work: Work) -> None:
        """Queue ``work``, as ``Gate.submit`` does; DatabaseUnavailable while the branch is closed."""
        self.require_open()
        self.gate.submit(work)

    def require_open(self) -> None:
        """Raise DatabaseUnavailable while the branch is closed."""
        if not self.is_open:
            raise DatabaseUnavailable(f"database {self.name} has not been opened since the start")

    def open(self, bank_codes: Iterable[str]) -> None:
        """Check the schema, make the banks' clearing dates, count daily limits anew, and take work. Blocks.

        Raises:
            SchemaMismatch: it has not the schema of this program.
            DatabaseUnavailable: it cannot be asked, or nothing was done.
        """
        with self._opening:
            if self.is_open:
                return
            schema.check(self.database.read_engine)
            self.database.keep_open()
            self.gate.ensure_banks(bank_codes)
            self.gate.recount_daily_limits()
            self.is_open = True

    def look_after(self, bank_codes: Iterable[str]) -> None:
        """Roll the clearing dates that are due, or open if it is not open yet. Blocks and raises as ``open``."""
        if self.is_open:
            self.gate.roll_clearing_dates()
        else:
            self.open(bank_codes)


def open_all(
    branches: Sequence[Branch], bank_codes: Iterable[str], wait_s: float = OPEN_WAIT_S
) -> list[tuple[Branch, GateError]]:
    """Open the branches, all at the same time, and return those that are still closed after ``wait_s``, and why.

    Raises:
        SchemaMismatch: one of them has not the schema of this program.
        DatabaseUnavailable: none of them can be asked.
    """
    codes = list(bank_codes)
    closed = at_once({branch: partial(branch.open, codes) for branch in branches}, wait_s)
    for branch, error in closed:
        if isinstance(error, SchemaMismatch) and len(branches) == 1:
            raise error
        if isinstance(error, SchemaMismatch) and not _has_no_file(branch.database):
            raise SchemaMismatch(f"database {branch.name}: {error}")
    if len(closed) == len(branches):
        raise closed[0][1]
    return closed


def draw_fep_serials(branches: Sequence[Branch], count: int) -> list[int]:
    """Draw fep_serials for what belongs to no database, from the first open branch that gives any. Blocks.

    Raises:
        DatabaseUnavailable: none of them gives any.
    """
    error = DatabaseUnavailable("no database is open")
    for branch in branches:
        if branch.is_open:
            try:
                return drawing.draw_fep_serials(branch.database, count)
            except DatabaseUnavailable as unavailable:
                error = unavailable
    raise error


def _has_no_file(database: Database) -> bool:
    """Tell whether the database is a file that has gone: it cannot be asked, which is another matter than its schema.

    Where it is the only database that makes no difference, and the remedy for a new site is in the mismatch.
    """
    try:
        database.file_identity()
    except DatabaseUnavailable:
        return True
    return False


def at_once(calls: Mapping[Branch, Callable[[], object]], wait_s: float) -> list[tuple[Branch, GateError]]:
    """Make all calls at the same time, each in a thread of its own, and return the errors, by branch.

    One that has not returned after ``wait_s`` counts as unavailable; it goes on, and nobody waits for it any longer.
    """
    errors: dict[Branch, GateError | None] = {
        branch: DatabaseUnavailable(f"no answer within {wait_s:g} s") for branch in calls
    }

    def _call(branch: Branch) -> None:
        try:
            calls[branch]()
            errors[branch] = None
        except GateError as error:
            errors[branch] = error
        except Exception as error:  # noqa: BLE001 - it has answered, and an operator must not look for what hangs
            errors[branch] = DatabaseUnavailable(f"unexpected error: {label_of(error)}")

    deadline = time.monotonic() + wait_s
    threads = [threading.Thread(target=_call, args=(branch,), daemon=True) for branch in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [(branch, error) for branch, error in list(errors.items()) if error is not None]
