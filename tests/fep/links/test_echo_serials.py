"""Numbers for requests of our own: drawn ahead, in blocks, without ever waiting for the database."""

from collections.abc import Callable, Sequence

import pytest
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from dbgate.errors import DatabaseUnavailable
from fep.links.echo_serials import BLOCK, EchoSerials


class Reactor(MemoryReactorClock):
    """A reactor whose thread pool does its work when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[Callable[[], None]] = []

    def getThreadPool(self) -> "Reactor":
        return self

    def callInThreadWithCallback(self, on_result, function, *args) -> None:
        def job() -> None:
            try:
                result = function(*args)
            except DatabaseUnavailable as error:
                on_result(False, Failure(error))
            else:
                on_result(True, result)

        self.jobs.append(job)

    def callFromThread(self, function, *args) -> None:
        function(*args)


class Database:
    """Gives blocks of numbers, or none while it is down."""

    def __init__(self) -> None:
        self.drawn = 0
        self.is_down = False

    def draw(self, count: int) -> Sequence[int]:
        if self.is_down:
            raise DatabaseUnavailable("down")
        self.drawn += count
        return range(self.drawn - count + 1, self.drawn + 1)


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def reactor() -> Reactor:
    return Reactor()


def test_the_first_block_is_there_at_once(database, reactor):
    """A daemon that starts has numbers before its first link, and asks for no more while half are left."""
    serials = EchoSerials(database.draw, reactor)
    serials.begin()
    assert [serials.draw() for _ in range(BLOCK // 2)] == list(range(1, BLOCK // 2 + 1))
    assert (database.drawn, reactor.jobs) == (BLOCK, [])


def test_the_next_block_is_drawn_when_half_is_used(database, reactor):
    """One drawing at a time, in another thread, and not a number is lost, doubled or late."""
    serials = EchoSerials(database.draw, reactor)
    serials.begin()
    numbers = [serials.draw() for _ in range(BLOCK)]
    assert len(reactor.jobs) == 1
    reactor.jobs.pop()()
    numbers += [serials.draw() for _ in range(BLOCK // 2 + 1)]

    assert numbers == list(range(1, BLOCK + BLOCK // 2 + 2))
    assert len(reactor.jobs) == 1


def test_a_database_that_is_down(database, reactor, logs):
    """The numbers that are left are used; then there is none until the database is back."""
    serials = EchoSerials(database.draw, reactor)
    serials.begin()
    database.is_down = True
    for _ in range(BLOCK // 2 + 1):
        serials.draw()
    reactor.jobs.pop()()
    assert [event["event"] for event in logs] == ["echo_serials_not_drawn"]
    for _ in range(BLOCK // 2 - 1):
        assert serials.draw() is not None
    assert serials.draw() is None

    reactor.jobs.pop()()
    database.is_down = False
    assert serials.draw() is None
    reactor.jobs.pop()()
    assert serials.draw() == BLOCK + 1
