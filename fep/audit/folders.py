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

import fcntl
import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

COMMANDS = "commands"
DAEMON = "daemon"
JOB = "job"

FOLDER_MODE = 0o750
FILE_MODE = 0o640
"""The daemon's group may read: what names a customer is masked."""

SLOTS_MAX = 64
"""Writers of one kind at a time: more daemons than one machine has cores for."""

_LOCK = "lock"
_FILE = re.compile(r"(\d{12})\.jsonl", re.ASCII)
_FOLDER = re.compile(rf"({COMMANDS}|{DAEMON}|{JOB})-([1-9]\d?)", re.ASCII)


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


def leave_to_owner(path: Path) -> None:
    """Give what root has made to whom the folder belongs: the daemon's user writes there too."""
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.chown(path, folder.st_uid, folder.st_gid)


def hold(folder: Path, wait_s: float = 0.0) -> int:
    """Take a folder for writing, made when it is missing, and return the descriptor that holds it until it is closed.

    Raises:
        FolderTaken: somebody else holds it, after ``wait_s`` still.
        OSError: it cannot be made, or not be written to.
    """
    for each in (folder.parent, folder):
        if not each.is_dir():
            each.mkdir(mode=FOLDER_MODE, exist_ok=True)
            leave_to_owner(each)
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    leave_to_owner(folder / _LOCK)
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
        descriptor = os.open(folder / _LOCK, os.O_RDONLY | os.O_CLOEXEC)
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
