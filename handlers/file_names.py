"""File names 文件名 of a bank: which file one stands for, and whether it is the bank's to have."""

from handlers.errors import Refusal
from protocol.files.errors import FileNameInvalid
from protocol.files.formats import FileFormat
from protocol.files.names import FileName, checked_name
from protocol.response_codes import ResponseCode


def name_of(text: str, bank_code: str, files: FileFormat) -> FileName | None:
    """Return what ``text`` stands for; None when it is no name of a file of this bank."""
    try:
        name = files.read_name(checked_name(text))
    except FileNameInvalid:
        return None
    return name if name.bank_code == bank_code and name.kind in files.layouts else None


def named(text: str, bank_code: str, files: FileFormat) -> FileName:
    """Return what ``text`` stands for.

    Raises:
        Refusal: 4001, it is no name of a file of this bank.
    """
    name = name_of(text, bank_code, files)
    if name is None:
        raise Refusal(ResponseCode.NO_SUCH_FILE)
    return name
