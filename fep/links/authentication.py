"""Authentication 报文鉴别: whose frame it is, before anything that it says is believed.

    version 1007 · bank known 1006 · bank's own networks (sign-in; closed) · signed in, same bank 1001 ·
    key version 1005 · MAC 1002

In a format without a MAC it is known instead that the bank of the frame's node may come from where it comes from; there
nobody signs in. Only these codes may be answered without a MAC.
"""

from collections.abc import Mapping
from typing import Protocol

from crypto.errors import KeyVersionUnknown, MacMismatch
from crypto.key_ring import KeyRing
from crypto.session import SessionSecurity
from fep.audit.log import Origin
from fep.links.bank import UNSIGNED, Bank
from fep.links.exchange import Exchange
from fep.links.link_log import LinkLog
from fep.links.route import IPAddress, Route
from fep.links.services import Services
from fep.links.sign_in import refuse_route, route_refusal
from fep.links.wire import Wire
from protocol.canonical.messages import Answer
from protocol.dialect import Dialect, Envelope
from protocol.link import Link as Machine
from protocol.link import LinkEvent
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction

REFUSALS_MAX = 20
"""Frames that are refused on one connection before a sign-in; then it ends, and its address may have to wait."""

KEYED_BY_AK = frozenset({Transaction.SIGN_IN, Transaction.KEY_EXCHANGE})
"""Under the bank's own keys, not those of a session."""


class AuthenticatedLink(Origin, Protocol):
    """What is needed of a link to know whose its frames are."""

    services: Services
    dialect: Dialect
    banks: Mapping[str, Bank]
    route: Route
    peer: IPAddress
    wire: Wire
    machine: Machine
    bank: Bank | None
    ring: KeyRing | None
    log: LinkLog

    def signed_in(self, bank: Bank) -> None:
        """It is the bank's from now on."""
        ...

    def report(self, event: LinkEvent) -> None:
        """Tell the state machine what happened and do what it orders."""
        ...

    def answer(self, exchange: Exchange, answer: Answer) -> None:
        """Send the reply to ``exchange``."""
        ...


class Authentication:
    """Of the frames of one link."""

    __slots__ = ("_link", "_refused_count")

    def __init__(self, link: AuthenticatedLink) -> None:
        self._link = link
        self._refused_count = 0  # before a sign-in

    def bank_of(self, exchange: Exchange) -> Bank | None:
        """Return whose a request is, with what verified it in ``exchange``; None: it has been refused or dropped."""
        link, envelope = self._link, exchange.envelope
        if not envelope.supported:
            self._refuse(exchange, ResponseCode.UNSUPPORTED_VERSION)
            return None
        bank = link.banks.get(envelope.bank_code)
        if bank is None:
            link.log.problem(envelope)
            link.log.bank_unknown(envelope)
            self._refuse(exchange, ResponseCode.UNKNOWN_BANK)
            return None
        if not link.dialect.session.has_mac:
            return self._believed_by_address(exchange, bank)
        if envelope.transaction is Transaction.SIGN_IN and not self._comes_from(bank):
            return None
        if link.bank is not None and bank is not link.bank:
            self._refuse_other_bank(exchange)
            return None
        if link.bank is None and envelope.transaction is not Transaction.SIGN_IN:
            self._refuse(exchange, ResponseCode.NOT_SIGNED_IN)
            return None
        try:
            self._verify(exchange, bank)
        except KeyVersionUnknown:
            link.log.problem(envelope)
            self._refuse(exchange, ResponseCode.KEY_EXPIRED)
            return None
        except MacMismatch as mismatch:
            link.log.problem(envelope)
            link.log.mac_incorrect(envelope, mismatch)
            self.refuse_mac(exchange)
            return None
        return bank

    def accepts_reply(self, exchange: Exchange) -> bool:
        """Tell whether a reply is the bank's; one that is not has been counted and is never answered."""
        link, envelope = self._link, exchange.envelope
        if link.bank is None or envelope.bank_code not in ("", link.bank.settings.own_node):
            link.log.frame_dropped(envelope, "reply_of_nobody")
            return False
        try:
            exchange.security = self._verify_session(exchange)
        except KeyVersionUnknown:
            link.log.frame_dropped(envelope, "reply_key_version")
            return False
        except MacMismatch as mismatch:
            link.log.mac_incorrect(envelope, mismatch)
            self._count_mac_failure(envelope)
            return False
        return True

    def refuse_mac(self, exchange: Exchange) -> None:
        """Answer that the MAC is not the bank's, of this request at least, and count it."""
        self._refuse(exchange, ResponseCode.MAC_INCORRECT)
        self._count_mac_failure(exchange.envelope)

    def _comes_from(self, bank: Bank) -> bool:
        """Tell whether the connection may be the bank's; when not, it is closed without a reply."""
        link = self._link
        reason = route_refusal(link.services, bank, link.route)
        if reason is None:
            return True
        refuse_route(link.services, bank, link.route, reason)
        link.services.audit.refused_unread(link, bank.settings.bank_code, reason)
        link.wire.close()
        return False

    def _believed_by_address(self, exchange: Exchange, bank: Bank) -> Bank | None:
        """Believe a request of a format without a MAC: the connection's first frame says whose it is."""
        link = self._link
        if bank is not link.bank and not self._comes_from(bank):
            return None
        if link.bank is None:
            link.signed_in(bank)
            link.services.admission.proven(link.peer)
        elif bank is not link.bank:
            self._refuse_other_bank(exchange)
            return None
        link.report(LinkEvent.MAK_VERIFIED)
        link.services.events["frame_without_mac"] += 1
        exchange.authenticator = UNSIGNED
        return bank

    def _verify(self, exchange: Exchange, bank: Bank) -> None:
        """Verify the MAC of a request.

        Raises:
            KeyVersionUnknown: the frame names keys that do not exist.
            MacMismatch: the MAC is not ours.
        """
        envelope = exchange.envelope
        if envelope.transaction in KEYED_BY_AK:
            if envelope.key_version:
                raise KeyVersionUnknown(envelope.key_version)
            exchange.keys = bank.signing(envelope.signed, envelope.mac, exchange.started_at)
            exchange.authenticator = exchange.keys.authenticator
        else:
            exchange.authenticator = exchange.security = self._verify_session(exchange)

    def _verify_session(self, exchange: Exchange) -> SessionSecurity:
        """Verify a frame under its session keys and note that it did."""
        link, envelope, now = self._link, exchange.envelope, exchange.started_s
        if link.ring is None:
            raise KeyVersionUnknown(envelope.key_version)
        security = link.ring.security(envelope.key_version, now)
        security.verify(envelope.signed, envelope.mac)
        if not link.machine.is_proven:
            link.services.admission.proven(link.peer)
        link.ring.mark_used(envelope.key_version, now)
        link.report(LinkEvent.MAK_VERIFIED)
        return security

    def _refuse_other_bank(self, exchange: Exchange) -> None:
        """Another bank is signed in here: that counts as a wrong MAC, for nobody is named so by mistake."""
        self._refuse(exchange, ResponseCode.NOT_SIGNED_IN)
        self._count_mac_failure(exchange.envelope)

    def _refuse(self, exchange: Exchange, code: ResponseCode) -> None:
        """Answer without a MAC; who is refused again and again has his connection closed."""
        link = self._link
        exchange.authenticator = exchange.security = None
        if link.bank is None:
            link.services.admission.failed(link.peer, link.services.clock.seconds())
            link.services.refusals.sign_ins[link.log.bank_code(exchange.envelope), code.name.lower()] += 1
            self._refused_count += 1
        link.answer(exchange, Answer(code))
        if self._refused_count >= REFUSALS_MAX and link.bank is None:
            link.wire.close()

    def _count_mac_failure(self, envelope: Envelope) -> None:
        link = self._link
        link.services.events["mac_failure"] += 1
        link.services.mac_failures[link.log.bank_code(envelope)] += 1
        link.report(LinkEvent.MAC_FAILED)
