"""A line of a bank of each format to a daemon in memory, all seen alike: for tests of what may come on it."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from ipaddress import ip_address
from typing import Any, Protocol, cast

from twisted.internet.address import IPv4Address
from twisted.internet.tcp import Server

from protocol.canonical.messages import Answer
from protocol.dialects.registry import DIALECTS
from protocol.response_codes import ResponseCode
from tests.protocol.dialects.elec02.frames import framed
from tests.protocol.dialects.elec02.frames import pay as elec02_pay
from tests.protocol.dialects.iso8583.bank import IsoBank, rim_of
from tests.protocol.dialects.iso8583.frames import CHARACTERS, PACKED, Form, pay
from tests.support.raw_bank import mac
from tests.support.records import NOW, TODAY
from tests.support.rim import PEER, FakeTransport, Rim
from tests.system import messages

ELEC02_NOW = datetime.combine(date(2026, 11, 22), NOW.time())
Told = tuple[str, str]
"""A reply's code, and what its MAC is: right, zero or wrong; none in a format without one."""


class Line(Protocol):
    """A connection on which the bank may ask."""

    rim: Rim

    def framed(self, content: bytes) -> bytes:
        """Return ``content`` behind its length."""
        ...

    def sealed(self, content: bytes) -> bytes:
        """Return a frame of ``content`` with the right MAC behind it, where the format has one."""
        ...

    def payment(self) -> bytes:
        """Return a payment that would be taken, without its MAC."""
        ...

    def send(self, data: bytes) -> list[Told]:
        """Send any bytes and return what is told at once."""
        ...

    def answered(self) -> list[Told]:
        """Let everything that has got as far as the gate be refused there, and return what is told."""
        ...

    @property
    def is_open(self) -> bool:
        """The FEP has done nothing to end it."""
        ...


def _refuse_all(rim: Rim) -> None:
    rim.gate.finish_all(Answer(ResponseCode.FORMAT_ERROR, clearing_date=TODAY))


class StandardLine:
    """The standard link, signed in with 3des."""

    def __init__(self) -> None:
        self.rim = Rim()
        self._bank = self.rim.bank()

    def framed(self, content: bytes) -> bytes:
        return len(content).to_bytes(2) + content

    def sealed(self, content: bytes) -> bytes:
        return self.framed(content + mac("3des", self._bank.keys[1].mak, content))

    def payment(self) -> bytes:
        return self._bank.build(messages.PAY, messages.pay("0100000001", 100, messages.DEPOSIT))[2:-8]

    def send(self, data: bytes) -> list[Told]:
        self._bank.send(data)
        return [(frame.code, frame.mac_state) for frame in self._bank.frames()]

    def answered(self) -> list[Told]:
        _refuse_all(self.rim)
        return self.send(b"") if self.is_open else []

    @property
    def is_open(self) -> bool:
        return self._bank.transport.is_open


class Elec02Line:
    """ELEC02, one exchange on a connection."""

    def __init__(self) -> None:
        dialect = DIALECTS["elec02"]
        self.rim = Rim(banks={"0102": {"dialect": dialect, "node": "301", "accept_no_mac": True}}, dialect=dialect)
        self.rim.wall_now = ELEC02_NOW
        self.connect()

    def connect(self) -> None:
        """Connect anew to the same daemon, which forgets what this address has sent it so far."""
        self.rim.services.admission.proven(ip_address(PEER))
        connection = self.rim.factory.buildProtocol(IPv4Address("TCP", PEER, 40_000))
        assert connection is not None
        self.connection, self._transport = connection, FakeTransport()
        connection.makeConnection(cast("Server", self._transport))

    def hang_up(self) -> None:
        """Break the connection, as a bank does when it has its reply."""
        self._transport.is_lost = True
        self.connection.connectionLost()

    def framed(self, content: bytes) -> bytes:
        return framed(content)

    sealed = framed

    def payment(self) -> bytes:
        return elec02_pay("345678901234", "24840", [("B1", "12495"), ("B2", "12345")])

    def send(self, data: bytes) -> list[Told]:
        self.connection.dataReceived(data)
        return self._told()

    def answered(self) -> list[Told]:
        _refuse_all(self.rim)
        return self._told()

    def _told(self) -> list[Told]:
        data, told = self._transport.take(), []
        while data:
            size = int(data[:10])
            told.append((data[13:15].decode("ascii"), "none"))
            data = data[10 + size :]
        return told

    @property
    def is_open(self) -> bool:
        return self._transport.is_open


class IsoLine:
    """ISO 8583, signed on with 3des."""

    def __init__(self, form: Form) -> None:
        self.rim, self._form = rim_of(form), form
        self._bank = IsoBank(self.rim, form).signed_on()

    def framed(self, content: bytes) -> bytes:
        return self._form.framed(content)

    def sealed(self, content: bytes) -> bytes:
        return self.framed(content + self._form.mac_on_wire(mac("3des", self._bank.keys[1], content)))

    def payment(self) -> bytes:
        return self._form.sealed(self._bank.message(pay()))[: -self._form.mac_width]

    def send(self, data: bytes) -> list[Told]:
        self._bank.send(data)
        return self._told()

    def answered(self) -> list[Told]:
        _refuse_all(self.rim)
        return self._told()

    def _told(self) -> list[Told]:
        return [(reply["39"], reply["mac"].removesuffix("s")) for reply in self._bank.received()]

    @property
    def is_open(self) -> bool:
        return self._bank.is_open


LINES: Mapping[str, Callable[[], Any]] = {
    "standard": StandardLine,
    "elec02": Elec02Line,
    "iso8583": lambda: IsoLine(CHARACTERS),
    "iso8583 packed": lambda: IsoLine(PACKED),
}
"""A line of each format, and of each form of one."""
