"""4001 FILE_PUT, 4002 FILE_GET and 4003 FILE_LIST byte for byte."""

import struct
from dataclasses import replace
from datetime import date, datetime

import pytest

from protocol.canonical.messages import Answer
from protocol.dialect import Sealing
from protocol.dialects.registry import DEFAULT
from protocol.dialects.standard.description import ERROR_REPLY
from protocol.dialects.standard.messages.files import (
    GET_REPLY,
    GET_REQUEST,
    LIST_REPLY,
    LIST_REQUEST,
    PUT_REPLY,
    PUT_REQUEST,
)
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.files.names import FileKind
from protocol.files.transfer import (
    FileChunk,
    FileGetRequest,
    FileListReply,
    FileListRequest,
    FilePutReply,
    FileRow,
)
from protocol.response_codes import ResponseCode
from tests.protocol.frames import an

NAME = "DZ010220261121.txt"
SHA256 = bytes(range(32))
CHUNK = FileChunk(NAME, 5000, 4096, SHA256, b"x" * 904)


def chunk(
    name: bytes = NAME.encode(),
    total: int = 5000,
    offset: int = 4096,
    size: int = 904,
    data: bytes = b"x" * 904,
    rsv: bytes = b"",
) -> bytes:
    """Return the 2,160 bytes of a chunk."""
    return struct.pack(">64sIIH6s32s2048s", name.ljust(64), total, offset, size, rsv, SHA256, data)


def test_a_chunk_both_ways() -> None:
    """The request of FILE_PUT and the reply of FILE_GET: bytes that count, then zeros."""
    assert len(chunk()) == PUT_REQUEST.size == GET_REPLY.size == 2160
    for layout in (PUT_REQUEST, GET_REPLY):
        assert layout.parse(chunk()) == CHUNK
        assert layout.build(CHUNK) == chunk()


@pytest.mark.parametrize(
    ("total", "offset", "size"), [(0, 0, 0), (2048, 0, 2048), (0xFFFF_FFFF, 0xFFFF_FFFF, 0), (0xFFFF_FFFF, 0, 1)]
)
def test_sizes_at_their_bounds(total: int, offset: int, size: int) -> None:
    """An empty chunk, a full one, the end of the largest file."""
    data = b"\xff" * size
    canonical = FileChunk(NAME, total, offset, SHA256, data)
    assert PUT_REQUEST.parse(chunk(total=total, offset=offset, size=size, data=data)) == canonical
    assert PUT_REQUEST.build(canonical) == chunk(total=total, offset=offset, size=size, data=data)


def test_zeros_that_count() -> None:
    """A chunk may end with zero bytes: chunk_size says so, not the bytes."""
    data = b"\0" * 904
    assert PUT_REQUEST.parse(chunk(data=data)).chunk == data


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("body.chunk_size", chunk(total=9000, size=2049, data=b"x" * 2048)),
        ("body.chunk_size", chunk(total=0xFFFF_FFFF, size=0xFFFF)),
        ("body.chunk", chunk(size=903)),
        ("body.chunk", chunk(size=0, data=b"\0" * 2047 + b"\1")),
        ("body.offset", chunk(total=4999)),
        ("body.offset", chunk(offset=5001, size=0, data=b"")),
        ("body.offset", chunk(offset=0xFFFF_FFFF)),
        ("body.rsv@74", chunk(rsv=b"\0\0\0\0\0\1")),
    ],
)
def test_chunks_that_contradict_themselves(path: str, body: bytes) -> None:
    """Too long, something behind its end, beyond the end of the file, reserved bytes."""
    with pytest.raises(MessageInvalid) as error:
        PUT_REQUEST.parse(body)
    assert error.value.path == path


def test_a_name_may_hold_anything() -> None:
    """It is answered 4001 when it is none, so it is not malformed; a reply repeats it."""
    for name in (b"", b" x", b"../x", b"\xff" * 64, "户名".encode("gb18030")):
        parsed = PUT_REQUEST.parse(chunk(name))
        assert PUT_REQUEST.build(parsed) == chunk(name)
        assert GET_REQUEST.parse(struct.pack(">64sI12s", name.ljust(64), 7, b"")).offset == 7


def test_a_chunk_that_is_too_long_for_its_field() -> None:
    """Our own bug, and never a frame."""
    with pytest.raises(LocalProtocolError):
        GET_REPLY.build(replace(CHUNK, chunk=b"x" * 2049))


def test_the_reply_to_a_put() -> None:
    """80 bytes: name, where to go on, whether it is complete."""
    for canonical, flag in ((FilePutReply(NAME, 5000, True), 1), (FilePutReply(NAME, 5000, False), 0)):
        body = struct.pack(">64sIB11s", an(NAME, 64), 5000, flag, b"")
        assert len(body) == PUT_REPLY.size == 80
        assert PUT_REPLY.build(canonical) == body
        assert PUT_REPLY.parse(body) == canonical


def test_the_request_of_a_get() -> None:
    """80 bytes."""
    body = struct.pack(">64sI12s", an(NAME, 64), 2048, b"")
    assert len(body) == GET_REQUEST.size == 80
    assert GET_REQUEST.parse(body) == FileGetRequest(NAME, 2048)
    assert GET_REQUEST.build(FileGetRequest(NAME, 2048)) == body
    with pytest.raises(MessageInvalid):
        GET_REQUEST.parse(body[:-1] + b"\1")


@pytest.mark.parametrize(
    ("body", "canonical"),
    [
        (b"00" + b"00000000" + bytes(6), FileListRequest(None, None, 1)),
        (b"01" + b"20261121" + b"\2" + bytes(5), FileListRequest(FileKind.RECONCILE_DETAIL, date(2026, 11, 21), 2)),
        (b"05" + b"00000000" + b"\xff" + bytes(5), FileListRequest(FileKind.MANDATES, None, 255)),
    ],
)
def test_the_request_of_a_list(body: bytes, canonical: FileListRequest) -> None:
    """16 bytes; zeros are all kinds and all days, and page 0 is the first."""
    assert len(body) == LIST_REQUEST.size == 16
    assert LIST_REQUEST.parse(body) == canonical
    assert LIST_REQUEST.parse(LIST_REQUEST.build(canonical)) == canonical


@pytest.mark.parametrize(
    "body", [b"06" + b"0" * 8 + bytes(6), b" 1" + b"0" * 8 + bytes(6), b"0020261131" + bytes(6), b"0" * 10 + b"\1" * 6]
)
def test_lists_that_cannot_be_asked_for(body: bytes) -> None:
    """A kind and a day that exist, and reserved bytes that are zero."""
    with pytest.raises(MessageInvalid):
        LIST_REQUEST.parse(body)


def test_the_reply_of_a_list() -> None:
    """1,296 bytes: sixteen rows of the page that was asked for, and the count of all."""
    rows = [
        FileRow(f"DZR010220261{n:03d}.txt", n * 1000, FileKind.RECONCILE_RESULT, date(2026, 11, 1)) for n in range(17)
    ]
    first = b"".join(
        struct.pack(">64sI2s8s2s", an(r.file_name, 64), r.size, b"02", b"20261101", b"") for r in rows[:16]
    )
    last = struct.pack(">64sI2s8s2s", an(rows[16].file_name, 64), 16_000, b"02", b"20261101", b"")
    pages = {
        1: struct.pack(">IBB10s", 17, 1, 16, b"") + first,
        2: struct.pack(">IBB10s", 17, 2, 1, b"") + last + bytes(15 * 80),
        3: struct.pack(">IBB10s", 17, 3, 0, b"") + bytes(1280),
    }
    for page, body in pages.items():
        assert len(body) == LIST_REPLY.size == 1296
        assert LIST_REPLY.build(FileListReply(page, tuple(rows))) == body
    assert LIST_REPLY.parse(pages[2]) == FileListReply(2, (rows[16],))


def test_a_size_that_cannot_be_said() -> None:
    """A file of 4 GiB and more is listed with the largest number."""
    row = FileRow(NAME, 1 << 32, FileKind.RECONCILE_DETAIL, date(2026, 11, 21))
    assert LIST_REPLY.build(FileListReply(1, (row,)))[80:84] == b"\xff\xff\xff\xff"


def test_what_a_refusal_says() -> None:
    """The code's words and behind them line and reason, 64 bytes of GB18030, cut between characters."""
    detail = "第 20001 行 debit_serial 扣款流水号: 已扣款的行不得缺省"
    frame = struct.pack(">BBH92s8s", 1, 0, 4001, b"    0102", b"")
    envelope = DEFAULT.open(frame, datetime(2026, 11, 21))  # noqa: DTZ001 - the wall clock of the link
    outgoing = DEFAULT.reply(envelope, Answer(ResponseCode.FILE_CONTENT_WRONG, detail=detail), Sealing(1))
    assert outgoing is not None
    whole = f"文件内容错: {detail}".encode("gb18030")
    assert len(whole) > len(outgoing.body) == ERROR_REPLY.size == 64
    assert outgoing.body == whole[:63] + b" "
    assert whole[:63].decode("gb18030").endswith("不得")
