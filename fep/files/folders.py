"""Folders 文件目录: a bank's files, those that came from it and those that wait for it.

    DIRECTORY/<bank_code>/in/    complete files from the bank
    DIRECTORY/<bank_code>/out/   complete files for the bank
    DIRECTORY/<bank_code>/part/  what is not complete yet: never read as a file
    DIRECTORY/<bank_code>/announced/  what the bank has said of files, see ``fep.files.announcements``

A name is looked up inside its folder alone, and only regular files count: no link leads out of it. A file is written
aside and renamed in, so under its own name it is there whole or not at all.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fep.durability import sync_folder
from protocol.files.names import checked_name

FILE_MODE = 0o640
"""The utility's operators read them as a group; they hold customers' names and accounts."""

FOLDER_MODE = 0o750

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A regular file in a folder; ``changed_s`` is when, in seconds since 1970."""

    name: str
    size: int
    changed_s: float


class BankFolder:
    """The files of one bank.

    Args:
        path: of the folder, named after the bank; made when something is first put into it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.incoming = path / "in"
        self.outgoing = path / "out"
        self.partial = path / "part"

    @contextmanager
    def open_received(self, name: str) -> Iterator[BinaryIO]:
        """Open a complete file of the bank. Raises as ``open_regular``."""
        with open_regular(self.incoming / checked_name(name)) as file:
            yield file

    @contextmanager
    def open_published(self, name: str) -> Iterator[BinaryIO]:
        """Open a file that waits for the bank. Raises as ``open_regular``."""
        with open_regular(self.outgoing / checked_name(name)) as file:
            yield file

    def publish(self, name: str, chunks: Iterable[bytes]) -> Path:
        """Put a file where the bank gets it; one of the same name is replaced.

        Raises:
            OSError: it could not be written; what stood there still does.
        """
        with self.written_aside(name, chunks) as aside:
            return aside.publish()

    @contextmanager
    def written_aside(self, name: str, chunks: Iterable[bytes]) -> "Iterator[Aside]":
        """Write a file for the bank where it is not read as one, whole and durable; whoever does not publish it in the
        block has not written it.

        Raises:
            OSError: it could not be written.
        """
        target = self.outgoing / checked_name(name)
        self.make(self.outgoing, self.partial)
        beside = self.partial / f".{name}.{os.getpid()}"
        try:
            _write_synced(beside, chunks)
            yield Aside(beside, target)
        finally:
            beside.unlink(missing_ok=True)

    def withdraw(self, name: str) -> None:
        """Take a file from where the bank gets it; none there is fine, and one that the bank has it keeps.

        Raises:
            OSError: it could not be removed.
        """
        (self.outgoing / checked_name(name)).unlink(missing_ok=True)
        if self.outgoing.is_dir():
            sync_folder(self.outgoing)

    def make(self, *folders: Path) -> None:
        """Make the bank's folder and these in it, as far as they are missing, whatever the umask."""
        for folder in (self.path.parent, self.path, *folders):
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                continue
            folder.chmod(FOLDER_MODE)


class Aside:
    """A file that is written and not yet published."""

    def __init__(self, beside: Path, target: Path) -> None:
        self._beside = beside
        self._target = target

    def publish(self) -> Path:
        """Put it where the bank gets it; one of the same name is replaced."""
        self._beside.replace(self._target)
        sync_folder(self._target.parent)
        return self._target


def chunks_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of a file from its beginning; may be called again for a second reading."""
    file.seek(0)
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def entries_of(folder: Path) -> Iterator[Entry]:
    """Yield the files in a folder, in no order; links, devices, pipes and folders are none. A missing one is empty."""
    try:
        scan = os.scandir(folder)
    except FileNotFoundError:
        return
    with scan:
        for found in scan:
            try:
                state = found.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # gone since
            if stat.S_ISREG(state.st_mode):
                yield Entry(found.name, state.st_size, state.st_mtime)


@contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """Open a file that is no link, device or pipe.

    Raises:
        FileNotFoundError: there is no such file, or it is none.
        OSError: it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in _NO_FILE:
            raise FileNotFoundError(error.errno, "no such file", str(path)) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, "not a regular file", str(path))
    with open(descriptor, "rb") as file:
        yield file


_NO_FILE = frozenset({errno.ENOENT, errno.ELOOP, errno.ENXIO, errno.ENOTDIR})
"""Nothing there, a link, a socket, a file where a folder should be."""


def _write_synced(path: Path, chunks: Iterable[bytes]) -> None:
    path.unlink(missing_ok=True)  # left by a crash of a process that had our number
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, FILE_MODE)  # whatever the umask took away
            file.writelines(chunks)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:  # such as a full disk, which names no file
        error.filename = error.filename or str(path)
        raise
