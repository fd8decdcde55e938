"""A chain 审计链: the lines of one writer, over as many files as it takes; the only place that writes them.

A line is written whole or not at all: what a failed write has left is cut off again, and what a crash has left is put
aside when the chain is opened next, and told there. Not for two threads at a time.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import structlog

from fep.audit.chain_end import ChainElsewhere, ChainEnd, ChainUnusable, Place, end_of, put_aside
from fep.audit.folders import COMMANDS, FolderTaken, chain_files, file_name, hold, open_to_write, place_of, slots
from fep.audit.lines import Entry, Kind, chained, entry
from fep.audit.seals import SealKey
from fep.audit.tallies import BankDay, Tallies
from fep.durability import sync_folder

_log = structlog.get_logger()

FORMAT = 1
FILE_BYTES_MAX = 64 << 20
"""A fresh file is begun beyond it: opening a chain reads its last file, which takes a third of a second then."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A seal that has been written, and is on the disk."""

    place: Place
    folder: Path
    reason: str
    days: Sequence[BankDay] = ()


class Chain:
    """An open chain; ``close`` lets others write.

    Args:
        folder: of the chain.
        holder: the descriptor that holds the folder.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, folder: Path, holder: int) -> None:
        self.folder = folder
        self.place = Place("")
        self.tallies = Tallies()
        self._holder = holder
        self._file = -1
        self._size = 0
        self._is_whole = True  # nothing stands behind what has been written whole
        self.preamble: Entry | None = None  # stands behind the first line of every new file
        try:
            self._found = self._resume()
        except BaseException:
            self.close()
            raise
        self.is_sealed = self._found.is_sealed
        self.former_configuration = self._found.configuration

    @classmethod
    def of_slot(cls, directory: Path, kind: str) -> "Chain":
        """Open the first chain of a kind that nobody writes; OSError when there is none to be had."""
        for folder in slots(directory, kind):
            with suppress(FolderTaken):
                chain = cls._usable(folder, 0.0)
                if chain is not None:
                    return chain
        raise FolderTaken(f"no chain {kind}-N in {directory} can be written")

    @classmethod
    def of_commands(cls, directory: Path, wait_s: float) -> "Chain":
        """Open the chain of commands, waiting for another command that writes there; OSError likewise."""
        for folder in slots(directory, COMMANDS):
            chain = cls._usable(folder, wait_s)
            if chain is not None:
                return chain
        raise FolderTaken(f"no chain {COMMANDS}-N in {directory} can be written")

    @classmethod
    def _usable(cls, folder: Path, wait_s: float) -> "Chain | None":
        """Open the chain in a folder, None for one that is not to be gone on with."""
        try:
            return cls(folder, hold(folder, wait_s))
        except ChainElsewhere:
            return None
        except ChainUnusable as error:
            _log.error("audit_chain_unusable", reason=str(error))
            return None

    # --- writing

    def opened(self, fields: dict[str, Any]) -> None:
        """Tell who writes from here on, and what was found of the writer before."""
        after = "" if self._found.is_new else "stop" if self._found.is_clean else "crash"
        self.append([entry(Kind.OPENED, fields | {"after": after} | self._found.torn)])
        self._found.torn = {}

    @property
    def has_crashed(self) -> bool:
        """Whether the writer before has left something to be told."""
        return bool(self._found.torn) or not self._found.is_clean

    def append(self, entries: Sequence[Entry]) -> None:
        """Write lines behind all others, all of them or none; they are safe after ``sync``.

        Raises:
            OSError: none was written.
        """
        if self._size > FILE_BYTES_MAX:
            self._begin_file()
        lines, place = _lines(self.place, entries)
        self._write(lines)
        self.place = place
        self.is_sealed = False
        for _, counted in entries:
            if counted is not None:
                self.tallies.add(counted)

    def seal(self, key: SealKey, reason: str, days: Sequence[BankDay] = ()) -> Sealed:
        """Write a seal of these days and have it on the disk; a new file is begun behind one that has days.

        Raises:
            OSError: it was not written.
        """
        told = {"reason": reason, "chain": self.place.chain, "days": self.tallies.told(days), "key": key.number}
        text, _ = entry(Kind.SEAL, told)
        line_no = self.place.line_no + 1
        head = key.sealed(self.place.line_hash, b'{"seq": %d, %s' % (line_no, text.encode()))
        digest, line = chained(self.place.line_hash, head)
        self._write(line)
        self.place = Place(self.place.chain, line_no, digest)
        self.is_sealed = True
        self.tallies.forget(days)
        try:
            self.sync()
        except OSError as error:  # what the disk has lost of it, fep audit verify finds
            _log.error("audit_not_on_disk", folder=str(self.folder), reason=error.strerror)
        sealed = Sealed(self.place, self.folder, reason, tuple(days))
        if days:
            with suppress(OSError):  # the next line tries again, for the size or the next seal
                self._begin_file()
        return sealed

    def overdue(self, present: Mapping[str, str]) -> list[BankDay]:
        """Return the days that are not sealed and are over; ``present``: the clearing date of each bank."""
        return [day for day in self.tallies.days() if day[1] < present.get(day[0], "")]

    def sync(self) -> None:
        """Have on the disk what has been written; OSError when that is not certain."""
        if self._file >= 0:
            os.fdatasync(self._file)

    def close(self) -> None:
        """Let others write."""
        for descriptor in (self._file, self._holder):
            if descriptor >= 0:
                with suppress(OSError):
                    os.close(descriptor)
        self._file = self._holder = -1

    def _write(self, content: bytes) -> None:
        """Write all of it, or cut off again what was written."""
        if not self._is_whole:
            os.ftruncate(self._file, self._size)
            self._is_whole = True
        self._is_whole = False
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
                self._is_whole = True
            raise
        self._size += len(content)
        self._is_whole = True

    def _begin_file(self) -> None:
        """Go on in a new file, whose first line names the end of the one before."""
        path = self.folder / file_name(self.place.line_no + 1)
        # One of this name was left by a crash before its first line.
        descriptor = open_to_write(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC)
        former = self._file, self._size
        self._file, self._size = descriptor, 0
        before = self.place
        told = {
            "format": FORMAT,
            "chain": before.chain,
            "place": place_of(self.folder),
            "after": before.line_hash.decode(),
            "unsealed": self.tallies.told(self.tallies.days()),
        }
        entries = [entry(Kind.FILE, told), *([] if self.preamble is None else [self.preamble])]
        lines, place = _lines(before, entries)
        try:
            self._write(lines)
            os.fsync(descriptor)
            sync_folder(self.folder)
        except OSError:
            self._file, self._size = former
            os.close(descriptor)
            with suppress(OSError):
                path.unlink()
            raise
        self.place = place
        if former[0] >= 0:
            os.close(former[0])

    # --- opening

    def _resume(self) -> ChainEnd:
        """Go on where the chain ends, or begin it."""
        files, torn = chain_files(self.folder), dict[str, Any]()
        found = None
        while files and found is None:
            path = files.pop()
            found = end_of(path)
            if found is None:  # a crash while it was begun
                torn = put_aside(path, 0)
        if found is None:
            found = ChainEnd(Place(token_hex(8)), is_new=True, torn=torn)
            self.place, self.tallies = found.place, found.tallies
            self._begin_file()
            return found
        found.torn = found.torn or torn
        self.place, self.tallies, self._size = found.place, found.tallies, found.size
        self._file = open_to_write(path, os.O_WRONLY | os.O_APPEND)
        return found


def _lines(place: Place, entries: Sequence[Entry]) -> tuple[bytes, Place]:
    """Return the lines of entries behind a place, and the place behind them."""
    line_no, digest = place.line_no, place.line_hash
    lines = []
    for text, _ in entries:
        line_no += 1
        digest, line = chained(digest, b'{"seq": %d, %s' % (line_no, text.encode()))
        lines.append(line)
    return b"".join(lines), Place(place.chain, line_no, digest)
