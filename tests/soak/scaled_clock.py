"""The scaled clock 加速时钟: a week of dates in an hour, for every process of a run and for nothing else.

The product has no clock that could be set, and gets none for a test. A library that is loaded before each process of
the run (``tests/support/stepped_clock.c``, LD_PRELOAD) adds to the machine's wall clock what one mapped file says:
daemons, commands, the database server and the banks see one date in every moment, and whatever counts in days really
does. Monotonic clocks are left alone, so time limits last as long as ever. It needs a C compiler; where there is none,
days are closed by command (``fep day close``).
"""

import mmap
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Self

from tests.support.stepped_clock import SOURCE

PRELOAD, CLOCK = "LD_PRELOAD", "FEP_TEST_CLOCK"
_STEP_S = 900.0
"""The clock goes ahead by so much at a time, and runs as the machine's in between: a database server measures its
statement_timeout by the wall clock, and would cancel every statement under one that always hurries."""
_STEP_MIN_S = 0.02
_WORD_BYTES = 8
_DAY_S = 86_400


def compiler() -> str | None:
    """Return the C compiler of this machine, if it has one."""
    return next((found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))), None)


def is_running() -> bool:
    """Whether this process runs under the scaled clock."""
    return CLOCK in os.environ


def start_again_under_it(words: list[str]) -> None:
    """Put this very program, with these words, into the place of this process, under the scaled clock."""
    cc = compiler()
    assert cc is not None
    folder = Path(tempfile.mkdtemp(prefix="fep-soak-clock-"))
    folder.chmod(0o711)  # the database server may be another user's
    library, clock = folder / "stepped_clock.so", folder / "ahead"
    command = [cc, "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True, timeout=60)
    clock.write_bytes(bytes(_WORD_BYTES))
    for path in (library, clock):
        path.chmod(0o644)
    environment = {**os.environ, PRELOAD: str(library), CLOCK: str(clock)}
    os.execve(sys.executable, [sys.executable, *words], environment)


class ScaledClock:
    """Lets the wall clock of all processes run ahead, ``factor`` times as fast, while it is entered.

    Args:
        days: when so many have passed it goes on at the machine's pace, however long a run still takes to end.
    """

    def __init__(self, factor: float, days: float) -> None:
        self._factor, self._days = factor, days
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scaled clock", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Let the clock go on at the machine's pace, ahead of it as far as it is."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        started_s = time.monotonic()
        with Path(os.environ[CLOCK]).open("r+b") as file, mmap.mmap(file.fileno(), _WORD_BYTES) as word:
            words = memoryview(word).cast("q")
            before_s = words[0]
            while not self._over.wait(max(_STEP_MIN_S, _STEP_S / self._factor)):
                passed_s = min((time.monotonic() - started_s) * self._factor, self._days * _DAY_S)
                words[0] = before_s + int(passed_s)
            words.release()


def remove() -> None:
    """Remove the library and the file of this run's clock; who has mapped them keeps them."""
    if is_running():
        shutil.rmtree(Path(os.environ[CLOCK]).parent, ignore_errors=True)
