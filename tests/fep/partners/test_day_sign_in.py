"""Keeping a bank's day open: what is asked of the bank, what the log and the counters say of it."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from fep.partners.day_sign_in import DaySignIn
from fep.partners.errors import PartnerSilent, PartnerUnreachable, Reason
from fep.partners.partner_day import FIRST_WAIT_S
from protocol.canonical.link import WorkDay
from protocol.dialect import OwnReply
from protocol.errors import LocalProtocolError
from protocol.transactions import Transaction

MONDAY = date(2026, 11, 23)
TUESDAY = MONDAY + timedelta(days=1)
APPROVED = OwnReply(True, "00", "")


class AskedPartner:
    """Keeps what it is asked until the test answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, date]] = []
        self.waiting: list[Deferred[OwnReply]] = []

    def ask(self, transaction: Transaction, body: Any, fep_serial: int) -> "Deferred[OwnReply]":
        assert isinstance(body, WorkDay)
        self.asked.append((transaction.label, fep_serial, body.work_date))
        self.waiting.append(Deferred())
        return self.waiting[-1]

    def answer(self, result: OwnReply | Exception) -> None:
        if isinstance(result, Exception):
            self.waiting.pop().errback(result)
        else:
            self.waiting.pop().callback(result)


class Keeper:
    """A ``DaySignIn`` with everything around it in the test's hand."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.partner = AskedPartner()
        self.today = MONDAY
        self.serials: list[int | None] = list(range(101, 120))
        self.events: Counter[str] = Counter()
        partner: Any = self.partner
        self.sign_in = DaySignIn(
            "0401", partner, lambda: self.serials.pop(0), lambda: self.today, self.clock, self.events
        )

    def turn(self, answer: OwnReply | Exception | None = None, *, after_s: float = 0.0) -> None:
        """Let time pass, look, and answer what was asked."""
        self.clock.advance(after_s)
        self.sign_in.check(self.clock.seconds())
        if answer is not None:
            self.partner.answer(answer)


@pytest.fixture
def keeper(logs: object) -> Keeper:
    return Keeper()


def test_a_day_and_the_next(keeper: Keeper, logs: list[Any]) -> None:
    """One 90 a day, one 91 before the next; each under a number of its own, each told once."""
    keeper.turn(APPROVED)
    keeper.turn(after_s=60_000.0)
    keeper.today = TUESDAY
    keeper.turn(APPROVED)
    keeper.turn(APPROVED)
    keeper.turn()

    assert keeper.partner.asked == [("sign_in", 101, MONDAY), ("sign_out", 102, MONDAY), ("sign_in", 103, TUESDAY)]
    assert [(line["event"], line["bank_code"], line["day"], line["log_level"]) for line in logs] == [
        ("partner_signed_in", "0401", "2026-11-23", "info"),
        ("partner_signed_out", "0401", "2026-11-23", "info"),
        ("partner_signed_in", "0401", "2026-11-24", "info"),
    ]
    assert keeper.events == {"partner_signed_in": 2, "partner_signed_out": 1}


def test_a_failure_is_told_once_for_each_reason(keeper: Keeper, logs: list[Any]) -> None:
    """Every attempt is counted, but only a new reason is a new line; the bank's words stay out of the log."""
    down = PartnerUnreachable(Reason.NOT_CONNECTED, "Connection refused")
    refused = OwnReply(False, "51", "测试户 6222021234567890")
    for answer in (down, down, refused, refused, OwnReply(False, "0e", ""), PartnerSilent(Reason.CUT_OFF)):
        keeper.turn(answer, after_s=300.0)
    keeper.turn(APPROVED, after_s=300.0)

    told = [{key: line[key] for key in ("event", "reason", "code", "detail", "day") if key in line} for line in logs]
    failed = {"event": "partner_sign_in_failed", "day": "2026-11-23"}
    assert told == [
        {**failed, "reason": "not_connected", "detail": "Connection refused"},
        {**failed, "reason": "refused", "code": "51"},
        {**failed, "reason": "refused", "code": "0e"},
        {**failed, "reason": "cut_off"},
        {"event": "partner_signed_in", "day": "2026-11-23"},
    ]
    assert keeper.events == {"partner_sign_in_failed": 6, "partner_signed_in": 1}


def test_a_code_that_is_none(keeper: Keeper, logs: list[Any]) -> None:
    """What a bank writes in the place of a code is not repeated when it does not look like one."""
    keeper.turn(OwnReply(False, "张三", ""))
    assert (logs[0]["reason"], "code" in logs[0]) == ("refused", False)
    assert keeper.sign_in.day.trouble is not None
    assert keeper.sign_in.day.trouble.code == ""


def test_a_sign_out_that_fails(keeper: Keeper, logs: list[Any]) -> None:
    """It has a line of its own; the new day is opened all the same."""
    keeper.turn(APPROVED)
    keeper.today = TUESDAY
    keeper.turn(OwnReply(False, "26", ""))
    keeper.turn(APPROVED)
    assert [line["event"] for line in logs] == ["partner_signed_in", "partner_sign_out_failed", "partner_signed_in"]
    assert (logs[1]["day"], logs[2]["day"]) == ("2026-11-23", "2026-11-24")
    assert keeper.events["partner_sign_out_failed"] == 1


def test_no_numbers(keeper: Keeper, logs: list[Any]) -> None:
    """While the database gives no number nothing is sent, and it is tried again."""
    keeper.serials.insert(0, None)
    keeper.turn()
    assert keeper.partner.asked == []
    assert logs[0]["reason"] == "no_serial"
    keeper.turn(APPROVED, after_s=FIRST_WAIT_S)
    assert keeper.partner.asked == [("sign_in", 101, MONDAY)]


def test_what_the_format_cannot_say(keeper: Keeper, logs: list[Any]) -> None:
    """A bug of ours is told with its error, and does not end the loop."""
    error = LocalProtocolError("no such request")
    keeper.turn(error)
    assert (logs[0]["reason"], logs[0]["error"]) == ("not_sendable", error)
    keeper.turn(APPROVED, after_s=FIRST_WAIT_S)
    assert keeper.sign_in.day.signed_in == MONDAY


def test_the_end_of_the_daemon_is_no_trouble(keeper: Keeper, logs: list[Any]) -> None:
    """A sign-in that is given up because the daemon ends is not told as a failure of the bank."""
    keeper.turn(PartnerUnreachable(Reason.DRAINING))
    assert logs == []
    assert keeper.events == {}
    assert keeper.sign_in.day.trouble is None
