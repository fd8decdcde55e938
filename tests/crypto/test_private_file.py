"""Private files 私密文件."""

import fcntl
import os
from pathlib import Path

import pytest

from crypto.errors import FileFault
from crypto.private_file import (
    PrivateFileRefused,
    append_private,
    locked_directory,
    read_private,
    replace_private,
    write_new_private,
)


def refusal_of(path: Path, bytes_max: int = 100, *, guarded: bool = False) -> FileFault:
    with pytest.raises(PrivateFileRefused) as caught:
        read_private(path, bytes_max, guarded=guarded)
    return caught.value.fault


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    write_new_private(path, b"content")
    return path


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_private_modes_are_read(file: Path, mode: int) -> None:
    """Mode 0600 and stricter is read."""
    file.chmod(mode)

    assert read_private(file, 100) == b"content"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o602, 0o700, 0o610, 0o4600])
def test_other_modes_are_refused(file: Path, mode: int) -> None:
    """A file that others may read, write or execute is refused, and so is any other bit."""
    file.chmod(mode)

    assert refusal_of(file) is FileFault.MODE
    assert read_private(file, 100, guarded=True) == b"content"


def test_another_owner_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of another user is refused, though its mode is right."""
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)

    assert refusal_of(file) is FileFault.OWNER


def test_only_regular_files(tmp_path: Path) -> None:
    """A directory is refused, a missing file is said to be missing, and a named pipe does not hang the program."""
    os.mkfifo(tmp_path / "pipe", 0o600)

    assert refusal_of(tmp_path / "pipe") is FileFault.NOT_A_FILE
    assert refusal_of(tmp_path / "pipe", guarded=True) is FileFault.NOT_A_FILE
    assert refusal_of(tmp_path / "missing") is FileFault.MISSING
    assert refusal_of(tmp_path) is FileFault.UNREADABLE


def test_size_is_bounded(file: Path) -> None:
    """A file larger than it can be is refused, not read into memory."""
    assert read_private(file, 7) == b"content"
    assert refusal_of(file, 6) is FileFault.TOO_LARGE


def test_new_files_are_private_whatever_the_umask(tmp_path: Path) -> None:
    """A new file has mode 0600 and is never written over one that stands there."""
    former = os.umask(0o277)
    try:
        write_new_private(tmp_path / "new", b"1")
    finally:
        os.umask(former)

    assert (tmp_path / "new").stat().st_mode & 0o7777 == 0o600
    with pytest.raises(PrivateFileRefused) as caught:
        write_new_private(tmp_path / "new", b"2")
    assert caught.value.fault is FileFault.EXISTS
    assert (tmp_path / "new").read_bytes() == b"1"


def test_replacement_leaves_nothing_beside(file: Path) -> None:
    """Replacing swaps the whole content, keeps mode 0600, and clears away what a crash left."""
    beside = file.with_name(".secret.new")
    beside.write_bytes(b"left by a crash")
    with locked_directory(file.parent) as directory:
        replace_private(file, b"other", directory)

    assert read_private(file, 100) == b"other"
    assert [path.name for path in file.parent.iterdir()] == ["secret"]


def test_a_failed_replacement_leaves_the_old(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full, the old content stands and nothing lies beside it."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with locked_directory(file.parent) as directory, pytest.raises(PrivateFileRefused) as caught:
        replace_private(file, b"other", directory)

    assert caught.value.fault is FileFault.UNREADABLE
    assert caught.value.detail == "No space left on device"
    assert file.read_bytes() == b"content"
    assert [path.name for path in file.parent.iterdir()] == ["secret"]


def test_synced_before_it_is_renamed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The content reaches the disk before the name does, and the directory after it."""
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(descriptor: int) -> None:
        steps.append("sync " + Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        fsync(descriptor)

    def noted_replace(source: Path, target: Path) -> Path:
        steps.append(f"rename {source.name} {target.name}")
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    with locked_directory(file.parent) as directory:
        replace_private(file, b"other", directory)

    assert steps == ["sync .secret.new", "rename .secret.new secret", f"sync {file.parent.name}"]


def test_a_locked_directory_is_not_waited_for(file: Path) -> None:
    """While another command writes, this one says so at once."""
    descriptor = os.open(file.parent, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with pytest.raises(PrivateFileRefused) as busy, locked_directory(file.parent):
            pytest.fail("the lock was given twice")
        assert busy.value.fault is FileFault.CHANGED
    finally:
        os.close(descriptor)
    with locked_directory(file.parent):
        pass
    with pytest.raises(PrivateFileRefused) as missing, locked_directory(file.parent / "missing"):
        pytest.fail("locked what is not there")
    assert missing.value.fault is FileFault.MISSING


def test_lines_are_added_to_a_private_file_alone(tmp_path: Path) -> None:
    """Made 0600 whatever the umask, grown at its end; one that others may read is refused unchanged."""
    path = tmp_path / "journal"
    former = os.umask(0o277)
    try:
        append_private(path, b"one\n")
    finally:
        os.umask(former)
    append_private(path, b"two\n")
    assert path.read_bytes() == b"one\ntwo\n"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(PrivateFileRefused) as caught:
        append_private(path, b"three\n")
    assert caught.value.fault is FileFault.MODE
    assert path.read_bytes() == b"one\ntwo\n"
