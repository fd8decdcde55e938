"""Durability 落盘: what is on the disk for certain."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Have on the disk which files a folder has, and under which names; OSError when that is not certain."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
