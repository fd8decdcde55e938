"""Announcements 文件登记: what a bank has said of files of its own that do not come with its messages.

    DIRECTORY/<bank_code>/announced/<file name>.jsonl   a line for each notice, the last one counts

Lines are only ever added, under a lock, so several daemons may serve one folder; nobody waits for it, for a bank that
is told to try again does so. A line that a crash has cut off is no
notice: the bank was not answered, and repeats it.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from fep.config.settings import BankSettings
from fep.durability import sync_folder
from fep.files.folders import FILE_MODE, FOLDER_MODE, BankFolder, chunks_of
from fep.files.pace import Pace
from fep.language import Text
from handlers import file_notice, file_put
from handlers.errors import Refusal
from handlers.file_notice import Noted
from protocol.canonical.link import NoBody
from protocol.canonical.messages import Answer, Head
from protocol.files.errors import FileChanged, FileInvalid
from protocol.files.lines import pieces
from protocol.files.names import FileName, checked_name
from protocol.files.notices import FileNotice
from protocol.files.reading import check_file
from protocol.record import record
from protocol.response_codes import ResponseCode

CHECKED_AT_ONCE_BYTES = 16 << 20
"""Forty thousand rows, within a second: of a larger file the digest alone is taken, and its rows are checked when it is
used; the bank's program waits ten seconds."""


@record
class Announcement:
    """A notice of a bank, and what it is answered with unless it has been answered before.

    Attributes:
        notice: what the bank says.
        head: who says it; date and serial are the identity of the notice.
        content: digest of what it says.
        fep_serial: our number for it.
        at: our wall clock.
    """

    notice: FileNotice
    head: Head
    content: str
    fep_serial: int
    at: datetime

    @property
    def file_name(self) -> str:
        """Of which file."""
        return self.notice.file_name


class Announcements:
    """What one bank has said of its files.

    Args:
        bank: whose.
        folder: its files.
        pace: how reading a file gives way.
    """

    def __init__(self, bank: BankSettings, folder: BankFolder, pace: Pace) -> None:
        self._bank = bank
        self._pace = pace
        self._folder = folder

    def note(self, said: Announcement) -> Answer:
        """Take a notice: look at the file, and note it as it stands. Blocks.

        Raises:
            Refusal: nothing was noted.
            Interrupted: nothing was, for the daemon ends.
            OSError: it could not be.
        """
        notice, content = said.notice, said.content
        name = file_notice.file_of(notice, self._bank.bank_code, self._bank.files)
        identity = (f"{said.head.bank_date:%Y%m%d}", said.head.bank_serial)
        # Only for a file that is there: no bank can fill the folder with names.
        with self._opened(notice.file_name) as file, self._locked(notice.file_name) as journal:
            earlier = [noted for noted in _noted(journal) if (noted.bank_date, noted.bank_serial) == identity]
            known = file_notice.repeated(earlier[-1] if earlier else None, content)
            if known is None:
                known = Noted(*identity, content, said.fep_serial, self._sha256(notice, name, file))
                _append(journal, {**asdict(known), "at": said.at.isoformat(timespec="seconds")})
                return Answer(ResponseCode.APPROVED, NoBody(), fep_serial=said.fep_serial)
        return Answer(ResponseCode.APPROVED, NoBody(), repeat=True, fep_serial=known.fep_serial)

    @contextmanager
    def _opened(self, file_name: str) -> Iterator[BinaryIO]:
        with ExitStack() as stack:
            try:
                file = stack.enter_context(self._folder.open_received(file_name))
            except FileNotFoundError:
                raise Refusal(ResponseCode.NO_SUCH_FILE) from None
            yield file

    @contextmanager
    def _locked(self, file_name: str) -> Iterator[BinaryIO]:
        _path_of(self._folder, file_name).parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(_path_of(self._folder, file_name), flags, FILE_MODE), "a+b") as journal:
            try:
                fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Refusal(ResponseCode.BUSY, reason="another daemon notes the same file") from None
            sync_folder(_path_of(self._folder, file_name).parent)
            yield journal

    def _sha256(self, notice: FileNotice, name: FileName, file: BinaryIO) -> str:
        """Return the digest of the file, which is checked whole unless it is large."""
        digest = hashlib.sha256()
        if os.fstat(file.fileno()).st_size <= CHECKED_AT_ONCE_BYTES:
            self._check(notice, name, file, digest.update)
        else:
            for chunk in self._pace.interruptible(chunks_of(file)):
                digest.update(chunk)
        return digest.hexdigest()

    def _check(self, notice: FileNotice, name: FileName, file: BinaryIO, take: Callable[[bytes], None]) -> None:
        """Check a file and have its bytes taken. Raises Refusal when it is wrong, or the notice is."""
        layout = self._bank.files.layouts[name.kind]
        try:
            with self._read(file, take) as chunks:
                checked = check_file(layout, chunks, name.expected)
            if notice.debited_count is None:
                return
            with self._read(file, lambda _: None) as chunks:
                debited = [row.debited_fen for row in checked.rows(chunks) if row.is_debited]
        except FileInvalid as invalid:
            raise file_put.wrong_content(invalid) from None
        except FileChanged:
            raise file_notice.being_written() from None
        file_notice.check_counts(notice, len(debited), sum(debited))

    def _read(self, file: BinaryIO, take: Callable[[bytes], None]) -> "closing[Generator[bytes, None, None]]":
        """Return the bytes of a file from its beginning, in pieces between which others work."""

        def taken() -> Generator[bytes, None, None]:
            for piece in pieces(chunks_of(file)):
                take(piece)
                yield piece

        return closing(self._pace.resting(taken()))


_KEYS = frozenset(field.name for field in fields(Noted))


def _noted(journal: BinaryIO) -> list[Noted]:
    """Return what has been noted, the latest last; a line without an end is none."""
    journal.seek(0)
    lines = [json.loads(line) for line in journal if line.endswith(b"\n")]
    return [Noted(**{key: value for key, value in line.items() if key in _KEYS}) for line in lines]


def _append(journal: BinaryIO, line: dict[str, object]) -> None:
    """Add a line, in the place of one that a crash has cut off."""
    journal.seek(0)
    whole = sum(len(each) for each in journal if each.endswith(b"\n"))
    journal.truncate(whole)
    journal.write(json.dumps(line).encode("ascii") + b"\n")
    journal.flush()
    os.fsync(journal.fileno())


def _path_of(folder: BankFolder, file_name: str) -> Path:
    return folder.path / "announced" / f"{checked_name(file_name)}.jsonl"


def _sha256_noted(folder: BankFolder, file_name: str) -> str | None:
    """Return the digest of a file as it was noted last, None when it has not been."""
    try:
        with open(_path_of(folder, file_name), "rb") as journal:
            noted = _noted(journal)
    except FileNotFoundError:
        return None
    return noted[-1].sha256 if noted else None


def trouble_with(bank: BankSettings, folder: BankFolder, file_name: str, sha256: str) -> Text | None:
    """Return why a file may not be used yet, None when it may.

    Args:
        bank: whose file it is.
        folder: of the bank.
        file_name: of the file.
        sha256: its digest as it stands now, 64 hex digits.
    """
    if not bank.announces_files:
        return None
    noted = _sha256_noted(folder, file_name)
    if noted is None:
        return Text(
            "the bank has not said yet that it is complete, and nothing else shows whether it is; who "
            "knows that it is gives its path by --file",
            "银行尚未通知该文件已完整, 且文件本身无法判断; 确认完整后可用 --file 指定其路径",
        )
    if noted != sha256:
        return Text(
            "has been changed since the bank said that it was complete; the bank must say so again, or "
            "who knows that it is gives its path by --file",
            "银行通知后文件已被改动; 须由银行重新通知, 确认完整后也可用 --file 指定其路径",
        )
    return None
