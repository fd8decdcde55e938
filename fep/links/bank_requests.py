"""Requests of a bank 银行请求: what is done with one whose MAC was right.

    wrong direction dropped · key lifetime 1005 · code known 1004 · encryption 1009 · length, fields 1003 ·
    replay 1002 · link state 1010, 1011 · clock 1008 · then the business, in the gate

From here on every reply has a MAC, but to a replay.
"""

from dataclasses import replace
from typing import Protocol

from crypto.key_ring import KeyRing
from fep.links.authentication import KEYED_BY_AK, Authentication
from fep.links.bank import Bank
from fep.links.business import SubmittingLink, submit
from fep.links.exchange import Exchange
from fep.links.link_log import LinkLog
from fep.links.own_requests import OwnRequests
from fep.links.sign_in import is_replayed, issue_keys
from protocol.canonical.messages import Answer, Request
from protocol.dialect import Dialect
from protocol.errors import MessageInvalid
from protocol.link import Link as Machine
from protocol.link import LinkEvent
from protocol.response_codes import ResponseCode
from protocol.transactions import LINK_TRANSACTIONS, Transaction


class AskedLink(SubmittingLink, Protocol):
    """What is needed of a link to do what its bank asks for."""

    number: int
    dialect: Dialect
    machine: Machine
    bank: Bank | None
    ring: KeyRing | None
    log: LinkLog
    own_requests: OwnRequests
    authentication: Authentication

    def signed_in(self, bank: Bank) -> None:
        """It is the bank's from now on."""
        ...

    def signed_out(self, exchange: Exchange) -> None:
        """The bank has asked to leave; that is answered last."""
        ...

    def report(self, event: LinkEvent) -> None:
        """Tell the state machine what happened and do what it orders."""
        ...

    def approve(self, exchange: Exchange) -> None:
        """Send a reply that says nothing but yes."""
        ...


class BankRequests:
    """The requests of one link."""

    __slots__ = ("_link",)

    def __init__(self, link: AskedLink) -> None:
        self._link = link

    def received(self, exchange: Exchange, bank: Bank) -> None:
        """Go on with an authenticated request: read it and do what it asks for, or say why not."""
        link, envelope, sampled = self._link, exchange.envelope, exchange.sampled
        if sampled is not None:
            sampled.ends("verify")
        if envelope.is_misdirected:
            return link.log.frame_dropped(envelope, "wrong_direction")
        if envelope.transaction is Transaction.ECHO and envelope.fep_serial in link.own_requests:
            # Never echo an echo: its reply would pass for the bank's.
            return link.log.frame_dropped(envelope, "echo_of_our_own")
        code = self._unread_refusal(exchange, bank)
        if code is not None:
            return link.answer(exchange, Answer(code))
        try:
            exchange.request = _of_bank(bank, link.dialect.request(envelope, exchange.plain_body()))
        except MessageInvalid as invalid:
            link.log.message_invalid(envelope, invalid)
            if envelope.transaction is Transaction.ECHO and invalid.path == "header.bank_serial":
                return link.log.frame_dropped(envelope, "echo_of_our_own")  # never echo an echo
            return link.answer(exchange, Answer(ResponseCode.FORMAT_ERROR))
        if sampled is not None:
            sampled.ends("decode")
        if link.services.tails.watching:
            link.services.tails.asked(link, exchange)
        return self._act(exchange, bank, exchange.request)

    def _unread_refusal(self, exchange: Exchange, bank: Bank) -> ResponseCode | None:
        """Return the code of the first failing check between MAC and fields, None when all pass."""
        envelope, ring = exchange.envelope, self._link.ring
        transaction = envelope.transaction
        if (
            transaction not in LINK_TRANSACTIONS
            and ring is not None
            and envelope.key_version
            and ring.expired(envelope.key_version, exchange.started_s)
        ):
            return ResponseCode.KEY_EXPIRED
        if transaction is None and envelope.problem is None:
            return ResponseCode.INVALID_TRANSACTION
        if transaction is not None and envelope.body and transaction not in KEYED_BY_AK:
            encryption = bank.settings.encryption
            if (encryption == "required" and not envelope.is_encrypted) or (
                encryption == "forbidden" and envelope.is_encrypted
            ):
                return ResponseCode.ENCRYPTION_MISMATCH
        return None

    def _act(self, exchange: Exchange, bank: Bank, request: Request) -> None:
        """Do what the link's state allows for the request."""
        link, transaction = self._link, request.transaction
        if transaction in KEYED_BY_AK:
            if is_replayed(link.services, bank, request):
                return link.authentication.refuse_mac(exchange)
            # Only now: a replay has a right MAC too, and must not end a row of failures.
            link.report(LinkEvent.AK_VERIFIED)
        refusal = link.machine.refusal(transaction)
        if refusal is not None:
            return link.answer(exchange, Answer(refusal))
        if transaction in KEYED_BY_AK:
            return self._issue_keys(exchange, bank, request)
        if transaction is Transaction.ECHO:
            return link.approve(exchange)
        if transaction is Transaction.SIGN_OUT:
            return link.signed_out(exchange)
        return submit(link, exchange, bank, request)

    def _issue_keys(self, exchange: Exchange, bank: Bank, request: Request) -> None:
        """Answer SIGN_IN or KEY_EXCHANGE; the first that is approved signs the bank in."""
        link, services, bank_code = self._link, self._link.services, bank.settings.bank_code
        if link.bank is None and bank.load.links >= bank.settings.links_max:
            services.refusals.sign_ins[bank_code, "links_max"] += 1
            return link.answer(exchange, Answer(ResponseCode.BUSY))
        ring = link.ring or bank.new_key_ring(services.settings.link.key_lifetime)
        keys = exchange.keys
        assert keys is not None, "sign-in and key exchange are authenticated by the bank's own keys"
        answer = issue_keys(services, bank, keys, ring, request)
        if answer.code is ResponseCode.APPROVED and link.bank is None:
            link.ring = ring
            link.signed_in(bank)
            link.log.signed_in(bank, keys.version.number)
        elif link.bank is None:
            services.refusals.sign_ins[bank_code, answer.code.name.lower()] += 1
        return link.answer(exchange, answer)


def _of_bank(bank: Bank, request: Request) -> Request:
    """Return ``request`` under the bank's own code, whatever its frames call it."""
    if request.head.bank_code == bank.settings.bank_code:
        return request
    return replace(request, head=replace(request.head, bank_code=bank.settings.bank_code))
