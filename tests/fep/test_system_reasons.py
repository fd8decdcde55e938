"""What the operating system could not do, as operators are told."""

import errno
import os
from pathlib import Path

import pytest

from fep.files.folders import BankFolder
from fep.language import choose
from fep.system_reasons import os_reason_text


@pytest.mark.parametrize(("name", "words"), [("en", "No space left on device"), ("zh", "磁盘空间不足")])
def test_a_full_disk(name: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told with the file that was being written, in the user's language."""

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space") as raised:
        BankFolder(tmp_path / "0102").publish("DZR.txt", [b"x"])
    choose(name)
    try:
        text = os_reason_text(raised.value)
    finally:
        choose(None)
    assert text.startswith(str(tmp_path / "0102" / "part"))
    assert text.endswith(f": {words}")
    assert list((tmp_path / "0102" / "part").iterdir()) == []


def test_what_has_no_words_of_ours() -> None:
    """The system's own are better than none."""
    choose("zh")
    try:
        assert os_reason_text(OSError(errno.ELOOP, "Too many levels")) == "Too many levels"
        assert os_reason_text(OSError("odd")) == "odd"
    finally:
        choose(None)
