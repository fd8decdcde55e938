"""Sealing 封存: when the chains of a site are sealed, and that the database knows of each seal.

A day is sealed a round after its bank's clearing date has moved on: a batch that was committed before the cut-off has
been answered by then. Chains that nobody writes any more, of commands and of processes that have ended, are sealed by
whichever daemon looks next.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path

import structlog

from dbgate.books.audit_seals import AuditSeal, record_seals
from dbgate.database import Database
from dbgate.errors import GateError
from fep.audit.chain import Chain, Sealed
from fep.audit.chain_end import ChainElsewhere
from fep.audit.folders import FolderTaken, hold, idle_folders, place_of
from fep.audit.movements import digits
from fep.audit.seals import CUT_OFF, IDLE, INTERVAL, SealKey
from fep.audit.tallies import BankDay
from fep.audit.writer import SealOrder

WITNESSED_AT_ONCE = 100
RECORD_S = 3.0

UNWITNESSED_MAX = 1_000
"""Seals that wait for a database that is away: a month of hours, and each one witnesses all before it."""

_log = structlog.get_logger()


class Sealer:
    """Orders the seals of this daemon's chain.

    Args:
        key: under which.
        notes: takes the orders.
        banks: their codes.
        clearing_date: of a bank as last read, None while unknown.
        interval_s: between seals while no day ends.
        seconds: monotonic.
    """

    def __init__(
        self,
        key: SealKey,
        notes: Callable[[SealOrder], object],
        banks: Callable[[], Iterable[str]],
        clearing_date: Callable[[str], date | None],
        interval_s: float,
        seconds: Callable[[], float],
    ) -> None:
        self._key = key
        self._notes = notes
        self._banks = banks
        self._clearing_date = clearing_date
        self._interval_s = interval_s
        self._seconds = seconds
        self._dates: dict[str, date] = {}
        self._over: list[BankDay] = []
        self._due_s = seconds() + interval_s

    def look(self) -> bool:
        """Order what is due; tell whether anything was, so that the idle chains are looked at too."""
        is_first = not self._dates
        over, self._over = self._over, list(self._days_over())
        now = self._seconds()
        if over or is_first:
            self._notes(SealOrder(self._key, CUT_OFF, over, self.present()))
        elif now < self._due_s:
            return False
        else:
            self._notes(SealOrder(self._key, INTERVAL, present=self.present()))
        self._due_s = now + self._interval_s
        return True

    def present(self) -> dict[str, str]:
        """Return the clearing dates of which nothing is over yet, by bank."""
        waiting = dict(self._over)
        return {code: waiting.get(code) or digits(day) for code, day in self._dates.items()}

    def _days_over(self) -> Iterable[BankDay]:
        for code in self._banks():
            day, known = self._clearing_date(code), self._dates.get(code)
            if day is None:
                continue
            self._dates[code] = day if known is None else max(day, known)
            if known is not None and day > known:
                yield code, digits(known)


def seal_idle(directory: Path, key: SealKey, present: dict[str, str]) -> list[Sealed]:
    """Seal the chains that nobody writes and that have lines behind their last seal; blocks.

    Raises:
        OSError: one of them cannot be sealed.
    """
    seals = []
    for folder in idle_folders(directory):
        try:
            chain = Chain(folder, hold(folder))
        except (FolderTaken, ChainElsewhere):  # just now; a copy
            continue
        try:
            days = chain.overdue(present)
            if days or not chain.is_sealed:
                if chain.has_crashed:
                    chain.opened({"by": "sealing"})
                seals.append(chain.seal(key, IDLE, days))
        finally:
            chain.close()
    return seals


class Witness:
    """Has the first database keep what was sealed; from any thread.

    Attributes:
        last: the newest seal of all; None before the first.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[AuditSeal] = deque(maxlen=UNWITNESSED_MAX)
        self._has_failed = False
        self.last: AuditSeal | None = None

    @property
    def waiting_count(self) -> int:
        """Seals that the database does not have yet."""
        return len(self._waiting)

    def sealed(self, sealed: Sealed) -> None:
        """Take a seal, and log it: the log goes elsewhere too."""
        place = sealed.place
        self.last = AuditSeal(place.chain, place.line_no, place.line_hash.decode(), place_of(sealed.folder))
        self._waiting.append(self.last)
        _log.info(
            "audit_sealed",
            folder=sealed.folder.name,
            chain=place.chain,
            line_no=place.line_no,
            line_hash=place.line_hash.decode(),
            reason=sealed.reason,
            days=[f"{bank_code} {day}" for bank_code, day in sealed.days],
        )

    def record(self) -> None:
        """Store what waits; what cannot be stored waits on. Blocks."""
        seals: Sequence[AuditSeal] = [*self._waiting][:WITNESSED_AT_ONCE]
        if not seals:
            return
        try:
            record_seals(self._database, seals, RECORD_S)
        except GateError as error:
            if not self._has_failed:
                _log.warning("audit_seals_not_recorded", reason=str(error))
            self._has_failed = True
            return
        self._has_failed = False
        for each in seals:
            if self._waiting and self._waiting[0] is each:
                self._waiting.popleft()
