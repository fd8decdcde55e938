"""File client 银行端文件传输: sends, reads and lists batch files over a bank's connection, and goes on after a cut.

A bank sends a file again from its beginning as often as it likes: the FEP says from where it wants it.
"""

import hashlib
import time
from collections.abc import Iterator
from datetime import date
from typing import BinaryIO, TypeVar

from fep.demo.bank_client import BankClient
from protocol.canonical.messages import RequestBody
from protocol.files.names import FileKind
from protocol.files.transfer import (
    CHUNK_BYTES_MAX,
    FileChunk,
    FileGetRequest,
    FileListReply,
    FileListRequest,
    FilePutReply,
    FileRow,
)
from protocol.transactions import Transaction

R = TypeVar("R")

BUSY = "1011"
BUSY_TRIES_MAX = 10
BUSY_PAUSE_S = 0.5
"""Between two tries; five seconds in all, then an operator had better look."""


class TransferRefused(Exception):
    """The FEP does not take or give a file.

    Attributes:
        code: of its reply.
        message: of its reply, Chinese.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message


class FileChanged(Exception):
    """The file that is read was replaced meanwhile: begin again."""


class FileClient:
    """Files of the bank that is signed in over ``client``."""

    def __init__(self, client: BankClient) -> None:
        self._client = client

    def put(self, name: str, file: BinaryIO) -> None:
        """Send a whole file and return when the FEP has taken it into use.

        Raises:
            TransferRefused: it does not.
            NoReply: the connection is cut; the same call on another one goes on where this one was.
        """
        digest = _digest_of(file)
        total_size = file.seek(0, 2)
        reply = self._put(FileChunk(name, total_size, 0, digest, b""))
        while not reply.is_complete:
            file.seek(reply.next_offset)
            chunk = file.read(min(CHUNK_BYTES_MAX, total_size - reply.next_offset))
            reply = self._put(FileChunk(name, total_size, reply.next_offset, digest, chunk))

    def get(self, name: str, file: BinaryIO) -> None:
        """Read a file into ``file``, behind what has been read of it before.

        Raises:
            TransferRefused: there is none.
            FileChanged: what has been read is of another one, by its digest.
            NoReply: the connection is cut; the same call on another one goes on where this one was.
        """
        offset = file.seek(0, 2)
        while True:
            chunk = self._asked(Transaction.FILE_GET, FileGetRequest(name, offset), FileChunk)
            if not chunk.chunk:
                break
            file.write(chunk.chunk)
            offset += len(chunk.chunk)
        if _digest_of(file) != chunk.sha256:
            raise FileChanged(name)

    def list(self, kind: FileKind | None = None, day: date | None = None) -> Iterator[FileRow]:
        """Yield the files that the bank may read. Raises TransferRefused when it may not ask."""
        page = 0
        while True:
            page += 1
            rows = self._asked(Transaction.FILE_LIST, FileListRequest(kind, day, page), FileListReply).rows
            if not rows:
                return
            yield from rows

    def _put(self, chunk: FileChunk) -> FilePutReply:
        return self._asked(Transaction.FILE_PUT, chunk, FilePutReply)

    def _asked(self, transaction: Transaction, body: RequestBody, kind: type[R]) -> R:
        for _ in range(BUSY_TRIES_MAX):
            reply = self._client.call(transaction, body)
            if isinstance(reply.body, kind):
                return reply.body
            if reply.code != BUSY:
                break
            time.sleep(BUSY_PAUSE_S)
        raise TransferRefused(reply.code, reply.message)


def _digest_of(file: BinaryIO) -> bytes:
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.digest()
