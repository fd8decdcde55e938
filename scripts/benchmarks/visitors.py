"""Visitors 来访者: connections that nobody wants, as many as one core makes, from thousands of loopback addresses.

A process of its own, on a core of its own. Each kind of visitor does one wrong thing for ever: as soon as it is closed
it comes again. ``idle`` opens nothing and burns the core all the same, which is what a storm is held against.
"""

import argparse
import errno
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle

from driver import AK, ECHO, KEK, PAY, QUERY, SIGN_IN, Serials, frame, pay, query

from crypto.keys import Key
from crypto.session import Authenticator, SessionSecurity, WrappedKeys, ak_mac, unwrap_session_keys
from crypto.suites import SUITES

BANK, BUSY_BANK = b"0102", b"0104"
"""Whose lists of addresses the visitors inside come from: the second one's keep to its keys, and ask for too much."""

BANK_SUITES = {BANK: "3des", BUSY_BANK: "sm4"}

OUTSIDE, INSIDE, BUSY = "127.66", "127.77", "127.88"
"""Networks (/16) that are on no bank's list, on that of ``BANK``, on that of ``BUSY_BANK``."""

ADDRESSES = 4000
"""Of each network: more than the daemon remembers failures of."""

ACCOUNT = "0100000001"
OTHER_ACCOUNT = "0100000002"
BATCH = 64
NO_LINGER = struct.pack("ii", 1, 0)


class Visitor:
    """One place that always has a connection, or is making one.

    The methods below are what kinds of visitors change; this one is silent until it is closed.
    """

    network = INSIDE

    def __init__(self, tools: "Tools") -> None:
        self.tools = tools
        self.socket: socket.socket | None = None
        self.is_connected = False

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


class Storm:
    """All visitors of one process."""

    def __init__(self, address: tuple[str, int], kinds: list[str], connections: int) -> None:
        self.counts: Counter[str] = Counter()
        self._address = address
        self._poll = select.epoll()
        self._by_fd: dict[int, Visitor] = {}
        self._sources = {network: _sources(network) for network in (OUTSIDE, INSIDE, BUSY)}
        tools = Tools(self._leave)
        chosen = cycle(kinds)
        self._visitors = [KINDS[next(chosen)](tools) for _ in range(connections)]
        self._waiting = list(self._visitors)
        self._is_over = False

    def run(self, seconds: float) -> None:
        """Storm for so long, or until the process is told to end."""
        end = time.monotonic() + seconds
        second = time.monotonic() + 1
        while not self._is_over and (now := time.monotonic()) < end:
            waiting, self._waiting = self._waiting, []
            for visitor in waiting:
                self._open(visitor)
            for fd, event in self._poll.poll(0, 512):
                self._happened(fd, event)
            if now >= second:
                second = now + 1
                for visitor in self._visitors:
                    if visitor.is_connected:
                        self._send(visitor, visitor.second_passed())
        self.counts["open_at_end"] = sum(visitor.is_connected for visitor in self._visitors)

    def end(self, *_: object) -> None:
        """Come to an end."""
        self._is_over = True

    def _open(self, visitor: Visitor) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            sock.bind((next(self._sources[visitor.network]), 0))
            code = sock.connect_ex(self._address)
        except OSError as error:  # no port is free for the moment
            code = error.errno or -1
        if code not in (0, errno.EINPROGRESS):
            self.counts[f"connect_{errno.errorcode.get(code, code)}"] += 1
            sock.close()
            self._waiting.append(visitor)
            return
        visitor.socket, visitor.is_connected = sock, False
        self._by_fd[sock.fileno()] = visitor
        self._poll.register(sock.fileno(), select.EPOLLOUT)
        self.counts["opened"] += 1

    def _happened(self, fd: int, event: int) -> None:
        visitor = self._by_fd.get(fd)
        if visitor is None or visitor.socket is None:
            return None
        if not visitor.is_connected:
            if event & (select.EPOLLERR | select.EPOLLHUP):
                self.counts["reset"] += 1
                return self._leave(visitor)
            visitor.is_connected = True
            self.counts["connected"] += 1
            if visitor.leaves_at_once:
                if self.counts["connected"] % 2:
                    visitor.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
                return self._leave(visitor)
            self._poll.modify(fd, select.EPOLLIN)
            return self._send(visitor, visitor.connected())
        if event & (select.EPOLLIN | select.EPOLLERR | select.EPOLLHUP):
            try:
                data = visitor.socket.recv(65536)
            except BlockingIOError:
                return None
            except OSError:
                data = b""
            if not data:
                self.counts["closed"] += 1
                return self._leave(visitor)
            self.counts["bytes_received"] += len(data)
            was_flooding = visitor.is_flooding
            self._send(visitor, visitor.received(data))
            if visitor.is_flooding and not was_flooding and visitor.socket is not None:
                self._poll.modify(fd, select.EPOLLIN | select.EPOLLOUT)
        if event & select.EPOLLOUT and visitor.is_flooding:
            self._flood(visitor)
        return None

    def _flood(self, visitor: Visitor) -> None:
        """Send whole batches; what the socket does not take of one is sent before anything else."""
        data = getattr(visitor, "rest_of_batch", b"") or visitor.writable()
        sent = self._send(visitor, data)
        visitor.rest_of_batch = data[sent or 0 :]  # type: ignore[attr-defined]

    def _send(self, visitor: Visitor, data: bytes) -> int | None:
        if not data or visitor.socket is None:
            return 0
        try:
            sent = visitor.socket.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self._leave(visitor)
            return None
        self.counts["bytes_sent"] += sent
        return sent

    def _leave(self, visitor: Visitor) -> None:
        """Close and come again."""
        assert visitor.socket is not None
        del self._by_fd[visitor.socket.fileno()]
        visitor.socket.close()
        visitor.socket, visitor.is_connected, visitor.is_flooding = None, False, False
        visitor.rest_of_batch = b""  # type: ignore[attr-defined]
        self._waiting.append(visitor)


def _sources(network: str) -> Iterator[str]:
    return cycle([f"{network}.{number // 250}.{number % 250 + 1}" for number in range(ADDRESSES)])


def burn(seconds: float, is_over: Callable[[], bool]) -> None:
    """Keep the core as busy as a storm does, with system calls but without a connection."""
    poll = select.epoll()
    end = time.monotonic() + seconds
    while not is_over() and time.monotonic() < end:
        poll.poll(0, 512)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("port", type=int)
    parser.add_argument("kinds", nargs="+", choices=["idle", "all", *KINDS])
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--core", type=int, help="the only one that is used")
    arguments = parser.parse_args()
    if arguments.core is not None:
        os.sched_setaffinity(0, {arguments.core})
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if arguments.kinds == ["idle"]:
        over: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, _: over.append(number))
        print("ready", flush=True)
        burn(arguments.seconds, lambda: bool(over))
        print(json.dumps({}))
        return
    kinds = [kind for kind in KINDS if kind not in WITHIN_LIMITS] if arguments.kinds == ["all"] else arguments.kinds
    storm = Storm(("127.0.0.1", arguments.port), kinds, arguments.connections)
    signal.signal(signal.SIGTERM, storm.end)
    print("ready", flush=True)
    storm.run(arguments.seconds)
    print(json.dumps(storm.counts))
    sys.stdout.flush()
    os._exit(0)  # ten thousand sockets are closed by the kernel at once


if __name__ == "__main__":
    main()
