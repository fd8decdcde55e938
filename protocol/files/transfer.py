"""Transfer 文件传输: the canonical bodies of FILE_PUT, FILE_GET and FILE_LIST, which move batch files over a link."""

from dataclasses import field
from datetime import date

from protocol.files.names import FileKind
from protocol.record import record

CHUNK_BYTES_MAX = 2048
"""What a chunk of any file has room for."""


@record
class FileChunk:
    """A piece of a file: what FILE_PUT asks with and FILE_GET answers with.

    Attributes:
        file_name: as the bank wrote it; may hold anything.
        total_size: bytes of the whole file.
        offset: bytes before ``chunk``.
        sha256: of the whole file, 32 bytes.
        chunk: may be empty; never reaches beyond ``total_size``.
    """

    file_name: str
    total_size: int
    offset: int
    sha256: bytes
    chunk: bytes = field(repr=False)


@record
class FilePutReply:
    """4001 文件上传. ``next_offset``: bytes that the FEP has; ``is_complete``: it has taken the file into use."""

    file_name: str
    next_offset: int
    is_complete: bool


@record
class FileGetRequest:
    """4002 文件下载, from ``offset`` on; ``file_name`` may hold anything."""

    file_name: str
    offset: int


@record
class FileListRequest:
    """4003 文件列表. ``kind`` None: all; ``date`` None: of all days; ``page`` counts from 1."""

    kind: FileKind | None
    date: date | None
    page: int


@record
class FileRow:
    """One file in a FILE_LIST reply; ``size`` in bytes, ``date`` that of its name, or its day where that has none."""

    file_name: str
    size: int
    kind: FileKind
    date: date


@record
class FileListReply:
    """Newest first; ``rows`` hold every row, the dialect cuts the page."""

    page: int
    rows: tuple[FileRow, ...]
