"""One TCP connection 连接: bytes in, frames out, flow control and time limits around a ``Link``.

Back pressure, in this order: a peer with too many requests in work, or too many replies not taken, is not read any
more; one that still takes nothing is cut off after ``write_timeout``. So a connection holds at most one chunk of unread
bytes, ``in_flight_max`` requests and their replies. There are no timers here: the listener calls ``check`` of every
connection a few times a second, which costs less than a timer that is reset by each frame.
"""

from collections.abc import Callable, Mapping

import structlog
from twisted.internet.interfaces import IHalfCloseableProtocol, IPushProducer
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.internet.protocol import connectionDone
from twisted.internet.tcp import Server
from twisted.python.failure import Failure
from zope.interface import implementer

from fep.links.bank import Bank
from fep.links.link import Link
from fep.links.route import Route
from fep.links.services import Services
from protocol.dialect import Dialect
from protocol.errors import LengthInvalid
from protocol.link import LinkEvent

HOLD_S = 1.0
"""How long a bank is not read on a link on which it goes on asking more than it may: all its links together are refused
some hundred times a second then. What a second lets it ask is saved up meanwhile, so it has all of its rate."""

_log = structlog.get_logger()


@implementer(IPushProducer, IHalfCloseableProtocol)
class Connection(TwistedProtocol):
    """The Twisted side of a link."""

    transport: Server  # what listenTCP gives; the base class promises less

    def __init__(
        self,
        services: Services,
        dialect: Dialect,
        banks: Mapping[str, Bank],
        route: Route,
        on_lost: Callable[["Connection"], None],
    ) -> None:
        self._services = services
        self._on_lost = on_lost
        self._reader = dialect.reader()
        self.link = Link(services, dialect, banks, route, self)
        self._is_open = True
        self._is_taking_frames = False
        self._is_read_paused = False
        self._is_waiting = False  # for its turn
        self._held_until_s = 0.0
        self._peer_half_closed = False
        self._write_paused_s: float | None = None
        self._frame_begun_s: float | None = None
        self._closing_s: float | None = None  # written to no more; since when

    # --- Twisted: reading

    def connectionMade(self) -> None:
        """Ask to be told when the peer does not take its replies."""
        self.transport.setTcpNoDelay(True)
        self.transport.registerProducer(self, True)

    def dataReceived(self, data: bytes) -> None:
        """Take what has arrived; after half-closing it is read and forgotten."""
        if self.link.is_closed or self._closing_s is not None:
            return
        with self._services.turn:
            self._reader.receive_data(data)
            if self._is_waiting or self._held_until_s:
                self._pause_or_resume()
            else:
                self._take_frames()

    def take_turn(self) -> None:
        """Take frames that had to wait for others'."""
        self._is_waiting = False
        with self._services.turn:
            self._take_frames()

    def _take_frames(self) -> None:
        """Hand complete frames to the link while it may take more."""
        if self._is_taking_frames:  # a request answered at once comes back here
            return
        self._is_taking_frames = True
        try:
            while self._may_take() and self._closing_s is None and self._is_its_turn():
                frame = self._reader.next_frame()
                if frame is None:
                    self._note_rest()
                    break
                self._frame_begun_s = None
                self._take(frame)
        except LengthInvalid as error:
            self._services.events["length_invalid"] += 1
            if self.link.bank is None:
                self._services.admission.failed(self.link.peer, self._services.clock.seconds())
            if self._services.notices.takes("length_invalid"):
                _log.warning("length_invalid", peer=str(self.link.peer), reason=str(error))
            self.link.report(LinkEvent.LENGTH_INVALID)
        finally:
            self._is_taking_frames = False
        if not self._is_waiting:  # else it is paused when more comes: most turns are over before that
            self._pause_or_resume()

    def _is_its_turn(self) -> bool:
        """Tell whether one more frame may be taken in this round; else ``take_turn`` will be called."""
        link, services = self.link, self._services
        if link.bank is not None:
            self._is_waiting = not services.turns.takes(link.bank, self)
        elif link.dialect.session.has_mac:
            self._is_waiting = not services.guests.takes(self)
        return not self._is_waiting

    def _take(self, frame: bytes) -> None:
        """Hand a frame to the link; its cost is counted until the bank has shown that it has its session keys."""
        link, services = self.link, self._services
        if link.bank is not None:
            services.turns.taken(link.bank)
            if link.machine.is_proven:
                link.frame_received(frame)
                return
        time = services.guests.time
        begun_s = time.seconds()
        link.frame_received(frame)
        if link.dialect.session.has_mac:
            time.spent(time.seconds() - begun_s)
        if link.bank is not None:
            services.guests.leave(self)

    def _may_take(self) -> bool:
        return (
            self._is_open
            and not self._held_until_s
            and not self.link.is_closed
            and self.link.in_flight < self._services.settings.link.in_flight_max
            and self._write_paused_s is None
        )

    def _note_rest(self) -> None:
        """Start the clock of a frame that has begun."""
        if not self._reader.mid_frame:
            self._frame_begun_s = None
        elif self._frame_begun_s is None:
            self._frame_begun_s = self._services.clock.seconds()

    def _pause_or_resume(self) -> None:
        """Read while frames may be taken; a closed link is read too, so that the peer sees an orderly end."""
        should_pause = (not self._may_take() or self._is_waiting) and not self.link.is_closed
        if should_pause == self._is_read_paused or not self._is_open or self.transport.disconnecting:
            return
        self._is_read_paused = should_pause
        if should_pause:
            self._frame_begun_s = None  # it is we who do not read
            self.transport.pauseProducing()
        else:
            self.transport.resumeProducing()

    def readConnectionLost(self) -> None:
        """The peer sends no more: answer what is in work, then close."""
        self._peer_half_closed = True
        if self._closing_s is None:
            self.link.peer_finished()
        else:
            self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Our own half-close is done."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget the connection; what is in work is finished without it."""
        self._is_open = False
        self._services.guests.leave(self)
        if self.link.bank is not None:
            self._services.turns.leave(self.link.bank, self)
        self.link.report(LinkEvent.CONNECTION_LOST)
        self._on_lost(self)

    # --- Twisted: the peer does not take its replies

    def pauseProducing(self) -> None:
        """Stop reading until the peer has taken its replies."""
        self._write_paused_s = self._services.clock.seconds()
        self._pause_or_resume()

    def resumeProducing(self) -> None:
        """Go on."""
        self._write_paused_s = None
        self._take_frames()

    def stopProducing(self) -> None:
        """Nothing is produced any more."""

    # --- Wire, for the link

    def send(self, data: bytes) -> None:
        """Write one whole frame; nothing is written once we are closing."""
        if self._is_open and self._closing_s is None:
            self.transport.write(data)

    def close(self) -> None:
        """Close after what has been written."""
        if self._begin_closing():
            self.transport.loseConnection()

    def close_gently(self) -> None:
        """Half-close, read on and drop for ``drain_timeout``, then close."""
        if not self._begin_closing():
            return
        if self._peer_half_closed:
            self.transport.loseConnection()
        else:
            self.transport.loseWriteConnection()
            self._pause_or_resume()

    def released(self) -> None:
        """One request less is in work; a paused peer is read again when half of them are."""
        if self._is_read_paused and self.link.in_flight <= self._services.settings.link.in_flight_max // 2:
            self._take_frames()

    def hold(self) -> None:
        """Read nothing for a moment: the bank asks more than it may."""
        self._held_until_s = self._services.clock.seconds() + HOLD_S

    def evict(self) -> None:
        """End at once, for another that has nobody signed in either and came later."""
        self._cut_off("evicted")

    def _begin_closing(self) -> bool:
        if not self._is_open or self._closing_s is not None:
            return False
        self._closing_s = self._services.clock.seconds()
        self.transport.unregisterProducer()
        return True

    # --- time limits

    def check(self, now: float) -> None:
        """Enforce the time limits at ``now`` (monotonic seconds)."""
        limits = self._services.settings.link
        if not self._is_open:
            return
        if self._held_until_s and now >= self._held_until_s:
            self._held_until_s = 0.0
            self.take_turn()
        if _is_over(self._closing_s, limits.drain_timeout, now):
            self._cut_off("closing")
        elif _is_over(self._write_paused_s, limits.write_timeout, now) and self._closing_s is None:
            self._cut_off("replies_not_taken")
        elif _is_over(self._frame_begun_s, limits.frame_timeout, now) and not self.link.is_closed:
            self._services.events["frame_timed_out"] += 1
            if self._services.notices.takes("frame_timed_out"):
                _log.info("frame_timed_out", peer=str(self.link.peer))
            self.link.report(LinkEvent.FRAME_TIMED_OUT)
        elif not self._is_read_paused or self.link.bank is None:  # sign-in has its limit whether we read or not
            self.link.check(now)

    def _cut_off(self, reason: str) -> None:
        self._services.events["connection_cut_off"] += 1
        if self._services.notices.takes("connection_cut_off", reason):
            _log.info("connection_cut_off", peer=str(self.link.peer), reason=reason)
        self._is_open = False  # the transport tells of its end a little later
        self.transport.abortConnection()


def _is_over(since_s: float | None, limit_s: float, now: float) -> bool:
    return since_s is not None and now - since_s >= limit_s
