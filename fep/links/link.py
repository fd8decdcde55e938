"""One bank's link 银行链路: what is done with each frame of one connection, and with the connection itself.

The order of checks is section 7 of the wire specification; the first that fails answers. ``Authentication`` has those
up to the MAC, ``BankRequests`` those behind it, down to the business in the gate.

Rule 1: nothing of a frame is believed before its MAC is verified; in a format without one, before it is known that the
bank of its node may come from where it comes from, and there nobody signs in. Rule 2: a frame with RESPONSE set is
never answered. Rule 3: only 1001, 1002, 1005, 1006 and 1007 may be answered without a MAC. No sockets and no timers
here: bytes go out through ``Wire``, time comes from ``Services``.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import cached_property
from types import MappingProxyType

from crypto.key_ring import KeyRing
from fep.links.authentication import Authentication
from fep.links.bank import Bank
from fep.links.bank_requests import BankRequests
from fep.links.exchange import Exchange
from fep.links.link_log import LinkLog
from fep.links.outcomes import response_of
from fep.links.own_requests import OwnRequests
from fep.links.route import Route
from fep.links.services import Services
from fep.links.shares import Shares
from fep.links.timers import Timers
from fep.links.wire import Wire
from protocol.canonical.link import NoBody
from protocol.canonical.messages import Answer
from protocol.dialect import Dialect
from protocol.link import Link as Machine
from protocol.link import LinkAction, LinkEvent, LinkState
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction


class Link:
    """State, keys and requests in work of one connection; ``number`` is what operators call it.

    Args:
        services: of the daemon.
        dialect: of the listener.
        banks: those that speak it, by what their frames call them.
        route: how the connection has come in.
        wire: the connection.
    """

    def __init__(
        self, services: Services, dialect: Dialect, banks: Mapping[str, Bank], route: Route, wire: Wire
    ) -> None:
        self.services = services
        self.dialect = dialect
        self.banks = banks
        self.route = route
        self.peer = route.peer
        self.wire = wire
        self.machine = Machine()
        self.bank: Bank | None = None
        self.ring: KeyRing | None = None
        self.number = next(services.link_numbers)
        self.connected_at = services.wall_clock()
        self.answered_count = 0
        self.in_flight = 0
        self.shares = Shares(self, services.settings.link.in_flight_max)
        self.log = LinkLog(self)
        self.authentication = Authentication(self)
        self.bank_requests = BankRequests(self)
        self.own_requests = OwnRequests(self)
        self._timers: Timers = Timers(route.accepted_s + services.settings.link.sign_in_timeout)
        self._sign_out_exchange: Exchange | None = None
        self._has_been_asked = False

    @cached_property
    def origin(self) -> str:
        """Where its requests come from, as fields of a line of the audit log."""
        balancer = "" if self.route.balancer is None else f', "balancer": "{self.route.balancer}"'
        return f'"peer": "{self.peer}"{balancer}, "link": {self.number}'

    def can_ask(self, transaction: Transaction) -> bool:
        """Tell whether the FEP may ask the bank for ``transaction`` on this link now."""
        return self.machine.state is LinkState.SIGNED_IN and self.own_requests.can_ask(transaction)

    def idle_s(self, now: float) -> float | None:
        """Return how many seconds ago the last verified frame came, None before the first and after the end."""
        return self._timers.idle_s(self.services.settings.link, now)

    @property
    def is_closed(self) -> bool:
        """Nothing is answered any more."""
        return self.machine.state is LinkState.CLOSED

    # --- the state machine

    def report(self, event: LinkEvent) -> None:
        """Tell the state machine what happened and do what it orders."""
        for action in self.machine.handle(event):
            _DO[action](self)

    def check(self, now: float) -> None:
        """Report the time limits that are due at ``now``."""
        for event in self._timers.due(now):
            if self.is_closed:
                return
            if event is not LinkEvent.IDLE_TIMED_OUT:
                self.log.timed_out(event)
            self.report(event)

    def signed_in(self, bank: Bank) -> None:
        """The link is the bank's from now on."""
        self.bank = bank
        bank.load.links += 1
        self.services.admission.signed_in(self.peer)
        self.report(LinkEvent.SIGNED_IN)

    def signed_out(self, exchange: Exchange) -> None:
        """The bank has asked to leave: take no new business, answer ``exchange`` last, and close."""
        if self._sign_out_exchange is not None:  # the first one is answered last, and there is one last reply
            return self.answer(exchange, Answer(ResponseCode.BUSY))
        self._sign_out_exchange = exchange
        self.report(LinkEvent.SIGNED_OUT)
        return self._leave_when_idle()

    def drain(self) -> None:
        """Take no new business; close when what is in work has been answered."""
        self.report(LinkEvent.DRAIN_ORDERED)
        self._leave_when_idle()

    def peer_finished(self) -> None:
        """The bank sends no more but may still read: answer what is in work, then close."""
        self.report(LinkEvent.PEER_FINISHED)
        self._leave_when_idle()

    def work_done(self) -> None:
        """One request less is in work."""
        self.in_flight -= 1
        if self.bank is not None:
            self.bank.load.in_flight -= 1
        self._leave_when_idle()
        self.wire.released()

    def _leave_when_idle(self) -> None:
        """A draining link ends with its last reply; the one to SIGN_OUT comes after all others."""
        if self.in_flight or self.machine.state is not LinkState.DRAINING:
            return
        exchange, self._sign_out_exchange = self._sign_out_exchange, None
        if exchange is not None:
            self.approve(exchange)
        self.report(LinkEvent.LAST_REPLY_SENT)

    # --- what the state machine orders

    def _restart_idle_timer(self) -> None:
        self._timers.restart_idle(self.services.settings.link, self.services.clock.seconds())

    def _start_echo_timer(self) -> None:
        self._timers.start_echo(self.services.settings.link, self.services.clock.seconds())

    def _send_echo(self) -> None:
        """Send ECHO 线路测试; only on a link whose session keys the bank has used."""
        if not self.own_requests.can_ask(Transaction.ECHO):
            return
        serial = self.services.next_own_serial()
        if serial is not None:  # else the bank's silence is judged without it
            self.own_requests.ask(Transaction.ECHO, NoBody(), serial)

    def _discard_keys(self) -> None:
        """Session keys die with the connection; a reply still in work is not sent any more, and none is read."""
        self.ring = None
        self.own_requests.lost()

    # --- frames

    def frame_received(self, frame: bytes) -> None:
        """Handle one frame, answered or dropped; nothing is raised."""
        now = self.services.wall_clock()
        envelope = self.dialect.open(frame, now)
        if self.dialect.session.is_one_exchange and self._has_been_asked:
            return self.log.frame_dropped(envelope, "second_request")
        self._has_been_asked = True
        exchange = Exchange(envelope, self.services.clock.seconds(), now)
        if self.services.traces is not None:
            exchange.sampled = self.services.traces.sample()
        try:
            if envelope.is_response:
                self._reply_received(exchange)
            else:
                bank = self.authentication.bank_of(exchange)
                if bank is not None:
                    self.bank_requests.received(exchange, bank)
        except Exception as error:  # noqa: BLE001 - a bug of ours must cost one request, not the daemon
            self.log.request_failed(envelope, error)
            code = response_of(error, may_be_stored=False)
            if not envelope.is_response and exchange.authenticator is not None:
                self.answer(exchange, Answer(code))

    def _reply_received(self, exchange: Exchange) -> None:
        """A reply of the bank: to a request of ours, else dropped and counted; never answered."""
        if not self.authentication.accepts_reply(exchange):
            return
        if self.own_requests.answers(exchange.envelope):
            self.own_requests.received(exchange)
        else:
            self.log.frame_dropped(exchange.envelope, "reply_nobody_waits_for")

    # --- replies

    def approve(self, exchange: Exchange) -> None:
        """Send a reply that says nothing but yes."""
        self.answer(exchange, Answer(ResponseCode.APPROVED, NoBody(), clearing_date=self._clearing_date()))

    def answer(self, exchange: Exchange, answer: Answer, batch_size: int = 0) -> None:
        """Send the reply to ``exchange`` and write its log line."""
        if exchange.sampled is not None:
            exchange.sampled.goes_on()
        if answer.clearing_date is None:
            answer = replace(answer, clearing_date=self._clearing_date())
        answer = self.dialect.sayable(exchange.envelope, answer)
        frame = exchange.reply_frame(self.dialect, answer)
        if frame is not None:
            self.wire.send(frame)
        self.answered_count += 1
        if self.services.tails.watching and exchange.authenticator is not None:
            self.services.tails.answered(self, exchange, answer, self.services.wall_clock())
        self.log.answered(exchange, answer, batch_size)
        if self.dialect.session.is_one_exchange and not self.is_closed:
            self.drain()

    def answered_late(self, exchange: Exchange, answer: Answer) -> None:
        """Tell of what was done after its bank had been told that the outcome is unknown."""
        self.log.answered_late(exchange, answer)

    def _clearing_date(self) -> date | None:
        return self.services.gate.clearing_date(self.bank.settings.bank_code) if self.bank else None


_DO: Mapping[LinkAction, Callable[[Link], None]] = MappingProxyType(
    {
        LinkAction.STOP_SIGN_IN_TIMER: lambda link: link._timers.stop_sign_in(),
        LinkAction.RESTART_IDLE_TIMER: Link._restart_idle_timer,
        LinkAction.START_ECHO_TIMER: Link._start_echo_timer,
        LinkAction.STOP_TIMERS: lambda link: link._timers.stop(),
        LinkAction.SEND_ECHO: Link._send_echo,
        LinkAction.RAISE_SECURITY_EVENT: lambda link: link.log.security_event(),
        LinkAction.DISCARD_KEYS: Link._discard_keys,
        LinkAction.CLOSE: lambda link: link.wire.close(),
        LinkAction.CLOSE_GENTLY: lambda link: link.wire.close_gently(),
    }
)
"""What each order of the state machine means here."""
