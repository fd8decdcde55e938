"""Folders: what counts as a file, and that a file is there whole or not at all."""

import os
import socket
import stat
from pathlib import Path

import pytest

from fep.files.folders import BankFolder, chunks_of, entries_of, open_regular
from protocol.files.errors import FileInvalid, FileNameInvalid
from protocol.files.names import file_name
from protocol.files.reading import check_file
from protocol.files.standard import RECONCILE_DETAIL

NAME = "DZR010220261121.txt"


@pytest.fixture
def folder(tmp_path):
    """The folder of a bank that has nothing yet."""
    return BankFolder(tmp_path / "files" / "0102")


def mode_of(path: Path) -> int:
    """Return the permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_file_is_published_whole(folder, umask):
    """It stands in out/ with all its bytes, readable by the group whatever the umask, and nothing is left beside it."""
    before = os.umask(umask)
    try:
        path = folder.publish(NAME, [b"one", b"", b"two"])
    finally:
        os.umask(before)
    assert path == folder.outgoing / NAME
    assert path.read_bytes() == b"onetwo"
    assert (mode_of(path), mode_of(path.parent), mode_of(folder.path)) == (0o640, 0o750, 0o750)
    assert mode_of(folder.path.parent) == 0o750
    assert list(folder.partial.iterdir()) == []
    with folder.open_published(NAME) as file:
        assert b"".join(chunks_of(file)) == b"onetwo"


def test_a_file_that_cannot_be_made_leaves_the_former_one(folder):
    """Rows that fail in the middle: what stood there still does, and no half of a file is left."""
    folder.publish(NAME, [b"former"])

    def broken():
        yield b"half"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        folder.publish(NAME, broken())
    assert (folder.outgoing / NAME).read_bytes() == b"former"
    assert list(folder.partial.iterdir()) == []
    folder.publish(NAME, [b"new"])
    assert (folder.outgoing / NAME).read_bytes() == b"new"


def test_what_a_crash_left_is_no_hindrance(folder):
    """A process of the same number had died while it published."""
    folder.publish(NAME, [b"x"])
    (folder.partial / f".{NAME}.{os.getpid()}").write_bytes(b"left")
    folder.publish(NAME, [b"y"])
    assert (folder.outgoing / NAME).read_bytes() == b"y"


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "/etc/passwd", ".hidden", "x" * 65, "a\0b", "a b", "户.txt"])
def test_names_that_lead_elsewhere(folder, name):
    """No path is made of a name that is none."""
    with pytest.raises(FileNameInvalid):
        folder.publish(name, [b""])
    for opened in (folder.open_received, folder.open_published):
        with pytest.raises(FileNameInvalid), opened(name):
            pass
    assert not folder.path.exists()


def strangers(folder: Path, target: Path) -> list[Path]:
    """Put all that is no regular file into a folder."""
    link, dangling, pipe, directory, inside = (folder / name for name in ("link", "dangling", "pipe", "dir", "dir/x"))
    link.symlink_to(target)
    dangling.symlink_to(folder / "nowhere")
    os.mkfifo(pipe)
    directory.mkdir()
    bound = folder / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(folder)  # the path of a socket may be 107 bytes long
        listener.bind(bound.name)
        os.chdir(here)
    return [link, dangling, pipe, directory, bound, inside / "y"]


def test_only_regular_files_are_opened_or_listed(tmp_path):
    """A link, a pipe, a folder, a socket: they are no files, and nobody waits at a pipe."""
    target = tmp_path / "target"
    target.write_bytes(b"secret")
    place = tmp_path / "in"
    place.mkdir()
    for stranger in strangers(place, target):
        with pytest.raises(FileNotFoundError), open_regular(stranger):
            pass
    (place / "file").write_bytes(b"12345")
    [entry] = entries_of(place)
    assert (entry.name, entry.size, entry.changed_s) == ("file", 5, (place / "file").stat().st_mtime)


def test_a_folder_that_is_not_there_is_empty(folder):
    """A bank that has never sent anything has no files; that is no error."""
    assert list(entries_of(folder.incoming)) == []
    with pytest.raises(FileNotFoundError), folder.open_received(NAME):
        pass


def test_a_file_is_read_twice(folder):
    """Chunks begin at the beginning each time."""
    folder.publish(NAME, [b"a" * (3 << 20)])
    with folder.open_published(NAME) as file:
        assert [len(chunk) for chunk in chunks_of(file)] == [1 << 20] * 3
        assert sum(len(chunk) for chunk in chunks_of(file)) == 3 << 20


def test_two_gigabytes_of_nothing_are_refused_at_once(folder):
    """A sparse file that somebody has put there by hand is refused in its first block, not read into memory."""
    folder.make(folder.incoming)
    name = "DZ010220261121.txt"
    with (folder.incoming / name).open("wb") as file:
        file.truncate(2 << 30)
    taken = []

    def counted(chunks):
        for chunk in chunks:
            taken.append(len(chunk))
            yield chunk

    with folder.open_received(name) as file, pytest.raises(FileInvalid) as refused:
        check_file(RECONCILE_DETAIL, counted(chunks_of(file)), file_name(name).expected)
    assert refused.value.line == 1
    assert sum(taken) == 1 << 20
