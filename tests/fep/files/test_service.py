"""The service: the desk in the daemon, with real threads and the real way back into the event loop."""

import os
import time
from queue import Queue
from threading import Event, Lock, Thread, current_thread

import pytest

from fep.config.settings import FileSettings
from fep.files.folders import BankFolder
from fep.files.parts import part_name
from fep.files.service import FileService
from fep.files.work import FileWork
from protocol.canonical.messages import Answer
from tests.fep.files.conftest import BANK, chunk
from tests.protocol.files.golden import DZ
from tests.support.rim import settings_of
from tests.system.transfer import detail_file, detail_name

NAME = "DZ010220261121.txt"


class Loop:
    """An event loop whose rounds the test makes."""

    def __init__(self) -> None:
        self.calls: Queue = Queue()

    def callFromThread(self, function, *arguments) -> None:
        self.calls.put((function, arguments, current_thread()))

    def round(self) -> Thread:
        """Wait for one call from a thread and make it; return which thread it came from."""
        function, arguments, thread = self.calls.get(timeout=20)
        function(*arguments)
        return thread


@pytest.fixture
def loop():
    return Loop()


@pytest.fixture
def turn():
    return Lock()


@pytest.fixture
def service(tmp_path, loop, turn):
    """A service over an empty directory; its threads are the pool's."""
    service = FileService(FileSettings(tmp_path, part_age_max=3600.0), [BANK, "0103"], turn, loop, time.monotonic)
    service.start()
    yield service
    service.close()
    service._pool.stop()


def test_work_is_done_in_a_thread_and_answered_in_the_loop(service, loop, turn):
    """The answer comes in the loop's own thread, in its turn; the threads do not keep the process alive."""
    answers = []
    deadline_s = time.monotonic() + 10
    service.submit(
        FileWork(settings_of(BANK), chunk(NAME, DZ), deadline_s, lambda answer: answers.append((answer, turn.locked())))
    )
    assert answers == []
    thread = loop.round()
    [(answer, in_turn)] = answers
    assert isinstance(answer, Answer)
    assert answer.body.is_complete
    assert in_turn
    assert thread is not current_thread()
    assert thread.daemon


def test_a_large_file_is_checked_in_its_turn(service, loop, turn, tmp_path):
    """While somebody else has the turn the check waits, and the bank is told in time what has come."""
    data, name, answers = detail_file(rows=8000), detail_name(), []
    folder = BankFolder(tmp_path / BANK)
    folder.make(folder.partial)
    (folder.partial / part_name(name, chunk(name, data).sha256)).write_bytes(data)
    now = time.monotonic()
    service.submit(FileWork(settings_of(BANK), chunk(name, data, 0, 0), now + 10, answers.append))
    loop.round()
    with turn:
        service.check(now + 60)
        assert [answer.body.is_complete for answer in answers] == [False]
    service.submit(FileWork(settings_of(BANK), chunk(name, data, 0, 0), now + 10, answers.append))
    loop.round()
    assert (folder.incoming / name).read_bytes() == data


def test_old_parts_are_looked_for(service, loop, tmp_path, logs):
    """In all banks' folders."""
    paths = []
    for bank_code in (BANK, "0103"):
        folder = BankFolder(tmp_path / bank_code)
        folder.make(folder.partial)
        paths.append(folder.partial / part_name(NAME, bytes(32)))
        paths[-1].write_bytes(b"x")
    moment = time.time() - 3700
    os.utime(paths[0], (moment, moment))
    service.look_after()
    loop.round()
    assert [path.exists() for path in paths] == [False, True]
    assert [(event["event"], event["bank_code"], event["count"]) for event in logs] == [("parts_dropped", BANK, 1)]


def test_one_look_at_a_time(service, loop, monkeypatch):
    """A disk that hangs takes one thread, not one more every hour."""
    begun, go_on = Queue(), Event()
    monkeypatch.setattr("fep.files.service.drop_old_parts", lambda folder, before_s: begun.put(1) or go_on.wait(20) * 0)
    service.look_after()
    begun.get(timeout=20)
    service.look_after()
    go_on.set()
    loop.round()
    assert begun.qsize() == 1  # the first one's second bank
    service.look_after()
    loop.round()
    assert begun.qsize() == 3


def test_the_end_of_the_daemon_interrupts_a_check(service, loop, tmp_path):
    """It is answered 1011, and the part stays for the next daemon."""
    answers = []
    service.close()
    service.submit(FileWork(settings_of(BANK), chunk(NAME, DZ), time.monotonic() + 10, answers.append))
    loop.round()
    assert [answer.code.code for answer in answers] == ["1011"]
    assert [path.read_bytes() for path in (tmp_path / BANK / "part").iterdir()] == [DZ]


def test_a_folder_that_cannot_be_looked_at(service, loop, tmp_path, logs, monkeypatch):
    """It is logged, and the other banks' are looked at all the same; what nobody foresaw is logged too."""
    (tmp_path / BANK).write_bytes(b"")
    service.look_after()
    loop.round()
    assert [(event["event"], event["bank_code"]) for event in logs] == [("files_unavailable", BANK)]
    monkeypatch.setattr("fep.files.service.drop_old_parts", lambda folder, before_s: 1 / 0)
    service.look_after()
    loop.round()
    assert logs[-1]["event"] == "look_failed"
    assert isinstance(logs[-1]["error"], ZeroDivisionError)
