"""Parts 续传文件: what has come of a file that is not complete, and the lock that only one writer of it has.

The file itself is the state: its length says how much there is, its name says of which file and of which digest. So
what a daemon has written, the next one goes on with, after a crash too. Two daemons, or two links of one bank, that put
the same file meet at its lock.
"""

import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fep.durability import sync_folder
from fep.files.folders import CHUNK_BYTES, FILE_MODE, BankFolder, entries_of

_PART = re.compile(r"(?P<name>[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63})\.[0-9a-f]{64}\.part")
_PUBLISHING = re.compile(r"\..+\.[0-9]+")
"""What a process writes that publishes a file, and leaves when it dies."""

_TRIES_MAX = 5
"""A part that was completed or dropped between opening and locking is opened anew; five times in a row is no luck."""


def part_name(file_name: str, sha256: bytes) -> str:
    """Return the name of the part of a file with this digest."""
    return f"{file_name}.{sha256.hex()}.part"


def file_of_part(name: str) -> str | None:
    """Return which file a part is of; None when it is no part."""
    match = _PART.fullmatch(name)
    return match["name"] if match else None


class PartLocked(Exception):
    """Somebody else works on the part at this moment.

    Attributes:
        size: bytes of it.
    """

    def __init__(self, size: int) -> None:
        super().__init__("locked")
        self.size = size


class Part:
    """A part that is open and ours alone; see ``locked``."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @property
    def size(self) -> int:
        """Bytes that have been written."""
        return os.fstat(self._descriptor).st_size

    def append(self, chunk: bytes) -> None:
        """Write at the end. What is written when this fails are right bytes all the same: the size tells how many."""
        offset, rest = self.size, memoryview(chunk)
        while rest:
            written = os.pwrite(self._descriptor, rest, offset)
            offset, rest = offset + written, rest[written:]

    def chunks(self, size: int = CHUNK_BYTES) -> Iterator[bytes]:
        """Yield its bytes from the beginning, ``size`` at a time."""
        offset = 0
        while chunk := os.pread(self._descriptor, size, offset):
            offset += len(chunk)
            yield chunk

    def discard(self) -> None:
        """Throw it away."""
        self.path.unlink(missing_ok=True)

    def complete(self, target: Path) -> os.stat_result:
        """Put it under its own name, durably, and return its state.

        Raises:
            FileExistsError: something stands there, which is not touched.
        """
        os.fsync(self._descriptor)
        os.link(self.path, target, follow_symlinks=False)  # a rename would replace what another daemon put there
        self.path.unlink()
        sync_folder(target.parent)
        return os.fstat(self._descriptor)


@contextmanager
def locked(folder: BankFolder, name: str) -> Iterator[Part]:
    """Open the part called ``name``, made where there is none, and lock it; one that stays empty is removed again.

    Raises:
        PartLocked: somebody else has it.
        OSError: it cannot be written, or is no regular file.
    """
    path = folder.partial / name
    folder.make(folder.incoming, folder.partial)
    descriptor = _opened_and_locked(path)
    try:
        yield Part(path, descriptor)
    finally:
        try:
            if os.fstat(descriptor).st_size == 0:
                path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)  # and with it goes the lock


def _opened_and_locked(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    for _ in range(_TRIES_MAX):
        descriptor = os.open(path, flags, FILE_MODE)
        try:
            if _is_ours(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise PartLocked(0)


def _is_ours(path: Path, descriptor: int) -> bool:
    """Lock what was opened, and tell whether it still is what stands there."""
    state = os.fstat(descriptor)
    if not stat.S_ISREG(state.st_mode):
        raise OSError(f"{path.name} is no regular file")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise PartLocked(state.st_size) from None
    try:
        stands = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    if (stands.st_dev, stands.st_ino) != (state.st_dev, state.st_ino):
        return False
    os.fchmod(descriptor, FILE_MODE)  # whatever the umask took away
    return True


def drop_other_parts(folder: BankFolder, file_name: str) -> None:
    """Remove what was begun under a name that is complete now; a part that somebody works on ends with its next one."""
    for entry in entries_of(folder.partial):
        if file_of_part(entry.name) == file_name:
            (folder.partial / entry.name).unlink(missing_ok=True)


def drop_old_parts(folder: BankFolder, before_s: float) -> int:
    """Remove what was begun and has not changed since ``before_s``, seconds since 1970; return how many.

    A part that somebody works on is left. Raises OSError when the folder cannot be read.
    """
    dropped = 0
    for entry in tuple(entries_of(folder.partial)):
        if entry.changed_s >= before_s:
            continue
        path = folder.partial / entry.name
        if _PUBLISHING.fullmatch(entry.name):
            path.unlink(missing_ok=True)
            dropped += 1
        elif file_of_part(entry.name) is not None:
            dropped += _drop(path, before_s)
    return dropped


def _drop(path: Path, before_s: float) -> bool:
    """Remove a part that is still old once it is ours."""
    try:
        descriptor = _opened_and_locked(path)
    except PartLocked:
        return False
    try:
        state = os.fstat(descriptor)
        is_old = state.st_mtime < before_s or state.st_size == 0  # it had gone, and opening it has made it anew
        if is_old:
            path.unlink(missing_ok=True)
        return is_old
    finally:
        os.close(descriptor)
