"""Digests 文件摘要: SHA-256 of whole files, computed once for as long as a file stays as it is."""

import hashlib
import os
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from threading import Lock
from typing import BinaryIO

from fep.files.folders import chunks_of
from fep.files.pace import Pace
from protocol.files.errors import FileChanged

_REMEMBERED_MAX = 1024
"""Some 200 kB; a bank reads a file to its end before the next one."""

_Version = tuple[int, int, int, int]


class Digests:
    """Remembers digests by device, inode, size and time of change; may be used by several threads."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._lock = Lock()
        self._known: OrderedDict[_Version, bytes] = OrderedDict()

    def of(self, file: BinaryIO) -> bytes:
        """Return the digest of an open file, 32 bytes. Raises Interrupted when the daemon ends."""
        version = _version(os.fstat(file.fileno()))
        with self._lock:
            if version in self._known:
                self._known.move_to_end(version)
                return self._known[version]
        digest = self.compute(chunks_of(file))
        if _version(os.fstat(file.fileno())) == version:  # else it was written to meanwhile
            self._remember(version, digest)
        return digest

    def compute(self, chunks: Iterable[bytes]) -> bytes:
        """Return the digest of bytes, 32 bytes. Raises Interrupted when the daemon ends."""
        digest = hashlib.sha256()
        for chunk in self._pace.interruptible(chunks):
            digest.update(chunk)
        return digest.digest()

    def remember(self, state: os.stat_result, digest: bytes) -> None:
        """Keep what is known already of a file in this state."""
        self._remember(_version(state), digest)

    def _remember(self, version: _Version, digest: bytes) -> None:
        with self._lock:
            self._known[version] = digest
            if len(self._known) > _REMEMBERED_MAX:
                self._known.popitem(last=False)


def _version(state: os.stat_result) -> _Version:
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns


def unchanged(file: BinaryIO, sha256: str) -> Iterator[bytes]:
    """Yield the bytes of a file whose digest, hexadecimal, was taken before.

    Raises:
        FileChanged: at the end: it is another file's by now.
    """
    digest = hashlib.sha256()
    for chunk in chunks_of(file):
        digest.update(chunk)
        yield chunk
    if digest.hexdigest() != sha256:
        raise FileChanged
