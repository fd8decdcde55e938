"""Requests of our own 自发请求: what the FEP asks a bank on the connection that the bank has opened, and its replies.

ECHO 线路测试 and BILL_PUSH 实时划拨. A reply is matched by the fep_serial of its request; one that nobody waits for is
dropped. No timers here: whoever asks gives up by ``forget``.
"""

from collections.abc import Callable
from os import urandom
from typing import NamedTuple, Protocol

import structlog

from crypto.key_ring import KeyRing
from crypto.session import NONCE_BYTES
from fep.clock import SHANGHAI
from fep.links.bank import Bank
from fep.links.exchange import Exchange, sealed
from fep.links.services import Services
from fep.links.tails import Way
from fep.links.wire import Wire
from fep.partners.errors import PartnerError, PartnerSilent, Reason
from fep.traces.sampled import SampledRequest
from protocol.canonical.link import NoBody
from protocol.canonical.messages import RequestBody
from protocol.dialect import Dialect, Envelope, OwnReply, Sealing
from protocol.errors import MessageInvalid
from protocol.transactions import Transaction

ECHOES_MAX = 8
"""ECHOes without a reply on one link; they are sent one at a time, so more means a bug."""

ASKED_MAX = 256
"""Requests without a reply on one link: as many as a bank may have in work on it by default."""

OnReply = Callable[["OwnReply | PartnerError"], None]

_log = structlog.get_logger()


class AskingLink(Protocol):
    """What is needed of a link to ask its bank."""

    number: int
    services: Services
    dialect: Dialect
    bank: Bank | None
    ring: KeyRing | None
    wire: Wire


class Asked(NamedTuple):
    """A request that waits for its reply; ``on_reply`` is called once, None where nobody wants to know."""

    transaction: Transaction
    on_reply: OnReply | None
    sampled: SampledRequest | None = None


class OwnRequests:
    """The requests of ours that wait for a reply on one link, by fep_serial."""

    def __init__(self, link: AskingLink) -> None:
        self._link = link
        self._waiting: dict[int, Asked] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, fep_serial: int | None) -> bool:
        return fep_serial in self._waiting

    def can_ask(self, transaction: Transaction) -> bool:
        """Tell whether the bank has proven its keys, they are still good for business, and there is room."""
        link = self._link
        now = link.services.clock.seconds()
        version = link.ring.own_version(now) if link.ring is not None else None
        if link.bank is None or link.ring is None or version is None or not link.dialect.can_ask(transaction):
            return False
        if transaction is Transaction.ECHO:
            return len(self._waiting) < ASKED_MAX and self._echo_count() < ECHOES_MAX
        return len(self._waiting) < ASKED_MAX and not link.ring.expired(version, now)

    def ask(
        self, transaction: Transaction, body: RequestBody, fep_serial: int, on_reply: OnReply | None = None
    ) -> None:
        """Send a request; only where ``can_ask`` says so.

        Raises:
            ProtocolError: it cannot be said in the bank's format; nothing was sent.
        """
        link = self._link
        now = link.services.clock.seconds()
        assert link.bank is not None
        assert link.ring is not None
        version = link.ring.own_version(now)
        assert version is not None
        security = link.ring.security(version, now)
        is_encrypted = not isinstance(body, NoBody) and link.bank.settings.encrypts_own
        nonce = urandom(NONCE_BYTES) if is_encrypted else None
        at = link.services.wall_clock().replace(tzinfo=SHANGHAI)
        node = link.bank.settings.own_node
        outgoing = link.dialect.own_request(transaction, body, node, fep_serial, at, Sealing(version, nonce))
        if nonce is not None:
            outgoing.body = security.encrypt_body(nonce, outgoing.body)
        frame = sealed(link.dialect, outgoing, security)
        traces = link.services.traces
        sampled = None if traces is None else traces.sample(is_own=True)
        self._waiting[fep_serial] = Asked(transaction, on_reply, sampled)
        link.wire.send(frame)
        if sampled is not None:
            sampled.ends("send")
        if link.services.tails.watching:
            link.services.tails.own_asked(Way.of(link), transaction, body, fep_serial, link.services.wall_clock())

    def answers(self, envelope: Envelope) -> bool:
        """Tell whether ``envelope``, an authenticated reply, is one that is waited for."""
        asked = self._waiting.get(envelope.fep_serial or 0)
        return asked is not None and asked.transaction is envelope.transaction

    def received(self, exchange: Exchange) -> None:
        """Take an authenticated reply that is waited for."""
        envelope = exchange.envelope
        asked = self._waiting.pop(envelope.fep_serial or 0)
        self._trace(asked, envelope.fep_serial or 0, "replied")
        if asked.on_reply is None:
            return
        reply: OwnReply | PartnerError
        try:
            reply = self._read(exchange)
        except MessageInvalid as invalid:
            self._link.services.events["own_reply_invalid"] += 1
            where = {"path": invalid.path, "reason": invalid.reason}
            _log.warning("own_reply_invalid", bank_code=self._bank_code(), fep_serial=envelope.fep_serial, **where)
            reply = PartnerSilent(Reason.NOT_A_REPLY, invalid.path)
        if isinstance(reply, OwnReply) and self._link.services.tails.watching:
            now, serial = self._link.services.wall_clock(), envelope.fep_serial or 0
            self._link.services.tails.own_answered(Way.of(self._link), asked.transaction, reply, serial, now)
        asked.on_reply(reply)

    def _read(self, exchange: Exchange) -> OwnReply:
        """Read a reply; one that is plain where the bank must encrypt, or the other way round, is none."""
        envelope, link = exchange.envelope, self._link
        assert link.bank is not None
        encryption = link.bank.settings.encryption
        if envelope.body and encryption == ("forbidden" if envelope.is_encrypted else "required"):
            raise MessageInvalid("header.flags", "ENCRYPTED is not as was agreed")
        return link.dialect.own_answer(envelope, exchange.plain_body())

    def forget(self, fep_serial: int) -> None:
        """Wait no longer for the reply to a request; one that comes later is dropped."""
        asked = self._waiting.pop(fep_serial, None)
        if asked is not None:
            self._trace(asked, fep_serial, "given_up")

    def lost(self) -> None:
        """The link is closed: what has not been answered is not known."""
        waiting, self._waiting = self._waiting, {}
        for fep_serial, asked in waiting.items():
            self._trace(asked, fep_serial, "cut_off")
            if asked.on_reply is not None:
                asked.on_reply(PartnerSilent(Reason.CUT_OFF))

    def _trace(self, asked: Asked, fep_serial: int, outcome: str) -> None:
        """Tell of a sampled request of ours: how long its bank took, and what came of it."""
        traces = self._link.services.traces
        if asked.sampled is None or traces is None:
            return
        asked.sampled.ends("wait")
        label = asked.transaction.label
        serial = f"{fep_serial:012d}"
        asked.sampled.finish(label, bank_code=self._bank_code(), transaction=label, fep_serial=serial, outcome=outcome)
        traces.tell(asked.sampled)

    def _echo_count(self) -> int:
        return sum(asked.transaction is Transaction.ECHO for asked in self._waiting.values())

    def _bank_code(self) -> str:
        return self._link.bank.settings.bank_code if self._link.bank is not None else "unknown"
