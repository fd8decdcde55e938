"""The audit writer keeps what cannot be written, and says in the chain what it could not keep."""

import errno
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fep.audit import chain as chain_module
from fep.audit import writer as module
from fep.audit.chain import Chain, Sealed
from fep.audit.folders import chain_folders
from fep.audit.verifying import Verifier
from fep.audit.writer import AuditWriter, Preamble, SealOrder
from tests.fep.audit.chains import KEY, act, lines_of, money, verified_by_hand


@pytest.fixture
def sealed() -> list[Sealed]:
    return []


@pytest.fixture
def writer(tmp_path: Path, sealed: list[Sealed], monkeypatch: pytest.MonkeyPatch):
    """A writer of the chain daemon-1, which tries again at once."""
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    monkeypatch.setattr(module, "GATHER_S", 0.01)
    writer = AuditWriter(lambda: Chain.of_slot(tmp_path, "daemon"), lambda chain: chain.opened({}), sealed.append)
    yield writer
    writer.close()


def soon(condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def failing(monkeypatch: pytest.MonkeyPatch, error: OSError) -> Callable[[], None]:
    """Let all writes fail; return what ends that."""
    write, fails = chain_module.os.write, threading.Event()
    fails.set()

    def wrong(descriptor: int, content: bytes) -> int:
        if fails.is_set():
            raise error
        return write(descriptor, content)

    monkeypatch.setattr(chain_module.os, "write", wrong)
    return fails.clear


def test_entries_are_written_in_order(writer: AuditWriter, tmp_path: Path, sealed: list[Sealed]) -> None:
    """With seals where they were ordered, and one at the end."""
    writer.start()
    writer.note(money(1, 500))
    writer.note(SealOrder(KEY, "interval"))
    writer.note(Preamble(act("settings")))
    writer.note(SealOrder(KEY, "cut_off", [("0102", "20261122")]))
    writer.note(money(2, day="20261123"))
    writer.close(KEY)
    lines = verified_by_hand(tmp_path / "daemon-1")
    assert [(line["kind"], line.get("act") or line.get("reason")) for line in lines] == [
        ("file", None),
        ("opened", None),
        ("money", None),
        ("seal", "interval"),
        ("operator_act", "settings"),
        ("seal", "cut_off"),
        ("file", None),
        ("operator_act", "settings"),
        ("money", None),
        ("seal", "stop"),
    ]
    assert lines[5]["days"][0]["pay_fen"] == 500
    assert [seal.reason for seal in sealed] == ["interval", "cut_off", "stop"]
    assert [seal.place.line_no for seal in sealed] == [4, 6, 10]


def test_nothing_is_sealed_twice(writer: AuditWriter, sealed: list[Sealed]) -> None:
    """A chain that has not grown needs no other seal, and one without days that are over none of days."""
    writer.start()
    for reason in ("interval", "interval", "cut_off"):
        writer.note(SealOrder(KEY, reason))
    writer.close()
    assert [seal.reason for seal in sealed] == ["interval"]


def test_days_of_a_former_process(writer: AuditWriter, tmp_path: Path, sealed: list[Sealed]) -> None:
    """What it has left of days that are over is sealed as soon as the present dates are known."""
    former = Chain.of_slot(tmp_path, "daemon")
    former.append([money(1), money(2, bank_code="0103")])
    former.close()
    writer.start()
    writer.note(SealOrder(KEY, "cut_off", present={"0102": "20261123", "0103": "20261122"}))
    writer.close()
    assert [seal.days for seal in sealed] == [(("0102", "20261122"),)]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), OSError(errno.EROFS, "Read-only")])
def test_a_disk_that_takes_nothing(writer, tmp_path, monkeypatch, logs, error) -> None:
    """What happens meanwhile waits, is written when there is room, and nobody who tells waits."""
    ends = failing(monkeypatch, error)
    writer.start()
    for serial in range(10):
        writer.note(money(serial))
    soon(lambda: writer.state.failure)
    assert (writer.state.failure, writer.waiting_count) == (error.strerror, 10)
    ends()
    soon(lambda: not writer.state.failure)
    writer.close(KEY)
    assert [line["kind"] for line in verified_by_hand(tmp_path / "daemon-1")].count("money") == 10
    assert Verifier([KEY]).walk(tmp_path / "daemon-1").broken is None
    assert [event["event"] for event in logs].count("audit_not_written") == 1
    assert [event["event"] for event in logs].count("audit_writing_resumed") == 1


def test_lines_that_found_no_room(writer, tmp_path, monkeypatch) -> None:
    """They are counted, and the chain says how many are missing, and where."""
    monkeypatch.setattr(module, "WAITING_MAX", 5)
    ends = failing(monkeypatch, OSError(errno.ENOSPC, "No space left on device"))
    writer.start()
    for serial in range(12):
        writer.note(money(serial))
    assert writer.state.lost_count == 7
    ends()
    soon(lambda: not writer.waiting_count and not writer.state.failure)
    writer.note(money(99))
    writer.close(KEY)
    lines = verified_by_hand(tmp_path / "daemon-1")
    assert [line.get("count", line.get("fep_serial")) for line in lines if line["kind"] in {"money", "lost"}] == [
        *(f"{serial:012d}" for serial in range(5)),
        7,
        f"{99:012d}",
    ]
    walked = Verifier([KEY]).walk(tmp_path / "daemon-1")
    assert walked.broken is None
    assert any("7 lines could not be written" in notice.en for notice in walked.notices)


def test_a_directory_that_cannot_be_made(tmp_path, monkeypatch, sealed) -> None:
    """The daemon runs on; the chain is begun as soon as it can be."""
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    (tmp_path / "audit").write_text("a file in its place")
    writer = AuditWriter(lambda: Chain.of_slot(tmp_path / "audit", "daemon"), lambda chain: None, sealed.append)
    writer.start()
    writer.note(money(1))
    soon(lambda: writer.state.failure)
    (tmp_path / "audit").unlink()
    soon(lambda: writer.state.folder)
    writer.close(KEY)
    [folder] = chain_folders(tmp_path / "audit")
    assert json.loads(lines_of(folder)[1])["kind"] == "money"


def test_a_bug_costs_no_line(writer, tmp_path, monkeypatch, logs) -> None:
    """Whatever is raised in the thread, what waits is tried again."""
    append, calls = Chain.append, []

    def wrong(chain: Chain, entries: object) -> None:
        calls.append(entries)
        if len(calls) == 2:
            raise ZeroDivisionError
        append(chain, entries)

    monkeypatch.setattr(Chain, "append", wrong)
    writer.start()
    writer.note(money(1))
    soon(lambda: writer.state.line_count)
    writer.close(KEY)
    assert [line["kind"] for line in verified_by_hand(tmp_path / "daemon-1")].count("money") == 1
    assert "audit_not_written" in [event["event"] for event in logs]
