"""Business requests on their way to the gate and back: what is submitted, and what each outcome is answered with."""

import gc
from dataclasses import replace
from datetime import date, datetime, time

import pytest

from dbgate.errors import (
    DatabaseUnavailable,
    DecisionFailed,
    GateBusy,
    GateClosed,
    OutcomeUnknown,
    StatementFailed,
)
from dbgate.records import ClearingDay, Identity
from dbgate.work import Moment
from dbgate.working_set import WorkingSet
from fep.links import business
from fep.links.in_work import InWork
from handlers.catalogue import HANDLERS, Handler
from handlers.terms import BankTerms, Hours
from protocol.canonical.business import StatusReply, UndoReply
from protocol.canonical.messages import Answer
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction
from tests.support.raw_bank import ECHO
from tests.support.records import NOW, TODAY
from tests.support.rim import Rim, reversed_, status_found
from tests.system.messages import CANCEL, PAYMENTS, QUERY, REVERSE, STATUS, query, records, status, undo

ACCOUNT = "0100000001"
STATUS_BODY = status(ACCOUNT, 7, TODAY)
UNDO_BODY = undo(ACCOUNT, 100, 7, TODAY)
MONEY, READ = (REVERSE, UNDO_BODY), (STATUS, STATUS_BODY)
DB_TIMEOUT_S = 10.0


def asked(rim: Rim, code: int, body: bytes) -> tuple[str, str]:
    """Send a request whose work has been answered or refused; return code and MAC of the one reply."""
    bank = rim.bank()
    reply = bank.request(code, body)
    assert bank.frames() == []
    return reply.code, reply.mac_state


# --- what is submitted


def test_what_the_gate_is_given(rim):
    """A request becomes work: its needs, its lane, and a deadline db_timeout from now."""
    bank = rim.bank()
    bank.send(bank.build(REVERSE, UNDO_BODY, serial=77), bank.build(QUERY, query(ACCOUNT)))
    money, read = rim.gate.works

    assert (money.money, read.money) == (True, False)
    assert money.needs.own == Identity("0102", TODAY, "000000000077")
    assert money.needs.original == Identity("0102", TODAY, "000000000007")
    assert money.deadline == read.deadline == rim.clock.seconds() + DB_TIMEOUT_S
    assert (bank.link.in_flight, len(rim.services.in_work)) == (2, 2)


def test_the_decision_knows_the_banks_terms(logs):
    """Deciding goes by the terms of the bank that is signed in: here its service hours are over."""
    terms = BankTerms("0102", service_hours=Hours(time(8), time(9)))
    rim = Rim(banks={"0102": {"terms": terms}})
    bank = rim.bank()
    bank.send(bank.build(QUERY, query(ACCOUNT)), bank.build(STATUS, STATUS_BODY))
    working_set = WorkingSet()
    working_set.add_days([ClearingDay("0102", TODAY, TODAY)])
    moment = Moment(NOW, TODAY, None, None)

    answers = [work.decide(working_set, moment).answer for work in rim.gate.works]
    assert [answer.code for answer in answers] == [ResponseCode.OUT_OF_SERVICE, ResponseCode.APPROVED]
    assert isinstance(answers[1].body, StatusReply)


def test_needs_go_by_the_wall_clock_of_this_machine(rim):
    """What to load of a history is counted back from today's date here."""
    bank = rim.bank()
    for today, since in ((date(2026, 1, 31), date(2025, 10, 1)), (date(2026, 2, 1), date(2025, 11, 1))):
        rim.wall_now = datetime.combine(today, time(12))
        bank.send(bank.build(PAYMENTS, records(ACCOUNT, 3)))
        assert rim.gate.works.pop().needs.payments_since == since  # a month more: the database's day decides


# --- what is answered


@pytest.mark.parametrize("refusal", [GateBusy("full"), GateClosed("draining")])
@pytest.mark.parametrize("request_", [MONEY, READ], ids=["money", "read"])
def test_a_gate_that_takes_nothing_is_busy(rim, refusal, request_):
    """A gate that is full or draining is 1011 at once, and nothing stays in work."""
    rim.gate.refusal = refusal
    bank = rim.bank()
    reply = bank.request(*request_)
    assert (reply.code, reply.mac_state) == ("1011", "right")
    assert (bank.link.in_flight, len(rim.services.in_work)) == (0, 0)


@pytest.mark.parametrize(
    ("error", "money_code", "read_code"),
    [
        (DatabaseUnavailable("x"), "9001", "9001"),
        (StatementFailed("x"), "9003", "9003"),
        (DecisionFailed("x"), "9003", "9003"),
        (OutcomeUnknown("x"), "9002", "9002"),
        (GateClosed("x"), "1011", "1011"),
        (ZeroDivisionError("x"), "9002", "9003"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_errors_of_the_gate(rim, logs, error, money_code, read_code):
    """Each error says what is certain; what nobody foresaw is unknown when money may have moved."""
    for (code, body), expected in ((MONEY, money_code), (READ, read_code)):
        bank = rim.bank()
        bank.send(bank.build(code, body))
        rim.gate.finish(error)
        assert [(frame.code, frame.mac_state) for frame in bank.frames()] == [(expected, "right")]
        assert bank.link.in_flight == 0
    is_bug = not isinstance(error, (DatabaseUnavailable, StatementFailed, OutcomeUnknown, GateClosed))
    assert [event["error"] for event in logs if event["event"] == "request_failed"] == [error] * 2 * is_bug


def test_an_exception_in_a_handler_is_answered(rim, monkeypatch):
    """A handler that raises before anything is submitted is 9003, and the link goes on."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    handler = Handler(Transaction.CANCEL, money=True, needs=broken, decide=broken)
    monkeypatch.setattr(business, "HANDLERS", {**HANDLERS, Transaction.CANCEL: handler})
    bank = rim.bank()
    reply = bank.request(CANCEL, UNDO_BODY)
    assert (reply.code, reply.mac_state) == ("9003", "right")
    assert bank.link.in_flight == 0
    bank.check_alive()


@pytest.mark.parametrize(("request_", "expected"), [(MONEY, "9002"), (READ, "9003")], ids=["money", "read"])
def test_a_reply_that_cannot_be_built(rim, logs, request_, expected):
    """A reply that does not fit its fields is our bug: the outcome of money is unknown, and the link can still end."""
    bank = rim.bank()
    bank.send(bank.build(*request_))
    answer = reversed_() if request_ is MONEY else status_found()
    assert isinstance(answer.body, UndoReply | StatusReply)
    rim.gate.finish(replace(answer, body=replace(answer.body, amount_fen=1 << 70)))

    assert [(frame.code, frame.mac_state) for frame in bank.frames()] == [(expected, "right")]
    assert "reply_failed" in [event["event"] for event in logs]
    bank.link.drain()
    assert bank.ends == "half-closed"


def test_a_link_ends_even_when_no_reply_can_be_sent(rim, monkeypatch):
    """When nothing at all can be answered the request is no longer in work, so that a drain is not held up."""
    bank = rim.bank()
    bank.send(bank.build(*READ))
    monkeypatch.setattr("fep.links.exchange.Exchange.reply_frame", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        rim.gate.finish(status_found())
    assert bank.link.in_flight == 0


# --- a gate that hangs


@pytest.mark.parametrize(
    ("request_", "may_be_stored", "expected"),
    [(MONEY, False, "9001"), (MONEY, True, "9002"), (READ, False, "9001")],
    ids=["money", "money being committed", "read"],
)
def test_a_gate_that_hangs_is_not_waited_for(rim, logs, request_, may_be_stored, expected):
    """At the deadline the bank is answered, 9002 when a COMMIT may be under way; what comes later is ignored."""
    bank = rim.bank()
    bank.send(bank.build(*request_))
    rim.gate.works[0].fate.may_be_stored = may_be_stored
    rim.pass_time(DB_TIMEOUT_S - 0.25)
    assert bank.frames() == []
    rim.pass_time(0.25)

    assert [(frame.code, frame.mac_state) for frame in bank.frames()] == [(expected, "right")]
    assert [event["may_be_stored"] for event in logs if event["event"] == "gate_overdue"] == [may_be_stored]
    assert (bank.link.in_flight, len(rim.services.in_work)) == (0, 0)
    rim.gate.finish(reversed_() if request_ is MONEY else status_found())
    assert bank.frames() == []
    assert bank.link.in_flight == 0


def test_a_request_overdue_on_a_connection_that_is_lost(rim):
    """The bank has gone and the gate hangs: the request ends all the same."""
    bank = rim.bank()
    bank.send(bank.build(*MONEY))
    bank.hang_up()
    rim.pass_time(DB_TIMEOUT_S + 1)
    assert (bank.link.in_flight, len(rim.services.in_work)) == (0, 0)


def test_work_is_forgotten_when_it_is_answered(rim):
    """Answered work behind a hanging one is kept no longer than until that one is overdue."""
    bank = rim.bank()
    bank.send(*(bank.build(*READ) for _ in range(3)))
    rim.gate.finish(status_found(), 1)
    rim.gate.finish(status_found(), 1)
    rim.check()
    in_work: InWork = rim.services.in_work
    assert (len(in_work), len(in_work._tickets)) == (1, 3)
    rim.gate.finish(status_found())
    rim.check()
    assert len(in_work._tickets) == 0
    assert [frame.code for frame in bank.frames()] == ["0000"] * 3


def test_answered_requests_leave_nothing_to_the_garbage_collector(rim):
    """What a request was made of is free once it is answered, so that the collector's rounds need not stop the loop."""
    bank = rim.bank()
    bank.send(bank.build(*MONEY), bank.build(*READ))
    gc.collect()
    gc.disable()
    try:
        rim.gate.finish(reversed_())
        rim.gate.finish(status_found())
        rim.check()
        assert gc.collect() == 0
    finally:
        gc.enable()
    assert [frame.code for frame in bank.frames()] == ["0000"] * 2


def test_the_gates_answer_is_an_answer_or_an_error(rim):
    """Anything else that a gate delivers is a bug that does not pass unseen."""
    bank = rim.bank()
    bank.send(bank.build(*READ))
    with pytest.raises(AssertionError):
        rim.gate.finish("approved")


# --- the log line


def test_one_line_for_each_request(rim, logs):
    """A line names bank, serials, code, batch and how long it took, and no account."""
    bank = rim.bank()
    bank.send(bank.build(REVERSE, UNDO_BODY, serial=42))
    rim.gate.works[0].batch_size = 17
    rim.clock.advance(0.25)
    rim.gate.finish(reversed_(repeat=True))
    line = [event for event in logs if event["event"] == "transaction"][-1]

    assert line == {
        "event": "transaction",
        "log_level": "info",
        "bank_code": "0102",
        "transaction": "reverse",
        "bank_date": "20261121",
        "bank_serial": "000000000042",
        "channel": "01",
        "fep_serial": "000000123456",
        "response_code": "0000",
        "repeat": True,
        "elapsed_ms": 250.0,
        "batch_size": 17,
    }
    assert ACCOUNT not in repr(logs)
    assert [event["batch_size"] for event in logs if event["event"] == "transaction"] == [0, 0, 17]


def test_nothing_is_answered_twice(rim):
    """A gate that delivers twice is believed once."""
    bank = rim.bank()
    bank.send(bank.build(*READ))
    work = rim.gate.works[0]
    work.done(status_found())
    work.done(Answer(ResponseCode.ACCOUNT_NOT_FOUND))
    assert [frame.code for frame in bank.frames()] == ["0000"]
    assert bank.link.in_flight == 0
    assert bank.request(ECHO).code == "0000"
