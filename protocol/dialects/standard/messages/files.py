"""4001 FILE_PUT, 4002 FILE_GET and 4003 FILE_LIST 文件传输: batch files, piece by piece."""

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from typing import Any

from protocol.characters import LenientAlphanumeric
from protocol.errors import MessageInvalid
from protocol.fields import FLAG, U8, U16, U32, Defaulted, FixedField, Integer, Octets
from protocol.files.field_types import Code, by_value
from protocol.files.names import FileKind
from protocol.files.transfer import (
    CHUNK_BYTES_MAX,
    FileChunk,
    FileGetRequest,
    FileListReply,
    FileListRequest,
    FilePutReply,
    FileRow,
)
from protocol.layout import Field, Layout, Rows, rsv
from protocol.moments import Date

FILES_OF_A_PAGE = 16


class _Name(LenientAlphanumeric):
    """A name that may be any, for it is answered 4001 and not 1003 when it is none."""

    accepts = ""


_NAME = Field("file_name", _Name(64), "name of the file", "文件名")


class _Size(Integer):
    """``u32`` in which a file that is larger is said to be as large as can be said."""

    is_plain = False

    def build(self, value: int) -> int:
        """Return ``value``, or the largest number."""
        return super().build(min(value, 0xFFFFFFFF))


class _Kinds(Code):
    """A kind of file, or zeros for all of them."""

    def __init__(self, values: Mapping[str, Enum]) -> None:
        super().__init__(2, values)
        self.accepts = f"00 all, {self.accepts}"

    def parse(self, raw: bytes) -> Any:
        """Return the kind, None for all."""
        return None if raw == self.blank else super().parse(raw)

    def build(self, value: Any) -> bytes:
        """Return the digits of a kind."""
        return bytes(self.blank) if value is None else super().build(value)


class ChunkLayout(Layout[FileChunk]):
    """A chunk in a field of one size: how much of it counts is said before it, the rest is zero bytes."""

    def __init__(self, *, checks_reserved: bool = False) -> None:
        super().__init__(
            "body",
            FileChunk,
            _NAME,
            Field("total_size", U32, "bytes of the whole file", "文件总长度"),
            Field("offset", U32, "bytes before the chunk", "偏移"),
            Field("chunk_size", U16, "bytes of the chunk, at most 2048", "本块长度"),
            rsv(6),
            Field("sha256", Octets(32), "SHA-256 of the whole file", "整个文件的 SHA-256"),
            Field(
                "chunk", Octets(CHUNK_BYTES_MAX, padded=True), "bytes of the file, zeros behind chunk_size", "文件内容"
            ),
            checks_reserved=checks_reserved,
        )

    def parse(self, data: bytes) -> FileChunk:
        """Return the chunk of ``data``; MessageInvalid when its sizes contradict each other."""
        whole = super().parse(data)
        size: int = self._raw(data)[self._index["chunk_size"]]
        if size > CHUNK_BYTES_MAX:
            raise MessageInvalid("body.chunk_size", f"more than {CHUNK_BYTES_MAX}")
        if any(whole.chunk[size:]):
            raise MessageInvalid("body.chunk", "not zeros behind chunk_size")
        if whole.offset + size > whole.total_size:
            raise MessageInvalid("body.offset", "the chunk ends behind total_size")
        return replace(whole, chunk=whole.chunk[:size])

    def build(self, value: FileChunk, **given: object) -> bytes:
        """Return the bytes of ``value``; LocalProtocolError when a field does not fit."""
        return super().build(value, chunk_size=len(value.chunk), **given)


PUT_REQUEST = ChunkLayout(checks_reserved=True)

PUT_REPLY = Layout(
    "body",
    FilePutReply,
    _NAME,
    Field("next_offset", U32, "where the bank goes on", "下一偏移"),
    Field("complete", FLAG, "the file has been taken into use", "是否完成", "is_complete"),
    rsv(11),
)

GET_REQUEST = Layout(
    "body",
    FileGetRequest,
    _NAME,
    Field("offset", U32, "bytes before the chunk", "偏移"),
    rsv(12),
    checks_reserved=True,
)

GET_REPLY = ChunkLayout()

_OPTIONAL_DATE: FixedField = Date(optional=True)

LIST_REQUEST = Layout(
    "body",
    FileListRequest,
    Field("file_type", _Kinds(by_value(FileKind)), "kind of files", "文件类型", "kind"),
    Field("date", _OPTIONAL_DATE, "day of the files", "文件日期"),
    Field("page", Defaulted(1), "page of rows", "页号"),
    rsv(5),
    checks_reserved=True,
)

_ROW = Layout(
    "row",
    FileRow,
    _NAME,
    Field("size", _Size("u32", 4), "bytes of the file", "文件长度"),
    Field("file_type", Code(2, by_value(FileKind)), "kind of the file", "文件类型", "kind"),
    Field("date", Date(), "day in its name; of a monthly file the day it was made", "文件日期"),
    rsv(2),
)

LIST_REPLY = Layout(
    "body",
    FileListReply,
    Field("file_count", U32, "all files that fit", "文件总数"),
    Field("page", U8, "page that was asked for", "页号"),
    Field("files_in_page", U8, "rows in this page", "本页文件数"),
    rsv(10),
    Rows(_ROW, FILES_OF_A_PAGE, total="file_count", present="files_in_page"),
)
