"""A terminal with somebody before it: a real command on a pseudo terminal, whose keyboard and screen a test has."""

import os
import pty
import re
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from tests.support.daemon import ROOT, environment

DEADLINE_S = 30.0
CLEARED = "\033[H\033[2J\033[3J"


class Terminal:
    """One ``fep`` command on a terminal; a context manager.

    Attributes:
        screen: all that was ever shown, control characters included.
    """

    def __init__(self, *words: str | Path) -> None:
        self.screen = ""
        self._seen = 0
        command = [sys.executable, "-m", "fep", *map(str, words)]
        self.process_id, self._terminal = pty.fork()
        if self.process_id == 0:  # pragma: no cover - the child
            os.chdir(ROOT)
            os.execve(sys.executable, command, {**environment(), "FEP_LANG": "en", "TERM": "xterm"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._terminal)
        try:
            os.kill(self.process_id, signal.SIGKILL)
            os.waitpid(self.process_id, 0)
        except (ProcessLookupError, ChildProcessError):
            pass

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Return the next place on the screen, behind those found before, that fits ``pattern``."""
        found: list[re.Match[str]] = []

        def is_there() -> bool:
            match = re.compile(pattern).search(self.screen, self._seen)
            found.extend([match] if match else [])
            return match is not None

        self._read_until(is_there, pattern)
        self._seen = found[0].end()
        return found[0]

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._terminal, f"{text}\n".encode())

    def exit_code(self) -> int:
        """Return the command's exit code, once it has ended."""
        self._read_until(lambda: False, "the end")
        return os.waitstatus_to_exitcode(os.waitpid(self.process_id, 0)[1])

    def hang_up(self) -> int:
        """Cut the terminal off, as a lost connection does, and return how the command ended."""
        os.close(self._terminal)
        status = os.waitpid(self.process_id, 0)[1]
        self._terminal = os.open(os.devnull, os.O_RDONLY)
        return os.waitstatus_to_exitcode(status)

    def _read_until(self, is_there: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not is_there():
            ready, _, _ = select.select([self._terminal], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"{what} did not come; the screen: {self.screen[-500:]!r}"
            try:
                data = os.read(self._terminal, 65_536)
            except OSError:  # how Linux says that the other side has gone
                data = b""
            if not data:
                assert what == "the end", f"{what} did not come before the end; the screen: {self.screen[-500:]!r}"
                return
            self.screen += data.decode("utf-8", "replace")
