"""A file is used only as it stood when the bank said that it was complete."""

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from fep.config.settings import BankSettings
from fep.files import announcements
from fep.files.announcements import Announcement, Announcements, trouble_with
from fep.files.folders import BankFolder
from fep.files.pace import Interrupted, Pace
from handlers.errors import Refusal
from handlers.terms import BankTerms
from protocol.canonical.messages import Head
from protocol.dialects.registry import DIALECTS
from protocol.files.formats import FILE_FORMATS
from protocol.files.names import FileKind
from protocol.files.notices import FileNotice
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction
from tests.protocol.files.elec02_golden import DH, DZ, PREFIX
from tests.support.rim import settings_of

NOW = datetime(2026, 11, 22, 10, 0)  # noqa: DTZ001 - our wall clock
DETAIL, RESULT = f"{PREFIX}dz20261121.txt", f"{PREFIX}dh20261101.txt"
BANK = settings_of("0104", dialect=DIALECTS["elec02"], files=FILE_FORMATS["elec02"].of_bank("0104", PREFIX))
READY = FileNotice(DETAIL, FileKind.RECONCILE_DETAIL)


@pytest.fixture
def folder(tmp_path: Path) -> BankFolder:
    """The bank's folder, with a file of each kind that it sends."""
    folder = BankFolder(tmp_path / "0104")
    folder.incoming.mkdir(parents=True)
    (folder.incoming / DETAIL).write_bytes(DZ)
    (folder.incoming / RESULT).write_bytes(DH)
    return folder


def said(notice: FileNotice = READY, serial: str = "1", fep_serial: int = 7, content: str = "c") -> Announcement:
    head = Head("0104", "", "", date(2026, 11, 21), time(), 1, serial)
    return Announcement(notice, head, content, fep_serial, NOW)


def pace(*, is_ending: bool = False) -> Pace:
    return Pace(threading.Lock(), lambda: is_ending)


def note(folder: BankFolder, announcement: Announcement, bank: BankSettings = BANK) -> tuple[int | None, bool]:
    """Take a notice and return its number, and whether it is a repeat."""
    answer = Announcements(bank, folder, pace()).note(announcement)
    assert answer.code is ResponseCode.APPROVED
    return answer.fep_serial, answer.repeat


def trouble(folder: BankFolder, data: bytes = DZ, bank: BankSettings = BANK) -> str:
    found = trouble_with(bank, folder, DETAIL, sha256(data).hexdigest())
    return "" if found is None else found.en


def test_a_file_is_used_as_it_was_noted(folder: BankFolder) -> None:
    """Not before, not when it has been changed since, and again when the bank has said so again."""
    assert "has not said yet" in trouble(folder)
    assert note(folder, said()) == (7, False)
    assert trouble(folder) == ""
    changed = DZ.replace(b"A102", b"A103")
    assert "has been changed" in trouble(folder, changed)
    (folder.incoming / DETAIL).write_bytes(changed)
    assert note(folder, said(serial="2", fep_serial=8)) == (8, False)
    assert trouble(folder, changed) == ""
    assert "has been changed" in trouble(folder, DZ)


def test_a_repeat_gets_its_number(folder: BankFolder) -> None:
    """Whatever has been noted in between; and it notes nothing anew."""
    assert note(folder, said()) == (7, False)
    assert note(folder, said(serial="2", fep_serial=8)) == (8, False)
    assert note(folder, said(fep_serial=9)) == (7, True)
    with pytest.raises(Refusal) as caught:
        note(folder, said(fep_serial=9, content="another"))
    assert caught.value.response_code is ResponseCode.DUPLICATE_SERIAL


def test_banks_whose_files_need_no_notice(folder: BankFolder) -> None:
    """One whose format has none, and one for which the site has switched it off."""
    off = BankTerms("0104", transactions=BANK.terms.transactions - {Transaction.FILE_NOTICE})
    for bank in (settings_of("0102"), replace(BANK, terms=off)):
        assert trouble(folder, bank=bank) == ""


@pytest.mark.parametrize("bytes_at_once", [announcements.CHECKED_AT_ONCE_BYTES, 100])
def test_a_large_file_is_not_read_row_by_row(
    folder: BankFolder, monkeypatch: pytest.MonkeyPatch, bytes_at_once: int
) -> None:
    """Its digest is noted at once, its rows are checked by whoever uses it; a small one is refused by its line."""
    monkeypatch.setattr(announcements, "CHECKED_AT_ONCE_BYTES", bytes_at_once)
    (folder.incoming / DETAIL).write_bytes(DZ + b"x\n")
    if bytes_at_once == 100:
        assert note(folder, said()) == (7, False)
        assert trouble(folder, DZ + b"x\n") == ""
        return
    with pytest.raises(Refusal) as caught:
        note(folder, said())
    assert (caught.value.response_code, caught.value.detail) == (
        ResponseCode.FILE_CONTENT_WRONG,
        "第 6 行 长 1 字节, 应为 370 字节",
    )


def test_nothing_is_noted_when_the_daemon_ends(folder: BankFolder) -> None:
    """The bank is told to try again, and is heard then."""
    with pytest.raises(Interrupted):
        Announcements(BANK, folder, pace(is_ending=True)).note(said())
    assert note(folder, said(fep_serial=9)) == (9, False)


def _link(path: Path) -> None:
    path.symlink_to(path.with_name(RESULT))


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, _link])
def test_what_is_no_file(folder: BankFolder, make: Callable[[Path], None]) -> None:
    """A folder, a pipe or a link under the name is not the bank's file, and nothing is written for it."""
    (folder.incoming / DETAIL).unlink()
    make(folder.incoming / DETAIL)
    with pytest.raises(Refusal) as caught:
        note(folder, said())
    assert caught.value.response_code is ResponseCode.NO_SUCH_FILE
    assert not (folder.path / "announced").exists()


def test_two_daemons_at_once(folder: BankFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one reads a file the other tells the bank to try again; noted is the file once, under one number."""
    busy: list[ResponseCode] = []
    begun = threading.Event()
    check_file = announcements.check_file

    def while_it_is_read(*arguments: Any) -> Any:
        if not begun.is_set():
            begun.set()
            with pytest.raises(Refusal) as caught:
                note(folder, said(fep_serial=8))
            busy.append(caught.value.response_code)
        return check_file(*arguments)

    monkeypatch.setattr(announcements, "check_file", while_it_is_read)
    assert note(folder, said()) == (7, False)
    assert busy == [ResponseCode.BUSY]
    assert note(folder, said(fep_serial=8)) == (7, True)
    assert len((folder.path / "announced" / f"{DETAIL}.jsonl").read_text("ascii").splitlines()) == 1


def test_what_a_result_comes_to(folder: BankFolder) -> None:
    """Count and amount of the notice are held against the rows."""
    right = FileNotice(RESULT, FileKind.DEBIT_RESULT, 0, 1, 12_684)
    for wrong in (replace(right, debited_count=2), replace(right, debited_fen=0)):
        with pytest.raises(Refusal) as caught:
            note(folder, said(wrong))
        assert caught.value.response_code is ResponseCode.FILE_CONTENT_WRONG
    assert note(folder, said(right)) == (7, False)
