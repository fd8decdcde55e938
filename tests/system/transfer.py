"""A bank's side of the file transfer, by the specification alone, and files put together by hand. 银行端文件传输"""

import hashlib
import zlib
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from tests.support.raw_bank import RawBank, today
from tests.system.checks import ask
from tests.system.messages import (
    CHUNK,
    FILE_GET,
    FILE_GET_REQUEST,
    FILE_LIST,
    FILE_LIST_HEAD,
    FILE_LIST_REQUEST,
    FILE_LIST_ROW,
    FILE_PUT,
    FILE_PUT_REPLY,
    table,
)

CHUNK_BYTES = 2048


def detail_row(number: int, amount: int = 100) -> bytes:
    """Return the row of a payment in a detail file."""
    return b"D%s%012d%-16s2002%016d1" % (today().strftime("%Y%m%d").encode(), number, b"0199700001", amount)


def sealed(lines: Sequence[bytes]) -> bytes:
    """Return lines with their ends and the tail that is right for them."""
    text = b"".join(line + b"\r\n" for line in lines)
    return text + b"T%08X\r\n" % zlib.crc32(text)


def detail_file(bank_code: str = "0102", day: date | None = None, rows: int = 3) -> bytes:
    """Return a detail file of payments of 1 yuan."""
    head = f"H{bank_code}{day or today():%Y%m%d}{rows:08d}{rows * 100:016d}".encode()
    return sealed([head, *(detail_row(number) for number in range(1, rows + 1))])


def detail_name(bank_code: str = "0102", day: date | None = None) -> str:
    """Return the name of a detail file."""
    return f"DZ{bank_code}{day or today():%Y%m%d}.txt"


@lru_cache(maxsize=8)
def digest_of(data: bytes) -> bytes:
    """Return the SHA-256 of a file, computed once for all its chunks."""
    return hashlib.sha256(data).digest()


def chunk_body(name: str, data: bytes, offset: int, size: int = CHUNK_BYTES, **fields: Any) -> bytes:
    """Return the body of a FILE_PUT for the bytes of ``data`` from ``offset`` on."""
    chunk = data[offset : offset + size]
    values = {
        "file_name": name,
        "total_size": len(data),
        "offset": offset,
        "chunk_size": len(chunk),
        "sha256": digest_of(data),
        "chunk": chunk.ljust(CHUNK_BYTES, b"\0"),
        **fields,
    }
    return CHUNK.pack(**values)


def put_chunk(
    bank: RawBank, name: str, data: bytes, offset: int, size: int = CHUNK_BYTES, **fields: Any
) -> tuple[int, int]:
    """Put one chunk, which must be answered 0000; return next_offset and complete."""
    reply = FILE_PUT_REPLY.unpack(ask(bank, FILE_PUT, chunk_body(name, data, offset, size, **fields)).body)
    assert reply["file_name"] == name
    return reply["next_offset"], reply["complete"]


def asked(bank: RawBank, name: str, data: bytes) -> tuple[int, int]:
    """Ask where to go on, with an empty chunk."""
    return put_chunk(bank, name, data, 0, 0)


def put(bank: RawBank, name: str, data: bytes) -> None:
    """Put a whole file, from where the FEP wants it, until it is complete."""
    offset, complete = asked(bank, name, data)
    while not complete:
        offset, complete = put_chunk(bank, name, data, offset)
    assert offset == len(data)


def refused(bank: RawBank, name: str, data: bytes, code: str = "4002", **fields: Any) -> str:
    """Put a whole file whose last chunk must be refused with ``code``; return the message."""
    offset = 0
    while offset + CHUNK_BYTES < len(data):
        offset, _ = put_chunk(bank, name, data, offset, **fields)
    reply = ask(bank, FILE_PUT, chunk_body(name, data, offset, **fields), code)
    return reply.body.decode("gb18030").rstrip(" ")


def got(bank: RawBank, name: str) -> bytes:
    """Get a whole file; its digest must be the same in every reply, and right."""
    data, digests = b"", set()
    while True:
        body = FILE_GET_REQUEST.pack(file_name=name, offset=len(data))
        fields = CHUNK.unpack(ask(bank, FILE_GET, body).body)
        assert (fields["file_name"], fields["offset"]) == (name, len(data))
        assert not any(fields["chunk"][fields["chunk_size"] :])
        digests.add(fields["sha256"])
        if not fields["chunk_size"]:
            break
        data += fields["chunk"][: fields["chunk_size"]]
    assert fields["total_size"] == len(data)
    assert digests == {hashlib.sha256(data).digest()}
    return data


def listed(bank: RawBank, file_type: str = "00", day: date | None = None, page: int = 0) -> tuple[int, list[str]]:
    """List files; return how many there are in all, and the names on the page."""
    body = ask(bank, FILE_LIST, FILE_LIST_REQUEST.pack(file_type=file_type, date=day, page=page)).body
    assert len(body) == 1296
    head, rows = table(FILE_LIST_HEAD, FILE_LIST_ROW, body, "files_in_page")
    assert head["page"] == max(page, 1)
    return head["file_count"], [row["file_name"] for row in rows]
