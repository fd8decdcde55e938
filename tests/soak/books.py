"""The banks' own books 银行端账: what was approved of each clearing date, in bounded memory.

Counts and amounts stay in memory, a few for each bank and day; rows go to a file for each bank and day, from which its
reconcile file is made.
"""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path

from tests.support.raw_bank import today
from tests.system.messages import CANCEL, PAY, REVERSE
from tests.system.tellers.teller import Request

_TOLD_MAX = 20  # findings of one kind; one fault of the product may break every request
NAMES = {PAY: "pay", CANCEL: "cancel", REVERSE: "reverse"}


@dataclass
class Totals:
    """Counts and amounts of one clearing date of one bank, by transaction."""

    counts: Counter[int] = field(default_factory=Counter)
    amounts_fen: Counter[int] = field(default_factory=Counter)

    def add(self, txn: int, amount_fen: int) -> None:
        """Count a movement."""
        self.counts[txn] += 1
        self.amounts_fen[txn] += amount_fen

    def fields(self) -> dict[str, int]:
        """Return the fields of RECON_TOTALS."""
        return {f"{name}_count": self.counts[txn] for txn, name in NAMES.items()} | {
            f"{name}_amount": self.amounts_fen[txn] for txn, name in NAMES.items()
        }


@dataclass(frozen=True, slots=True)
class Row:
    """One movement as the bank writes it into its reconcile file; of an undo, ``original`` is what it took back."""

    bank_date: str
    serial: int
    account_no: str
    txn: int
    amount_fen: int
    original: int


class Books:
    """Written to by all clients of a run from their threads.

    Attributes:
        codes: how often each code was answered, by bank and code.
        unanswered: requests that nobody answered however often they were repeated.
        faults: what may never happen, told by whoever saw it.
    """

    def __init__(self, folder: Path) -> None:
        self.codes: Counter[tuple[str, str]] = Counter()
        self.happened: Counter[str] = Counter()
        self.unanswered: list[str] = []
        self.faults: list[str] = []
        self.answered = 0
        self.slowest_s = 0.0
        self.totals: defaultdict[str, dict[date, Totals]] = defaultdict(dict)
        self._folder = folder
        self._lock = threading.Lock()
        self._pending: dict[int, float] = {}
        self._numbers = count()

    @contextmanager
    def pending(self) -> Iterator[None]:
        """Hold a request that moves money as not yet known, until the bank knows its end and has written it down."""
        with self._lock:
            number = next(self._numbers)
            self._pending[number] = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                del self._pending[number]

    def oldest_pending_s(self) -> float:
        """Return when the oldest request began whose end is not known, in monotonic seconds."""
        with self._lock:
            return min(self._pending.values(), default=float("inf"))

    def reply(self, bank_code: str, code: str, took_s: float) -> None:
        """Count an answer."""
        with self._lock:
            self.answered += 1
            self.codes[bank_code, code] += 1
            self.slowest_s = max(self.slowest_s, took_s)

    def note(self, what: str) -> None:
        """Count something that happened."""
        with self._lock:
            self.happened[what] += 1

    def fault(self, text: str) -> None:
        """Write down what may never happen."""
        with self._lock:
            self.happened["faults"] += 1
            if len(self.faults) < _TOLD_MAX:
                self.faults.append(text)

    def lost(self, text: str) -> None:
        """Write down a request that was never answered."""
        with self._lock:
            self.happened["unanswered"] += 1
            if len(self.unanswered) < _TOLD_MAX:
                self.unanswered.append(text)

    def approved(self, bank_code: str, txn: int, request: Request, clearing_day: str, original: int = 0) -> None:
        """Write down a movement that was approved; ``clearing_day`` is MMDD."""
        day = nearest(clearing_day)
        row = (f"{request.day:%Y%m%d}", request.serial, request.account_no, txn, request.amount_fen, original)
        with self._lock:
            self.totals[bank_code].setdefault(day, Totals()).add(txn, request.amount_fen)
            with self._path(bank_code, day).open("a", encoding="ascii") as file:
                file.write(" ".join(map(str, row)) + "\n")

    def days(self, bank_code: str) -> list[date]:
        """Return the clearing dates that a bank has had."""
        with self._lock:
            return sorted(self.totals[bank_code])

    def rows(self, bank_code: str, day: date) -> list[Row]:
        """Return the movements of one day."""
        path = self._path(bank_code, day)
        if not path.exists():
            return []
        words = (line.split() for line in path.read_text(encoding="ascii").splitlines())
        return [Row(w[0], int(w[1]), w[2], int(w[3]), int(w[4]), int(w[5])) for w in words]

    def _path(self, bank_code: str, day: date) -> Path:
        return self._folder / f"{bank_code}-{day:%Y%m%d}.rows"


def nearest(clearing_day: str) -> date:
    """Return the date of MMDD that is nearest to today: some formats tell no year."""
    around = [date(today().year + more, int(clearing_day[:2]), int(clearing_day[2:])) for more in (-1, 0, 1)]
    return min(around, key=lambda day: abs((day - today()).days))
