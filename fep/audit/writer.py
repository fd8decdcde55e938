"""Audit writer 审计日志写入: a thread of its own, so that a disk that is slow or full stalls no bank.

What has been noted is written ten times a second and is on the disk a second later. While it cannot be written it
waits, ``WAITING_MAX`` lines at most; what comes then is counted, and a line in the chain says so: there is no hole that
nobody knows of. Banks are served meanwhile, for the database has their money.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from fep.audit.chain import Chain, Sealed
from fep.audit.lines import Entry, Kind, entry
from fep.audit.seals import CLEAN, CUT_OFF, SealKey
from fep.audit.tallies import BankDay
from fep.log_lines import timestamp

WAITING_MAX = 100_000
"""Lines that wait for the disk: half a minute of full load, hours of an ordinary day, some 50 MB."""

WRITTEN_AT_ONCE = 2_000
"""Lines in one write: some 3 ms without the interpreter for anybody else."""

GATHER_S = 0.1
SYNC_S = 1.0
"""What a power failure may cost of the log; the database has the movements."""

RETRY_S = 1.0
CLOSE_LIMIT_S = 10.0
"""How long an ending daemon waits for the disk: an fsync under load takes a second."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SealOrder:
    """A seal that is to be made behind what was noted before, where there is anything to seal.

    Attributes:
        days: that are over.
        present: the clearing date of each bank: what a former process has left of earlier days is sealed too.
    """

    key: SealKey
    reason: str
    days: Sequence[BankDay] = ()
    present: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preamble:
    """What stands at the beginning of each new file from now on, and behind what was noted before."""

    entry: Entry


Noted = Entry | SealOrder | Preamble


@dataclass(slots=True)
class State:
    """What ``fep status`` and the metrics tell.

    Attributes:
        folder: of the chain; None while there is none.
        line_count: written by this process.
        lost_count: not written, and told in the chain.
        failure: why nothing can be written now; empty while all is well.
    """

    folder: Path | None = None
    line_count: int = 0
    lost_count: int = 0
    failure: str = ""


@dataclass(slots=True)
class _Lost:
    """Lines that found no room."""

    count: int = 0
    since: str = ""


class AuditWriter:
    """Writes a chain in a thread.

    Args:
        open_chain: OSError when it cannot be opened; tried again.
        opening: writes what stands at the beginning of this process's lines.
        on_sealed: told of each seal, in the thread.

    Attributes:
        state: of the chain.
    """

    def __init__(
        self,
        open_chain: Callable[[], Chain],
        opening: Callable[[Chain], None],
        on_sealed: Callable[[Sealed], None],
    ) -> None:
        self.state = State()
        self._open_chain = open_chain
        self._opening = opening
        self._on_sealed = on_sealed
        self._queue: deque[Noted] = deque()
        self._lost = _Lost()
        self._losing = threading.Lock()
        self._closing = threading.Event()
        self._last_order: SealOrder | None = None
        self._chain: Chain | None = None
        self._is_dirty = False
        self._synced_s = 0.0
        self._thread = threading.Thread(target=self._run, name="audit-writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def note(self, noted: Noted) -> None:
        """Have an entry written behind all others; never blocks and never raises. From any thread."""
        if len(self._queue) >= WAITING_MAX or self._lost.count:
            with self._losing:
                if not self._has_room():
                    self._lost = _Lost(self._lost.count + 1, self._lost.since or timestamp())
                    self.state.lost_count += 1
                    return
        self._queue.append(noted)

    def close(self, key: SealKey | None = None) -> None:
        """Write what waits and seal the end, for ``CLOSE_LIMIT_S`` at most."""
        if key is not None:
            self._last_order = SealOrder(key, CLEAN)
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_LIMIT_S)

    @property
    def waiting_count(self) -> int:
        """Lines that wait for the disk."""
        return len(self._queue)

    def _has_room(self) -> bool:
        """Tell whether there is room again, and say in the chain what was lost while there was none."""
        if len(self._queue) >= WAITING_MAX:
            return False
        lost, self._lost = self._lost, _Lost()
        if lost.count:
            self._queue.append(entry(Kind.LOST, {"count": lost.count, "since": lost.since, "until": timestamp()}))
        return True

    # --- the thread

    def _run(self) -> None:
        while True:
            is_last = self._closing.wait(GATHER_S)
            has_written = self._write_all()
            if is_last:
                return self._end(is_well=has_written)
            if not has_written:
                self._closing.wait(RETRY_S)

    def _write_all(self) -> bool:
        """Write what waits; tell whether the disk took it."""
        try:
            if self._chain is None:
                self._chain = self._opened()
            while self._queue:
                self._write_some(self._chain)
            with self._losing:
                self._has_room()
            self._sync(self._chain)
        except Exception as error:  # noqa: BLE001 - whatever it is, banks are served and the next try may do better
            return self._failed(error)
        if self.state.failure:
            self.state.failure = ""
            _log.info("audit_writing_resumed", folder=str(self._chain.folder), lost_count=self.state.lost_count)
        return True

    def _opened(self) -> Chain:
        chain = self._open_chain()
        try:
            self._opening(chain)
        except BaseException:
            chain.close()
            raise
        self.state.folder = chain.folder
        return chain

    def _write_some(self, chain: Chain) -> None:
        """Write what is first: entries up to the next seal, or a seal. It leaves the queue when it is written."""
        first = self._queue[0]
        if isinstance(first, SealOrder):
            self._seal(chain, first)
            self._queue.popleft()
            return
        if isinstance(first, Preamble):
            chain.append([first.entry])
            chain.preamble = first.entry
            self._queue.popleft()
            self.state.line_count += 1
            return
        # By their places: a deque that grows meanwhile cannot be walked through.
        waiting = (self._queue[place] for place in range(min(len(self._queue), WRITTEN_AT_ONCE)))
        batch: list[Entry] = []
        for each in waiting:
            if isinstance(each, SealOrder | Preamble):
                break
            batch.append(each)
        chain.append(batch)
        self._is_dirty = True
        for _ in batch:
            self._queue.popleft()
        self.state.line_count += len(batch)

    def _seal(self, chain: Chain, order: SealOrder) -> None:
        days = sorted({*order.days, *chain.overdue(order.present)})
        if days or not (order.reason == CUT_OFF or chain.is_sealed):
            self._on_sealed(chain.seal(order.key, order.reason, days))
            self.state.line_count += 1

    def _sync(self, chain: Chain) -> None:
        now = time.monotonic()
        if self._is_dirty and now - self._synced_s >= SYNC_S:
            chain.sync()
            self._is_dirty, self._synced_s = False, now

    def _failed(self, error: Exception) -> bool:
        """Say once, until it is well again, that nothing can be written."""
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        if self.state.failure != reason:
            about = {} if isinstance(error, OSError) else {"error": error}
            _log.error("audit_not_written", reason=reason, waiting=len(self._queue), **about)
        self.state.failure = reason
        return False

    def _end(self, *, is_well: bool) -> None:
        chain = self._chain
        if chain is None:
            return
        try:
            if is_well and self._last_order is not None:
                self._on_sealed(chain.seal(self._last_order.key, self._last_order.reason))
                self.state.line_count += 1
            chain.sync()
        except Exception as error:  # noqa: BLE001 - the process ends; the next one finds the chain as it is
            self._failed(error)
        chain.close()
