"""FILE_PUT: from what stands of a file to what is done with a chunk."""

import pytest

from handlers.errors import Refusal
from handlers.file_put import (
    FileQuotas,
    Received,
    Step,
    Usage,
    check_size,
    counts_usage,
    name_of_put,
    next_step,
    repeated,
    wrong_content,
    wrong_digest,
)
from protocol.files.errors import Fault, FileInvalid
from protocol.files.formats import STANDARD
from protocol.files.names import FileKind
from protocol.files.transfer import FileChunk, FilePutReply
from protocol.response_codes import ResponseCode

NAME = "DZ010220261121.txt"
SHA256 = bytes(range(32))
QUOTAS = FileQuotas(file_size_max=1000, bank_size_max=5000, part_count_max=2)
MIB = 1 << 20


def chunk(offset: int = 0, size: int = 10, total: int = 100, name: str = NAME) -> FileChunk:
    return FileChunk(name, total, offset, SHA256, b"x" * size)


def refusal(call, *arguments) -> tuple[str, str]:
    """Return code and Chinese words of a refusal."""
    with pytest.raises(Refusal) as refused:
        call(*arguments)
    assert bool(refused.value.reason) is bool(refused.value.detail)
    return refused.value.response_code.code, refused.value.detail


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("DZ010220261121.txt", FileKind.RECONCILE_DETAIL),
        ("DKR010220261101.txt", FileKind.DEBIT_RESULT),
        ("WT010220261121.txt", FileKind.MANDATES),
    ],
)
def test_files_of_a_bank(name, kind):
    """Details, debit results and mandates."""
    assert name_of_put(chunk(name=name), "0102", STANDARD).kind is kind


@pytest.mark.parametrize(
    "name", ["", "DZ010320261121.txt", "DZR010220261121.txt", "DK010220261101.txt", "DZ0102.txt", "../in/x", "a" * 65]
)
def test_other_names(name):
    """What the FEP makes, what another bank has, and what is no name."""
    assert refusal(name_of_put, chunk(name=name), "0102", STANDARD) == ("4001", "")


@pytest.mark.parametrize(
    ("total", "said"), [(0, "第 1 行 文件为空"), (1001, "文件超过 1000 字节"), (1, None), (1000, None)]
)
def test_sizes(total, said):
    """What could not be taken at the last chunk is refused at the first."""
    body = chunk(size=0, total=total)
    if said is None:
        check_size(body, QUOTAS)
    else:
        assert refusal(check_size, body, QUOTAS) == ("4002", said)


def test_a_file_that_was_received_before():
    """The same size and digest: complete. Another: never replaced."""
    assert repeated(chunk(), Received(100, SHA256)) == FilePutReply(NAME, 100, is_complete=True)
    for other in (Received(99, SHA256), Received(100, bytes(32))):
        assert refusal(repeated, chunk(), other) == ("4002", "同名文件已接收, 内容不同")


@pytest.mark.parametrize(
    ("body", "part_size", "step"),
    [
        (chunk(0), 0, Step(True, 10)),
        (chunk(90), 90, Step(True, 100)),
        (chunk(0), 10, Step(False, 10)),
        (chunk(20), 10, Step(False, 10)),
        (chunk(5), 10, Step(False, 10)),
        (chunk(10, 0), 10, Step(False, 10)),
        (chunk(0, 0), 0, Step(False, 0)),
        (chunk(0), 100, Step(False, 100)),
    ],
)
def test_steps(body, part_size, step):
    """A chunk is written where it goes on; any other, and an empty one, learns where that is."""
    assert next_step(body, part_size, None, QUOTAS) == step


def test_a_total_that_shrinks():
    """More has come than the file is to have."""
    assert refusal(next_step, chunk(0), 101, None, QUOTAS) == ("4002", "total_size 小于先前所报")


@pytest.mark.parametrize(
    ("usage", "part_size", "said"),
    [
        (Usage(0, 1), 0, None),
        (Usage(0, 2), 0, "未传完的文件已达 2 个"),
        (Usage(0, 2), 10, None),
        (Usage(4900, 0), 0, None),
        (Usage(4901, 0), 0, "文件空间不足"),
        (Usage(4901, 0), 10, "文件空间不足"),
    ],
)
def test_quotas(usage, part_size, said):
    """The whole file must have room before its first byte is written; a file that is begun counts as one."""
    body = chunk(part_size)
    if said is None:
        assert next_step(body, part_size, usage, QUOTAS).is_written
    else:
        assert refusal(next_step, body, part_size, usage, QUOTAS) == ("1011", said)
    assert not next_step(chunk(part_size, 0), part_size, usage, QUOTAS).is_written  # asking is free


@pytest.mark.parametrize(
    ("part_size", "size", "counts"),
    [(0, 10, True), (0, 0, False), (10, 10, False), (MIB - 10, 10, True), (MIB - 10, 9, False), (MIB, 10, False)],
)
def test_when_usage_is_counted(part_size, size, counts):
    """At the first chunk and once a megabyte, for it takes a look at every file."""
    assert counts_usage(chunk(part_size, size, total=3 * MIB), part_size) is counts


def test_words():
    """A bank reads line and reason in Chinese, the log has them in English."""
    wrong = wrong_content(FileInvalid(Fault.ROW_COUNT, 1, 3, 4))
    assert (wrong.response_code, wrong.detail) == (ResponseCode.FILE_CONTENT_WRONG, "第 1 行 明细 3 行, 文件头为 4 行")
    assert wrong.reason == "line 1: 3 rows, the head says 4"
    assert (wrong_digest().response_code, wrong_digest().detail) == (ResponseCode.FILE_CONTENT_WRONG, "SHA-256 不符")
