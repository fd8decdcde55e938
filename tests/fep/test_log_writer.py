"""The log writer: whole lines in order, a stalled reader stalls nobody, drops are told."""

import errno
import json
import os
import threading
from io import StringIO
from pathlib import Path

import pytest

from fep import log_writer
from fep.log_writer import LogWriter


class Stalled(StringIO):
    """A stream whose reader takes nothing until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def write(self, text: str) -> int:
        self.begun.set()
        assert self.go_on.wait(10)
        return super().write(text)


class Broken(StringIO):
    """A stream whose reader has gone."""

    is_broken = True

    def write(self, text: str) -> int:
        if self.is_broken:
            raise BrokenPipeError
        return super().write(text)


def test_lines_come_out_whole_and_in_order() -> None:
    """Everything that was logged before the end is written, in its order."""
    stream = StringIO()
    writer = LogWriter(stream)
    lines = [f"line {number}\n" for number in range(1000)]
    for line in lines:
        writer.write(line)
    writer.flush()
    writer.close()
    assert stream.getvalue() == "".join(lines)


class Pieces(StringIO):
    """A stream that keeps what each write had."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def write(self, text: str) -> int:
        self.pieces.append(text)
        return len(text)


def test_a_pipe_takes_whole_lines_or_none() -> None:
    """What is written at once ends with a line and is no more than a pipe takes undivided, but for a longer line."""
    stream = Pieces()
    writer = LogWriter(stream)
    lines = ["x" * 99 + "\n"] * 100 + ["户" * 500 + "\n"] * 10 + ["y" * 9_999 + "\n"] + ["z" * 99 + "\n"] * 100
    for line in lines:
        writer.write(line)
    writer.close()

    assert "".join(stream.pieces) == "".join(lines)
    assert all(piece.endswith("\n") for piece in stream.pieces)
    assert [len(piece) for piece in stream.pieces if len(piece.encode()) > 4096] == [10_000]
    assert len(stream.pieces) < 20


def test_stalled_reader_costs_lines_and_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the reader takes nothing, lines above the bound are dropped, and their number is told afterwards."""
    monkeypatch.setattr(log_writer, "WAITING_CHARS_MAX", 20)
    stream = Stalled()
    writer = LogWriter(stream)
    writer.write("first\n")
    assert stream.begun.wait(10)
    for _ in range(5):
        writer.write("123456789\n")
    stream.go_on.set()
    writer.close()
    assert stream.getvalue().splitlines() == [
        "first",
        "123456789",
        "123456789",
        '{"event": "log_lines_dropped", "level": "warning", "count": 3}',
    ]


def test_reader_that_has_gone_raises_nowhere() -> None:
    """A broken pipe costs the lines, and the writer goes on."""
    writer = LogWriter(Broken())
    writer.write("lost\n")
    writer.close()
    writer.write("after the end\n")


def test_terminal_is_known() -> None:
    """Colours are for people: the writer says whether its stream is a terminal."""
    writer = LogWriter(StringIO())
    assert writer.isatty() is False
    writer.close()


def lines_of(path: Path) -> list[str]:
    """Return the whole lines of a log file."""
    return path.read_text(encoding="utf-8").splitlines()


def test_a_disk_that_is_full_costs_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be written waits, halves of lines too; once there is room the log says how long there was none."""
    monkeypatch.setattr(log_writer, "RETRY_S", 0.01)
    room = [1000]

    def write(descriptor: int, data: bytes) -> int:
        """Write as a disk does that fills up: a part at first, nothing then."""
        if not room[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = data[: room[0]]
        room[0] -= len(taken)
        return real_write(descriptor, taken)

    real_write = os.write
    troubles: list[str] = []
    changed = threading.Event()
    path = tmp_path / "log"
    lines = [f"line {number} 户\n" for number in range(300)]
    with path.open("w", encoding="utf-8") as stream:
        monkeypatch.setattr(log_writer.os, "write", write)
        writer = LogWriter(stream, lambda trouble: (troubles.append(trouble), changed.set()))
        for line in lines:
            writer.write(line)
        assert changed.wait(10)
        changed.clear()
        room[0] = 1_000_000
        assert changed.wait(10)
        writer.close()

    *written, last = lines_of(path)
    assert written == [line.rstrip("\n") for line in lines]
    told = json.loads(last)
    assert (told["event"], told["reason"]) == ("log_resumed", os.strerror(errno.ENOSPC))
    assert troubles == [os.strerror(errno.ENOSPC), ""]


def test_what_waits_is_tried_once_more_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that ends as soon as there is room again leaves no line behind."""
    monkeypatch.setattr(log_writer, "RETRY_S", 60.0)
    stream, troubled = Broken(), threading.Event()
    writer = LogWriter(stream, lambda _reason: troubled.set())
    writer.write("first\n")
    assert troubled.wait(10)
    writer.write("second\n")
    stream.is_broken = False
    writer.close()
    first, resumed, second = stream.getvalue().splitlines()
    assert (first, json.loads(resumed)["event"], second) == ("first", "log_resumed", "second")


def test_a_daemon_ends_although_its_log_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing tries once more and no longer."""
    monkeypatch.setattr(log_writer, "RETRY_S", 60.0)
    writer = LogWriter(Broken())
    writer.write("lost\n")
    writer.close()
    assert not writer._thread.is_alive()
