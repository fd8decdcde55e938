"""File names of ELEC02 ELEC02 文件名: the digits that bank and company have agreed on, letters, and the period."""

import re
from dataclasses import dataclass

from protocol.files.elec02 import LETTERS
from protocol.files.errors import FileNameInvalid
from protocol.files.names import FileKind, FileName, checked_name, file_name, name_of

_NAME = re.compile(r"(?P<prefix>[0-9]{9})(?P<letters>[a-z]{2})(?P<period>[0-9]{8})\.txt")
_KINDS = {letters: kind for kind, letters in LETTERS.items()}


@dataclass(frozen=True, slots=True)
class Names:
    """The names that one bank's files have.

    Attributes:
        bank_code: 4 digits.
        file_prefix: 9 digits that no other bank's names begin with.
    """

    bank_code: str
    file_prefix: str

    def read(self, name: str) -> FileName:
        """Return what ``name`` stands for; FileNameInvalid when it is none, or another bank's."""
        if name.startswith(FileKind.MANDATES.prefix):
            return self._read_standard(name)
        match = _NAME.fullmatch(checked_name(name))
        if match is None or match["letters"] not in _KINDS:
            raise FileNameInvalid(f"not 9 digits, one of {' '.join(_KINDS)}, date or month and number, .txt")
        if match["prefix"] != self.file_prefix:
            raise FileNameInvalid("another bank's: it does not begin with this one's file_prefix")
        return name_of(_KINDS[match["letters"]], self.bank_code, match["period"])

    def _read_standard(self, text: str) -> FileName:
        name = file_name(text)
        if name.bank_code != self.bank_code or name.kind is not FileKind.MANDATES:
            raise FileNameInvalid("another bank's, or of a kind that has a name of this format")
        return name

    def write(self, name: FileName) -> str:
        """Return the name that a file has; FileNameInvalid when no file of its kind is exchanged."""
        if name.kind is FileKind.MANDATES and name.bank_code == self.bank_code:
            return str(name)
        if name.kind not in LETTERS:
            raise FileNameInvalid("files of this kind are not exchanged in this format")
        if name.bank_code != self.bank_code:
            raise FileNameInvalid("another bank's")
        return f"{self.file_prefix}{LETTERS[name.kind]}{name.written_period}.txt"
