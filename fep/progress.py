"""Progress 进度: a bar on the terminal for work that takes longer than a moment, nothing in a pipe."""

import sys
import time
from threading import Lock, Timer
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

QUIET_S = 1.0
"""Work that is done by then needs no bar."""


class ProgressBar:
    """A bar that appears when the work is still going on after a second; a context manager.

    Args:
        label: what is being done.
        total: units of work.
    """

    def __init__(self, label: str, total: int) -> None:
        self._label = label
        self._total = total
        self._began = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def at(self, done: int) -> None:
        """Show how much is done."""
        if self._bar is None:
            if not sys.stderr.isatty() or time.monotonic() - self._began < QUIET_S:
                return
            self._bar, self._task = _started(self._label, self._total)
        if self._task is not None:
            self._bar.update(self._task, completed=done)


class Waiting:
    """A bar that moves without an end while one long statement runs; a context manager.

    Args:
        label: what is being done.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._lock = Lock()
        self._is_over = False
        self._bar: Progress | None = None
        self._timer = Timer(QUIET_S, self._show)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._is_over = True
            if self._bar is not None:
                self._bar.stop()

    def _show(self) -> None:
        """Start the bar, in the timer's thread: this one waits for a database."""
        with self._lock:
            if not self._is_over:
                self._bar, _ = _started(self._label, None)


def _started(label: str, total: int | None) -> "tuple[Progress, TaskID]":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.start()
    return bar, bar.add_task(label, total=total)
