"""Asking a bank over a connection of the FEP's own: what it answers, and what is certain when it does not."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import date
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock

from fep.config.settings import Address
from fep.links.tails import Tails
from fep.partners.errors import PartnerBusy, PartnerError, PartnerSilent, PartnerUnreachable, Reason
from fep.partners.partner import EXCHANGES_MAX, Partner
from protocol.canonical.link import NoBody, WorkDay
from protocol.canonical.push import PushRequest
from protocol.dialect import OwnReply
from protocol.errors import LocalProtocolError
from protocol.transactions import Transaction
from tests.fep.partners.conftest import TIMEOUT_S, AskingDialect, Turning
from tests.support import partner_bank
from tests.support.partner_bank import Manner, PartnerBank, refuse, say
from tests.support.ports import free_port
from tests.support.records import NOW
from tests.support.rim import settings_of

SERIAL = 700_000_000_001
MONDAY = date(2026, 11, 23)
BILL = PushRequest(
    "0100000001", "测试户", "6222021234567890", 202610, 1, "B000000000000001", 12_000, 345, date(2026, 11, 30)
)

MakePartner = Callable[[int], Partner]


def sign_in(partner: Partner, serial: int = SERIAL, **options: Any) -> "Deferred[OwnReply]":
    return partner.ask(Transaction.SIGN_IN, WorkDay(MONDAY), serial, **options)


def error_of(turning: Turning, deferred: "Deferred[Any]") -> PartnerError:
    with pytest.raises(PartnerError) as raised:
        turning.result(deferred)
    return raised.value


# --- watched


def test_who_watches_sees_both_frames_masked(
    turning: Turning, partner: Partner, bank: PartnerBank, tails: Tails
) -> None:
    """The request once it is sent and the reply once it is read, by the partner's address; nobody is recognised."""
    seen: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    tails.add("0102", seen.append)
    tails.add("0103", others.append)
    turning.result(partner.ask(Transaction.BILL_PUSH, BILL, SERIAL))

    assert others == []
    asked, answered = seen
    ways = [(each["direction"], each["transaction"], each["partner"], "link" in each) for each in seen]
    assert ways == [(way, "bill_push", f"127.0.0.1:{bank.port}", False) for way in ("out", "in")]
    assert asked["head"] == {"fep_serial": f"{SERIAL:012d}"}
    assert answered["head"] == {"fep_serial": f"{SERIAL:012d}", "is_approved": True}
    assert (asked["body"]["account_no"], asked["body"]["name"]) == ("******0001", "测**")
    assert (asked["body"]["passbook"], asked["body"]["principal_fen"]) == ("622202******7890", 12_000)


def test_what_was_not_sent_is_not_seen(turning: Turning, make_partner: MakePartner, tails: Tails) -> None:
    """Where nobody listens there is no frame."""
    seen: list[dict[str, Any]] = []
    tails.add("0102", seen.append)
    error_of(turning, sign_in(make_partner(free_port())))
    assert seen == []


# --- answered


def test_a_bill_that_the_bank_debits(turning: Turning, partner: Partner, bank: PartnerBank) -> None:
    """One connection, the request whole, the reply read, and the connection ended by the FEP."""
    reply = turning.result(partner.ask(Transaction.BILL_PUSH, BILL, SERIAL))

    assert reply == OwnReply(True, "00", "")
    [asked] = bank.asked
    assert (asked.code, asked.head[1:4]) == ("20", ["UTILITY", "301", "00000000700000000001"])
    assert (asked.body[2], asked.body[5], asked.body[10]) == ("0000700000000001", "0100000001", "12345")
    turning.until(lambda: bank.ended == 1)


def test_what_the_bank_refuses(turning: Turning, partner: Partner, bank: PartnerBank) -> None:
    """A refusal is an answer: it comes with the bank's own code and words."""
    bank.manner = refuse("75", "余额不足")
    assert turning.result(partner.ask(Transaction.BILL_PUSH, BILL, SERIAL)) == OwnReply(False, "75", "余额不足")


def test_a_reply_in_many_pieces(turning: Turning, partner: Partner, bank: PartnerBank) -> None:
    """One byte at a time is the same reply."""
    bank.manner = partner_bank.trickle
    assert turning.result(sign_in(partner)).is_approved


def test_what_follows_the_reply_is_dropped(turning: Turning, partner: Partner, bank: PartnerBank) -> None:
    """The first frame is the reply; a second one changes nothing."""
    bank.manner = partner_bank.chatter
    assert turning.result(sign_in(partner)).code == "00"
    assert turning.result(sign_in(partner)).code == "00"


def test_the_day_that_is_opened(turning: Turning, partner: Partner, bank: PartnerBank) -> None:
    """The request names the day that it is for, which need not be the calendar's."""
    assert turning.result(sign_in(partner)).is_approved
    [asked] = bank.asked
    assert (asked.code, asked.head[4], asked.work_date) == ("90", f"{NOW:%Y%m%d}", "20261123")


# --- nothing was sent


def test_a_bank_that_is_down(turning: Turning, make_partner: MakePartner) -> None:
    """Nobody listens: nothing was sent."""
    error = error_of(turning, sign_in(make_partner(free_port())))
    assert (type(error), error.reason) == (PartnerUnreachable, Reason.NOT_CONNECTED)
    assert "refused" in error.detail


@pytest.fixture
def deaf_port() -> Iterator[tuple[int, socket.socket]]:
    """A port whose queue of connections is full, so that connecting to it waits; and its listener."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = listener.getsockname()
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            with suppress(BlockingIOError):
                client.connect(address)
        yield address[1], listener


def test_a_bank_that_does_not_take_the_connection(
    turning: Turning, make_partner: MakePartner, clock: Clock, deaf_port: tuple[int, socket.socket]
) -> None:
    """Connecting is part of the time limit; what is over is not sent, even should the bank take it later."""
    port, listener = deaf_port
    partner = make_partner(port)
    answered = sign_in(partner)
    turning.reactor.iterate(0.05)
    assert not answered.called
    clock.advance(TIMEOUT_S - 0.01)
    partner.check(clock.seconds())
    assert not answered.called
    clock.advance(0.01)
    partner.check(clock.seconds())
    error = error_of(turning, answered)
    assert (type(error), error.reason) == (PartnerUnreachable, Reason.CONNECT_TIMED_OUT)

    listener.setblocking(False)
    received = b""
    with suppress(BlockingIOError):
        while True:
            taken, _ = listener.accept()
            with taken, suppress(BlockingIOError):
                taken.setblocking(False)
                received += taken.recv(1)
    assert received == b""


def test_too_much_at_once(turning: Turning, partner: Partner, bank: PartnerBank) -> None:
    """So many exchanges are under way and no more; the next is told at once, and may be asked when one is over."""
    bank.manner = partner_bank.hold
    under_way = [sign_in(partner, SERIAL + number) for number in range(EXCHANGES_MAX)]
    error = error_of(turning, sign_in(partner))
    assert (type(error), error.reason) == (PartnerBusy, Reason.BUSY)
    assert isinstance(error, PartnerUnreachable)

    bank.release.set()
    following = under_way[0].addCallback(lambda _: sign_in(partner))
    assert all(turning.result(answered).is_approved for answered in [following, *under_way[1:]])
    assert len(bank.asked) == EXCHANGES_MAX + 1


def test_what_the_format_cannot_say(turning: Turning, partner: Partner, bank: PartnerBank) -> None:
    """The caller is told why, and nothing is connected to."""
    with pytest.raises(LocalProtocolError):
        turning.result(partner.ask(Transaction.ECHO, NoBody(), SERIAL))
    assert turning.result(partner.drain()) is None
    assert bank.asked == []


# --- sent, and the outcome unknown


def test_a_bank_that_answers_too_late(turning: Turning, partner: Partner, bank: PartnerBank, clock: Clock) -> None:
    """After the time limit the outcome is unknown, and an answer that comes later is not taken for one."""
    bank.manner = partner_bank.hold
    answered = sign_in(partner)
    turning.until(lambda: bank.asked)
    clock.advance(TIMEOUT_S)
    partner.check(clock.seconds())
    error = error_of(turning, answered)
    assert (type(error), error.reason) == (PartnerSilent, Reason.REPLY_TIMED_OUT)

    bank.release.set()
    bank.manner = partner_bank.approve
    assert turning.result(sign_in(partner, SERIAL + 1)).is_approved
    turning.until(lambda: bank.ended == 2)


def test_a_time_limit_of_the_callers_own(turning: Turning, partner: Partner, bank: PartnerBank, clock: Clock) -> None:
    """A debit may take longer than a sign-in."""
    bank.manner = partner_bank.hold
    answered = sign_in(partner, timeout_s=30.0)
    turning.until(lambda: bank.asked)
    clock.advance(29.9)
    partner.check(clock.seconds())
    assert not answered.called
    clock.advance(0.1)
    partner.check(clock.seconds())
    assert error_of(turning, answered).reason is Reason.REPLY_TIMED_OUT


@pytest.mark.parametrize("manner", [partner_bank.cut, partner_bank.hang_up])
def test_a_bank_that_hangs_up(turning: Turning, partner: Partner, bank: PartnerBank, manner: Manner) -> None:
    """Cut off in the middle of the reply, or before it: the bank may have done it."""
    bank.manner = manner
    error = error_of(turning, sign_in(partner))
    assert (type(error), error.reason) == (PartnerSilent, Reason.CUT_OFF)


@pytest.mark.parametrize(
    ("manner", "detail"),
    [
        (partner_bank.another, "header.MesgID: of another message"),
        (say(b"0000000200" + bytes(200)), "header.MesgID: of another message"),
        (say(b"HTTP/1.1 400 Bad Request\r\n"), "the length field is not 10 digits"),
        (say(b"0000999999" + bytes(9)), "length 999999 is not between 113 and 65536"),
    ],
)
def test_what_is_no_reply(turning: Turning, partner: Partner, bank: PartnerBank, manner: Manner, detail: str) -> None:
    """Another message's reply, or no message: it is told by what is wrong, the outcome is unknown."""
    bank.manner = manner
    error = error_of(turning, sign_in(partner))
    assert (type(error), error.reason, error.detail) == (PartnerSilent, Reason.NOT_A_REPLY, detail)
    turning.until(lambda: bank.ended == 1)


def test_a_bug_in_reading_the_reply(
    turning: Turning, partner: Partner, bank: PartnerBank, monkeypatch: pytest.MonkeyPatch, logs: list[Any]
) -> None:
    """It is logged with its traceback, and the caller does not wait in vain."""
    monkeypatch.setattr(AskingDialect, "own_reply", lambda *_: 1 / 0)
    error = error_of(turning, sign_in(partner))
    assert (type(error), error.reason) == (PartnerSilent, Reason.NOT_READABLE)
    [line] = logs
    assert (line["event"], line["bank_code"]) == ("partner_reply_failed", "0102")
    assert isinstance(line["error"], ZeroDivisionError)


# --- draining


def test_draining_waits_for_what_was_sent(turning: Turning, partner: Partner, bank: PartnerBank) -> None:
    """An exchange that has begun comes to its end; nothing new begins."""
    bank.manner = partner_bank.hold
    answered = sign_in(partner)
    turning.until(lambda: bank.asked)
    drained = partner.drain()
    error = error_of(turning, sign_in(partner))
    assert (type(error), error.reason) == (PartnerUnreachable, Reason.DRAINING)
    assert not drained.called

    bank.release.set()
    assert turning.result(answered).is_approved
    assert turning.result(drained) is None
    assert len(bank.asked) == 1


def test_draining_is_bounded(turning: Turning, partner: Partner, bank: PartnerBank, clock: Clock) -> None:
    """A bank that does not answer holds it up for the time limit, no longer."""
    bank.manner = partner_bank.hold
    answered = sign_in(partner)
    turning.until(lambda: bank.asked)
    drained = partner.drain()
    clock.advance(TIMEOUT_S)
    partner.check(clock.seconds())
    assert error_of(turning, answered).reason is Reason.REPLY_TIMED_OUT
    assert turning.result(drained) is None


def test_draining_gives_up_what_is_not_sent(
    turning: Turning, make_partner: MakePartner, deaf_port: tuple[int, socket.socket]
) -> None:
    """Nobody waits for a connection that the bank does not take."""
    partner = make_partner(deaf_port[0])
    answered = sign_in(partner)
    turning.reactor.iterate(0.05)
    drained = partner.drain()
    error = error_of(turning, answered)
    assert (type(error), error.reason) == (PartnerUnreachable, Reason.DRAINING)
    assert turning.result(drained) is None


@pytest.mark.parametrize("host", ["10.1.2.3", "fd00::1"])
def test_addresses_of_both_families(host: str) -> None:
    """A bank may have an IPv4 or an IPv6 address."""
    reactor = MemoryReactorClock()
    dialect: Any = AskingDialect()
    bank = settings_of("0102", partner=Address(host, 9800))
    sign_in(Partner(bank, dialect, reactor, reactor, lambda: NOW, TIMEOUT_S, Tails()))
    [(connected_host, port, _, timeout_s, _)] = reactor.tcpClients
    assert (connected_host, port) == (host, 9800)
    assert timeout_s > TIMEOUT_S  # ours comes first, and says what was too late
