"""Intake: what becomes of chunks in a bank's folder, alone and beside another daemon."""

import hashlib
import os

import pytest

from fep.files.digests import Digests
from fep.files.intake import CHECKED_AT_ONCE_BYTES, Intake, Unchecked
from fep.files.pace import Interrupted, Pace
from fep.files.parts import locked, part_name
from handlers.errors import Refusal
from handlers.file_put import FileQuotas
from protocol.files.formats import STANDARD
from protocol.files.transfer import FilePutReply
from protocol.response_codes import ResponseCode
from tests.fep.files.conftest import BANK, chunk
from tests.protocol.files.golden import DZ, WT
from tests.system.transfer import detail_file, detail_name

NAME = "DZ010220261121.txt"
DONE = FilePutReply(NAME, len(DZ), is_complete=True)


def part_of(data: bytes, name: str = NAME) -> str:
    """Return the name of a file's part."""
    return part_name(name, hashlib.sha256(data).digest())


def refusal(call, *arguments, **options) -> tuple[ResponseCode, str]:
    """Return code and Chinese words of a refusal."""
    with pytest.raises(Refusal) as refused:
        call(*arguments, **options)
    return refused.value.response_code, refused.value.detail


def test_a_file_comes_in(intake, folder, logs):
    """Piece by piece, then it is there under its own name and in the log."""
    assert intake.put(chunk(NAME, DZ, 0, 100)) == FilePutReply(NAME, 100, is_complete=False)
    assert (folder.partial / part_of(DZ)).read_bytes() == DZ[:100]
    assert intake.put(chunk(NAME, DZ, 100)) == DONE
    assert (folder.incoming / NAME).read_bytes() == DZ
    assert [(event["event"], event["file_name"], event["size"]) for event in logs] == [("file_received", NAME, len(DZ))]


@pytest.mark.parametrize(("name", "data"), [(NAME, DZ), ("WT010220261121.txt", WT)])
def test_kinds_of_files(intake, folder, name, data):
    """Each kind is read by its own layout."""
    assert intake.put(chunk(name, data, 0)).is_complete
    assert (folder.incoming / name).read_bytes() == data


def test_a_crash_between_the_last_byte_and_the_end(intake, folder):
    """A part that is whole is taken into use by whatever the bank sends next, even a chunk that is there already."""
    for asked in (chunk(NAME, DZ, 0, 0), chunk(NAME, DZ, 0, 10), chunk(NAME, DZ, 17, 5)):
        folder.make(folder.partial)
        (folder.partial / part_of(DZ)).write_bytes(DZ)
        assert intake.put(asked) == DONE
        assert list(folder.partial.iterdir()) == []
        (folder.incoming / NAME).unlink()


def test_a_crash_between_the_name_and_the_end_of_the_part(intake, folder):
    """The file has its name and its part's: the bank is told that it is complete, and nothing is written to it."""
    folder.make(folder.partial, folder.incoming)
    (folder.incoming / NAME).write_bytes(DZ)
    os.link(folder.incoming / NAME, folder.partial / part_of(DZ))
    assert intake.put(chunk(NAME, DZ, 0)) == DONE
    assert (folder.incoming / NAME).read_bytes() == DZ


def test_a_digest_that_was_computed_by_another_daemon(intake, folder, logs):
    """A file that came in elsewhere is known by its bytes; one of the same size and other bytes is another."""
    folder.make(folder.incoming)
    (folder.incoming / NAME).write_bytes(DZ)
    assert intake.put(chunk(NAME, DZ, 0)) == DONE
    other = DZ.replace(b"D", b"d")
    assert refusal(intake.put, chunk(NAME, other, 0)) == (ResponseCode.FILE_CONTENT_WRONG, "同名文件已接收, 内容不同")


def test_another_daemon_has_the_part(intake, folder, digests, pace, monkeypatch):
    """A small file is waited for, a tenth of a second; then the bank is told to try again."""
    monkeypatch.setattr("fep.files.intake.LOCK_INTERVAL_S", 0.0)
    with locked(folder, part_of(DZ)) as part:
        part.append(DZ[:50])
        second = Intake(BANK, folder, STANDARD, FileQuotas(1 << 20, 1 << 20, 3), digests, pace)
        assert refusal(second.put, chunk(NAME, DZ, 50))[0] is ResponseCode.BUSY
        assert part.size == 50
    assert intake.put(chunk(NAME, DZ, 50)) == DONE


def test_another_daemon_completes_it_meanwhile(intake, folder, monkeypatch):
    """While it is waited for, the file is completed: then it is complete."""
    with locked(folder, part_of(DZ)) as part:
        part.append(DZ)
        monkeypatch.setattr("fep.files.intake.time.sleep", lambda seconds: part.complete(folder.incoming / NAME))
        assert intake.put(chunk(NAME, DZ, 0)) == DONE


def test_another_daemon_checks_a_large_file(intake, folder):
    """That may take long: it is not waited for, and what has come is told."""
    data = detail_file(rows=8000)
    with locked(folder, part_of(data, detail_name())) as part:
        part.append(data)
        assert intake.put(chunk(detail_name(), data, 0, 0)) is Unchecked.ELSEWHERE


def test_another_daemon_took_another_file_into_use(intake, folder, monkeypatch):
    """Two files of one name end at the same moment: one comes in, the other is refused and thrown away."""
    check = Intake._check

    def overtaken(self: Intake, *arguments: object) -> None:
        check(self, *arguments)
        (folder.incoming / NAME).write_bytes(b"the other one")

    monkeypatch.setattr(Intake, "_check", overtaken)
    assert refusal(intake.put, chunk(NAME, DZ, 0)) == (ResponseCode.FILE_CONTENT_WRONG, "同名文件已接收, 内容不同")
    assert (folder.incoming / NAME).read_bytes() == b"the other one"
    assert list(folder.partial.iterdir()) == []


def test_a_large_file_is_checked_at_leisure(intake, folder):
    """Its last byte is written at once; it is taken into use by whoever has the time."""
    data = detail_file(rows=8000)
    assert len(data) > CHECKED_AT_ONCE_BYTES
    name = detail_name()
    folder.make(folder.partial)
    (folder.partial / part_of(data, name)).write_bytes(data[:-100])
    last = chunk(name, data, len(data) - 100)
    assert intake.put(last) is Unchecked.LARGE
    assert (folder.partial / part_of(data, name)).read_bytes() == data
    assert intake.put(last) is Unchecked.LARGE
    assert intake.put(last, at_leisure=True) == FilePutReply(name, len(data), is_complete=True)
    assert intake.put(last) == FilePutReply(name, len(data), is_complete=True)


def test_a_check_that_is_interrupted_loses_nothing(folder, pace):
    """The daemon ends while it checks: the part stays, and the next daemon checks it."""
    data, name, endings = detail_file(rows=8000), detail_name(), [False] * 3
    ending = Pace(pace._turn, lambda: not endings or endings.pop())
    quotas = FileQuotas(1 << 20, 1 << 20, 3)
    folder.make(folder.partial)
    (folder.partial / part_of(data, name)).write_bytes(data)
    with pytest.raises(Interrupted):
        Intake(BANK, folder, STANDARD, quotas, Digests(ending), ending).put(chunk(name, data, 0, 0), at_leisure=True)
    assert not pace._turn.locked()
    following = Intake(BANK, folder, STANDARD, quotas, Digests(pace), pace)
    assert following.put(chunk(name, data, 0, 0), at_leisure=True).is_complete


def test_a_refused_file_is_thrown_away(intake, folder, logs):
    """Line and reason in both languages: for the log, and for the bank; nothing of a row."""
    wrong = DZ.replace(b"2004", b"2009")
    wrong_crc = refusal(intake.put, chunk(NAME, wrong, 0))
    assert wrong_crc[0] is ResponseCode.FILE_CONTENT_WRONG
    assert wrong_crc[1].startswith("第 5 行 txn 交易码: ")
    assert refusal(intake.put, chunk(NAME, DZ, 0, sha256=bytes(32)))[1] == "SHA-256 不符"
    assert list(folder.partial.iterdir()) == list(folder.incoming.iterdir()) == []
    assert [(event["event"], event["response_code"]) for event in logs] == [("file_refused", "4002")] * 2
    assert logs[0]["reason"].startswith("line 5: txn: ")
    assert "0102000000000003" not in repr(logs)


def test_a_wrong_name_is_not_in_the_log(intake, logs):
    """Nothing that a stranger wrote into a field."""
    assert refusal(intake.put, chunk("../x", DZ, 0))[0] is ResponseCode.NO_SUCH_FILE
    assert logs == []


def test_quotas_count_what_stands(intake, folder, digests, pace):
    """Complete files and parts count, others' folders do not; what was begun may be finished."""
    folder.make(folder.incoming, folder.partial)
    tight = Intake(BANK, folder, STANDARD, FileQuotas(1 << 20, 1000, 3), digests, pace)
    (folder.incoming / "DZ010220261101.txt").write_bytes(bytes(1000 - len(DZ) - 100))
    (folder.partial / part_of(b"x", "DZ010220261102.txt")).write_bytes(bytes(100))
    assert tight.put(chunk(NAME, DZ, 0, 10)).next_offset == 10
    (folder.partial / part_of(b"x", "DZ010220261102.txt")).write_bytes(bytes(101))
    assert tight.put(chunk(NAME, DZ, 10, 10)).next_offset == 20
    (folder.partial / part_of(DZ)).unlink()
    assert refusal(tight.put, chunk(NAME, DZ, 0, 10)) == (ResponseCode.BUSY, "文件空间不足")
    assert not (folder.partial / part_of(DZ)).exists()
    assert tight.put(chunk(NAME, DZ, 0, 0)).next_offset == 0  # asking takes no space


def test_too_many_parts(intake, folder):
    """Three files may be begun; a fourth has to wait, the third may go on."""
    names = [f"DZ0102202611{day:02d}.txt" for day in (1, 2, 3, 4)]
    for name in names[:3]:
        assert intake.put(chunk(name, DZ, 0, 10)).next_offset == 10
    assert refusal(intake.put, chunk(names[3], DZ, 0, 10)) == (ResponseCode.BUSY, "未传完的文件已达 3 个")
    assert intake.put(chunk(names[2], DZ, 10, 10)).next_offset == 20


def test_other_parts_of_the_name_are_dropped(intake, folder):
    """Once a file is complete nothing else can come in under its name."""
    other = DZ + b"x"
    intake.put(chunk(NAME, other, 0, 10))
    intake.put(chunk("DZ010220261120.txt", DZ, 0, 10))
    assert intake.put(chunk(NAME, DZ, 0)) == DONE
    assert [path.name for path in folder.partial.iterdir()] == [part_of(DZ, "DZ010220261120.txt")]


def test_the_digest_of_a_file_that_came_in_is_known(intake, monkeypatch):
    """A bank that sends it again is answered without reading it."""
    intake.put(chunk(NAME, DZ, 0))
    monkeypatch.setattr(Digests, "compute", lambda self, chunks: 1 / 0)
    assert intake.put(chunk(NAME, DZ, 0)) == DONE


def test_a_file_under_another_days_name(intake):
    """What its name says must stand in its head."""
    assert refusal(intake.put, chunk("DZ010220261120.txt", DZ, 0)) == (
        ResponseCode.FILE_CONTENT_WRONG,
        "第 1 行 clearing_date 清算日期: 与预期不符",
    )
