"""Errors of the gate 数据库错误: the type says what is certain afterwards (not done, or unknown)."""

from collections.abc import Sequence
from datetime import date
from enum import Enum


class Certainty(Enum):
    """What is known of the effect of the work that failed."""

    NOT_DONE = "not done"
    UNKNOWN = "unknown"


class GateError(Exception):
    """Root of everything raised or answered by ``dbgate``; never raised itself."""

    certainty = Certainty.NOT_DONE


class GateBusy(GateError):
    """The queue is full; nothing was begun."""


class GateClosed(GateError):
    """The gate is draining; nothing was begun."""


class DatabaseUnavailable(GateError):
    """No connection, no lock or no time before the deadline; nothing was done."""


class StatementFailed(GateError):
    """A statement failed for a reason that concerns this work alone; it was rolled back."""


class DecisionFailed(GateError):
    """Deciding raised what is no answer: a bug of ours; nothing was stored."""


class OutcomeUnknown(GateError):
    """COMMIT may have been sent and its outcome could not be found out in time."""

    certainty = Certainty.UNKNOWN


class DayNotOpen(GateError):
    """A day was to be closed that has not begun; nothing was done.

    Attributes:
        present: the bank's clearing date.
    """

    def __init__(self, bank_code: str, day: date, present: date) -> None:
        super().__init__(f"{day} of bank {bank_code} has not begun: its clearing date is {present}")
        self.present = present


class SchemaMismatch(GateError):
    """The database has an older or newer schema than this code."""


class LoadRefused(GateError):
    """A file of accounts or bills has bad rows; nothing of it was loaded.

    Attributes:
        bad_rows: (line, reason) of the first of them; line 0 is the file as a whole.
        bad_count: how many there are.
    """

    def __init__(self, message: str, bad_rows: Sequence[tuple[int, str]] = (), bad_count: int = 0) -> None:
        super().__init__(message)
        self.bad_rows = tuple(bad_rows)
        self.bad_count = bad_count
