"""Folders of chains 审计链目录: which there are, who writes in which, and the names of their files.

A site's directory has them side by side:

    daemon-1/000000000001.jsonl     numbered by its first line, so that names are in the order of the lines
    daemon-1/lock                   held by whoever writes there
    daemon-1/000000000001.torn-…    what a crash has left half written, put aside
    commands-1/…                    acts of commands; each is a writer for as long as it takes
    job-1/…                         movements that a job posts

One folder is one chain, and a chain belongs to its place: one that came with a copied folder is left alone, for two
that go on with it would each be a forgery of the other.
"""

import errno
import fcntl
import os
import re
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

COMMANDS = "commands"
DAEMON = "daemon"
JOB = "job"

FOLDER_MODE = 0o750
FILE_MODE = 0o640
"""The daemon's group may read: what names a customer is masked."""

SLOTS_MAX = 9_999
"""Folders of one kind: of those who write now, and of each name that the machine has had: a container that is made anew
has another one."""

_READ_BYTES = 1 << 20
_LOCK = "lock"
_FILE = re.compile(r"(\d{12})\.jsonl", re.ASCII)
_FOLDER = re.compile(rf"({COMMANDS}|{DAEMON}|{JOB})-([1-9]\d{{0,3}})", re.ASCII)


class FolderTaken(OSError):
    """Somebody else writes there."""


def file_name(first_line: int) -> str:
    """Return the name of the file that begins with this line."""
    return f"{first_line:012d}.jsonl"


def first_line_of(path: Path) -> int:
    """Return the number in the name of a chain's file."""
    return int(path.stem)


def chain_files(folder: Path) -> list[Path]:
    """Return the files of a chain, in order."""
    return sorted(path for path in folder.iterdir() if _FILE.fullmatch(path.name))


def chain_folders(directory: Path) -> list[Path]:
    """Return the folders of all chains, in order."""
    if not directory.is_dir():
        return []
    found = ((_FOLDER.fullmatch(path.name), path) for path in directory.iterdir() if path.is_dir())
    return [path for _, _, path in sorted((name[1], int(name[2]), path) for name, path in found if name)]


def place_of(folder: Path) -> str:
    """Return which machine's folder it is."""
    return f"{socket.gethostname()}:{folder.absolute()}"


def open_to_write(path: Path, flags: int) -> int:
    """Open a file of a chain and return its descriptor; what root makes is given to whom the folder belongs.

    The daemon's user owns the folder and root runs commands: a link that stands there must not lead root to a file of
    the system's, to write to it or to give it away.

    Raises:
        OSError: it cannot be opened, or is a link, or no plain file.
    """
    folder = _open_folder(path.parent)
    try:
        wanted = flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        # Cut short only when it is seen what it is.
        descriptor = os.open(path.name, wanted & ~os.O_TRUNC, FILE_MODE, dir_fd=folder)
        try:
            _require_plain(descriptor, path)
            _leave_to_owner(descriptor, folder)
            if flags & os.O_TRUNC:
                os.ftruncate(descriptor, 0)
        except BaseException:
            os.close(descriptor)
            raise
    finally:
        os.close(folder)
    return descriptor


def open_to_read(path: Path) -> BinaryIO:
    """Open a file of a chain; OSError for what is no plain file: a named pipe would be waited for without an end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        _require_plain(descriptor, path)
    except BaseException:
        os.close(descriptor)
        raise
    return open(descriptor, "rb", buffering=_READ_BYTES)


def _require_plain(descriptor: int, path: Path) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, "not a plain file", str(path))


def _open_folder(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _leave_to_owner(descriptor: int, folder: int) -> None:
    """Give what root has made to whom the folder belongs; what has another name somewhere was not made here."""
    made = os.fstat(descriptor)
    if os.geteuid() == 0 and made.st_uid == 0 and (made.st_nlink == 1 or stat.S_ISDIR(made.st_mode)):
        owner = os.fstat(folder)
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _make(folder: Path) -> None:
    """Make a folder; its own has it then."""
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    parent = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        made = _open_folder(folder)
        try:
            _leave_to_owner(made, parent)
        finally:
            os.close(made)
    finally:
        os.close(parent)


def hold(folder: Path, wait_s: float = 0.0) -> int:
    """Take a folder for writing, made when it is missing, and return the descriptor that holds it until it is closed.

    Raises:
        FolderTaken: somebody else holds it, after ``wait_s`` still.
        OSError: it cannot be made, or not be written to.
    """
    for each in (folder.parent, folder):
        if not each.is_dir():
            _make(each)
    descriptor = open_to_write(folder / _LOCK, os.O_RDWR | os.O_CREAT)
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                raise FolderTaken(f"{folder} is being written by another process") from None
        else:
            return descriptor
        time.sleep(0.01)


def slots(directory: Path, kind: str) -> Iterator[Path]:
    """Yield the folders of a kind, whether they are there or not."""
    return (directory / f"{kind}-{number}" for number in range(1, SLOTS_MAX + 1))


def is_held(folder: Path) -> bool:
    """Tell whether somebody writes in a folder now."""
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def idle_folders(directory: Path) -> Iterator[Path]:
    """Yield the chains that nobody writes now."""
    for folder in chain_folders(directory):
        if not is_held(folder):
            yield folder
