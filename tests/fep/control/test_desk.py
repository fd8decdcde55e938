"""What operators do to links and banks of a running daemon."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.python.failure import Failure

from dbgate.books.acts import Act
from dbgate.errors import DatabaseUnavailable
from fep.control.connection import Asked, ControlRefused
from fep.control.desk import ControlDesk
from fep.control.roles import EVERY_ROLE, Role
from tests.support.records import TODAY
from tests.support.rim import Rim, status_found
from tests.system.messages import PAY, QUERY, SETTLE, STATUS, pay, query, status

ACCOUNT = "0100000001"


class Desk:
    """A desk over a rim, with a record that may fail."""

    def __init__(self, rim: Rim) -> None:
        self.rim = rim
        self.acts: list[Act] = []
        self.error: Exception | None = None
        self.taken = 0
        links = lambda: [connection.link for connection in rim.factory.connections]  # noqa: E731
        desk = ControlDesk(rim.services, links, lambda: {"pid": 7}, self.record, self.take_banks, rim.clock.callLater)
        self.commands = desk.commands()

    def record(self, act: Act) -> "Deferred[None]":
        self.acts.append(act)
        return succeed(None) if self.error is None else fail(self.error)

    def take_banks(self) -> None:
        self.taken += 1

    def ask(self, command: str, **arguments: Any) -> Any:
        answer = self.commands[command].answers(Asked("zhang", frozenset({Role.OPERATOR}), arguments))
        if not isinstance(answer, Deferred):
            return answer
        found: list[Any] = []
        answer.addCallback(found.append)
        return found[0]


@pytest.fixture
def desk(rim: Rim) -> Desk:
    return Desk(rim)


def test_links_are_listed(desk):
    """By number, with whose they are and how long they are idle; nothing of a customer."""
    desk.rim.connect()
    bank = desk.rim.bank("0103")
    desk.rim.pass_time(7)
    first, second = desk.ask("links")["links"]
    assert (first["link"], first["bank_code"], first["state"], first["idle_s"]) == (1, "", "connected", None)
    assert (second["link"], second["bank_code"], second["state"], second["idle_s"]) == (2, "0103", "signed_in", 7.0)
    assert (second["dialect"], second["peer"], second["in_work"]) == ("standard", "10.1.2.3", 0)
    assert second["connected_at"] == f"{desk.rim.wall_now:%Y-%m-%d %H:%M:%S}"
    answered = second["answered"]
    bank.send(bank.build(STATUS, status(ACCOUNT, 7, TODAY)))
    assert desk.ask("links")["links"][1]["in_work"] == 1
    desk.rim.gate.finish(status_found())
    assert desk.ask("links")["links"][1]["answered"] == answered + 1


def test_a_link_that_waits_for_the_banks_echo_is_idle_too(desk):
    """The time goes on from the last frame, not from the ECHO of ours."""
    desk.rim.bank("0103")
    desk.rim.pass_time(64)
    assert desk.ask("links")["links"][0]["idle_s"] == pytest.approx(64, abs=0.5)


def test_a_link_ends_when_what_it_has_asked_is_answered(desk, logs):
    """New business is refused meanwhile, and others go on."""
    bank, other = desk.rim.bank(), desk.rim.bank("0103")
    request = bank.build(STATUS, status(ACCOUNT, 7, TODAY))
    bank.send(request)
    assert desk.ask("link_close", link=1, reason="断线检修") == {"done": True, "is_recorded": True}
    assert bank.request(QUERY, query(ACCOUNT)).code == "1011"
    desk.rim.gate.finish(status_found())
    assert bank.reply(request).code == "0000"
    assert (bank.ends, other.ends) == ("half-closed", "open")
    assert desk.acts == [Act("zhang", "link_close", "0102", "1 10.1.2.3", "断线检修")]
    logged = next(event for event in logs if event["event"] == "operator_act")
    assert (logged["operator"], logged["act"], logged["subject"]) == ("zhang", "link_close", "1 10.1.2.3")


def test_a_suspended_bank_is_answered_1012_and_may_still_clear_up(desk):
    """Until it is resumed; STATUS is answered all the time, other banks do not notice."""
    bank, other = desk.rim.bank(), desk.rim.bank("0103")
    assert desk.ask("bank_suspend", bank="0102") == {"done": True, "is_recorded": True}
    assert desk.taken == 1
    assert codes(desk, bank) == ("1012", True)
    assert codes(desk, other) == (None, True)
    assert desk.ask("bank_resume", bank="0102") == {"done": True, "is_recorded": True, "is_suspended": False}
    assert desk.taken == 2
    assert codes(desk, bank) == (None, True)
    assert [act.act for act in desk.acts] == ["bank_suspend", "bank_resume"]


def codes(desk: Desk, bank: Any) -> tuple[str | None, bool]:
    """Return the code of a PAY's decision without an account, None when it got as far, and whether STATUS goes."""
    desk.rim.gate.works.clear()
    bank.send(bank.build(PAY, pay(ACCOUNT, 700, SETTLE)), bank.build(STATUS, status(ACCOUNT, 7, TODAY)))
    money, read = desk.rim.gate.works
    return refusal_of(money.decide), bank.link.bank is not None and read is not None


def refusal_of(decide: Callable[..., Any]) -> str | None:
    context = decide.args[2]  # type: ignore[attr-defined]
    return "1012" if context.is_suspended else None


def test_a_reload_keeps_the_suspension(desk):
    """The operator's word holds until he takes it back; the new settings hold then."""
    bank = desk.rim.services.banks["0102"]
    desk.ask("bank_suspend", bank="0102")
    desk.ask("bank_suspend", bank="0102")
    other = type(bank)(replace(bank.settings, name="新名", terms=replace(bank.settings.terms, is_suspended=False)), ())
    bank.take_over(other)
    assert bank.settings.terms.is_suspended
    assert desk.ask("bank_resume", bank="0102")["is_suspended"] is False
    assert (bank.settings.name, bank.settings.terms.is_suspended) == ("新名", False)


def test_a_bank_that_its_file_suspends_stays_so(desk):
    """Resuming takes back what an operator did, and the answer says that it is not enough."""
    bank = desk.rim.services.banks["0102"]
    bank.settings = replace(bank.settings, terms=replace(bank.settings.terms, is_suspended=True))
    assert desk.ask("bank_resume", bank="0102")["is_suspended"] is True


def test_an_act_is_done_although_it_cannot_be_recorded(desk, logs):
    """The database is down: the log has it, and the answer says so."""
    desk.error = DatabaseUnavailable("nothing was done")
    assert desk.ask("bank_suspend", bank="0102") == {"done": True, "is_recorded": False}
    assert desk.rim.services.banks["0102"].settings.terms.is_suspended
    assert [event["event"] for event in logs if event["log_level"] == "error"] == ["act_not_recorded"]


@pytest.mark.parametrize(
    ("command", "arguments", "code"),
    [
        ("link_close", {"link": 99}, "no_such_link"),
        ("link_close", {}, "bad_arguments"),
        ("link_close", {"link": 1, "reason": "a\nb"}, "bad_arguments"),
        ("bank_suspend", {"bank": "9999"}, "no_such_bank"),
        ("bank_resume", {"bank": 102}, "bad_arguments"),
    ],
)
def test_what_cannot_be_done_is_refused_and_not_recorded(desk, command, arguments, code):
    """Nothing happens, and the client gets a word for it."""
    bank = desk.rim.bank()
    with pytest.raises(ControlRefused, match=code):
        desk.ask(command, **arguments)
    assert desk.acts == []
    assert bank.ends == "open"


def test_who_may_what(desk):
    """All look; operators and security officers close links; operators alone suspend banks."""
    operator, officer = Role.OPERATOR, Role.SECURITY_OFFICER
    assert {name: command.roles for name, command in desk.commands.items()} == {
        "status": EVERY_ROLE,
        "links": EVERY_ROLE,
        "link_close": {operator, officer},
        "bank_suspend": {operator},
        "bank_resume": {operator},
        "frames_tail": {Role.AUDITOR},
    }


class Screen:
    """An operator's connection that takes lines until a test says otherwise."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.takes = True
        self.is_closed = False

    def write(self, answer: dict[str, Any]) -> bool:
        if self.takes:
            self.lines.append(answer)
        return self.takes

    def close(self) -> None:
        self.is_closed = True


def tail(desk: Desk, bank: str = "0102", seconds: int = 60) -> tuple[Any, Screen]:
    stream, screen = desk.ask("frames_tail", bank=bank, seconds=seconds, reason="投诉"), Screen()
    stream.begin(screen)
    return stream, screen


def test_a_tail_shows_frames_of_its_bank_until_its_time_is_over(desk):
    """It is recorded before anything is shown; both directions, one line each, of this bank alone."""
    bank, other = desk.rim.bank(), desk.rim.bank("0103")
    stream, screen = tail(desk, seconds=60)
    assert desk.acts == [Act("zhang", "frames_tail", "0102", "60 s", "投诉")]
    assert screen.lines == [{"bank_code": "0102", "seconds": 60, "is_recorded": True}]
    for each in (bank, other):
        each.send(each.build(STATUS, status(ACCOUNT, 7, TODAY)))
        desk.rim.gate.finish(status_found())
    shown = screen.lines[1:]
    assert [(line["direction"], line["transaction"]) for line in shown] == [("in", "status"), ("out", "status")]
    assert shown[0]["body"]["account_no"] == "******0001"
    assert shown[1]["head"]["response_code"] == "0000"
    assert ACCOUNT not in str(screen.lines)
    desk.rim.clock.advance(59)
    assert not screen.is_closed
    desk.rim.clock.advance(1)
    assert screen.is_closed
    stream.end()
    bank.send(bank.build(STATUS, status(ACCOUNT, 7, TODAY)))
    assert len(screen.lines) == 3


def test_who_does_not_take_his_lines_is_told_how_many_he_missed(desk):
    """Nothing piles up for him in the daemon."""
    bank = desk.rim.bank()
    _, screen = tail(desk)
    screen.takes = False
    bank.send(bank.build(STATUS, status(ACCOUNT, 7, TODAY)))
    desk.rim.gate.finish(status_found())
    screen.takes = True
    bank.send(bank.build(STATUS, status(ACCOUNT, 7, TODAY)))
    desk.rim.gate.finish(status_found())
    assert [line.get("missed_count") for line in screen.lines[1:]] == [2, None]


def test_who_leaves_is_forgotten(desk):
    """His time runs no more, and there is room for another; five at once are too many."""
    streams = [tail(desk)[0] for _ in range(4)]
    with pytest.raises(ControlRefused, match="too_many"):
        desk.ask("frames_tail", bank="0102", seconds=60)
    streams[0].end()
    tail(desk)
    for stream in streams[1:]:
        stream.end()
    assert len(desk.rim.services.tails.watching) == 1
    assert len(desk.rim.clock.getDelayedCalls()) == 1


def test_a_frame_that_cannot_be_shown_costs_nobody_his_reply(desk, logs, monkeypatch):
    """A bug in what is only shown is logged; the bank is answered."""
    bank = desk.rim.bank()
    tail(desk)
    monkeypatch.setattr("fep.links.tails.masked", lambda _message: 1 / 0)
    bank.send(bank.build(STATUS, status(ACCOUNT, 7, TODAY)))
    desk.rim.gate.finish(status_found())
    assert [frame.code for frame in bank.frames()] == ["0000"]
    assert [event["event"] for event in logs if event["log_level"] == "error"] == ["tail_failed", "tail_failed"]


@pytest.mark.parametrize("seconds", [0, 601, "60", None])
def test_a_tail_has_a_limit(desk, seconds):
    """Ten minutes at most, and whole seconds."""
    with pytest.raises(ControlRefused, match="bad_arguments"):
        desk.ask("frames_tail", bank="0102", seconds=seconds)
    assert desk.acts == []


def test_requests_of_our_own_are_shown(desk):
    """The ECHO that a silent link gets goes out."""
    desk.rim.bank()
    _, screen = tail(desk, seconds=600)
    desk.rim.pass_time(61)
    (echo,) = screen.lines[1:]
    assert (echo["direction"], echo["transaction"], echo["head"]) == ("out", "echo", {"fep_serial": "000900000001"})


def test_wrong_macs_are_counted_by_bank(desk):
    """For the metrics: whose keys differ."""
    bank = desk.rim.bank("0103")
    bank.exchange(bank.build(STATUS, status(ACCOUNT, 7, TODAY), mac=b"\1" * 8))
    assert dict(desk.rim.services.mac_failures) == {"0103": 1}


def test_many_who_ask_at_once_are_not_more(desk, monkeypatch):
    """While the first are being recorded others ask: who comes after the fourth is refused all the same."""
    recorded: list[Deferred[None]] = []
    told: list[Any] = []

    def later(_act: Act) -> "Deferred[None]":
        recorded.append(Deferred())
        return recorded[-1]

    monkeypatch.setattr(desk, "record", later)
    links = list
    commands = ControlDesk(
        desk.rim.services, links, dict, desk.record, desk.take_banks, desk.rim.clock.callLater
    ).commands()
    for _ in range(6):
        asked = Asked("zhang", frozenset({Role.AUDITOR}), {"bank": "0102", "seconds": 60})
        commands["frames_tail"].answers(asked).addBoth(told.append)
    for each in recorded:
        each.callback(None)
        if not isinstance(told[-1], Failure):
            told[-1].begin(Screen())
    assert len(desk.rim.services.tails.watching) == 4
    assert [isinstance(each, Failure) and each.check(ControlRefused) is not None for each in told] == [
        *([False] * 4),
        *([True] * 2),
    ]
