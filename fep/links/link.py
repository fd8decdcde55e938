"""One bank's link 银行链路: what is done with each frame of one connection.

The order of checks is section 7 of the wire specification; the first that fails answers:

    version 1007 · bank known 1006 · bank's own networks (sign-in; closed) · signed in, same bank 1001 ·
    key version 1005 · MAC 1002 · wrong direction dropped · key lifetime 1005 · code known 1004 · encryption 1009 ·
    length, fields 1003 · replay 1002 · link state 1010, 1011 · clock 1008 · then the business, in the gate.

Rule 1: nothing of a frame is believed before its MAC is verified; in a format without one, before it is known that the
bank of its node may come from where it comes from, and there nobody signs in. Rule 2: a frame with RESPONSE set is
never answered. Rule 3: only 1001, 1002, 1005, 1006 and 1007 may be answered without a MAC. No sockets and no timers
here: bytes go out through ``Wire``, time comes from ``Services``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from types import MappingProxyType

import structlog

from crypto.errors import KeyVersionUnknown, MacMismatch
from crypto.key_ring import KeyRing
from crypto.session import SessionSecurity
from fep.links.bank import UNSIGNED, Bank
from fep.links.business import submit
from fep.links.exchange import Exchange
from fep.links.outcomes import response_of
from fep.links.own_requests import OwnRequests
from fep.links.route import Route
from fep.links.services import Services
from fep.links.shares import Shares
from fep.links.sign_in import is_replayed, issue_keys, refuse_route, route_refusal
from fep.links.wire import Wire
from fep.traces.sampled import SampledRequest, TakesSamples
from protocol.canonical.link import NoBody
from protocol.canonical.messages import Answer, Request
from protocol.dialect import Dialect, Envelope
from protocol.errors import MessageInvalid
from protocol.link import Link as Machine
from protocol.link import LinkAction, LinkEvent, LinkState
from protocol.response_codes import ResponseCode
from protocol.transactions import LINK_TRANSACTIONS, Transaction

REFUSALS_MAX = 20
"""Frames that are refused on one connection before a sign-in; then it ends, and its address may have to wait."""

_KEYED_BY_AK = frozenset({Transaction.SIGN_IN, Transaction.KEY_EXCHANGE})

_log = structlog.get_logger()


@dataclass(slots=True)
class Timers:
    """When the link's time limits are due, in monotonic seconds; None is not running."""

    sign_in_due_s: float | None
    idle_due_s: float | None = None
    echo_due_s: float | None = None


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
        self.timers = Timers(route.accepted_s + services.settings.link.sign_in_timeout)
        self.own_requests = OwnRequests(self)
        self._sign_out_exchange: Exchange | None = None
        self._has_been_asked = False
        self._refused_count = 0  # before a sign-in

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
        limits, timers = self.services.settings.link, self.timers
        if timers.idle_due_s is not None:
            return max(0.0, now - timers.idle_due_s + limits.idle_timeout)
        if timers.echo_due_s is not None:
            return max(0.0, now - timers.echo_due_s + limits.echo_timeout + limits.idle_timeout)
        return None

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
        timers = self.timers
        for due_s, event in (
            (timers.sign_in_due_s, LinkEvent.SIGN_IN_TIMED_OUT),
            (timers.echo_due_s, LinkEvent.ECHO_TIMED_OUT),
            (timers.idle_due_s, LinkEvent.IDLE_TIMED_OUT),
        ):
            if due_s is not None and now >= due_s and not self.is_closed:
                if event is not LinkEvent.IDLE_TIMED_OUT:
                    self.services.events["link_timed_out"] += 1
                    if self.services.notices.takes("link_timed_out", event.name):
                        _log.info(
                            "link_timed_out", peer=str(self.peer), bank_code=self._own_bank_code(), limit=event.name
                        )
                self.report(event)

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
            self.answer(exchange, self._approved(NoBody()))
        self.report(LinkEvent.LAST_REPLY_SENT)

    def _stop_sign_in_timer(self) -> None:
        self.timers.sign_in_due_s = None

    def _restart_idle_timer(self) -> None:
        self.timers.idle_due_s = self.services.clock.seconds() + self.services.settings.link.idle_timeout
        self.timers.echo_due_s = None

    def _start_echo_timer(self) -> None:
        self.timers.idle_due_s = None
        self.timers.echo_due_s = self.services.clock.seconds() + self.services.settings.link.echo_timeout

    def _stop_timers(self) -> None:
        self.timers = Timers(None)

    def _raise_security_event(self) -> None:
        self.services.events["security_event"] += 1
        bank_code = self._own_bank_code()
        if self.services.notices.takes("security_event", bank_code):
            _log.error("security_event", kind="mac_failures", peer=str(self.peer), bank_code=bank_code)

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
            return self._drop(envelope, "second_request")
        self._has_been_asked = True
        exchange = Exchange(envelope, self.services.clock.seconds(), now)
        if self.services.traces is not None:
            exchange.sampled = self.services.traces.sample()
        try:
            if envelope.is_response:
                self._response_received(exchange)
            else:
                self._request_received(exchange)
        except Exception as error:  # noqa: BLE001 - a bug of ours must cost one request, not the daemon
            _log.error("request_failed", bank_code=self._bank_code(envelope), error=error)
            code = response_of(error, may_be_stored=False)
            if not envelope.is_response and exchange.authenticator is not None:
                self.answer(exchange, Answer(code))

    def _request_received(self, exchange: Exchange) -> None:
        envelope = exchange.envelope
        if not envelope.supported:
            return self._refuse_unauthenticated(exchange, ResponseCode.UNSUPPORTED_VERSION)
        bank = self.banks.get(envelope.bank_code)
        if bank is None:
            self._log_problem(envelope)
            self._log_stranger(envelope)
            return self._refuse_unauthenticated(exchange, ResponseCode.UNKNOWN_BANK)
        if not self.dialect.session.has_mac:
            return self._believed_by_address(exchange, bank)
        if envelope.transaction is Transaction.SIGN_IN and not self._comes_from(bank):
            return None
        if self.bank is not None and bank is not self.bank:
            self._refuse_unauthenticated(exchange, ResponseCode.NOT_SIGNED_IN)
            return self._count_mac_failure(envelope)
        if self.bank is None and envelope.transaction is not Transaction.SIGN_IN:
            return self._refuse_unauthenticated(exchange, ResponseCode.NOT_SIGNED_IN)
        try:
            self._authenticate(exchange, bank)
        except KeyVersionUnknown:
            self._log_problem(envelope)
            return self._refuse_unauthenticated(exchange, ResponseCode.KEY_EXPIRED)
        except MacMismatch as mismatch:
            self._log_problem(envelope)
            return self._mac_failed(exchange, mismatch)
        return self._authenticated(exchange, bank)

    def _comes_from(self, bank: Bank) -> bool:
        """Tell whether the connection may be the bank's; when not, it is closed without a reply."""
        reason = route_refusal(self.services, bank, self.route)
        if reason is None:
            return True
        refuse_route(self.services, bank, self.route, reason)
        self.services.audit.refused_unread(self, bank.settings.bank_code, reason)
        self.wire.close()
        return False

    def _believed_by_address(self, exchange: Exchange, bank: Bank) -> None:
        """Go on with a request of a format without a MAC: the connection's first frame says whose it is."""
        if bank is not self.bank and not self._comes_from(bank):
            return None
        if self.bank is None:
            self._signed_in(bank)
            self.services.admission.proven(self.peer)
        elif bank is not self.bank:
            self._refuse_unauthenticated(exchange, ResponseCode.NOT_SIGNED_IN)
            return self._count_mac_failure(exchange.envelope)
        self.report(LinkEvent.MAK_VERIFIED)
        self.services.events["frame_without_mac"] += 1
        exchange.authenticator = UNSIGNED
        return self._authenticated(exchange, bank)

    def _authenticated(self, exchange: Exchange, bank: Bank) -> None:
        """Go on with a request whose MAC was right: from here on every reply has one too."""
        if exchange.sampled is not None:
            exchange.sampled.ends("verify")
        envelope = exchange.envelope
        if envelope.is_misdirected:
            return self._drop(envelope, "wrong_direction")
        if envelope.transaction is Transaction.ECHO and envelope.fep_serial in self.own_requests:
            return self._drop(envelope, "echo_of_our_own")  # never echo an echo: its reply would pass for the bank's
        code = self._link_refusal(exchange, bank)
        if code is not None:
            return self.answer(exchange, Answer(code))
        try:
            exchange.request = _of_bank(bank, self.dialect.request(envelope, exchange.plain_body()))
        except MessageInvalid as invalid:
            self._log_invalid(envelope, invalid)
            if envelope.transaction is Transaction.ECHO and invalid.path == "header.bank_serial":
                return self._drop(envelope, "echo_of_our_own")  # never echo an echo
            return self.answer(exchange, Answer(ResponseCode.FORMAT_ERROR))
        if exchange.sampled is not None:
            exchange.sampled.ends("decode")
        if self.services.tails.watching:
            self.services.tails.asked(self, exchange)
        return self._act(exchange, bank, exchange.request)

    def _log_problem(self, envelope: Envelope) -> None:
        """Tell why a frame cannot be read that could not be authenticated either, perhaps for that reason."""
        if envelope.problem is not None:
            self._log_invalid(envelope, envelope.problem)

    def _log_stranger(self, envelope: Envelope) -> None:
        """Tell where an unknown bank's frame came from, and whose it would be in another format."""
        if not self.services.notices.takes("bank_unknown"):
            return
        others = self.services.banks.values()
        named = next((bank for bank in others if bank.settings.own_node == envelope.bank_code), None)
        meant = {} if named is None else {"node_of": named.settings.bank_code, "speaks": named.settings.dialect.name}
        _log.warning("bank_unknown", peer=str(self.peer), dialect=self.dialect.name, **meant)

    def _log_invalid(self, envelope: Envelope, invalid: MessageInvalid) -> None:
        if self.bank is None and not self.services.notices.takes("message_invalid"):
            return
        _log.info(
            "message_invalid",
            bank_code=self._bank_code(envelope),
            transaction=envelope.transaction.label if envelope.transaction else "unknown",
            **self.dialect.trace(envelope),
            path=invalid.path,
            reason=invalid.reason,
        )

    def _link_refusal(self, exchange: Exchange, bank: Bank) -> ResponseCode | None:
        """Return the code of the first failing check between MAC and fields, None when all pass."""
        envelope = exchange.envelope
        transaction = envelope.transaction
        if (
            transaction not in LINK_TRANSACTIONS
            and self.ring is not None
            and envelope.key_version
            and self.ring.expired(envelope.key_version, exchange.started_s)
        ):
            return ResponseCode.KEY_EXPIRED
        if transaction is None and envelope.problem is None:
            return ResponseCode.INVALID_TRANSACTION
        if transaction is not None and envelope.body and transaction not in _KEYED_BY_AK:
            encryption = bank.settings.encryption
            if (encryption == "required" and not envelope.is_encrypted) or (
                encryption == "forbidden" and envelope.is_encrypted
            ):
                return ResponseCode.ENCRYPTION_MISMATCH
        return None

    def _act(self, exchange: Exchange, bank: Bank, request: Request) -> None:
        """Do what the link's state allows for the request."""
        transaction = request.transaction
        if transaction in _KEYED_BY_AK:
            if is_replayed(self.services, bank, request):
                self._refuse_unauthenticated(exchange, ResponseCode.MAC_INCORRECT)
                return self._count_mac_failure(exchange.envelope)
            # Only now: a replay has a right MAC too, and must not end a row of failures.
            self.report(LinkEvent.AK_VERIFIED)
        refusal = self.machine.refusal(transaction)
        if refusal is not None:
            return self.answer(exchange, Answer(refusal))
        if transaction in _KEYED_BY_AK:
            return self._keys_asked_for(exchange, bank, request)
        if transaction is Transaction.ECHO:
            return self.answer(exchange, self._approved(NoBody()))
        if transaction is Transaction.SIGN_OUT:
            if self._sign_out_exchange is not None:  # the first one is answered last, and there is one last reply
                return self.answer(exchange, Answer(ResponseCode.BUSY))
            self._sign_out_exchange = exchange
            self.report(LinkEvent.SIGNED_OUT)
            return self._leave_when_idle()
        return submit(self, exchange, bank, request)

    # --- authentication

    def _authenticate(self, exchange: Exchange, bank: Bank) -> None:
        """Verify the MAC of a request.

        Raises:
            KeyVersionUnknown: the frame names keys that do not exist.
            MacMismatch: the MAC is not ours.
        """
        envelope = exchange.envelope
        if envelope.transaction in _KEYED_BY_AK:
            if envelope.key_version:
                raise KeyVersionUnknown(envelope.key_version)
            exchange.keys = bank.signing(envelope.signed, envelope.mac, exchange.started_at)
            exchange.authenticator = exchange.keys.authenticator
        else:
            exchange.authenticator = exchange.security = self._verify_session(exchange)

    def _verify_session(self, exchange: Exchange) -> SessionSecurity:
        """Verify a frame under its session keys and note that it did."""
        envelope, now = exchange.envelope, exchange.started_s
        if self.ring is None:
            raise KeyVersionUnknown(envelope.key_version)
        security = self.ring.security(envelope.key_version, now)
        security.verify(envelope.signed, envelope.mac)
        if not self.machine.is_proven:
            self.services.admission.proven(self.peer)
        self.ring.mark_used(envelope.key_version, now)
        self.report(LinkEvent.MAK_VERIFIED)
        return security

    def _mac_failed(self, exchange: Exchange, mismatch: MacMismatch) -> None:
        envelope, bank_code = exchange.envelope, self._bank_code(exchange.envelope)
        if self.services.notices.takes("mac_incorrect", bank_code):
            _log.warning(
                "mac_incorrect",
                bank_code=bank_code,
                transaction=envelope.transaction.label if envelope.transaction else "unknown",
                mac_bytes=len(envelope.mac),
                input_bytes=mismatch.input_bytes,
                input_sha256=mismatch.input_sha256,
            )
        if not envelope.is_response:
            self._refuse_unauthenticated(exchange, ResponseCode.MAC_INCORRECT)
        self._count_mac_failure(envelope)

    def _count_mac_failure(self, envelope: Envelope) -> None:
        self.services.events["mac_failure"] += 1
        self.services.mac_failures[self._bank_code(envelope)] += 1
        self.report(LinkEvent.MAC_FAILED)

    # --- sign-in and key exchange

    def _keys_asked_for(self, exchange: Exchange, bank: Bank, request: Request) -> None:
        if self.bank is None and bank.load.links >= bank.settings.links_max:
            self.services.refusals.sign_ins[bank.settings.bank_code, "links_max"] += 1
            return self.answer(exchange, Answer(ResponseCode.BUSY))
        ring = self.ring or bank.new_key_ring(self.services.settings.link.key_lifetime)
        keys = exchange.keys
        assert keys is not None, "sign-in and key exchange are authenticated by the bank's own keys"
        answer = issue_keys(self.services, bank, keys, ring, request)
        if answer.code is ResponseCode.APPROVED and self.bank is None:
            self.ring = ring
            self._signed_in(bank)
            if self.services.notices.takes("signed_in", bank.settings.bank_code):
                _log.info(
                    "signed_in",
                    bank_code=bank.settings.bank_code,
                    peer=str(self.peer),
                    keys=keys.version.number,
                    **self.route.about(),
                )
        elif self.bank is None:
            self.services.refusals.sign_ins[bank.settings.bank_code, answer.code.name.lower()] += 1
        return self.answer(exchange, answer)

    def _signed_in(self, bank: Bank) -> None:
        self.bank = bank
        bank.load.links += 1
        self.services.admission.signed_in(self.peer)
        self.report(LinkEvent.SIGNED_IN)

    # --- replies

    def _approved(self, body: NoBody) -> Answer:
        return Answer(ResponseCode.APPROVED, body, clearing_date=self._clearing_date())

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
        self._tell(exchange, answer, batch_size)
        if self.dialect.session.is_one_exchange and not self.is_closed:
            self.drain()

    def answered_late(self, exchange: Exchange, answer: Answer) -> None:
        """Tell of what was done after its bank had been told that the outcome is unknown."""
        if self.services.audit.wants(exchange.envelope.transaction, answer.code):
            said = self.services.transaction_log.said(
                self._bank_code(exchange.envelope),
                exchange.envelope.transaction,
                self.dialect.trace(exchange.envelope),
                answer,
            )
            self.services.audit.answered(self, exchange, answer, said, is_late=True)

    def _tell(self, exchange: Exchange, answer: Answer, batch_size: int) -> None:
        """Write the log line of an answer, and tell the audit log where that keeps it."""
        transaction, services = exchange.envelope.transaction, self.services
        said = services.transaction_log.answered(
            self._bank_code(exchange.envelope),
            transaction,
            self.dialect.trace(exchange.envelope),
            answer,
            (services.clock.seconds() - exchange.started_s) * 1000,
            batch_size,
            is_written=self.bank is not None or services.notices.takes("transaction", answer.code.code),
        )
        if services.audit.wants(transaction, answer.code):
            services.audit.answered(self, exchange, answer, said)
        if exchange.sampled is not None and services.traces is not None:
            self._trace(exchange.sampled, exchange, answer, batch_size, services.traces)

    def _trace(
        self, sampled: SampledRequest, exchange: Exchange, answer: Answer, batch_size: int, traces: TakesSamples
    ) -> None:
        """Tell of a sampled request: its stages, and by what the log and the journal know it."""
        sampled.ends("reply")
        transaction = exchange.envelope.transaction
        label = transaction.label if transaction else "unknown"
        sampled.finish(
            label,
            bank_code=self._bank_code(exchange.envelope),
            transaction=label,
            response_code=answer.code.code,
            fep_serial=None if answer.fep_serial is None else f"{answer.fep_serial:012d}",
            repeat=answer.repeat or None,
            batch_size=batch_size or None,
            **self.dialect.trace(exchange.envelope),
        )
        traces.tell(sampled)

    def _refuse_unauthenticated(self, exchange: Exchange, code: ResponseCode) -> None:
        exchange.authenticator = exchange.security = None
        if self.bank is None:
            self.services.admission.failed(self.peer, self.services.clock.seconds())
            self.services.refusals.sign_ins[self._bank_code(exchange.envelope), code.name.lower()] += 1
            self._refused_count += 1
        self.answer(exchange, Answer(code))
        if self._refused_count >= REFUSALS_MAX and self.bank is None:
            self.wire.close()

    # --- requests of our own

    def _send_echo(self) -> None:
        """Send ECHO 线路测试; only on a link whose session keys the bank has used."""
        if not self.own_requests.can_ask(Transaction.ECHO):
            return
        serial = self.services.next_own_serial()
        if serial is not None:  # else the bank's silence is judged without it
            self.own_requests.ask(Transaction.ECHO, NoBody(), serial)

    def _response_received(self, exchange: Exchange) -> None:
        """A reply of the bank: to a request of ours, else dropped and counted; never answered."""
        envelope = exchange.envelope
        if self.bank is None or envelope.bank_code not in ("", self.bank.settings.own_node):
            return self._drop(envelope, "reply_of_nobody")
        try:
            exchange.security = self._verify_session(exchange)
        except KeyVersionUnknown:
            return self._drop(envelope, "reply_key_version")
        except MacMismatch as mismatch:
            return self._mac_failed(exchange, mismatch)
        if self.own_requests.answers(envelope):
            return self.own_requests.received(exchange)
        return self._drop(envelope, "reply_nobody_waits_for")

    # --- small things

    def _drop(self, envelope: Envelope, reason: str) -> None:
        self.services.events["frame_dropped"] += 1
        _log.warning("frame_dropped", bank_code=self._bank_code(envelope), reason=reason)

    def _clearing_date(self) -> date | None:
        return self.services.gate.clearing_date(self.bank.settings.bank_code) if self.bank else None

    def _own_bank_code(self) -> str:
        return self.bank.settings.bank_code if self.bank else "unknown"

    def _bank_code(self, envelope: Envelope) -> str:
        """Return the bank for logs: the signed-in one, else a known one, else nothing that a stranger wrote."""
        if self.bank is not None:
            return self.bank.settings.bank_code
        bank = self.banks.get(envelope.bank_code)
        return "unknown" if bank is None else bank.settings.bank_code


def _of_bank(bank: Bank, request: Request) -> Request:
    """Return ``request`` under the bank's own code, whatever its frames call it."""
    if request.head.bank_code == bank.settings.bank_code:
        return request
    return replace(request, head=replace(request.head, bank_code=bank.settings.bank_code))


_DO: Mapping[LinkAction, Callable[[Link], None]] = MappingProxyType(
    {
        LinkAction.STOP_SIGN_IN_TIMER: Link._stop_sign_in_timer,
        LinkAction.RESTART_IDLE_TIMER: Link._restart_idle_timer,
        LinkAction.START_ECHO_TIMER: Link._start_echo_timer,
        LinkAction.STOP_TIMERS: Link._stop_timers,
        LinkAction.SEND_ECHO: Link._send_echo,
        LinkAction.RAISE_SECURITY_EVENT: Link._raise_security_event,
        LinkAction.DISCARD_KEYS: Link._discard_keys,
        LinkAction.CLOSE: lambda link: link.wire.close(),
        LinkAction.CLOSE_GENTLY: lambda link: link.wire.close_gently(),
    }
)
"""What each order of the state machine means here."""
