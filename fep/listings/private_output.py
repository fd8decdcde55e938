"""Private output 私密输出文件: a file with customers' data that is there whole or not at all, for its owner alone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from crypto.private_file import PRIVATE_MODE
from fep.durability import sync_folder


@contextmanager
def private_output(path: Path) -> Iterator[BinaryIO]:
    """Yield a file that takes the place of ``path`` when the block ends well; else ``path`` is as it was.

    Raises:
        OSError: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    beside.unlink(missing_ok=True)  # left by a crash of a process that had our number
    try:
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_MODE)
    except OSError as error:
        error.filename = str(path)  # as whoever asked for it knows it
        raise
    try:
        with open(descriptor, "w+b") as file:
            os.fchmod(descriptor, PRIVATE_MODE)  # whatever the umask took away
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
