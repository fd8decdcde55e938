"""A bank of ISO 8583 on a link in memory: messages by plain pyiso8583, keys and MACs by the bare ciphers."""

from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_address, ip_network
from itertools import count
from typing import Any, cast

from twisted.internet.address import IPv4Address
from twisted.internet.tcp import Server

from fep.links.connection import Connection
from protocol.dialects.registry import dialect_of
from tests.protocol.dialects.iso8583.frames import Form, Message, network, sign_on, taken_apart
from tests.support.raw_bank import AK, KEK, SUITES, kcv, mac, unwrap
from tests.support.rim import PEER, FakeTransport, Rim

NOW = datetime(2026, 11, 22, 10, 0, 0)  # noqa: DTZ001 - the wall clock of a link
ZEROS = "0" * 16
NOBODYS = bytes(range(16))
"""A key that is none of the bank's."""
_randoms = count(1)


def rim_of(form: Form, *, node: str = "", **settings: Any) -> Rim:
    """Return a daemon's rim all of whose banks speak this form, each called by its bank code or, 0102, by ``node``."""
    dialect = dialect_of("iso8583", form.options, "iso8583")
    plain = {"dialect": dialect, "addresses": (ip_network("10.1.0.0/16"),)}
    banks = {code: dict(plain) for code in SUITES}
    banks["0102"]["node"] = node
    rim = Rim(banks=banks, dialect=dialect, **settings)
    rim.wall_now = NOW
    return rim


class IsoBank:
    """One connection of one bank; everything is answered within the call that sends it.

    Attributes:
        version: of its session keys, 0 while there are none.
        sent: the last frame that it has sent.
    """

    def __init__(self, rim: Rim, form: Form, bank_code: str = "0102", node: str = "") -> None:
        self.rim, self.form, self.suite, self.node = rim, form, SUITES[bank_code], node or bank_code
        self.version, self.keys = 0, dict[int, bytes]()
        self._serials, self._buffer = count(1), b""
        rim.services.admission.signed_in(ip_address(PEER))  # whatever this address has sent so far
        connection = rim.factory.buildProtocol(IPv4Address("TCP", PEER, 40_000))
        assert connection is not None, "refused"
        self.connection: Connection = connection
        self.transport = FakeTransport()
        connection.makeConnection(cast("Server", self.transport))

    # -- frames

    def message(self, message: Message, **changes: str | None) -> Message:
        """Return a message as this bank's own: its node, a new serial, the version of its keys."""
        number = next(self._serials)
        own: dict[str, str | None] = {"32": self.node, "37": f"{number:012d}", "11": f"{number:06d}"}
        if "53" in message:
            own["53"] = f"{self.version:016d}"
        changed = message | own | {name.removeprefix("de"): text for name, text in changes.items()}
        return {name: text for name, text in changed.items() if text is not None}

    def frame(self, message: Message, **sealed: Any) -> bytes:
        """Return a message with this bank's MAC, behind its length."""
        return self.form.framed(self.form.sealed(message, self._mac_by(message), **sealed))

    def _mac_by(self, message: Message) -> Callable[[bytes], bytes]:
        version = message.get("53", "")
        own = self.keys.get(int(version), NOBODYS) if version.isdigit() else NOBODYS
        key = AK if message.get("70") in ("001", "101") else own
        return lambda signed: mac(self.suite, key, signed)

    def send(self, frame: bytes) -> None:
        """Send a frame, or any bytes."""
        self.connection.dataReceived(frame)

    def received(self) -> list[Message]:
        """Return the messages that have come and were not read yet.

        ``mac`` of each says what its MAC is: ``right``, ``zeros`` or ``wrong``.
        """
        self._buffer += self.transport.take()
        messages, width = [], len(self.form.prefix(0))
        while self._buffer:
            head = self._buffer[:width]
            size = int.from_bytes(head) if width == 2 else int(head)
            content, self._buffer = self._buffer[width : width + size], self._buffer[width + size :]
            assert len(content) == size, "not a whole frame"
            messages.append(self._opened(content))
        return messages

    def _opened(self, content: bytes) -> Message:
        message = self.form.decoded(content)
        sealed = message.pop("128", None) or message.pop("64")
        right = self._mac_by(message)(content[: -self.form.mac_width]).hex().upper()
        kind = "right" if sealed == right else "zeros" if sealed == ZEROS else "wrong"
        return {name: text for name, text in message.items() if name not in ("p", "1")} | {"mac": kind}

    # -- exchanges

    def exchange(self, message: Message, **changes: str | None) -> Message:
        """Send a message as this bank's own and return its reply, the only thing that comes."""
        self.send(self.frame(self.message(message, **changes)))
        [reply] = self.received()
        return reply

    def told(self, frame: bytes) -> tuple[str, str] | None:
        """Send a frame and return what element 39 and the MAC of its reply are, None when nothing comes."""
        self.send(frame)
        replies = self.received()
        assert len(replies) <= 1
        return (replies[0]["39"], replies[0]["mac"]) if replies else None

    def take_keys(self, reply: Message) -> None:
        """Unwrap the keys of a sign-on or key change, and use them from now on."""
        assert (reply["39"], reply["mac"]) == ("00", "right"), reply
        fields = taken_apart("32s10s10s14s32s8s", reply["48"])
        wrapped, check = bytes.fromhex(fields[4]), bytes.fromhex(fields[5])
        mak = unwrap(self.suite, KEK, wrapped)
        assert kcv(self.suite, mak) == check
        self.version = int(fields[1])
        self.keys[self.version] = mak

    def sign_on(self, code: str = "001", **changes: str | None) -> Message:
        """Sign on, or change keys, with a new random; return the reply."""
        random = f"{next(_randoms):032X}"
        return self.exchange(sign_on(), **{"de70": code, "de48": random, **changes})

    def signed_on(self) -> "IsoBank":
        """Sign on and prove the keys with an echo, as a bank does."""
        self.take_keys(self.sign_on())
        echo = self.exchange(network("301"))
        assert (echo["39"], echo["mac"]) == ("00", "right")
        return self

    @property
    def is_open(self) -> bool:
        """The FEP has done nothing to end the connection."""
        return self.transport.is_open
