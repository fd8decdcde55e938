"""Links of a format without a MAC: believed because of where they come from, one exchange on each connection."""

from dataclasses import replace
from datetime import date, datetime
from ipaddress import ip_network

import pytest
from twisted.internet.address import IPv4Address

from dbgate.errors import OutcomeUnknown
from fep.config.settings import CertificatePin
from fep.links.connection import Connection
from protocol.canonical.business import PayReply
from protocol.canonical.messages import Answer
from protocol.dialects.registry import DIALECTS
from protocol.response_codes import ResponseCode
from tests.protocol.dialects.elec02.frames import REPLY_HEAD, framed, head, pay, query, unpacked
from tests.support.records import NOW
from tests.support.rim import PEER, FakeTransport, Rim

CHANGES = {"dialect": DIALECTS["elec02"], "accept_no_mac": True}
PAID = PayReply("0900000001", "王建国", 100, 100, 0, 0, 0, 0, 1, "", 202610, 202610)


@pytest.fixture
def rim() -> Rim:
    """Two banks of that format, the others of another."""
    banks = {"0102": {**CHANGES, "node": "301"}, "0103": {**CHANGES, "node": "302"}}
    rim = Rim(banks=banks, dialect=DIALECTS["elec02"])
    rim.wall_now = datetime.combine(date(2026, 11, 22), NOW.time())
    return rim


def connect(rim: Rim, peer: str = PEER) -> Connection:
    connection = rim.factory.buildProtocol(IPv4Address("TCP", peer, 40_000))
    assert connection is not None
    connection.makeConnection(FakeTransport())
    return connection


def replies(connection: Connection) -> list[list[str]]:
    """Return the headers of the replies that were sent."""
    data, headers = connection.transport.value(), []
    connection.transport.clear()
    while data:
        size = int(data[:10])
        headers.append(unpacked(REPLY_HEAD, data[10:185]))
        data = data[10 + size :]
    return headers


def ends(connection: Connection) -> bool:
    transport = connection.transport
    return bool(transport.is_half_closed or transport.disconnecting)


def test_the_first_frame_says_whose_the_connection_is(rim: Rim) -> None:
    """No sign-in: the request goes to the gate under the bank's own code, and the connection ends with its reply."""
    connection = connect(rim)
    connection.dataReceived(framed(pay("1", "100", [])))
    [work] = rim.gate.works
    assert (work.needs.bank_code, work.needs.own.bank_code) == ("0102", "0102")
    assert not ends(connection)

    rim.gate.finish(Answer(ResponseCode.APPROVED, PAID, fep_serial=7, clearing_date=date(2026, 11, 22)))
    assert [header[1] for header in replies(connection)] == ["00"]
    assert ends(connection)
    assert rim.events["frame_without_mac"] == 1


def test_an_unknown_outcome_is_not_answered(rim: Rim) -> None:
    """The connection ends without a word, so that the bank asks again; what it is told then is certain."""
    connection = connect(rim)
    connection.dataReceived(framed(pay("1", "100", [])))
    rim.gate.finish(OutcomeUnknown("lost"))

    assert replies(connection) == []
    assert ends(connection)


def test_whom_nobody_knows(rim: Rim) -> None:
    """Another node, and a bank that speaks another format, are told so; nothing goes to the gate."""
    for node in ("999", "0104"):
        connection = connect(rim)
        connection.dataReceived(framed(head("10", node=node) + query()[113:]))
        assert [header[1] for header in replies(connection)] == ["0f"]
    assert rim.gate.works == []


def test_where_a_bank_may_come_from() -> None:
    """The addresses of one bank are of no use to another: once a frame says so, the connection is closed unanswered."""
    banks = {
        "0102": {**CHANGES, "node": "301", "addresses": (ip_network("10.1.0.0/16"),)},
        "0103": {**CHANGES, "node": "302", "addresses": (ip_network("10.2.0.0/16"),)},
    }
    rim = Rim(banks=banks, dialect=DIALECTS["elec02"])
    connection = connect(rim, "10.2.0.1")
    connection.dataReceived(framed(query()))

    assert (replies(connection), rim.gate.works) == ([], [])
    assert ends(connection)
    assert rim.factory.buildProtocol(IPv4Address("TCP", "10.3.0.1", 40_000)) is None


def test_a_second_frame_on_the_connection(rim: Rim) -> None:
    """A connection is one exchange's: what follows the first request, another bank's too, is dropped."""
    connection = connect(rim)
    connection.dataReceived(framed(query()) + framed(head("10", node="302") + query(node="302")[113:]))

    assert replies(connection) == []
    assert (len(rim.gate.works), rim.events["frame_dropped"]) == (1, 1)


def test_a_malformed_request(rim: Rim) -> None:
    """The header is repeated, the reason is in words, the connection ends."""
    connection = connect(rim)
    connection.dataReceived(framed(pay("1", "1.00", [])))
    [header] = replies(connection)
    assert header[:3] == ["11", "13", "报文格式错"]
    assert ends(connection)


def test_a_silent_connection_ends(rim: Rim) -> None:
    """As every connection that says nothing."""
    connection = connect(rim)
    rim.pass_time(11)
    assert ends(connection)


def test_a_certificate_says_whose_a_connection_is(rim: Rim) -> None:
    """A bank whose file names its certificate is believed with that one only: the address alone is not enough then."""
    pin = CertificatePin(sha256=("ab" * 32,))
    for bank_code, certificate in (("0102", pin), ("0103", CertificatePin())):
        bank = rim.services.banks[bank_code]
        bank.settings = replace(bank.settings, certificate=certificate)
    connection = connect(rim)
    connection.dataReceived(framed(pay("1", "100", [])))
    assert ends(connection)
    assert replies(connection) == []
    assert rim.gate.works == []
    assert rim.events["security_event"] == 1
