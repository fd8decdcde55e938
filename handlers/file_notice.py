"""FILE_NOTICE 文件通知: a bank says that a file of its own is complete; it is noted as it stands then."""

from dbgate.record import record
from handlers.errors import Refusal
from handlers.file_names import named
from protocol.files.formats import FileFormat
from protocol.files.names import FileName
from protocol.files.notices import FileNotice
from protocol.response_codes import ResponseCode


@record
class Noted:
    """A notice that has been taken.

    Attributes:
        bank_date: with ``bank_serial`` the identity of the notice.
        bank_serial: of the notice.
        content: digest of what it says.
        fep_serial: what it was answered with.
        sha256: of the file, 64 hex digits.
    """

    bank_date: str
    bank_serial: str
    content: str
    fep_serial: int
    sha256: str


def file_of(notice: FileNotice, bank_code: str, files: FileFormat) -> FileName:
    """Return which file a notice tells of.

    Raises:
        Refusal: 4001, it is no name of a file of this bank and kind.
    """
    name = named(notice.file_name, bank_code, files)
    if name.kind is not notice.kind:
        raise Refusal(ResponseCode.NO_SUCH_FILE)
    return name


def repeated(noted: Noted | None, content: str) -> Noted | None:
    """Return what a notice of the same identity was answered with, None when there was none.

    Raises:
        Refusal: 2006, that one said something else.
    """
    if noted is not None and noted.content != content:
        raise Refusal(ResponseCode.DUPLICATE_SERIAL)
    return noted


def check_counts(notice: FileNotice, debited_count: int, debited_fen: int) -> None:
    """Refuse a notice of a debit result that says something else than its rows do.

    Raises:
        Refusal: 4002.
    """
    if notice.debited_count not in (None, debited_count) or notice.debited_fen not in (None, debited_fen):
        raise Refusal(
            ResponseCode.FILE_CONTENT_WRONG,
            reason="count or amount debited is not that of the rows",
            detail="已扣笔数或金额与明细不符",
        )


def being_written() -> Refusal:
    """Return the refusal of a file that changes while it is read."""
    return Refusal(ResponseCode.FILE_CONTENT_WRONG, reason="the file is being written to", detail="文件正在写入")
