"""Shelf: what a bank reads and what it sees in the list."""

import hashlib
import os
from datetime import date

import pytest

from fep.files.shelf import Shelf
from handlers.errors import Refusal
from protocol.files.formats import STANDARD
from protocol.files.names import FileKind
from protocol.files.transfer import FileChunk, FileGetRequest, FileListRequest, FileRow
from protocol.response_codes import ResponseCode
from tests.fep.files.conftest import BANK

RESULT, SENT, LIST = "DZR010220261121.txt", "DZ010220261121.txt", "DK010220261101.txt"


@pytest.fixture
def shelf(folder, digests):
    """The shelf of a bank with a file of each side."""
    folder.publish(RESULT, [b"r" * 5000])
    folder.make(folder.incoming)
    (folder.incoming / SENT).write_bytes(b"s" * 10)
    return Shelf(BANK, folder, STANDARD, digests)


def code_of(shelf: Shelf, name: str, offset: int = 0) -> ResponseCode:
    """Return why a file cannot be read."""
    with pytest.raises(Refusal) as refused:
        shelf.get(FileGetRequest(name, offset))
    return refused.value.response_code


def test_pieces(shelf):
    """As much as a chunk holds, the rest, and at the end nothing; the digest is always of the whole."""
    digest = hashlib.sha256(b"r" * 5000).digest()
    for offset, size in ((0, 2048), (2048, 2048), (4096, 904), (4999, 1), (5000, 0)):
        assert shelf.get(FileGetRequest(RESULT, offset)) == FileChunk(RESULT, 5000, offset, digest, b"r" * size)
    assert code_of(shelf, RESULT, 5001) is ResponseCode.FORMAT_ERROR


def test_its_own_files(shelf):
    """A bank may read what it has sent, for an auditor of its own."""
    assert shelf.get(FileGetRequest(SENT, 0)).chunk == b"s" * 10


@pytest.mark.parametrize("name", ["", "..", "../in/x", "DZR010320261121.txt", "DZR010220261120.txt", "x.txt"])
def test_no_such_file(shelf, name):
    """Other names, other banks and other days are the same: no such file."""
    assert code_of(shelf, name) is ResponseCode.NO_SUCH_FILE


def test_a_file_is_where_its_kind_belongs(shelf, folder):
    """A list for the bank that stands among what it has sent does not exist, and the other way round."""
    (folder.incoming / LIST).write_bytes(b"x")
    folder.publish("DZ010220261120.txt", [b"x"])
    assert code_of(shelf, LIST) is code_of(shelf, "DZ010220261120.txt") is ResponseCode.NO_SUCH_FILE
    assert {row.file_name for row in shelf.list(FileListRequest(None, None, 1)).rows} == {RESULT, SENT}


def test_a_file_whose_size_cannot_be_said(shelf, folder):
    """Four gigabytes and more: refused, and listed with the largest size there is a number for."""
    with (folder.outgoing / RESULT).open("wb") as file:
        file.truncate(1 << 32)
    assert code_of(shelf, RESULT) is ResponseCode.FILE_CONTENT_WRONG


def test_rows(shelf, folder):
    """Name, size, kind and day; the day of a monthly file is that of its last change, in China."""
    folder.publish(LIST, [b"x"])
    os.utime(folder.outgoing / LIST, (1_793_463_000, 1_793_463_000))  # 2026-10-31 16:50 UTC, 00:50 on the 1st in China
    assert shelf.list(FileListRequest(None, None, 2)).page == 2
    assert shelf.list(FileListRequest(None, None, 1)).rows == (
        FileRow(SENT, 10, FileKind.RECONCILE_DETAIL, date(2026, 11, 21)),
        FileRow(RESULT, 5000, FileKind.RECONCILE_RESULT, date(2026, 11, 21)),
        FileRow(LIST, 1, FileKind.DEBIT_LIST, date(2026, 11, 1)),
    )


def test_a_bank_without_files(tmp_path, digests):
    """A folder that is not there yet is an empty one."""
    from fep.files.folders import BankFolder

    shelf = Shelf(BANK, BankFolder(tmp_path / "none"), STANDARD, digests)
    assert shelf.list(FileListRequest(None, None, 1)).rows == ()
    assert code_of(shelf, RESULT) is ResponseCode.NO_SUCH_FILE
