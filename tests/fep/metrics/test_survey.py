"""A survey looks at folders, key store and books, and raises nothing that a site may cause."""

import os
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from fep.config.settings import FileSettings
from fep.metrics.survey import BankFiles, survey

DOWN: Any = SimpleNamespace(is_up=False)
NOW = datetime(2026, 11, 22, 10)  # noqa: DTZ001 - naive Asia/Shanghai


@pytest.fixture
def settings(tmp_path) -> Any:
    keys = SimpleNamespace(store=tmp_path / "keys.store")
    return SimpleNamespace(files=FileSettings(tmp_path / "files"), banks={"0102": None, "0103": None}, keys=keys)


def test_files_and_key_store_are_seen(settings):
    """What a bank has sent, its bytes, and what it has begun; a bank without a folder has nothing."""
    for name, size in (("in/DZ010220261121.txt", 7), ("in/WT010220261121.txt", 5), ("part/DK", 3)):
        path = settings.files.directory / "0102" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    settings.keys.store.write_bytes(b"")
    os.utime(settings.keys.store, (5, 1000))
    found = survey(settings, [DOWN], NOW)
    assert found.files == {"0102": BankFiles(2, 12, 1), "0103": BankFiles(0, 0, 0)}
    assert found.key_store_changed_s == 1000


def test_what_cannot_be_seen_is_left_out(settings):
    """A key store that has gone and a database that is down are no errors here: they are told elsewhere."""
    found = survey(settings, [DOWN], NOW)
    assert (found.key_store_changed_s, found.books) == (None, {})
