"""Shelf 取文件: what one bank may read, piece by piece, and the list of it."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import BinaryIO

from fep.clock import SHANGHAI
from fep.files.digests import Digests
from fep.files.folders import BankFolder, entries_of
from handlers import file_get, file_list
from handlers.errors import Refusal
from handlers.file_names import name_of, named
from protocol.files.formats import FileFormat
from protocol.files.transfer import CHUNK_BYTES_MAX, FileChunk, FileGetRequest, FileListReply, FileListRequest, FileRow
from protocol.response_codes import ResponseCode


class Shelf:
    """The complete files of one bank, those it has sent and those that wait for it.

    Args:
        bank_code: of the bank.
        folder: of the bank.
        files: how its files are named and written.
        digests: of complete files.
    """

    def __init__(self, bank_code: str, folder: BankFolder, files: FileFormat, digests: Digests) -> None:
        self._bank_code = bank_code
        self._folder = folder
        self._files = files
        self._digests = digests

    def get(self, body: FileGetRequest) -> FileChunk:
        """Return a chunk of a file.

        Raises:
            Refusal: there is no such file, or no such chunk of it.
            Interrupted: the daemon ends before the digest is known.
            OSError: it could not be read.
        """
        name = named(body.file_name, self._bank_code, self._files)
        try:
            with self._opened(body.file_name, is_from_bank=name.kind.is_from_bank) as file:
                size = os.fstat(file.fileno()).st_size
                file_get.check(body, size)
                digest = self._digests.of(file)
                chunk = os.pread(file.fileno(), min(CHUNK_BYTES_MAX, size - body.offset), body.offset)
        except FileNotFoundError:
            raise Refusal(ResponseCode.NO_SUCH_FILE) from None
        return FileChunk(body.file_name, size, body.offset, digest, chunk)

    def list(self, body: FileListRequest) -> FileListReply:
        """Return the files that are asked for. Raises OSError when a folder cannot be read."""
        return file_list.decide(body, self._rows())

    def _opened(self, file_name: str, *, is_from_bank: bool) -> AbstractContextManager[BinaryIO]:
        open_file = self._folder.open_received if is_from_bank else self._folder.open_published
        return open_file(file_name)

    def _rows(self) -> Iterator[FileRow]:
        for folder, is_from_bank in ((self._folder.incoming, True), (self._folder.outgoing, False)):
            for entry in entries_of(folder):
                name = name_of(entry.name, self._bank_code, self._files)
                if name is not None and name.kind.is_from_bank is is_from_bank:
                    yield file_list.row_of(name, entry.name, entry.size, _day_of(entry.changed_s))


def _day_of(moment_s: float) -> date:
    return datetime.fromtimestamp(moment_s, SHANGHAI).date()
