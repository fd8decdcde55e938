"""The operator's socket: one command, one JSON line, and the end."""

import json
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.testing import StringTransport

from fep.config.settings import ControlSettings
from fep.control.connection import (
    CONNECTIONS_MAX,
    CONNECTIONS_OF_ONE_MAX,
    STRANGERS_MAX,
    TIME_LIMIT_S,
    Asked,
    Command,
    ControlFactory,
    ControlRefused,
    Line,
    Stream,
)
from fep.control.roles import Peer, Role, Roles

STRANGER = Peer(65_001, frozenset({5}))


class Counting(Stream):
    """A stream that tests write to."""

    def __init__(self) -> None:
        self.line: Any = None
        self.ends = 0

    def begin(self, line: Line) -> None:
        self.line = line

    def end(self) -> None:
        self.ends += 1


class Site:
    """A control socket whose peer is who a test says."""

    def __init__(self) -> None:
        self.peer = Peer(0, frozenset())
        self.asked: list[Asked] = []
        self.later: Deferred[dict[str, Any]] = Deferred()
        self.stream = Counting()
        commands = {
            "status": Command(lambda _: {"pid": 7, "name": "工商银行"}),
            "other": Command(self.note, frozenset({Role.AUDITOR})),
            "later": Command(lambda _: self.later),
            "refused": Command(self.refuse),
            "stream": Command(lambda _: self.stream),
            "broken": Command(lambda _: 1 / 0),  # type: ignore[arg-type,return-value]
        }
        self.factory = ControlFactory(commands, Roles(ControlSettings()), lambda _socket: self.peer)

    def note(self, asked: Asked) -> dict[str, Any]:
        self.asked.append(asked)
        return {}

    def refuse(self, _asked: Asked) -> dict[str, Any]:
        raise ControlRefused("no_such_link")

    def send(self, *chunks: bytes) -> StringTransport:
        protocol = self.factory.buildProtocol(None)
        assert protocol is not None
        transport = StringTransport()
        transport.socket = None
        protocol.makeConnection(transport)
        for chunk in chunks:
            protocol.dataReceived(chunk)
        protocol.setTimeout(None)
        return transport

    def answer(self, line: bytes) -> Any:
        return json.loads(self.send(line + b"\n").value())


@pytest.fixture
def site() -> Site:
    return Site()


def test_a_command_is_answered_and_the_connection_closed(site):
    """The answer is one line of UTF-8."""
    transport = site.send(b"sta", b"tus\n")
    assert transport.value() == '{"pid": 7, "name": "工商银行"}\n'.encode()
    assert transport.disconnecting


def test_one_connection_asks_once(site):
    """What comes behind the first line is not read."""
    assert site.send(b"status\nstatus\n").value().count(b"\n") == 1


def test_an_unknown_command_is_told_which_there_are(site):
    """Whatever is asked, the answer is an object."""
    for line in (b"stop", b"", b"\xff\xfe", b"{}", b"{", b'{"command": 7}', b"{" * 1500, b'{"command": ["status"]}'):
        assert site.answer(line)["error"] == "unknown command"
    assert site.answer(b"stop")["commands"] == ["broken", "later", "other", "refused", "status", "stream"]


def test_arguments_come_as_an_object(site):
    """The name is taken out of it; spaces do not matter."""
    assert site.answer(b'  {"command": "other", "link": 7, "reason": "\\u65ad"} \r') == {}
    assert (site.asked[0].number("link"), site.asked[0].text("reason", 1)) == (7, "断")
    assert site.asked[0].operator == "root"


@pytest.mark.parametrize("link", [None, "7", 7.0, True, [7]])
def test_what_is_no_number_is_refused(link):
    """Nothing of what a client sends is believed."""
    with pytest.raises(ControlRefused, match="bad_arguments"):
        Asked("a", frozenset(), {"link": link}).number("link")


@pytest.mark.parametrize("reason", [None, 7, "ab\ncd", "x" * 11])
def test_what_is_no_line_of_text_is_refused(reason):
    """It goes into the log and the record of operators."""
    with pytest.raises(ControlRefused, match="bad_arguments"):
        Asked("a", frozenset(), {"reason": reason}).text("reason", 10)


def test_who_has_not_the_role_is_refused_and_named_in_the_log(site, logs):
    """The command is not called; the answer says who may."""
    site.peer = STRANGER
    assert site.answer(b"other") == {"error": "forbidden", "roles": ["auditor"]}
    assert site.answer(b"status")["error"] == "forbidden"
    assert site.asked == []
    denied = [(event["operator"], event["command"]) for event in logs if event["event"] == "control_denied"]
    assert denied == [("uid-65001", "other"), ("uid-65001", "status")]


def test_an_answer_may_come_later(site):
    """The connection is held for it, within the time limit."""
    transport = site.send(b"later\n")
    assert transport.value() == b""
    site.later.callback({"done": True})
    assert transport.value() == b'{"done": true}\n'
    assert transport.disconnecting


def test_a_refusal_is_its_code_and_a_bug_is_logged(site, logs):
    """Neither ends the daemon, and the operator is answered."""
    assert site.answer(b"refused") == {"error": "no_such_link"}
    assert site.answer(b"broken") == {"error": "failed"}
    assert [event["event"] for event in logs] == ["control_failed"]


def test_a_line_without_end_is_not_waited_for(site):
    """Whoever sends more than any command is let go."""
    transport = site.send(b"x" * 3000)
    assert transport.disconnecting
    assert transport.value() == b""


def test_operators_are_as_many_as_there_may_be(site):
    """One more is closed unread; when one goes, there is room again."""
    protocols = []
    for _ in range(CONNECTIONS_MAX):
        protocol = site.factory.buildProtocol(None)
        protocol.makeConnection(StringTransport())
        protocol.setTimeout(None)
        protocols.append(protocol)
    assert site.factory.buildProtocol(None) is None
    protocols[0].connectionLost()
    assert site.factory.buildProtocol(None) is not None
    assert TIME_LIMIT_S == 5.0


def connected(site: Site, peer: Peer) -> StringTransport:
    """Connect as a peer who asks nothing."""
    site.peer = peer
    protocol = site.factory.buildProtocol(None)
    assert protocol is not None
    transport = StringTransport()
    protocol.makeConnection(transport)
    protocol.setTimeout(None)
    return transport


def test_strangers_do_not_keep_operators_out(site):
    """Whoever of this machine holds connections without a role gets four, and an operator is answered all the same."""
    strangers = [connected(site, Peer(65_001 + number % 3, frozenset())) for number in range(CONNECTIONS_MAX + 4)]
    assert [transport.disconnected for transport in strangers] == [False] * STRANGERS_MAX + [True] * CONNECTIONS_MAX
    site.peer = Peer(0, frozenset())
    assert site.answer(b"status")["pid"] == 7


def test_one_user_does_not_keep_the_others_out(monkeypatch):
    """An auditor who holds all that he can leaves room for the operator who must suspend a bank."""
    site = Site()
    monkeypatch.setattr(Roles, "of", lambda *_: frozenset({Role.AUDITOR}))
    auditor = [connected(site, Peer(65_001, frozenset())) for _ in range(CONNECTIONS_MAX)]
    assert sum(not transport.disconnected for transport in auditor) == CONNECTIONS_OF_ONE_MAX
    site.peer = Peer(65_002, frozenset())
    assert site.answer(b"status")["pid"] == 7


def test_who_has_gone_before_he_was_looked_at(site, monkeypatch):
    """Nothing is kept of him, and nothing is logged as a bug."""

    def gone(_socket):
        raise OSError("transport endpoint is not connected")

    monkeypatch.setattr(site.factory, "peer_of", gone)
    assert connected(site, STRANGER).disconnected
    assert site.factory.connections == set()


def test_a_stream_writes_until_it_closes(site):
    """The time limit of a command does not hold for it; what its operator does not take is not written."""
    transport = site.send(b"stream\n")
    assert site.stream.line.write({"a": 1})
    assert transport.streaming
    transport.producer.pauseProducing()
    assert not site.stream.line.write({"a": 2})
    transport.producer.resumeProducing()
    assert site.stream.line.write({"a": 3})
    assert transport.value() == b'{"a": 1}\n{"a": 3}\n'
    site.stream.line.close()
    assert transport.disconnecting
    assert transport.producer is None


def test_a_stream_is_told_when_its_operator_goes(site):
    """Once, so that nothing is written for nobody."""
    site.send(b"stream\n")
    (protocol,) = site.factory.connections
    protocol.connectionLost()
    assert site.stream.ends == 1
    assert site.factory.connections == set()


def test_nothing_is_asked_while_an_answer_is_awaited(site):
    """A second line on the same connection is not read."""
    transport = site.send(b"later\nstatus\n")
    assert transport.value() == b""
    site.later.callback({"done": True})
    assert transport.value() == b'{"done": true}\n'
