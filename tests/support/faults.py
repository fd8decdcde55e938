"""Faults of the machine under a daemon: a loop held up, a file system that is full, limits that are set. 故障注入"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from tests.support.daemon import ROOT, Daemon

PLUGIN = Path(__file__).parent / "fault_plugin"


class Orders:
    """Gives a daemon orders to misbehave; to be made before it starts.

    Args:
        path: of the named pipe that the orders go through.
    """

    def __init__(self, daemon: Daemon, path: Path) -> None:
        os.mkfifo(path)
        self._path = path
        daemon.environment |= {"PYTHONPATH": f"{PLUGIN}:{ROOT}", "FEP_TEST_FAULTS": str(path)}

    def block_loop(self, seconds: float) -> None:
        """Hold up the event loop."""
        self._give(f"block {seconds}\n")

    def slow_resolving(self, seconds: float) -> None:
        """Let each look-up of a host name take so long, as without any name server."""
        self._give(f"resolve {seconds}\n")

    def _give(self, order: str) -> None:
        with self._path.open("w", encoding="ascii") as orders:
            orders.write(order)


@contextmanager
def small_disk(path: Path, size_bytes: int) -> Iterator[Path | None]:
    """Mount a file system of that size at ``path``; None where this user may not."""
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=0755", "tmpfs", str(path)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False, timeout=30).returncode:
        yield None
        return
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True, timeout=30)


class Filler:
    """A file that takes all the room that a disk has left."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fill(self) -> None:
        """Take what is left, to the last byte."""
        with self._path.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))

    def make_room(self) -> None:
        """Give it back."""
        self._path.unlink(missing_ok=True)


class FailingDisk:
    """A disk that its kernel takes for broken when a test says so, and lets nobody write to from then on (EROFS).

    A context manager, which takes it off at the end.

    Raises:
        CannotMount: this user may not, or the tools are missing.
    """

    def __init__(self, folder: Path, size_bytes: int) -> None:
        self.path, self._image = folder / "disk", folder / "image"
        self.path.mkdir()
        with self._image.open("wb") as image:
            image.truncate(size_bytes)
        if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
            raise CannotMount
        _run("mkfs.ext4", "-q", str(self._image))
        self.mount()

    def mount(self) -> None:
        """Mount it, once more after it has been taken off."""
        try:
            _run("mount", "-o", "loop", str(self._image), str(self.path))
        except subprocess.CalledProcessError as error:
            raise CannotMount from error

    def fail(self) -> None:
        """Let the kernel find the file system broken; what has been written so far is on it."""
        _run("sync", "--file-system", str(self.path))
        _run("mount", "-o", "remount,abort", str(self.path))

    def take_off(self) -> None:
        """Unmount it; nobody may use it any more."""
        _run("umount", str(self.path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", str(self.path)], check=False, capture_output=True, timeout=30)


class CannotMount(Exception):
    """No disk of one's own."""


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)
