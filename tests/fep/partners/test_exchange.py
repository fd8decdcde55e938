"""One exchange with a bank, in memory: what it does at each moment that a socket hardly ever hits."""

from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import ITCPTransport
from twisted.python.failure import Failure

from fep.partners.errors import PartnerError, PartnerSilent, PartnerUnreachable, Reason
from fep.partners.exchange import PartnerExchange
from protocol.dialect import OwnReply
from protocol.framing import FrameReader
from protocol.lengths import DigitsLength
from tests.support.rim import FakeTransport

REQUEST = b"0000000003ask"
REPLY = b"0000000004done"
DEADLINE_S = 10.0


class Wired:
    """An exchange whose endpoint and transport are the test's."""

    def __init__(self) -> None:
        self.results: list[Any] = []
        self.closed = 0
        self.is_cancelled = False
        self.connecting: Deferred[Any] = Deferred(self.cancel)
        self.factory: Any = None
        self.transport = FakeTransport()
        reader = FrameReader(DigitsLength(10, 1, 100))
        self.sent = 0
        self.exchange = PartnerExchange("0401", REQUEST, reader, self.read, DEADLINE_S, self.send, self.close)
        self.exchange.reply.addBoth(self.results.append)
        self.exchange.connect(cast("Any", self))

    def connect(self, factory: Any) -> "Deferred[Any]":
        self.factory = factory
        return self.connecting

    def cancel(self, _connecting: "Deferred[Any]") -> None:
        self.is_cancelled = True

    def read(self, frame: bytes) -> OwnReply:
        return OwnReply(frame == b"done", frame.decode(), "")

    def send(self) -> None:
        assert self.transport.bytes_written, "told as sent before it was"
        self.sent += 1

    def close(self, exchange: PartnerExchange) -> None:
        assert exchange is self.exchange
        self.closed += 1

    def establish(self) -> None:
        """The connection is there."""
        assert self.factory.buildProtocol(None) is self.exchange
        self.exchange.makeConnection(cast("ITCPTransport", self.transport))

    def lose(self) -> None:
        """The connection is gone."""
        self.transport.is_lost = True
        self.exchange.connectionLost(Failure(ConnectionDone()))

    @property
    def error(self) -> PartnerError:
        [failure] = self.results
        error = failure.value
        assert isinstance(error, PartnerError)
        return error


@pytest.fixture
def wired() -> Wired:
    return Wired()


def test_the_request_leaves_in_one_write(wired: Wired) -> None:
    """At once, and without waiting for more to send."""
    wired.establish()
    assert wired.transport.take() == REQUEST
    assert wired.transport.has_no_delay
    assert wired.sent == 1


def test_what_comes_after_the_reply_is_not_read(wired: Wired) -> None:
    """A second reply, or anything else, in a packet of its own changes nothing; the connection is closed once."""
    wired.establish()
    wired.exchange.dataReceived(REPLY)
    wired.exchange.dataReceived(b"0000000003two")
    wired.exchange.dataReceived(b"no length at all")
    assert wired.results == [OwnReply(True, "done", "")]
    assert wired.exchange.is_over
    assert wired.transport.disconnecting
    wired.lose()
    assert wired.closed == 1


def test_a_connection_that_comes_too_late(wired: Wired) -> None:
    """What was given up as not sent is not sent after all, however late the system notices."""
    wired.exchange.check(DEADLINE_S)
    assert (type(wired.error), wired.error.reason) == (PartnerUnreachable, Reason.CONNECT_TIMED_OUT)
    wired.establish()
    assert wired.transport.take() == b""
    assert wired.transport.disconnected
    assert wired.sent == 0


def test_a_connecting_that_is_given_up_is_closed_once(wired: Wired) -> None:
    """The endpoint is told to let go; nothing is left, and the caller hears of it once."""
    wired.exchange.drain()
    assert wired.is_cancelled
    assert wired.error.reason is Reason.DRAINING
    assert wired.closed == 1
    wired.exchange.drain()
    assert (len(wired.results), wired.closed) == (1, 1)


def test_a_connection_that_does_not_end(wired: Wired) -> None:
    """A socket that lingers after the reply is cut off at the time limit; the reply stands."""
    wired.establish()
    wired.exchange.dataReceived(REPLY)
    wired.exchange.check(DEADLINE_S - 1)
    assert not wired.transport.disconnected
    wired.exchange.check(DEADLINE_S)
    assert wired.transport.disconnected
    assert wired.results == [OwnReply(True, "done", "")]


def test_draining_lets_what_was_sent_be_answered(wired: Wired) -> None:
    """The bank may be at it."""
    wired.establish()
    wired.exchange.drain()
    assert wired.results == []
    wired.lose()
    assert (type(wired.error), wired.error.reason) == (PartnerSilent, Reason.CUT_OFF)
