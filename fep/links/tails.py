"""Tails 报文查看: who watches the frames of a bank, decoded and masked, for a few minutes.

While nobody watches, a frame costs one look at an empty tuple.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import structlog

from fep.links.bank import Bank
from fep.links.exchange import Exchange
from protocol.canonical.messages import Answer, RequestBody
from protocol.dialect import OwnReply
from protocol.masking import masked
from protocol.transactions import Transaction

Sees = Callable[[dict[str, Any]], None]
"""Takes one frame, as plain values."""


_log = structlog.get_logger()


class WatchedLink(Protocol):
    """What is told of a link."""

    number: int
    bank: Bank | None


@dataclass(frozen=True, slots=True)
class Way:
    """Where a frame goes or comes from: ``about`` is ``link`` with its number, or ``partner`` with its address."""

    bank_code: str
    about: dict[str, Any]

    @classmethod
    def of(cls, link: WatchedLink) -> "Way":
        """Return the way over a link that a bank has opened."""
        return cls(link.bank.settings.bank_code if link.bank else "", {"link": link.number})


class Tails:
    """Those who watch, by bank; of the loop's thread."""

    def __init__(self) -> None:
        self.watching: tuple[tuple[str, Sees], ...] = ()

    def add(self, bank_code: str, sees: Sees) -> None:
        """Let ``sees`` see the frames of a bank from now on."""
        self.watching = (*self.watching, (bank_code, sees))

    def remove(self, sees: Sees) -> None:
        """Show it no more."""
        self.watching = tuple(each for each in self.watching if each[1] is not sees)

    def asked(self, link: WatchedLink, exchange: Exchange) -> None:
        """Show a bank's request that was authenticated and read."""
        request = exchange.request
        if request is not None:
            at, transaction = exchange.started_at, request.transaction
            self._show(Way.of(link), "in", at, transaction, lambda: (masked(request.head), request.body))

    def answered(self, link: WatchedLink, exchange: Exchange, answer: Answer, at: datetime) -> None:
        """Show the reply to it, or to one that could not be read."""
        transaction = exchange.envelope.transaction
        self._show(Way.of(link), "out", at, transaction, lambda: (_reply_head(exchange, answer), answer.body))

    def own_asked(self, way: Way, transaction: Transaction, body: RequestBody, fep_serial: int, at: datetime) -> None:
        """Show a request of the FEP's own."""
        self._show(way, "out", at, transaction, lambda: ({"fep_serial": f"{fep_serial:012d}"}, body))

    def own_answered(self, way: Way, transaction: Transaction, reply: OwnReply, fep_serial: int, at: datetime) -> None:
        """Show a bank's reply to one; its own words are not shown, for nobody knows what stands in them."""
        head = {"fep_serial": f"{fep_serial:012d}", "is_approved": reply.is_approved}
        self._show(way, "in", at, transaction, lambda: (head, reply.body))

    def _show(
        self,
        way: Way,
        direction: str,
        at: datetime,
        transaction: Transaction | None,
        parts: Callable[[], tuple[dict[str, Any], object]],
    ) -> None:
        seeing = [sees for watched, sees in self.watching if watched == way.bank_code]
        if not seeing:
            return
        try:
            head, body = parts()
            shown = {
                "at": f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}",
                **way.about,
                "bank_code": way.bank_code,
                "direction": direction,
                "transaction": transaction.label if transaction else "unknown",
                "head": head,
                "body": masked(body),
            }
            for sees in seeing:
                sees(shown)
        except Exception as error:  # noqa: BLE001 - a bug in what is only shown must not cost a bank its reply
            _log.error("tail_failed", bank_code=way.bank_code, error=error)


def _reply_head(exchange: Exchange, answer: Answer) -> dict[str, Any]:
    head: dict[str, Any] = {"response_code": answer.code.code}
    if exchange.request is not None:
        head["bank_serial"] = exchange.request.head.bank_serial
    if answer.fep_serial is not None:
        head["fep_serial"] = f"{answer.fep_serial:012d}"
    if answer.repeat:
        head["repeat"] = True
    return head
