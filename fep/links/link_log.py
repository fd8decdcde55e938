"""Link log 链路日志: what one link logs and counts, and what it tells the audit log and traces of each answer.

A bank that has not signed in is named only where it is a known one: nothing that a stranger wrote is logged. Lines that
anybody can cause without a key are written while ``Notices`` takes them.
"""

from collections.abc import Mapping
from typing import Protocol

import structlog

from crypto.errors import MacMismatch
from fep.audit.log import Origin
from fep.links.bank import Bank
from fep.links.exchange import Exchange
from fep.links.route import IPAddress, Route
from fep.links.services import Services
from fep.traces.sampled import SampledRequest, TakesSamples
from protocol.canonical.messages import Answer
from protocol.dialect import Dialect, Envelope
from protocol.errors import MessageInvalid
from protocol.link import LinkEvent
from protocol.transactions import Transaction

_log = structlog.get_logger()


class LoggedLink(Origin, Protocol):
    """What is told of a link."""

    services: Services
    dialect: Dialect
    banks: Mapping[str, Bank]
    route: Route
    peer: IPAddress
    bank: Bank | None


class LinkLog:
    """Tells of one link."""

    __slots__ = ("_link",)

    def __init__(self, link: LoggedLink) -> None:
        self._link = link

    def bank_code(self, envelope: Envelope) -> str:
        """Return the bank for logs: the signed-in one, else a known one, else nothing that a stranger wrote."""
        link = self._link
        if link.bank is not None:
            return link.bank.settings.bank_code
        bank = link.banks.get(envelope.bank_code)
        return "unknown" if bank is None else bank.settings.bank_code

    # --- the link

    def signed_in(self, bank: Bank, keys: int) -> None:
        """A bank has signed in, with its keys of that version."""
        bank_code = bank.settings.bank_code
        if self._link.services.notices.takes("signed_in", bank_code):
            peer = str(self._link.peer)
            _log.info("signed_in", bank_code=bank_code, peer=peer, keys=keys, **self._link.route.about())

    def timed_out(self, event: LinkEvent) -> None:
        """A time limit has passed that ends the link."""
        services = self._link.services
        services.events["link_timed_out"] += 1
        if services.notices.takes("link_timed_out", event.name):
            bank_code = self._signed_in_bank_code()
            _log.info("link_timed_out", peer=str(self._link.peer), bank_code=bank_code, limit=event.name)

    def security_event(self) -> None:
        """Too many MACs in a row were wrong."""
        services = self._link.services
        services.events["security_event"] += 1
        bank_code = self._signed_in_bank_code()
        if services.notices.takes("security_event", bank_code):
            _log.error("security_event", kind="mac_failures", peer=str(self._link.peer), bank_code=bank_code)

    # --- frames

    def bank_unknown(self, envelope: Envelope) -> None:
        """Tell where an unknown bank's frame came from, and whose it would be in another format."""
        services = self._link.services
        if not services.notices.takes("bank_unknown"):
            return
        named = next((bank for bank in services.banks.values() if bank.settings.own_node == envelope.bank_code), None)
        meant = {} if named is None else {"node_of": named.settings.bank_code, "speaks": named.settings.dialect.name}
        _log.warning("bank_unknown", peer=str(self._link.peer), dialect=self._link.dialect.name, **meant)

    def mac_incorrect(self, envelope: Envelope, mismatch: MacMismatch) -> None:
        """Tell what a frame's MAC was compared over."""
        bank_code = self.bank_code(envelope)
        if self._link.services.notices.takes("mac_incorrect", bank_code):
            _log.warning(
                "mac_incorrect",
                bank_code=bank_code,
                transaction=_label(envelope.transaction),
                mac_bytes=len(envelope.mac),
                input_bytes=mismatch.input_bytes,
                input_sha256=mismatch.input_sha256,
            )

    def problem(self, envelope: Envelope) -> None:
        """Tell why a frame cannot be read that could not be authenticated either, perhaps for that reason."""
        if envelope.problem is not None:
            self.message_invalid(envelope, envelope.problem)

    def message_invalid(self, envelope: Envelope, invalid: MessageInvalid) -> None:
        """Tell why a frame cannot be read."""
        link = self._link
        if link.bank is None and not link.services.notices.takes("message_invalid"):
            return
        _log.info(
            "message_invalid",
            bank_code=self.bank_code(envelope),
            transaction=_label(envelope.transaction),
            **link.dialect.trace(envelope),
            path=invalid.path,
            reason=invalid.reason,
        )

    def frame_dropped(self, envelope: Envelope, reason: str) -> None:
        """A frame is not answered."""
        self._link.services.events["frame_dropped"] += 1
        _log.warning("frame_dropped", bank_code=self.bank_code(envelope), reason=reason)

    def request_failed(self, envelope: Envelope, error: Exception) -> None:
        """A bug of ours has cost a request."""
        _log.error("request_failed", bank_code=self.bank_code(envelope), error=error)

    # --- answers

    def answered(self, exchange: Exchange, answer: Answer, batch_size: int) -> None:
        """Write the log line of an answer, and tell the audit log where that keeps it."""
        link, services, envelope = self._link, self._link.services, exchange.envelope
        said = services.transaction_log.answered(
            self.bank_code(envelope),
            envelope.transaction,
            link.dialect.trace(envelope),
            answer,
            (services.clock.seconds() - exchange.started_s) * 1000,
            batch_size,
            is_written=link.bank is not None or services.notices.takes("transaction", answer.code.code),
        )
        if services.audit.wants(envelope.transaction, answer.code):
            services.audit.answered(link, exchange, answer, said)
        if exchange.sampled is not None and services.traces is not None:
            self._trace(exchange.sampled, exchange, answer, batch_size, services.traces)

    def answered_late(self, exchange: Exchange, answer: Answer) -> None:
        """Tell of what was done after its bank had been told that the outcome is unknown."""
        services, envelope = self._link.services, exchange.envelope
        if services.audit.wants(envelope.transaction, answer.code):
            trace = self._link.dialect.trace(envelope)
            said = services.transaction_log.said(self.bank_code(envelope), envelope.transaction, trace, answer)
            services.audit.answered(self._link, exchange, answer, said, is_late=True)

    def _trace(
        self, sampled: SampledRequest, exchange: Exchange, answer: Answer, batch_size: int, traces: TakesSamples
    ) -> None:
        """Tell of a sampled request: its stages, and by what the log and the journal know it."""
        sampled.ends("reply")
        label = _label(exchange.envelope.transaction)
        sampled.finish(
            label,
            bank_code=self.bank_code(exchange.envelope),
            transaction=label,
            response_code=answer.code.code,
            fep_serial=None if answer.fep_serial is None else f"{answer.fep_serial:012d}",
            repeat=answer.repeat or None,
            batch_size=batch_size or None,
            **self._link.dialect.trace(exchange.envelope),
        )
        traces.tell(sampled)

    def _signed_in_bank_code(self) -> str:
        bank = self._link.bank
        return "unknown" if bank is None else bank.settings.bank_code


def _label(transaction: Transaction | None) -> str:
    return transaction.label if transaction else "unknown"
