"""One exchange with a partner 与对端的一次收发: a connection that the FEP opens, one request, one reply, the end.

    CONNECTING --connected, the request is written--> ASKED --a reply, or none that counts--> OVER
    CONNECTING --not connected, or not in time----------------------------------------------> OVER

What certainly happened follows from the state: until ASKED nothing, from then on only the reply tells.
"""

from collections.abc import Callable
from enum import Enum, auto

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IProtocol, IStreamClientEndpoint, ITCPTransport
from twisted.internet.protocol import Factory, connectionDone
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.python.failure import Failure

from fep.partners.errors import PartnerError, PartnerSilent, PartnerUnreachable, Reason
from protocol.dialect import OwnReply
from protocol.errors import RemoteProtocolError
from protocol.framing import FrameReader

_log = structlog.get_logger()


class ExchangeState(Enum):
    """How far an exchange is."""

    CONNECTING = auto()
    ASKED = auto()
    OVER = auto()


class PartnerExchange(TwistedProtocol):
    """The connection of one exchange.

    Args:
        bank_code: for the log.
        frame: the request, length field included; it leaves in one write.
        reader: a new frame reader, which bounds what is kept of a reply.
        read_reply: reads the reply's frame; RemoteProtocolError when it is none to this request.
        deadline_s: when it must be over, connecting included, on the clock of ``check``.
        on_sent: called when the request has been written.
        on_closed: called once, when nothing of the connection is left.

    Attributes:
        reply: fires once, with the reply or with a ``PartnerError``.
    """

    transport: ITCPTransport  # what a TCP endpoint gives; the base class promises less

    def __init__(
        self,
        bank_code: str,
        frame: bytes,
        reader: FrameReader,
        read_reply: Callable[[bytes], OwnReply],
        deadline_s: float,
        on_sent: Callable[[], None],
        on_closed: Callable[["PartnerExchange"], None],
    ) -> None:
        self.reply: Deferred[OwnReply] = Deferred()
        self._bank_code = bank_code
        self._frame = frame
        self._reader = reader
        self._read_reply = read_reply
        self._deadline_s = deadline_s
        self._on_sent = on_sent
        self._on_closed = on_closed
        self._state = ExchangeState.CONNECTING
        self._connecting: Deferred[IProtocol] | None = None

    @property
    def is_over(self) -> bool:
        """``reply`` has fired; the connection ends within the reactor's next round."""
        return self._state is ExchangeState.OVER

    def connect(self, endpoint: IStreamClientEndpoint) -> None:
        """Begin."""
        self._connecting = connecting = endpoint.connect(_OneConnection(self))
        connecting.addErrback(self._not_connected)

    def check(self, now: float) -> None:
        """Enforce the time limit at ``now``."""
        if now < self._deadline_s:
            return
        if self._state is ExchangeState.CONNECTING:
            self._give_up_connecting(Reason.CONNECT_TIMED_OUT)
            return
        if self._state is ExchangeState.ASKED:
            self._fail(PartnerSilent(Reason.REPLY_TIMED_OUT))
        self.transport.abortConnection()

    def drain(self) -> None:
        """Give up what has not been sent; what has been is waited for, within its limit."""
        if self._state is ExchangeState.CONNECTING:
            self._give_up_connecting(Reason.DRAINING)

    def _give_up_connecting(self, reason: Reason) -> None:
        self._fail(PartnerUnreachable(reason))
        assert self._connecting is not None, "asked to end before it began"
        self._connecting.cancel()

    def _not_connected(self, failure: Failure) -> None:
        if self._state is ExchangeState.CONNECTING:
            self._fail(PartnerUnreachable(Reason.NOT_CONNECTED, failure.getErrorMessage()))
        self._on_closed(self)

    # --- Twisted

    def connectionMade(self) -> None:
        """Send the request; one whose time is over is not sent any more."""
        if self._state is ExchangeState.OVER:
            self.transport.abortConnection()
            return
        self._state = ExchangeState.ASKED
        self.transport.setTcpNoDelay(True)
        self.transport.write(self._frame)
        self._on_sent()

    def dataReceived(self, data: bytes) -> None:
        """Take the reply as far as it has come; what follows it is dropped."""
        if self._state is not ExchangeState.ASKED:
            return
        try:
            self._reader.receive_data(data)
            frame = self._reader.next_frame()
            reply = None if frame is None else self._read_reply(frame)
        except RemoteProtocolError as error:
            self._disbelieve(PartnerSilent(Reason.NOT_A_REPLY, str(error)))
        except Exception as error:  # noqa: BLE001 - a bug of ours must not leave the caller waiting
            _log.error("partner_reply_failed", bank_code=self._bank_code, error=error)
            self._disbelieve(PartnerSilent(Reason.NOT_READABLE))
        else:
            if reply is not None:
                self.transport.loseConnection()
                self._state = ExchangeState.OVER
                self.reply.callback(reply)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End; what was asked and is not answered by now is of unknown outcome."""
        if self._state is ExchangeState.ASKED:
            self._fail(PartnerSilent(Reason.CUT_OFF))
        self._on_closed(self)

    def _disbelieve(self, error: PartnerSilent) -> None:
        self.transport.abortConnection()
        self._fail(error)

    def _fail(self, error: PartnerError) -> None:
        self._state = ExchangeState.OVER
        self.reply.errback(error)


class _OneConnection(Factory):
    """Gives the one protocol that there is."""

    noisy = False

    def __init__(self, exchange: PartnerExchange) -> None:
        self._exchange = exchange

    def buildProtocol(self, addr: IAddress | None) -> PartnerExchange:
        """Return the exchange."""
        return self._exchange
