"""Keeping of the audit log 审计日志维护: a daemon's own chain, the seals of all, and their record in the database."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import structlog
from twisted.internet.defer import Deferred, succeed

from dbgate.database import Database
from fep.audit.chain import Chain
from fep.audit.configuration import changes_told, settings_told
from fep.audit.folders import DAEMON
from fep.audit.lines import Entry, Kind, entry
from fep.audit.log import AuditLog
from fep.audit.sealing import Sealer, Witness, seal_idle
from fep.audit.seals import SealKey
from fep.audit.writer import AuditWriter, Preamble, State
from fep.config.settings import Settings
from fep.invocation import version
from fep.operators import present_operator

AUDIT_INTERVAL_S = 1.0
"""How often it is looked whether something is to be sealed: what was committed before a day's end is answered within
milliseconds, and what is later all the same is sealed with the next one."""

InThread = Callable[..., "Deferred[Any]"]

_log = structlog.get_logger()


class AuditKeeping:
    """The audit log of one daemon.

    Args:
        settings: of the daemon.
        files: the SHA-256 of each file of its configuration, as it was read.
        key: of the seals.
        database: keeps the seals: the first one.
        in_thread: for what blocks.
        seconds: monotonic.

    Attributes:
        log: takes what happens.
    """

    def __init__(
        self,
        settings: Settings,
        files: Mapping[str, str],
        key: SealKey,
        database: Database,
        in_thread: InThread,
        seconds: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._first = settings_told(settings), files
        self._key = key
        self._in_thread = in_thread
        self._seconds = seconds
        self._witness = Witness(database)
        self._directory = settings.audit.directory
        self._writer = AuditWriter(self._open, self._begin, self._witness.sealed)
        self._sealer: Sealer | None = None
        self._is_attending = False
        self._trouble = ""
        self.log = AuditLog(self._writer.note, seconds)

    def start(self, banks: Callable[[], Iterable[str]], clearing_date: Callable[[str], date | None]) -> None:
        """Begin to write; ``banks``: their codes, ``clearing_date``: of one as last read."""
        interval_s = self._settings.audit.seal_interval
        self._sealer = Sealer(self._key, self._writer.note, banks, clearing_date, interval_s, self._seconds)
        self._writer.start()

    def look(self) -> "Deferred[None]":
        """Seal what is due, and have the database know of it; every ``AUDIT_INTERVAL_S``."""
        self.log.look()
        if self._sealer is None:
            return succeed(None)
        is_due = self._sealer.look()
        if self._is_attending or not (is_due or self._witness.waiting_count):
            return succeed(None)
        self._is_attending = True
        present = self._sealer.present() if is_due else None
        return self._in_thread(self._attend, present).addErrback(_failed).addBoth(self._attended)

    def take_settings(self, present: Settings, files: Mapping[str, str]) -> None:
        """Tell of settings that a reload has brought; ``present``: from now on, ``files``: as they were read."""
        former, self._settings = settings_told(self._settings), present
        now = settings_told(present)
        self._writer.note(Preamble(_entry_of("reload", changes_told(former, now), files, now)))

    def settings_refused(self, reason: str) -> None:
        """Tell of a reload that was refused."""
        self.log.acted(Kind.CONFIGURATION, {"cause": "reload", "result": "refused", "reason": reason})

    def close(self) -> None:
        """Write what waits, seal it, and have the database know; blocks for some seconds at most."""
        self._writer.close(self._key)
        self._witness.record()

    @property
    def state(self) -> State:
        """What is written and what is not."""
        return self._writer.state

    def told(self) -> dict[str, Any]:
        """Return what an operator is told."""
        state, last = self._writer.state, self._witness.last
        return {
            "folder": "" if state.folder is None else state.folder.name,
            "lines": state.line_count,
            "waiting": self._writer.waiting_count,
            "lost": state.lost_count,
            "failure": state.failure,
            "sealed_line": None if last is None else last.line_no,
            "seals_not_recorded": self._witness.waiting_count,
        }

    def ailments(self) -> Iterator[str]:
        """Yield what is wrong with the log: banks are served all the same."""
        if self._writer.state.failure:
            yield f"the audit log cannot be written: {self._writer.state.failure}"
        if self._trouble:
            yield f"chains of the audit log cannot be sealed: {self._trouble}"

    # --- in threads

    def _open(self) -> Chain:
        return Chain.of_slot(self._directory, DAEMON)

    def _begin(self, chain: Chain) -> None:
        chain.opened({"by": "daemon", "pid": os.getpid(), "version": version(), "user": present_operator()})
        present, files = self._first
        former = chain.former_configuration
        chain.append([_entry_of("start", changes_told(former, present) if former else {}, files, present)])
        chain.preamble = _entry_of("file", None, files, present)

    def _attend(self, present: dict[str, str] | None) -> None:
        """Seal the chains that nobody writes, when ``present`` is given, and record what was sealed."""
        if present is not None:
            try:
                for sealed in seal_idle(self._directory, self._key, present):
                    self._witness.sealed(sealed)
                self._trouble = ""
            except OSError as error:
                if self._trouble != str(error):
                    _log.error("audit_not_sealed", reason=str(error))
                self._trouble = str(error)
        self._witness.record()

    def _attended(self, _: object) -> None:
        self._is_attending = False


def _entry_of(
    cause: str, changed: Mapping[str, Any] | None, files: Mapping[str, str], present: Mapping[str, str]
) -> Entry:
    told = {"cause": cause, "result": "taken", "changed": changed, "files": files, "settings": present}
    return entry(Kind.CONFIGURATION, told)


def _failed(failure: Any) -> None:
    """A bug of ours; the next look may do better."""
    _log.error("audit_look_failed", error=failure.value)
