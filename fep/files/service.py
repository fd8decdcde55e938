"""File service 文件服务: the desk of a running daemon, with its threads, and the parts that nobody goes on with."""

import time
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager
from functools import partial
from threading import Thread
from typing import Any

import structlog
from twisted.python.threadpool import ThreadPool

from fep.config.settings import FileSettings
from fep.files import desk
from fep.files.desk import FileDesk
from fep.files.folders import BankFolder
from fep.files.pace import Pace
from fep.files.parts import drop_old_parts
from fep.files.work import FileWork, FileWorker

_THREADS = desk.THREADS + 2
"""And one that checks large files, and one that looks for old parts."""

_log = structlog.get_logger()


class FileService:
    """Works on batch files beside the event loop.

    Args:
        settings: where files stand, and how many.
        bank_codes: whose folders there are; looked at whenever they are needed.
        turn: held by whoever needs the interpreter for long.
        reactor: the event loop.
        seconds: monotonic time.
    """

    def __init__(
        self,
        settings: FileSettings,
        bank_codes: Collection[str],
        turn: AbstractContextManager[object],
        reactor: Any,
        seconds: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._bank_codes = bank_codes
        self._turn = turn
        self._reactor = reactor
        self._is_ending = False
        self._is_looking = False
        # Such threads end with the process: a disk that hangs must not keep it from ending.
        self._pool = ThreadPool(0, _THREADS, name="files")
        self._pool.threadFactory = partial(Thread, daemon=True)  # type: ignore[assignment]
        worker = FileWorker(settings, Pace(turn, lambda: self._is_ending))
        self._desk = FileDesk(worker, self._in_thread, seconds)

    def start(self) -> None:
        """Begin to work."""
        self._pool.start()

    def submit(self, work: FileWork) -> None:
        """Take work in; ``work.done`` is called once, now or later."""
        self._desk.submit(work)

    @property
    def waiting(self) -> int:
        """Requests that have not been begun."""
        return self._desk.waiting

    def check(self, now: float) -> None:
        """Answer what has waited for long enough at ``now`` (monotonic seconds)."""
        self._desk.check(now)

    def look_after(self) -> None:
        """Drop what was begun and has not grown for long, unless the last look has not ended yet."""
        if not self._is_looking:
            self._is_looking = True
            self._in_thread(partial(self._drop_old_parts, tuple(self._bank_codes)), self._looked)

    def close(self) -> None:
        """End what is being checked: it is checked when the bank asks for it again. Nothing else is in work by now."""
        self._is_ending = True

    def _drop_old_parts(self, bank_codes: Iterable[str]) -> None:
        before_s = time.time() - self._settings.part_age_max
        for bank_code in bank_codes:
            try:
                dropped = drop_old_parts(BankFolder(self._settings.directory / bank_code), before_s)
            except OSError as error:
                _log.error("files_unavailable", bank_code=bank_code, reason=error.strerror or str(error))
                continue
            if dropped:
                _log.info("parts_dropped", bank_code=bank_code, count=dropped)

    def _looked(self, result: object) -> None:
        self._is_looking = False
        if isinstance(result, BaseException):
            _log.error("look_failed", error=result)

    def _in_thread(self, function: Callable[[], object], done: Callable[[Any], None]) -> None:
        self._pool.callInThread(self._run, function, done)

    def _run(self, function: Callable[[], object], done: Callable[[Any], None]) -> None:
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 - whoever waits must be told
            result = error
        self._reactor.callFromThread(self._deliver, done, result)

    def _deliver(self, done: Callable[[Any], None], result: object) -> None:
        with self._turn:
            done(result)
