"""Digests: computed once for as long as a file stays as it is."""

import hashlib
import os
from threading import Lock

import pytest

from fep.files import digests as module
from fep.files.digests import Digests
from fep.files.pace import Interrupted, Pace


@pytest.fixture
def computed(monkeypatch):
    """How often a digest was computed."""
    calls = []
    compute = Digests.compute
    monkeypatch.setattr(Digests, "compute", lambda self, chunks: calls.append(1) or compute(self, chunks))
    return calls


def test_once_for_each_version(tmp_path, digests, computed):
    """A second look at the same file computes nothing; a new size, time or file is computed anew."""
    path = tmp_path / "file"
    path.write_bytes(b"one")
    with path.open("rb") as file:
        assert digests.of(file) == digests.of(file) == hashlib.sha256(b"one").digest()
    assert len(computed) == 1
    path.write_bytes(b"two")
    os.utime(path, ns=(1, 1))
    with path.open("rb") as file:
        assert digests.of(file) == hashlib.sha256(b"two").digest()
    (tmp_path / "new").write_bytes(b"new")
    os.utime(tmp_path / "new", ns=(1, 1))
    (tmp_path / "new").replace(path)
    with path.open("rb") as file:
        assert digests.of(file) == hashlib.sha256(b"new").digest()
    assert len(computed) == 3


def test_what_is_known_already(tmp_path, digests, computed):
    """A file that was just received is not read once more."""
    path = tmp_path / "file"
    path.write_bytes(b"one")
    digests.remember(path.stat(), b"known")
    with path.open("rb") as file:
        assert digests.of(file) == b"known"
    assert computed == []


def test_a_file_that_changes_while_it_is_read(tmp_path, digests, monkeypatch, computed):
    """Its digest is given, but not kept."""
    path = tmp_path / "file"
    path.write_bytes(b"one")
    chunks_of = module.chunks_of

    def changing(file):
        yield from chunks_of(file)
        os.utime(path, ns=(1, 1))

    monkeypatch.setattr(module, "chunks_of", changing)
    with path.open("rb") as file:
        digests.of(file)
        os.utime(path, ns=(2, 2))
        monkeypatch.undo()
        assert digests.of(file) == hashlib.sha256(b"one").digest()
    assert not digests._known.keys() & {(0, 0, 0, 0)}
    assert len(digests._known) == 1


def test_memory_is_bounded(tmp_path, digests, monkeypatch, computed):
    """The file that was not asked for longest is forgotten."""
    monkeypatch.setattr(module, "_REMEMBERED_MAX", 2)
    paths = [tmp_path / name for name in "abc"]
    for path in paths:
        path.write_bytes(path.name.encode())
    for index in (0, 1, 0, 2, 0, 1):
        with paths[index].open("rb") as file:
            digests.of(file)
    assert len(computed) == 4  # a, b, c, and b again


def test_the_daemon_ends(tmp_path):
    """Hashing stops within a megabyte."""
    path = tmp_path / "file"
    path.write_bytes(b"x")
    with path.open("rb") as file, pytest.raises(Interrupted):
        Digests(Pace(Lock(), lambda: True)).of(file)
