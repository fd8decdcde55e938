"""How a push reaches a bank: over the link that has least to do, or a connection of the FEP's own."""

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from fep.partners.errors import PartnerBusy, PartnerSilent, PartnerUnreachable, Reason
from fep.pushes.ways import REPLY_TIMEOUT_S, LinkWay, PartnerWay
from protocol.canonical.codes import PushOutcome
from protocol.canonical.push import PushReply, PushRequest
from protocol.dialect import OwnReply
from protocol.errors import LocalProtocolError
from protocol.transactions import Transaction
from tests.support.records import TODAY

BILL = PushRequest("0100000001", "王", "6222", 202610, 1, "B1", 100, 0, TODAY)
REPLY = OwnReply(True, "0000", "", PushReply(PushOutcome.ACCEPTED))


class OneLink:
    """A link, and its own requests."""

    def __init__(self, busy: int = 0, *, is_able: bool = True, fault: Exception | None = None) -> None:
        self.busy, self.is_able, self.fault = busy, is_able, fault
        self.asked: dict[int, Callable[[Any], None]] = {}
        self.own_requests = self

    def can_ask(self, transaction: Transaction) -> bool:
        assert transaction is Transaction.BILL_PUSH
        return self.is_able

    def __len__(self) -> int:
        return self.busy

    def ask(self, transaction: Transaction, body: object, fep_serial: int, on_reply: Callable[[Any], None]) -> None:
        assert (transaction, body) == (Transaction.BILL_PUSH, BILL)
        if self.fault is not None:
            raise self.fault
        self.asked[fep_serial] = on_reply

    def forget(self, fep_serial: int) -> None:
        del self.asked[fep_serial]


def way_over(*links: OneLink, clock: Clock | None = None) -> LinkWay:
    return LinkWay(lambda: links, clock or Clock())  # type: ignore[arg-type,return-value]


def outcome(asked: "Deferred[Any]") -> Any:
    """Return what a Deferred has fired with, None when it has not."""
    found: list[Any] = []
    asked.addCallbacks(found.append, lambda failure: found.append(failure.value))
    return found[0] if found else None


def test_the_link_with_least_to_do() -> None:
    """Of those that are signed in and have proven their keys."""
    busy, idle, away = OneLink(5), OneLink(1), OneLink(0, is_able=False)
    way = way_over(busy, idle, away)
    assert way.is_open()
    asked = way.ask(BILL, 77)
    assert (list(busy.asked), list(idle.asked), list(away.asked)) == ([], [77], [])
    idle.asked[77](REPLY)
    assert outcome(asked) == REPLY


def test_no_link() -> None:
    """Certainly nothing was sent."""
    way = way_over(OneLink(is_able=False))
    assert not way.is_open()
    error = outcome(way.ask(BILL, 77))
    assert isinstance(error, PartnerUnreachable)
    assert error.reason is Reason.NOT_CONNECTED


def test_no_reply_in_time() -> None:
    """After thirty seconds it is not awaited any more; what comes later is nobody's."""
    clock, link = Clock(), OneLink()
    way = way_over(link, clock=clock)
    asked = way.ask(BILL, 77)
    late = link.asked[77]
    way.check(REPLY_TIMEOUT_S - 0.1)
    assert 77 in link.asked
    way.check(REPLY_TIMEOUT_S)
    error = outcome(asked)
    assert isinstance(error, PartnerSilent)
    assert (error.reason, link.asked) == (Reason.REPLY_TIMED_OUT, {})
    late(REPLY)


def test_a_link_that_is_cut() -> None:
    """The outcome is unknown."""
    link = OneLink()
    asked = way_over(link).ask(BILL, 77)
    link.asked[77](PartnerSilent(Reason.CUT_OFF))
    assert outcome(asked).reason is Reason.CUT_OFF


def test_a_bill_that_the_format_cannot_say() -> None:
    """The error is told, and the number is free again."""
    link = OneLink(fault=LocalProtocolError("body.bill_no: too long"))
    way = way_over(link)
    assert isinstance(outcome(way.ask(BILL, 77)), LocalProtocolError)
    link.fault = None
    way.ask(BILL, 77)
    assert isinstance(outcome(way.ask(BILL, 77)), PartnerBusy)


@pytest.mark.parametrize("is_signed_in", [True, False])
def test_a_partner(is_signed_in: bool) -> None:
    """It is open with the bank's day, and has as long to answer as any bank."""
    told: list[Any] = []

    class Partner:
        def ask(self, *asked: Any, **options: Any) -> "Deferred[OwnReply]":
            told.append((asked, options))
            return Deferred()

    way = PartnerWay(Partner(), lambda: is_signed_in)  # type: ignore[arg-type]
    assert way.is_open() is is_signed_in
    way.ask(BILL, 77)
    way.check(1e9)
    assert told == [((Transaction.BILL_PUSH, BILL, 77), {"timeout_s": 30.0})]
