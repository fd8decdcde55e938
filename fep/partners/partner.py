"""A partner 对端银行: a bank that is asked over connections that the FEP opens to it, one exchange on each."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.interfaces import IStreamClientEndpoint

from fep.clock import SHANGHAI
from fep.config.settings import Address, BankSettings
from fep.links.services import Clock
from fep.links.tails import Tails, Way
from fep.partners.errors import PartnerBusy, PartnerUnreachable, Reason
from fep.partners.exchange import PartnerExchange
from protocol.canonical.messages import RequestBody
from protocol.dialect import Dialect, OwnReply, Sealing
from protocol.transactions import Transaction

EXCHANGES_MAX = 8
"""Connections to one partner at once. Such banks' programs serve them one after the other or by a few processes; eight
that take half a second each are a thousand debits a minute, and more would only wait there until they time out."""

_UNSEALED = Sealing(key_version=0)
"""Such formats have no MAC."""


class Partner:
    """One bank, as the FEP asks it.

    Args:
        bank: with its ``partner`` address.
        dialect: the bank's.
        reactor: that opens TCP connections.
        clock: of the limits; ``check`` is called with its seconds.
        wall_clock: naive Asia/Shanghai time that requests carry.
        timeout_s: for connecting and the exchange together.
        tails: who watches the bank's frames.
    """

    def __init__(
        self,
        bank: BankSettings,
        dialect: Dialect,
        reactor: Any,
        clock: Clock,
        wall_clock: Callable[[], datetime],
        timeout_s: float,
        tails: Tails,
    ) -> None:
        assert bank.partner is not None, "a bank without an address of its own cannot be asked"
        self.address = bank.partner
        self._bank_code = bank.bank_code
        self._node = bank.own_node
        self._dialect = dialect
        self._reactor = reactor
        self._clock = clock
        self._wall_clock = wall_clock
        self._timeout_s = timeout_s
        self._tails = tails
        self._way = Way(bank.bank_code, {"partner": str(bank.partner)})
        self._exchanges: set[PartnerExchange] = set()
        self._is_draining = False
        self._drained: Deferred[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nothing that was sent waits for an answer."""
        return not self._exchanges

    def is_of(self, bank: BankSettings) -> bool:
        """Tell whether it asks the bank as these settings say."""
        present = self.address, self._node, self._dialect
        return present == (bank.partner, bank.own_node, bank.dialect)

    def ask(
        self, transaction: Transaction, body: RequestBody, fep_serial: int, *, timeout_s: float | None = None
    ) -> "Deferred[OwnReply]":
        """Ask the bank, and return its answer, approved or not.

        Args:
            transaction: one that the FEP asks for in the bank's format.
            body: its fields.
            fep_serial: numbers the request; one of unknown outcome is asked again under the same.
            timeout_s: another limit than the partner's own.

        Raises (through the Deferred):
            PartnerUnreachable: nothing was sent; PartnerBusy: because too much is under way.
            PartnerSilent: sent, and not answered; the outcome is unknown.
            ProtocolError: the request cannot be said in the bank's format; nothing was sent.
        """
        if self._is_draining:
            return fail(PartnerUnreachable(Reason.DRAINING))
        if sum(not exchange.is_over for exchange in self._exchanges) >= EXCHANGES_MAX:
            return fail(PartnerBusy(Reason.BUSY))
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        return maybeDeferred(self._begin, transaction, body, fep_serial, limit_s)

    def _begin(
        self, transaction: Transaction, body: RequestBody, fep_serial: int, limit_s: float
    ) -> "Deferred[OwnReply]":
        dialect, now = self._dialect, self._wall_clock().replace(tzinfo=SHANGHAI)
        asked = dialect.own_request(transaction, body, self._node, fep_serial, now, _UNSEALED)
        exchange = PartnerExchange(
            self._bank_code,
            dialect.seal(asked, b""),
            dialect.reader(),
            lambda frame: self._shown(dialect.own_reply(frame, asked, transaction), transaction, fep_serial),
            self._clock.seconds() + limit_s,
            lambda: self._show(transaction, body, fep_serial),
            self._closed,
        )
        self._exchanges.add(exchange)
        exchange.connect(_endpoint(self._reactor, self.address, limit_s))
        return exchange.reply

    def _show(self, transaction: Transaction, body: RequestBody, fep_serial: int) -> None:
        """Show a request that has been sent to whoever watches the bank."""
        if self._tails.watching:
            self._tails.own_asked(self._way, transaction, body, fep_serial, self._wall_clock())

    def _shown(self, reply: OwnReply, transaction: Transaction, fep_serial: int) -> OwnReply:
        """Return the reply to one, shown likewise."""
        if self._tails.watching:
            self._tails.own_answered(self._way, transaction, reply, fep_serial, self._wall_clock())
        return reply

    def _closed(self, exchange: PartnerExchange) -> None:
        self._exchanges.discard(exchange)
        self._note_drained()

    def check(self, now: float) -> None:
        """Enforce the time limits of all exchanges at ``now`` (seconds of the clock)."""
        for exchange in tuple(self._exchanges):
            exchange.check(now)

    def drain(self) -> "Deferred[None]":
        """Ask nothing more; fires when what was sent is answered or over. The time limits bound it."""
        done: Deferred[None] = Deferred()
        self._is_draining = True
        self._drained = done
        for exchange in tuple(self._exchanges):
            exchange.drain()
        self._note_drained()
        return done

    def _note_drained(self) -> None:
        if self._drained is not None and not self._exchanges:
            drained, self._drained = self._drained, None
            drained.callback(None)


def _endpoint(reactor: Any, address: Address, timeout_s: float) -> IStreamClientEndpoint:
    """Return where to connect; Twisted's own limit stands behind ours, which tells what was too late."""
    make = TCP6ClientEndpoint if ":" in address.host else TCP4ClientEndpoint
    return make(reactor, address.host, address.port, timeout=timeout_s + 1)
