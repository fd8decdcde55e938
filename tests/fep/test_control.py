"""The operator's socket: one command, one JSON line, and the end."""

import json

from twisted.internet.testing import StringTransport

from fep.control import ControlFactory


def asked(*chunks: bytes) -> StringTransport:
    factory = ControlFactory({"status": lambda: {"pid": 7, "name": "工商银行"}, "other": dict})
    protocol = factory.buildProtocol(None)
    transport = StringTransport()
    protocol.makeConnection(transport)
    for chunk in chunks:
        protocol.dataReceived(chunk)
    return transport


def test_a_command_is_answered_and_the_connection_closed():
    """The answer is one line of UTF-8."""
    transport = asked(b"sta", b"tus\n")
    assert transport.value() == '{"pid": 7, "name": "工商银行"}\n'.encode()
    assert transport.disconnecting


def test_an_unknown_command_is_told_which_there_are():
    """Whatever is asked, the answer is an object."""
    for line in (b"stop\n", b"\n", b"\xff\xfe\n"):
        assert json.loads(asked(line).value()) == {"error": "unknown command", "commands": ["other", "status"]}


def test_spaces_do_not_matter():
    """A line typed by hand may end as it likes."""
    assert json.loads(asked(b" status \r\n").value())["pid"] == 7


def test_a_line_without_end_is_not_waited_for():
    """Commands are single words: whoever sends more is let go."""
    transport = asked(b"x" * 300)
    assert transport.disconnecting
    assert transport.value() == b""
