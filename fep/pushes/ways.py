"""Ways to a bank 划拨通路: how a push reaches it, over a link that it has opened or a connection of the FEP's own."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from twisted.internet.defer import Deferred, fail

from fep.links.link import Link
from fep.links.services import Clock
from fep.partners.errors import PartnerBusy, PartnerError, PartnerSilent, PartnerUnreachable, Reason
from fep.partners.partner import EXCHANGES_MAX, Partner
from protocol.canonical.push import PushRequest
from protocol.dialect import OwnReply
from protocol.errors import LocalProtocolError
from protocol.transactions import Transaction

REPLY_TIMEOUT_S = 30.0
"""How long a bank has to answer (wire specification); after that a reply is dropped, and the bill is pushed again."""

LINK_IN_FLIGHT_MAX = 64
"""Pushes to one bank without a reply: at the default rate a bank that takes three seconds for each keeps up."""

PARTNER_IN_FLIGHT_MAX = EXCHANGES_MAX - 1
"""One connection is left for the sign-in of the day."""


class Way(Protocol):
    """How pushes reach one bank.

    Attributes:
        in_flight_max: pushes without a reply.
        pausing: why the bank is left alone for a while; one that sends something wrong is there.
    """

    in_flight_max: int
    pausing: frozenset[Reason]

    def is_open(self) -> bool:
        """Tell whether something can be sent right now."""
        ...

    def is_same(self, other: "Way") -> bool:
        """Tell whether ``other`` reaches the bank the same way, so that one of them can stay."""
        ...

    def ask(self, request: PushRequest, fep_serial: int) -> "Deferred[OwnReply]":
        """Push a bill.

        Raises (through the Deferred):
            PartnerUnreachable: nothing was sent.
            PartnerSilent: sent, and not answered; the outcome is unknown.
            ProtocolError: it cannot be said in the bank's format; nothing was sent.
        """
        ...

    def check(self, now: float) -> None:
        """Give up what has waited too long at ``now`` (monotonic seconds)."""
        ...


class _Waiting(NamedTuple):
    link: Link
    reply: "Deferred[OwnReply]"
    deadline_s: float


class LinkWay:
    """Pushes over whichever link of the bank has least to do.

    Args:
        links: those of the bank, in any state.
        clock: monotonic seconds.
    """

    in_flight_max = LINK_IN_FLIGHT_MAX
    pausing = frozenset({Reason.REPLY_TIMED_OUT})  # without a link nothing begins anyway

    def __init__(self, links: Callable[[], Iterable[Link]], clock: Clock) -> None:
        self._links = links
        self._clock = clock
        self._waiting: dict[int, _Waiting] = {}

    def is_same(self, other: Way) -> bool:
        """Tell whether ``other`` goes over the bank's links too."""
        return isinstance(other, LinkWay)

    def is_open(self) -> bool:
        """Tell whether a link is signed in and has proven its keys."""
        return self._link() is not None

    def ask(self, request: PushRequest, fep_serial: int) -> "Deferred[OwnReply]":
        """Push a bill; see ``Way``."""
        link = self._link()
        if link is None:
            return fail(PartnerUnreachable(Reason.NOT_CONNECTED, "no link is signed in"))
        if fep_serial in self._waiting:
            return fail(PartnerBusy(Reason.BUSY, "it is being asked for"))
        reply: Deferred[OwnReply] = Deferred()
        self._waiting[fep_serial] = _Waiting(link, reply, self._clock.seconds() + REPLY_TIMEOUT_S)
        try:
            link.own_requests.ask(
                Transaction.BILL_PUSH, request, fep_serial, lambda answer: self._answered(fep_serial, answer)
            )
        except LocalProtocolError as error:
            del self._waiting[fep_serial]
            return fail(error)
        return reply

    def check(self, now: float) -> None:
        """Give up what has waited too long; see ``Way``."""
        for fep_serial, waiting in list(self._waiting.items()):
            if now >= waiting.deadline_s:
                waiting.link.own_requests.forget(fep_serial)
                self._answered(fep_serial, PartnerSilent(Reason.REPLY_TIMED_OUT))

    def _link(self) -> Link | None:
        able = [link for link in self._links() if link.can_ask(Transaction.BILL_PUSH)]
        return min(able, key=lambda link: len(link.own_requests), default=None)

    def _answered(self, fep_serial: int, answer: OwnReply | PartnerError) -> None:
        waiting = self._waiting.pop(fep_serial, None)
        if waiting is None:
            return
        if isinstance(answer, PartnerError):
            waiting.reply.errback(answer)
        else:
            waiting.reply.callback(answer)


class PartnerWay:
    """Pushes over connections that the FEP opens to the bank.

    Args:
        partner: the bank.
        is_signed_in: whether its day is open, where it has one.
    """

    in_flight_max = PARTNER_IN_FLIGHT_MAX
    pausing = frozenset({Reason.NOT_CONNECTED, Reason.CONNECT_TIMED_OUT, Reason.REPLY_TIMED_OUT, Reason.CUT_OFF})

    def __init__(self, partner: Partner, is_signed_in: Callable[[], bool]) -> None:
        self._partner = partner
        self._is_signed_in = is_signed_in

    def is_same(self, other: Way) -> bool:
        """Tell whether ``other`` asks the same partner."""
        return isinstance(other, PartnerWay) and other._partner is self._partner

    def is_open(self) -> bool:
        """Tell whether the bank's day is open."""
        return self._is_signed_in()

    def ask(self, request: PushRequest, fep_serial: int) -> "Deferred[OwnReply]":
        """Push a bill; see ``Way``."""
        return self._partner.ask(Transaction.BILL_PUSH, request, fep_serial, timeout_s=REPLY_TIMEOUT_S)

    def check(self, now: float) -> None:
        """Nothing: the partner has limits of its own."""
