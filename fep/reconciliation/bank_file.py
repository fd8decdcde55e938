"""Bank's file 银行对账文件: read and checked whole, of which only keys are kept."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from hashlib import sha256
from typing import Any, BinaryIO

from fep.config.settings import BankSettings
from fep.files.folders import chunks_of
from fep.reconciliation.errors import FileRefused
from handlers.reconciliation.exact import ExactMatching
from handlers.reconciliation.keys import keys_of
from protocol.files.canonical import ReconcileRow
from protocol.files.columns import Columns
from protocol.files.errors import FileInvalid
from protocol.files.names import FileKind, FileName
from protocol.files.reading import CheckedFile, check_file

DIFFERENCES_MAX = 100_000
"""Rows of one side that the other lacks: more than any bank ever has, some 100 MB of memory, and a fifth of that is
what remains of a day when the file of another one is sent."""

TOTAL_FEN_MAX = 10**15
"""Ten trillion yuan either way: no bank's day comes near it, and with what only the FEP has it still fits the 16 digits
of a result file and the columns of the books."""

FarRead = Callable[[int], None]
"""Is told how many bytes have been read."""


class BankFile:
    """The file of a bank and day, good from its first byte to its last.

    Attributes:
        name: of the file.
        checked: its head, and its rows once more.
        digest: SHA-256, hexadecimal.
        exact: the keys of its rows.
    """

    def __init__(self, bank: BankSettings, day: date, name: str, file: BinaryIO, far_read: FarRead) -> None:
        """Read and check it.

        Raises:
            FileRefused: it is not the bank's file of that day.
        """
        self._file = file
        self.name = name
        self.layout = bank.files.layouts[FileKind.RECONCILE_DETAIL]
        self.exact = ExactMatching(DIFFERENCES_MAX)
        self._digest = sha256()
        expected = FileName(FileKind.RECONCILE_DETAIL, bank.bank_code, day).expected

        def look(rows: Columns[ReconcileRow]) -> None:
            self.exact.add(keys_of(rows))

        try:
            self.checked: CheckedFile[Any, ReconcileRow] = check_file(
                self.layout, self._digested(far_read), expected, look
            )
        except FileInvalid as error:
            raise FileRefused(
                en=f"{name}, line {error.line}: {error.reason}; nothing of the file was used",
                zh=f"{name} 第 {error.line} 行: {error.gloss}; 文件未被采用",
            ) from None
        if abs(self.checked.total_fen) > TOTAL_FEN_MAX:
            raise FileRefused(
                en=f"{name}, line 1: the rows add up to more than a day can be; nothing of the file was used",
                zh=f"{name} 第 1 行: 明细合计超出一日可能的金额; 文件未被采用",
            )
        self.digest = self._digest.hexdigest()

    @property
    def chunks(self) -> Iterator[bytes]:
        """The bytes of the file, once more."""
        return chunks_of(self._file)

    def rows_at(self, places: Sequence[int]) -> list[ReconcileRow]:
        """Return some of its rows."""
        return list(self.checked.rows_at(self.chunks, places))

    def _digested(self, far_read: FarRead) -> Iterator[bytes]:
        far = 0
        for chunk in chunks_of(self._file):
            self._digest.update(chunk)
            far += len(chunk)
            far_read(far)
            yield chunk
