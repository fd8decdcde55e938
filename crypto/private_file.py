"""Files that hold secrets: read only when private, written atomically 私密文件.

Private means: a regular file of the user that runs this, mode 0600 or stricter. It is checked on the open file, so
nothing can be swapped in between.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crypto.errors import FileFault

PRIVATE_MODE = 0o600


class PrivateFileRefused(Exception):
    """A file that cannot be used; each caller turns it into its own error. Holds no content."""

    def __init__(self, fault: FileFault, detail: str = "") -> None:
        super().__init__(fault.what)
        self.fault = fault
        self.detail = detail


def read_private(path: Path, bytes_max: int, *, guarded: bool = False) -> bytes:
    """Return the content of ``path``.

    Args:
        path: The file.
        bytes_max: The largest content that can be right.
        guarded: Something else guards the file (systemd its credentials), so owner and mode do not matter.

    Raises:
        PrivateFileRefused: It is missing, not private, or larger than ``bytes_max``.
    """
    with _refusals():
        # O_NONBLOCK: a named pipe in its place must not hang the daemon.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            _check_private(os.fstat(descriptor), guarded)
            content = file.read(bytes_max + 1)
    if len(content) > bytes_max:
        raise PrivateFileRefused(FileFault.TOO_LARGE)
    return content


def write_new_private(path: Path, content: bytes) -> None:
    """Write ``content`` to the new file ``path``, durably; PrivateFileRefused when it exists."""
    with _refusals(), locked_directory(path.parent) as directory:
        _write_synced(path, content)
        os.fsync(directory)


def replace_private(path: Path, content: bytes, directory: int) -> None:
    """Put ``content`` in the place of ``path``: after a crash at any moment the old or the new stands there, whole.

    Args:
        path: The file.
        content: What it is to hold.
        directory: The locked descriptor of its directory, see ``locked_directory``.
    """
    with _refusals():
        beside = path.with_name(f".{path.name}.new")
        # Under the lock nobody else writes it: one that stands there was left by a crash.
        beside.unlink(missing_ok=True)
        try:
            _write_synced(beside, content)
            beside.replace(path)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
        os.fsync(directory)


def append_private(path: Path, content: bytes) -> None:
    """Add ``content`` to the end of ``path``, durably; made when it is missing, refused when it is not private."""
    with _refusals():
        is_new = not path.exists()
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, PRIVATE_MODE)
        with open(descriptor, "ab") as file:
            if is_new:
                os.fchmod(descriptor, PRIVATE_MODE)  # whatever the umask took away
            _check_private(os.fstat(descriptor), guarded=False)
            file.write(content)
            file.flush()
            os.fsync(descriptor)


@contextmanager
def locked_directory(path: Path) -> Iterator[int]:
    """Hold the lock of a directory and yield its descriptor; PrivateFileRefused when another command holds it.

    It does not wait: the lock is held for milliseconds, and a command that is run again is better than one that hangs.
    """
    with _refusals():
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PrivateFileRefused(FileFault.CHANGED) from None
        yield descriptor
    finally:
        os.close(descriptor)


def _check_private(status: os.stat_result, guarded: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise PrivateFileRefused(FileFault.NOT_A_FILE)
    if guarded:
        return
    if status.st_uid != os.geteuid():
        raise PrivateFileRefused(FileFault.OWNER, f"uid {status.st_uid}, not {os.geteuid()}")
    mode = stat.S_IMODE(status.st_mode)
    if mode & ~PRIVATE_MODE:
        raise PrivateFileRefused(FileFault.MODE, f"mode {mode:04o}")


def _write_synced(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_MODE)
    with open(descriptor, "wb") as file:
        os.fchmod(descriptor, PRIVATE_MODE)  # whatever the umask took away
        file.write(content)
        file.flush()
        os.fsync(descriptor)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn the operating system's errors into refusals."""
    try:
        yield
    except FileNotFoundError:
        raise PrivateFileRefused(FileFault.MISSING) from None
    except FileExistsError:
        raise PrivateFileRefused(FileFault.EXISTS) from None
    except OSError as error:
        raise PrivateFileRefused(FileFault.UNREADABLE, error.strerror or "") from error
