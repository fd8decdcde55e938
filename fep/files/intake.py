"""Intake 收文件: takes the files of one bank in, chunk by chunk, and into use when they are right.

A reply that says ``next_offset`` speaks of bytes that have been written; they are flushed to the disk when the file is
complete, before its name appears. A crash of the machine may cost a part, which its digest tells; never a file.
"""

import time
from contextlib import closing
from enum import Enum

import structlog

from fep.files.digests import Digests
from fep.files.folders import BankFolder, entries_of
from fep.files.pace import PIECE_BYTES, Pace
from fep.files.parts import Part, PartLocked, drop_other_parts, file_of_part, locked, part_name
from handlers import file_put
from handlers.errors import Refusal
from handlers.file_put import FileQuotas, Received, Usage
from protocol.files.errors import FileInvalid
from protocol.files.formats import FileFormat
from protocol.files.names import FileName
from protocol.files.reading import check_file
from protocol.files.transfer import FileChunk, FilePutReply
from protocol.response_codes import ResponseCode

CHECKED_AT_ONCE_BYTES = 256 << 10
"""Four thousand rows, twenty milliseconds: a larger file is checked beside the chunks of others."""

LOCK_TRIES_MAX = 10
LOCK_INTERVAL_S = 0.01
"""Another daemon writes a chunk in less than a millisecond, and checks a small file in some twenty."""

_log = structlog.get_logger()


class Unchecked(Enum):
    """Why a file that is whole is not complete yet."""

    LARGE = "to be checked at leisure"
    ELSEWHERE = "another daemon is checking it"


class Intake:
    """Where the files of one bank come in.

    Args:
        bank_code: of the bank.
        folder: of the bank.
        files: how its files are named and written.
        quotas: how much it may store.
        digests: of complete files.
        pace: how checking a file gives way.
    """

    def __init__(
        self, bank_code: str, folder: BankFolder, files: FileFormat, quotas: FileQuotas, digests: Digests, pace: Pace
    ) -> None:
        self._bank_code = bank_code
        self._folder = folder
        self._files = files
        self._quotas = quotas
        self._digests = digests
        self._pace = pace

    def put(self, body: FileChunk, *, at_leisure: bool = False) -> FilePutReply | Unchecked:
        """Take one chunk, and the file into use when it is the last one.

        Args:
            body: the chunk.
            at_leisure: a file of any size is checked now.

        Raises:
            Refusal: the chunk or the file is not taken.
            Interrupted: the daemon ends before the file has been checked.
            OSError: it could not be stored.
        """
        name = file_put.name_of_put(body, self._bank_code, self._files)
        try:
            return self._put(body, name, at_leisure=at_leisure)
        except Refusal as refusal:
            _log.warning(
                "file_refused",
                bank_code=self._bank_code,
                file_name=body.file_name,
                response_code=refusal.response_code.code,
                reason=refusal.reason,
            )
            raise

    def _put(self, body: FileChunk, name: FileName, *, at_leisure: bool) -> FilePutReply | Unchecked:
        file_put.check_size(body, self._quotas)
        for _ in range(LOCK_TRIES_MAX):
            known = self._repeated(body)
            if known is not None:
                return known
            try:
                with locked(self._folder, part_name(body.file_name, body.sha256)) as part:
                    return self._continue(part, body, name, at_leisure=at_leisure)
            except PartLocked as other:
                if other.size == body.total_size > CHECKED_AT_ONCE_BYTES:
                    return Unchecked.ELSEWHERE
            time.sleep(LOCK_INTERVAL_S)
        raise Refusal(ResponseCode.BUSY, reason="another daemon works on the same file")

    def _continue(self, part: Part, body: FileChunk, name: FileName, *, at_leisure: bool) -> FilePutReply | Unchecked:
        """Take a chunk while the part is ours; it may have been completed before it was."""
        known = self._repeated(body)
        if known is not None:
            return known
        usage = self._usage(part) if file_put.counts_usage(body, part.size) else None
        step = file_put.next_step(body, part.size, usage, self._quotas)
        if step.is_written:
            part.append(body.chunk)
        if step.next_offset < body.total_size:
            return FilePutReply(body.file_name, step.next_offset, is_complete=False)
        if body.total_size > CHECKED_AT_ONCE_BYTES and not at_leisure:
            return Unchecked.LARGE
        return self._complete(part, body, name)

    def _complete(self, part: Part, body: FileChunk, name: FileName) -> FilePutReply:
        """Take a file into use whose last byte has come; one that is wrong is thrown away, to be sent corrected."""
        try:
            self._check(part, body, name)
        except Refusal:
            part.discard()
            raise
        try:
            state = part.complete(self._folder.incoming / body.file_name)
        except FileExistsError:  # another daemon was faster, with the same file or another
            part.discard()
            known = self._repeated(body)
            if known is None:
                raise
            return known
        self._digests.remember(state, body.sha256)
        drop_other_parts(self._folder, body.file_name)
        _log.info("file_received", bank_code=self._bank_code, file_name=body.file_name, size=body.total_size)
        return FilePutReply(body.file_name, body.total_size, is_complete=True)

    def _check(self, part: Part, body: FileChunk, name: FileName) -> None:
        """Read the whole file, once for its digest and once for its rows. Raises Refusal when it is wrong."""
        if self._digests.compute(part.chunks()) != body.sha256:
            raise file_put.wrong_digest()
        try:
            with closing(self._pace.resting(part.chunks(PIECE_BYTES))) as pieces:
                check_file(self._files.layouts[name.kind], pieces, name.expected)
        except FileInvalid as invalid:
            raise file_put.wrong_content(invalid) from None

    def _repeated(self, body: FileChunk) -> FilePutReply | None:
        """Return the reply when a file stands under the name already. Raises Refusal when that is another."""
        try:
            with self._folder.open_received(body.file_name) as file:
                size = file.seek(0, 2)
                digest = self._digests.of(file) if size == body.total_size else b""
        except FileNotFoundError:
            return None
        return file_put.repeated(body, Received(size, digest))

    def _usage(self, part: Part) -> Usage:
        parts = [entry for entry in entries_of(self._folder.partial) if entry.name != part.path.name]
        size = sum(entry.size for entry in (*parts, *entries_of(self._folder.incoming)))
        return Usage(size, sum(file_of_part(entry.name) is not None for entry in parts))
