"""Desk: lines of work, files that take long to check, and what a bank is told meanwhile. The threads are the test's."""

from dataclasses import dataclass, field

import pytest

from fep.files.desk import HELD_S, THREADS, WAITING_MAX, FileDesk
from fep.files.intake import Unchecked
from fep.files.work import FileWork
from protocol.canonical.messages import Answer
from protocol.files.transfer import FileChunk, FileGetRequest, FileListRequest, FilePutReply
from protocol.response_codes import ResponseCode
from tests.support.rim import settings_of

BANKS = {code: settings_of(code) for code in ("0102", "0103")}
NAME = "DZ010220261121.txt"
WRONG = Answer(ResponseCode.FILE_CONTENT_WRONG, detail="第 3 行")
DONE = Answer(ResponseCode.APPROVED, FilePutReply(NAME, 100, is_complete=True))
ALL_RECEIVED = Answer(ResponseCode.APPROVED, FilePutReply(NAME, 100, is_complete=False))
BUSY = Answer(ResponseCode.BUSY)


@dataclass
class Office:
    """A desk whose threads end when the test says so."""

    now: float = 1000.0
    begun: list = field(default_factory=list)
    answers: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.desk = FileDesk(self._worker, self._in_thread, lambda: self.now)

    def _worker(self, work, *, at_leisure=False):
        return work, at_leisure

    def _in_thread(self, function, done) -> None:
        work, at_leisure = function()
        self.begun.append((work, at_leisure, done))

    def ask(self, label, body, bank_code="0102", wait_s=10.0) -> FileWork:
        """Submit work; its answer is kept under ``label``."""
        work = FileWork(BANKS[bank_code], body, self.now + wait_s, lambda answer: self._answered(label, answer))
        self.desk.submit(work)
        return work

    def _answered(self, label, answer) -> None:
        assert label not in self.answers, "answered twice"
        self.answers[label] = answer

    def end(self, work, result, *, at_leisure=False) -> None:
        """Let the thread that does ``work`` end with a result."""
        [each] = [each for each in self.begun if each[0] is work and each[1] is at_leisure]
        self.begun.remove(each)
        each[2](result)

    def running(self, *, at_leisure=False) -> list[FileWork]:
        """Return what threads are doing."""
        return [work for work, leisure, _ in self.begun if leisure is at_leisure]

    def pass_time(self, seconds: float) -> None:
        """Let time pass and the desk look at it."""
        self.now += seconds
        self.desk.check(self.now)


@pytest.fixture
def office():
    return Office()


def put(offset=0, name=NAME, sha256=bytes(32), total=100, data=b"x") -> FileChunk:
    """Return a chunk."""
    return FileChunk(name, total, offset, sha256, data)


def test_two_threads_and_a_line_for_each_file(office):
    """Chunks of one file go one after the other, those of others beside them, as far as there are threads."""
    first, second = office.ask(1, put(0)), office.ask(2, put(1))
    other, third = office.ask(3, put(0, "WT010220261121.txt")), office.ask(4, put(0, "DZ010220261120.txt"))
    assert office.running() == [first, other]
    assert THREADS == 2
    office.end(first, DONE)
    assert office.answers == {1: DONE}
    assert office.running() == [other, third]  # the line that waited for longest, then the first one again
    office.end(third, BUSY)
    assert office.running() == [other, second]
    office.end(other, DONE)
    office.end(second, ZeroDivisionError())
    assert isinstance(office.answers[2], ZeroDivisionError)
    assert office.desk._lines == {}
    assert office.desk._waiting == {}


def test_the_same_name_at_two_banks(office):
    """Lines are a bank's own, for files and for lists."""
    bodies = [put(), put(), FileListRequest(None, None, 1), FileListRequest(None, None, 1)]
    for label, (body, bank) in enumerate(zip(bodies, ["0102", "0103"] * 2, strict=True)):
        office.ask(label, body, bank)
    assert [work.bank.bank_code for work in office.running()] == ["0102", "0103"]


def test_one_bank_fills_its_own_lines_only(office):
    """Above the bound a bank is busy at once; another bank's work is taken."""
    office.ask("running", put())
    office.ask("other", put(), "0103")
    for number in range(WAITING_MAX):
        office.ask(number, put())
    assert office.answers == {}
    office.ask("too many", put())
    office.ask("other waits", FileGetRequest("DZR010320261121.txt", 0), "0103")
    assert office.answers == {"too many": BUSY}
    office.end(office.running()[0], DONE)
    office.end(office.running()[0], DONE)
    office.ask("again", put())
    assert "again" not in office.answers


def test_what_is_too_late_is_not_begun(office):
    """The bank has its answer by then: at its deadline work that waits is dropped."""
    works = [office.ask(number, put(), wait_s=5) for number in range(3)]
    office.ask("later", put(), wait_s=6)
    office.now += 5
    office.end(works[0], DONE)
    assert [office.answers[number] for number in range(3)] == [DONE, BUSY, BUSY]
    assert len(office.running()) == 1


def test_what_may_have_been_done(office):
    """A put that a thread has begun may be stored; one that waits is not, and reading stores nothing."""
    works = [office.ask(1, put()), office.ask(2, FileGetRequest(NAME, 0)), office.ask(3, put())]
    assert [work.fate.may_be_stored for work in works] == [True, False, False]


# --- large files


def large(office: Office, label: object = "last") -> FileWork:
    """Put the last chunk of a large file."""
    work = office.ask(label, put(99))
    office.end(work, Unchecked.LARGE)
    assert label not in office.answers
    return work


def test_a_large_file_is_checked_apart(office):
    """The bank is answered when it is complete, within two seconds; meanwhile chunks go on."""
    work = large(office)
    assert office.running(at_leisure=True) == [work]
    other = office.ask("other", put(0, "WT010220261121.txt"))
    office.end(other, DONE)
    office.pass_time(HELD_S - 0.1)
    assert office.answers == {"other": DONE}
    office.end(work, DONE, at_leisure=True)
    assert office.answers["last"] == DONE
    office.pass_time(HELD_S)


def test_a_check_that_takes_longer(office):
    """After two seconds the bank hears that all has come; it asks, and waits again, until it is complete."""
    work = large(office)
    office.pass_time(HELD_S)
    assert office.answers == {"last": ALL_RECEIVED}
    office.ask("asked", put(100, data=b""))
    office.ask("from the start", put(0))
    office.pass_time(HELD_S / 2)
    assert len(office.answers) == 1
    office.end(work, DONE, at_leisure=True)
    assert office.answers["asked"] == office.answers["from the start"] == DONE


@pytest.mark.parametrize("result", [WRONG, DONE])
def test_nobody_waits_when_it_ends(office, result):
    """A refusal is kept for the bank's next request, once; what is complete stands in the folder for all to see."""
    work = large(office)
    office.pass_time(HELD_S)
    office.end(work, result, at_leisure=True)
    asked = office.ask("asked", put(100, data=b""))
    if result is WRONG:
        assert office.answers["asked"] == WRONG
        office.ask("again", put(0))
        assert "again" not in office.answers
    else:
        assert office.running() == [asked]


def test_refusals_that_nobody_asks_for_are_forgotten(office, monkeypatch):
    """Memory is bounded; the bank sends the file once more and hears it then."""
    monkeypatch.setattr("fep.files.desk._VERDICTS_MAX", 2)
    for number in range(3):
        work = office.ask(number, put(99, sha256=bytes([number]) * 32))
        office.end(work, Unchecked.LARGE)
        office.pass_time(HELD_S)
        office.end(work, WRONG, at_leisure=True)
    office.ask("last", put(0, sha256=bytes([2]) * 32))
    office.ask("first", put(0, sha256=bytes([0]) * 32))
    assert "first" not in office.answers
    assert office.answers["last"] == WRONG


def test_one_large_file_at_a_time(office):
    """The second is checked when the first is done; another digest or size under its name is another file."""
    first = large(office, "first")
    second = office.ask("second", put(99, sha256=b"2" * 32))
    office.end(second, Unchecked.LARGE)
    other = office.ask("other size", put(99, total=101))
    assert office.running() == [other]
    assert office.running(at_leisure=True) == [first]
    office.end(first, WRONG, at_leisure=True)
    assert office.answers == {"first": WRONG}
    assert office.running(at_leisure=True) == [second]


def test_another_daemon_checks_it(office):
    """The bank hears after two seconds that all has come, so that it does not ask without a pause."""
    work = office.ask("last", put(99))
    office.end(work, Unchecked.ELSEWHERE)
    assert office.running(at_leisure=True) == []
    office.pass_time(HELD_S - 0.1)
    assert office.answers == {}
    office.pass_time(0.1)
    assert office.answers == {"last": ALL_RECEIVED}


def test_another_daemon_was_faster(office):
    """Between the last chunk and the check another one took the file up: that much is true."""
    work = large(office)
    office.end(work, Unchecked.ELSEWHERE, at_leisure=True)
    assert office.answers == {"last": ALL_RECEIVED}


def test_the_deadline_is_kept(office):
    """Where db_timeout is short the bank is not held until it has passed."""
    work = office.ask("last", put(99), wait_s=1)
    office.end(work, Unchecked.LARGE)
    office.pass_time(0.5)
    assert office.answers == {"last": ALL_RECEIVED}


def test_a_check_that_fails(office):
    """A bug of ours reaches whoever waits, and the next file is checked."""
    work = large(office)
    office.end(work, ZeroDivisionError(), at_leisure=True)
    assert isinstance(office.answers["last"], ZeroDivisionError)
    assert large(office, "again") in office.running(at_leisure=True)


def test_a_reply_that_cannot_be_built_holds_nobody_up(office, logs):
    """The others are answered, the line goes on, and the log says what went wrong."""
    broken = FileWork(BANKS["0102"], put(), office.now + 10, lambda answer: 1 / 0)
    office.desk.submit(broken)
    following = office.ask("following", put(1))
    office.end(broken, DONE)
    assert office.running() == [following]
    office.end(following, Unchecked.LARGE)
    held = FileWork(BANKS["0102"], put(99), office.now + 10, lambda answer: 1 / 0)
    office.desk.submit(held)
    office.end(following, DONE, at_leisure=True)
    assert office.answers == {"following": DONE}
    assert [event["event"] for event in logs] == ["reply_failed"] * 2
