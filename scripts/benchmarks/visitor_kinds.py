"""Kinds of visitors 来访者种类: what each does wrong, for ever: as soon as it is closed it comes again."""

import os
import socket
import struct
from collections.abc import Callable

from driver import AK, ECHO, KEK, PAY, QUERY, SIGN_IN, Serials, frame, pay, query

from crypto.keys import Key
from crypto.session import Authenticator, SessionSecurity, WrappedKeys, ak_mac, unwrap_session_keys
from crypto.suites import SUITES

BANK, BUSY_BANK = b"0102", b"0104"
"""Whose lists of addresses the visitors inside come from: the second one's keep to its keys, and ask for too much."""

BANK_SUITES = {BANK: "3des", BUSY_BANK: "sm4"}

OUTSIDE, INSIDE, BUSY = "127.66", "127.77", "127.88"
"""Networks (/16) that are on no bank's list, on that of ``BANK``, on that of ``BUSY_BANK``."""

ACCOUNT = "0100000001"
OTHER_ACCOUNT = "0100000002"
BATCH = 64


class Visitor:
    """One place that always has a connection, or is making one.

    The methods below are what kinds of visitors change; this one is silent until it is closed.
    """

    network = INSIDE

    def __init__(self, tools: "Tools") -> None:
        self.tools = tools
        self.socket: socket.socket | None = None
        self.is_connected = False
        self.rest_of_batch = b""  # what the socket has not taken of one

    def connected(self) -> bytes:
        """Return what is sent first."""
        return b""

    def received(self, data: bytes) -> bytes:
        """Return what is sent when something has come."""
        return b""

    def second_passed(self) -> bytes:
        """Return what is sent every second."""
        return b""

    def writable(self) -> bytes:
        """Return what is sent whenever the socket takes more; only asked when ``is_flooding``."""
        return b""

    is_flooding = False
    leaves_at_once = False


class Stranger(Visitor):
    """From an address of nobody."""

    network = OUTSIDE


class Silent(Visitor):
    """Connects and says nothing."""


class Loris(Visitor):
    """Sends a right sign-in, a byte a second."""

    def connected(self) -> bytes:
        """Begin a frame."""
        self.rest = iter(self.tools.sign_in())
        return bytes([next(self.rest)])

    def second_passed(self) -> bytes:
        """Send one byte more."""
        return bytes([next(self.rest, 0)])


class Churn(Visitor):
    """Connects and is gone, by turns in order and by a reset."""

    leaves_at_once = True


class Oversized(Visitor):
    """Announces a frame longer than any is."""

    def connected(self) -> bytes:
        """Send a length field."""
        return b"\xff\xff"


class WrongMac(Visitor):
    """Signs in under a wrong key."""

    def connected(self) -> bytes:
        """Send three frames at once: the third ends the connection."""
        return self.tools.wrong_mac * 3


class UnknownBank(Visitor):
    """Signs in as a bank that does not exist."""

    def connected(self) -> bytes:
        """Send the first frames."""
        return self.tools.unknown_bank * 3

    def received(self, data: bytes) -> bytes:
        """Go on for as long as the daemon answers."""
        return self.tools.unknown_bank * max(1, len(data) // 170)


class Replay(Visitor):
    """Signs in with a frame that was recorded."""

    def connected(self) -> bytes:
        """Send it three times."""
        return self.tools.recorded * 3


class Garbage(Visitor):
    """Signs in as a bank does, then sends frames whose MAC is noise."""

    def connected(self) -> bytes:
        """Sign in."""
        return self.tools.sign_in()

    def received(self, data: bytes) -> bytes:
        """Answer the approval with noise."""
        return self.tools.noise if data[6:10] == b"0000" else b""


class Flood(Visitor):
    """Signs in and asks more than its bank may, without waiting."""

    bank = BANK

    def requests(self, security: SessionSecurity) -> list[bytes]:
        """Return what is sent again and again."""
        serials = self.tools.serials
        return [frame(security, QUERY, self.bank, serials.next(), query(ACCOUNT), 1) for _ in range(BATCH)]

    def connected(self) -> bytes:
        """Sign in."""
        self.is_flooding = False
        self.reply = b""
        return self.tools.sign_in(self.bank)

    def received(self, data: bytes) -> bytes:
        """Take the session keys, then read replies and forget them."""
        if self.is_flooding:
            return b""
        self.reply += data
        if len(self.reply) < 186:
            return b""
        if self.reply[6:10] != b"0000":
            self.tools.leave(self)
            return b""
        self.security = self.tools.session(self.reply, self.bank)
        self.batch = b"".join(self.requests(self.security))
        self.is_flooding = True
        return frame(self.security, ECHO, self.bank, self.tools.serials.next(), b"", 1)

    def writable(self) -> bytes:
        """Send the next requests; they are not told from each other."""
        return self.batch


class Payments(Flood):
    """Signs in and pays without waiting, as fast as it can: a bank without a rate, at the bound of its requests."""

    bank, network = BUSY_BANK, BUSY

    def requests(self, security: SessionSecurity) -> list[bytes]:
        """Return deposits."""
        serials, body = self.tools.serials, pay(OTHER_ACCOUNT, 1, mode=2)
        return [frame(security, PAY, self.bank, serials.next(), body, 1) for _ in range(BATCH)]

    def writable(self) -> bytes:
        """Pay more."""
        return b"".join(self.requests(self.security))


KINDS: dict[str, type[Visitor]] = {
    "strangers": Stranger,
    "silent": Silent,
    "loris": Loris,
    "churn": Churn,
    "oversized": Oversized,
    "wrong_mac": WrongMac,
    "unknown_bank": UnknownBank,
    "replay": Replay,
    "garbage": Garbage,
    "flood": Flood,
    "payments": Payments,
}

WITHIN_LIMITS = {"payments"}
"""Kinds that ask for no more than they may, and are no part of "all": what they take is taken by being served."""


class Tools:
    """Frames that are made beforehand, and those that cannot be."""

    def __init__(self, leave: Callable[[Visitor], None]) -> None:
        self.serials = Serials()
        self.leave = leave
        self._suites = {bank: SUITES[suite] for bank, suite in BANK_SUITES.items()}
        self._aks = {bank: ak_mac(suite, Key("AK", AK)) for bank, suite in self._suites.items()}
        wrong = ak_mac(self._suites[BANK], Key("AK", bytes(range(16))))
        self.wrong_mac = self.sign_in(authenticator=wrong)
        self.unknown_bank = self.sign_in(bank=b"9999", authenticator=wrong)
        self.recorded = self.sign_in()
        self.noise = (struct.pack(">H", 104) + self.recorded[2:90] + struct.pack(">L", 1) + bytes(4) + bytes(8)) * 3
        self.noise = self.noise.replace(struct.pack(">H", SIGN_IN), struct.pack(">H", ECHO))

    def sign_in(self, bank: bytes = BANK, authenticator: Authenticator | None = None) -> bytes:
        """Return a sign-in that is new."""
        body = os.urandom(16) + bytes(16)
        mac = authenticator or self._aks[bank]
        return frame(mac, SIGN_IN, bank, self.serials.next(), body, 0)  # type: ignore[arg-type]

    def session(self, reply: bytes, bank: bytes) -> SessionSecurity:
        """Return the session that a reply to a sign-in opens."""
        _, _, _, _, _, mak, mak_kcv, tek, tek_kcv = struct.unpack(">16sLL14s2s16s4s16s4s", reply[98:178])
        keys = unwrap_session_keys(self._suites[bank], Key("KEK", KEK), WrappedKeys(mak, mak_kcv, tek, tek_kcv))
        return SessionSecurity(self._suites[bank], keys)
