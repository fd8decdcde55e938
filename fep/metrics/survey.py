"""Survey 巡查: what only a look at databases and folders tells, taken every few minutes in a thread of its own."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from dbgate.branch import Branch
from dbgate.errors import GateError
from dbgate.reports.criteria import Period
from dbgate.reports.snapshots import snapshot
from dbgate.reports.unreconciled import Unsettled, unsettled
from fep.config.settings import Settings
from fep.files.folders import BankFolder, entries_of

SURVEY_INTERVAL_S = 120.0
"""Days are reconciled once a day and files are kept for days: two minutes late is early."""

DAYS_LOOKED_AT = 31
"""Days before today that are looked at; one that is older has been told of for a month."""

WAIT_S = 10.0
"""How long a survey waits for the databases: its thread must not hold up the end of the process."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class BankFiles:
    """Files of one bank: those received, their bytes, and those that are begun and not complete."""

    count: int
    size_bytes: int
    part_count: int


@dataclass(slots=True)
class Found:
    """What a survey has found; empty while there was none.

    Attributes:
        taken_at: naive Asia/Shanghai.
        books: by bank; empty while the databases cannot all be asked.
        files: by bank.
        key_store_changed_s: seconds since the epoch.
    """

    taken_at: datetime | None = None
    books: dict[str, Unsettled] = field(default_factory=dict)
    files: dict[str, BankFiles] = field(default_factory=dict)
    key_store_changed_s: float | None = None


def survey(settings: Settings, branches: Sequence[Branch], now: datetime) -> Found:
    """Look at databases, folders and key store; blocks, and raises nothing that a site may cause."""
    files = {code: _files_of(settings.files.directory / code) for code in settings.banks}
    return Found(now, _books(branches, now), files, _changed_s(settings.keys.store))


def _books(branches: Sequence[Branch], now: datetime) -> dict[str, Unsettled]:
    if not all(branch.is_up for branch in branches):
        return {}
    last = now.date()
    try:
        with ExitStack() as stack:
            snapshots = [stack.enter_context(snapshot(branch.database, WAIT_S)) for branch in branches]
            return unsettled(snapshots, Period(last - timedelta(days=DAYS_LOOKED_AT), last))
    except GateError as error:
        _log.warning("survey_failed", reason=str(error))
        return {}


def _files_of(path: Path) -> BankFiles:
    folder = BankFolder(path)
    try:
        received = list(entries_of(folder.incoming))
        parts = sum(1 for _ in entries_of(folder.partial))
    except OSError as error:
        _log.warning("survey_failed", reason=error.strerror or str(error))
        return BankFiles(0, 0, 0)
    return BankFiles(len(received), sum(entry.size for entry in received), parts)


def _changed_s(path: Path) -> float | None:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None
