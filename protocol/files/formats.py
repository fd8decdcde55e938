"""File formats 批量文件规范: which layouts and names a bank's files have, chosen in the bank's own file."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from protocol.files import elec02, elec02_names, standard
from protocol.files.layout import FileLayout
from protocol.files.names import FileKind, FileName, file_name


@dataclass(frozen=True, slots=True)
class FileFormat:
    """How the batch files of a bank are written.

    Attributes:
        name: what ``files`` of the bank's file says.
        layouts: by kind; a kind that is missing is not exchanged.
        read_name: what a name stands for; FileNameInvalid when it is none of this format.
        write_name: the name that a file has.
        lists_batch_debits: reconcile files have rows for payments of debit batches too.
    """

    name: str
    layouts: Mapping[FileKind, FileLayout[Any, Any]]
    read_name: Callable[[str], FileName] = file_name
    write_name: Callable[[FileName], str] = str
    lists_batch_debits: bool = True


@dataclass(frozen=True, slots=True)
class FileFamily:
    """A file format before it is a bank's own.

    Attributes:
        name: what ``files`` of the bank's file says.
        of_bank: the format of a bank, by its bank code and its ``file_prefix``.
        prefix: what a ``file_prefix`` must match; None: names have the bank code, and there is none.
    """

    name: str
    of_bank: Callable[[str, str], FileFormat]
    prefix: re.Pattern[str] | None = None

    def takes_prefix(self, file_prefix: str) -> bool:
        """Tell whether names may begin with ``file_prefix``."""
        return not file_prefix if self.prefix is None else self.prefix.fullmatch(file_prefix) is not None


STANDARD = FileFormat("standard", standard.LAYOUTS)


def _elec02(bank_code: str, file_prefix: str) -> FileFormat:
    names = elec02_names.Names(bank_code, file_prefix)
    return FileFormat(
        "elec02",
        elec02.layouts(bank_code, file_prefix),
        names.read,
        names.write,
        lists_batch_debits=False,
    )


STANDARD_FAMILY = FileFamily(STANDARD.name, lambda bank_code, file_prefix: STANDARD)

FILE_FORMATS: Mapping[str, FileFamily] = MappingProxyType(
    {each.name: each for each in (STANDARD_FAMILY, FileFamily("elec02", _elec02, re.compile("[0-9]{9}")))}
)
"""By name."""
