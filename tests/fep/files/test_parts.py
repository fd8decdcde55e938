"""Parts: their length is the state, their lock is one writer's, and a complete file never replaces another."""

import fcntl
import os
import stat
from multiprocessing import get_context

import pytest

from fep.files.folders import BankFolder
from fep.files.parts import PartLocked, drop_old_parts, drop_other_parts, file_of_part, locked, part_name

NAME = "DZ010220261121.txt"
PART = part_name(NAME, bytes(range(32)))


@pytest.fixture
def folder(tmp_path):
    """The folder of a bank that has nothing yet."""
    return BankFolder(tmp_path / "files" / "0102")


def begun(folder: BankFolder, name: str = PART, data: bytes = b"begun", age_s: float = 0) -> None:
    """Write a part as a daemon before this one."""
    folder.make(folder.partial)
    (folder.partial / name).write_bytes(data)
    moment = (folder.partial / name).stat().st_mtime - age_s
    os.utime(folder.partial / name, (moment, moment))


def test_names_of_parts():
    """A part says of which file and of which digest it is; nothing else is one."""
    assert PART == NAME + ".000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f.part"
    assert file_of_part(PART) == NAME
    for name in (NAME, ".DZ.123", PART[:-1], PART.upper(), "." + PART, "a/" + PART):
        assert file_of_part(name) is None


def test_a_part_grows_and_is_found_again(folder):
    """What one process has written, the next one has."""
    with locked(folder, PART) as part:
        part.append(b"one")
        part.append(b"two")
        assert part.size == 6
    with locked(folder, PART) as part:
        assert (part.size, b"".join(part.chunks())) == (6, b"onetwo")
        assert list(part.chunks(4)) == [b"onet", b"wo"]
    assert stat.S_IMODE((folder.partial / PART).stat().st_mode) == 0o640


def test_an_empty_part_is_not_left(folder):
    """A bank that only asks leaves nothing behind."""
    with locked(folder, PART) as part:
        assert part.size == 0
    assert list(folder.partial.iterdir()) == []


def _hold(path: str, ready: object, release: object) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    ready.set()  # type: ignore[attr-defined]
    release.wait(20)  # type: ignore[attr-defined]


def test_another_process_has_it(folder):
    """A part is one writer's: another process is told how much there is, and is not held up."""
    begun(folder)
    context = get_context("spawn")
    ready, release = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(str(folder.partial / PART), ready, release))
    holder.start()
    try:
        assert ready.wait(20)
        with pytest.raises(PartLocked) as other, locked(folder, PART):
            pass
        assert other.value.size == 5
        assert drop_old_parts(folder, (folder.partial / PART).stat().st_mtime + 1) == 0
    finally:
        release.set()
        holder.join(20)
    with locked(folder, PART) as part:
        assert part.size == 5


def test_a_part_that_was_completed_between_opening_and_locking(folder, monkeypatch):
    """The other writer was faster by a moment: nothing is written into a file that is in use by now."""
    begun(folder)
    flock, calls = fcntl.flock, []

    def completed_meanwhile(descriptor: int, operation: int) -> None:
        if not calls:
            folder.make(folder.incoming)
            (folder.partial / PART).rename(folder.incoming / NAME)
        calls.append(descriptor)
        flock(descriptor, operation)

    monkeypatch.setattr("fep.files.parts.fcntl.flock", completed_meanwhile)
    with locked(folder, PART) as part:
        assert part.size == 0
        part.append(b"of another file")
    assert (folder.incoming / NAME).read_bytes() == b"begun"
    assert len(calls) == 2


def test_a_part_that_is_replaced_again_and_again(folder, monkeypatch):
    """After five times in a row somebody else works on it, whoever that is."""
    monkeypatch.setattr("fep.files.parts._is_ours", lambda path, descriptor: False)
    with pytest.raises(PartLocked), locked(folder, PART):
        pass


def test_no_descriptor_is_left_open(folder, monkeypatch):
    """Not when it is locked, nor when something goes wrong while it is ours."""
    before = len(os.listdir("/proc/self/fd"))
    with locked(folder, PART) as part:
        part.append(b"x")
    with pytest.raises(ZeroDivisionError), locked(folder, PART):
        raise ZeroDivisionError
    begun(folder, "pipe.txt", b"")
    (folder.partial / PART).unlink()
    os.mkfifo(folder.partial / PART)
    with pytest.raises(OSError, match="no regular file"), locked(folder, PART):
        pass
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_link_is_not_followed(folder, tmp_path):
    """Where a link stands in the part's place nothing is opened through it."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"as it was")
    folder.make(folder.partial)
    (folder.partial / PART).symlink_to(victim)
    with pytest.raises(OSError), locked(folder, PART):  # noqa: PT011 - ELOOP has no words of its own
        pass
    assert victim.read_bytes() == b"as it was"


def test_a_part_becomes_a_file(folder):
    """It stands under its own name, and no more as a part."""
    with locked(folder, PART) as part:
        part.append(b"all of it")
        state = part.complete(folder.incoming / NAME)
    assert (folder.incoming / NAME).read_bytes() == b"all of it"
    assert (folder.incoming / NAME).stat().st_ino == state.st_ino
    assert list(folder.partial.iterdir()) == []


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_what_stands_under_the_name_is_not_replaced(folder, kind, tmp_path):
    """Whatever it is: the part stays a part, and that stays as it is."""
    folder.make(folder.incoming)
    target = folder.incoming / NAME
    victim = tmp_path / "victim"
    victim.write_bytes(b"as it was")
    {
        "file": lambda: target.write_bytes(b"as it was"),
        "link": lambda: target.symlink_to(victim),
        "folder": target.mkdir,
    }[kind]()
    with locked(folder, PART) as part:
        part.append(b"other")
        with pytest.raises(FileExistsError):
            part.complete(target)
    assert (folder.partial / PART).read_bytes() == b"other"
    assert kind == "folder" or target.read_bytes() == b"as it was"


def test_a_disk_that_takes_half_of_a_chunk(folder, monkeypatch):
    """A short write is gone on with; one that fails leaves the bytes that were written, which are right ones."""
    pwrite = os.pwrite
    monkeypatch.setattr("fep.files.parts.os.pwrite", lambda fd, data, at: pwrite(fd, bytes(data[:3]), at))
    with locked(folder, PART) as part:
        part.append(b"0123456789")
        assert b"".join(part.chunks()) == b"0123456789"

    def full(descriptor: int, data: bytes, at: int) -> int:
        if at > 12:
            raise OSError(28, "No space left on device")
        return pwrite(descriptor, bytes(data[:3]), at)

    monkeypatch.setattr("fep.files.parts.os.pwrite", full)
    with pytest.raises(OSError, match="No space"), locked(folder, PART) as part:
        part.append(b"abcdefghij")
    with locked(folder, PART) as part:
        assert b"".join(part.chunks()) == b"0123456789abc"


def test_what_else_was_begun_under_a_name_is_dropped(folder):
    """A complete file has no use for parts of other digests; those of other files stay."""
    others = [part_name(NAME, bytes([n]) * 32) for n in range(3)]
    for name in (*others, part_name("WT010220261121.txt", bytes(32))):
        begun(folder, name)
    drop_other_parts(folder, NAME)
    assert [path.name for path in folder.partial.iterdir()] == [part_name("WT010220261121.txt", bytes(32))]


def test_old_parts_are_dropped(folder):
    """Those that have not grown for so long, and what a process that died while publishing has left; no others."""
    begun(folder, PART, age_s=100)
    begun(folder, part_name(NAME, bytes(32)), age_s=10)
    begun(folder, ".DZR010220261121.txt.123", age_s=100)
    begun(folder, "note.txt", age_s=100)
    (folder.partial / "link").symlink_to(folder.partial / PART)
    now = (folder.partial / part_name(NAME, bytes(32))).stat().st_mtime
    assert drop_old_parts(folder, now - 50) == 2
    assert sorted(path.name for path in folder.partial.iterdir()) == [part_name(NAME, bytes(32)), "link", "note.txt"]
    assert drop_old_parts(BankFolder(folder.path.parent / "0103"), now) == 0


def test_a_part_that_was_completed_and_begun_anew_before_it_was_locked(folder, monkeypatch):
    """What stands under the name is another part by now: that one is gone on with."""
    begun(folder)
    flock, calls = fcntl.flock, []

    def begun_anew_meanwhile(descriptor: int, operation: int) -> None:
        if not calls:
            (folder.partial / PART).rename(folder.path / "completed")
            begun(folder, data=b"anew")
        calls.append(descriptor)
        flock(descriptor, operation)

    monkeypatch.setattr("fep.files.parts.fcntl.flock", begun_anew_meanwhile)
    with locked(folder, PART) as part:
        part.append(b" and on")
    assert (folder.partial / PART).read_bytes() == b"anew and on"
    assert (folder.path / "completed").read_bytes() == b"begun"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_whoever_reads_files_reads_parts_too(folder, umask):
    """The group, whatever the umask of the daemon; nobody else."""
    before = os.umask(umask)
    try:
        with locked(folder, PART) as part:
            part.append(b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder.partial / PART).stat().st_mode) == 0o640


def test_a_file_is_on_the_disk_before_it_has_its_name(folder, monkeypatch):
    """Its bytes are flushed, then it is named, then the name is flushed: a power failure leaves all of it or none."""
    done = []
    fsync, link = os.fsync, os.link

    def flushed(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "bytes")
        fsync(descriptor)

    monkeypatch.setattr("fep.files.parts.os.fsync", flushed)
    monkeypatch.setattr(
        "fep.files.parts.os.link", lambda *paths, **options: done.append("name") or link(*paths, **options)
    )
    with locked(folder, PART) as part:
        part.append(b"x")
        part.complete(folder.incoming / NAME)
    assert done == ["bytes", "name", "folder"]
