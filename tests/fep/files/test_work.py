"""File work: one request, and what each outcome is answered with."""

import pytest

from fep.config.settings import FileSettings
from fep.files.intake import Unchecked
from fep.files.pace import Pace
from fep.files.work import FileWork, FileWorker
from protocol.files.transfer import FileChunk, FileGetRequest, FileListReply, FileListRequest, FilePutReply
from protocol.response_codes import ResponseCode
from tests.fep.files.conftest import chunk
from tests.protocol.files.golden import DZ
from tests.support.rim import settings_of
from tests.system.transfer import detail_file, detail_name

NAME = "DZ010220261121.txt"


@pytest.fixture
def worker(tmp_path, pace):
    """A worker over an empty directory."""
    return FileWorker(FileSettings(tmp_path / "files"), pace)


def work_of(body) -> FileWork:
    """Return work of bank 0102."""
    return FileWork(settings_of("0102"), body, 0.0, lambda answer: None)


def test_a_file_goes_in_and_comes_out(worker, tmp_path):
    """Put, listed and got, in the bank's own folder."""
    assert worker(work_of(chunk(NAME, DZ))).body == FilePutReply(NAME, len(DZ), is_complete=True)
    assert (tmp_path / "files" / "0102" / "in" / NAME).read_bytes() == DZ
    listed = worker(work_of(FileListRequest(None, None, 1))).body
    assert isinstance(listed, FileListReply)
    assert [row.file_name for row in listed.rows] == [NAME]
    got = worker(work_of(FileGetRequest(NAME, 0))).body
    assert isinstance(got, FileChunk)
    assert got.chunk == DZ


def test_a_refusal_is_an_answer(worker):
    """With what the bank is told beside the code."""
    answer = worker(work_of(chunk(NAME, DZ.replace(b"T", b"t"))))
    assert (answer.code, answer.body) == (ResponseCode.FILE_CONTENT_WRONG, None)
    assert answer.detail.startswith("第 6 行 ")


def test_a_large_file_has_no_answer_yet(worker, tmp_path):
    """The last chunk of it says so, the check at leisure answers."""
    data, name = detail_file(rows=8000), detail_name()
    for offset in range(0, len(data) - 2048, 2048):
        assert worker(work_of(chunk(name, data, offset))).body.next_offset == offset + 2048
    last = work_of(chunk(name, data, offset + 2048))
    assert worker(last) is Unchecked.LARGE
    assert worker(last, at_leisure=True).body.is_complete


def test_the_daemon_ends(tmp_path, pace):
    """1011: the bank asks again."""
    worker = FileWorker(FileSettings(tmp_path / "files"), Pace(pace._turn, lambda: True))
    assert worker(work_of(chunk(NAME, DZ))).code is ResponseCode.BUSY


@pytest.mark.parametrize("body", [chunk(NAME, DZ), FileListRequest(None, None, 1), FileGetRequest(NAME, 0)])
def test_a_disk_that_fails(tmp_path, worker, body, logs):
    """9003, and a line in the log with the reason of the system."""
    (tmp_path / "files" / "0102").mkdir(parents=True)
    for name in ("in", "part"):
        (tmp_path / "files" / "0102" / name).write_bytes(b"")
    answer = worker(work_of(body))
    if isinstance(body, FileGetRequest):
        assert answer.code is ResponseCode.NO_SUCH_FILE
        return
    assert answer.code is ResponseCode.SYSTEM_MALFUNCTION
    assert [(event["event"], event["bank_code"], event["reason"]) for event in logs] == [
        ("files_unavailable", "0102", "Not a directory")
    ]
