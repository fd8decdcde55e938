"""File formats 批量文件规范: which layouts and names a bank's files have, chosen in the bank's own file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from protocol.files import standard
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
    """

    name: str
    layouts: Mapping[FileKind, FileLayout[Any, Any]]
    read_name: Callable[[str], FileName] = file_name
    write_name: Callable[[FileName], str] = str


STANDARD = FileFormat("standard", standard.LAYOUTS)

FILE_FORMATS: Mapping[str, FileFormat] = MappingProxyType({each.name: each for each in (STANDARD,)})
"""By name."""
