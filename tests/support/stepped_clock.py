"""The system's clock of one process, which a test sets while it runs. 调时

A library that the test compiles stands before the C library's own clocks (``stepped_clock.c``). libfaketime, which does
as much and more, makes sleeping by the monotonic clock fail.
"""

import shutil
import struct
import subprocess
from pathlib import Path

from tests.support.daemon import Daemon

SOURCE = Path(__file__).with_suffix(".c")


def why_not() -> str:
    """Return what is missing, empty when a clock can be set."""
    return "" if shutil.which("cc") else "there is no C compiler (Debian: apt-get install gcc libc6-dev)"


class SteppedClock:
    """The clock of a daemon, to be made before it starts.

    Args:
        daemon: whose clock it is.
        folder: of the test's own.
    """

    def __init__(self, daemon: Daemon, folder: Path) -> None:
        library, self._path = folder / "stepped_clock.so", folder / "clock"
        command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True, timeout=60)
        self._path.write_bytes(bytes(8))
        daemon.environment |= {"LD_PRELOAD": str(library), "FEP_TEST_CLOCK": str(self._path)}

    def step(self, offset_s: int) -> None:
        """Set the clock so many seconds ahead of the true one."""
        with self._path.open("r+b") as file:
            file.write(struct.pack("q", offset_s))
