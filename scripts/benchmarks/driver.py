"""Load generator 压力发生器: prebuilt signed frames over many connections, one request in flight on each.

It builds frames with ``struct`` so that its own cost stays small beside the daemon's, and reads replies only as far as
their response code: it shares two cores with the daemon that it measures.
"""

import os
import select
import socket
import struct
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from crypto.keys import Key
from crypto.session import SessionSecurity, WrappedKeys, ak_mac, unwrap_session_keys
from crypto.suites import SUITES

AK = bytes.fromhex("404142434445464748494a4b4c4d4e4f")
KEK = bytes.fromhex("505152535455565758595a5b5c5d5e5f")
HEADER = struct.Struct(">BBH4s4s12s8s8s6s2s12s8s12s8sL4s")
SHANGHAI = ZoneInfo("Asia/Shanghai")
SIGN_IN, ECHO, QUERY, PAY = 1001, 1004, 2001, 2002


@dataclass(slots=True)
class Link:
    """One signed-in connection."""

    socket: socket.socket
    security: SessionSecurity
    bank_code: bytes
    buffer: bytearray = field(default_factory=bytearray)
    sent_s: float = 0.0


class Serials:
    """Serial numbers of one bank, never used twice in a run."""

    def __init__(self) -> None:
        self._last = int(time.time()) % 100_000 * 1_000_000

    def next(self) -> bytes:
        """Return the next 12 digits."""
        self._last += 1
        return b"%012d" % self._last


def frame(link_mac: SessionSecurity, code: int, bank: bytes, serial: bytes, body: bytes, key_version: int) -> bytes:
    """Return one signed request."""
    now = datetime.now(SHANGHAI)
    header = HEADER.pack(
        1, 0, code, b"    ", bank, b"010200000117", b"T0000042", now.strftime("%Y%m%d").encode(),
        now.strftime("%H%M%S").encode(), b"01", serial, b"0" * 8, b"0" * 12, bytes(8), key_version, bytes(4),
    )  # fmt: skip
    text = header + body
    return struct.pack(">H", len(text) + 8) + text + link_mac.mac_of(text)


def query(account_no: str) -> bytes:
    """Body of QUERY by account number."""
    return struct.pack(">32sBB14s", account_no.encode().ljust(32), 1, 1, bytes(14))


def pay(account_no: str, amount_fen: int, mode: int = 1) -> bytes:
    """Body of PAY by transfer."""
    return struct.pack(
        ">16sqBBB5s32sq8s", account_no.encode().ljust(16), amount_fen, mode, 2, 0, bytes(5), b" " * 32, -1, bytes(8)
    )


def connect(address: tuple[str, int], bank: str, suite_name: str, serials: Serials, timeout_s: float = 30) -> Link:
    """Connect and sign in."""
    suite = SUITES[suite_name]
    sock = socket.create_connection(address, timeout=timeout_s)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    code = bank.encode()
    authenticator = ak_mac(suite, Key("AK", AK))
    sock.sendall(frame(authenticator, SIGN_IN, code, serials.next(), os.urandom(16) + bytes(16), 0))  # type: ignore[arg-type]
    reply = receive(sock)
    if reply[4:8] != b"0000":
        raise SystemExit(f"sign-in refused: {reply[4:8].decode()}")
    _, _, _, _, _, mak, mak_kcv, tek, tek_kcv = struct.unpack(">16sLL14s2s16s4s16s4s", reply[96:176])
    keys = unwrap_session_keys(suite, Key("KEK", KEK), WrappedKeys(mak, mak_kcv, tek, tek_kcv))
    link = Link(sock, SessionSecurity(suite, keys), code)
    sock.sendall(frame(link.security, ECHO, code, serials.next(), b"", 1))
    receive(sock)
    return link


def receive(sock: socket.socket) -> bytes:
    """Read one frame, blocking."""
    data = b""
    while len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2]):
        chunk = sock.recv(65536)
        if not chunk:
            raise SystemExit("the daemon closed the connection")
        data += chunk
    return data[2:]


@dataclass(slots=True)
class Result:
    """What one run gave."""

    seconds: float
    latencies_ms: list[float]
    codes: dict[bytes, int]
    replies: list[bytes]
    reply_bytes: int = 0  # of the last one, behind its length field

    @property
    def per_second(self) -> float:
        """Requests per second."""
        return len(self.latencies_ms) / self.seconds

    def percentile(self, share: float) -> float:
        """Latency in ms that ``share`` of the requests stayed under."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def drive(links: list[Link], frames: Sequence[Iterable[bytes]], *, keep_replies: bool = False) -> Result:
    """Send each link's frames one after the other, all links at once, and read their replies."""
    poll = select.epoll()
    by_fd = {link.socket.fileno(): (link, iter(queue)) for link, queue in zip(links, frames, strict=True)}
    latencies: list[float] = []
    codes: dict[bytes, int] = {}
    replies: list[bytes] = []
    active = reply_bytes = 0
    started = time.perf_counter()
    for fd, (link, queue) in by_fd.items():
        first = next(queue, None)
        if first is None:
            continue
        poll.register(fd, select.EPOLLIN)
        link.sent_s = time.perf_counter()
        link.socket.sendall(first)
        active += 1
    while active:
        events = poll.poll(30)
        if not events:
            raise SystemExit("no reply for 30 seconds")
        for fd, _ in events:
            link, queue = by_fd[fd]
            buffer = link.buffer
            chunk = link.socket.recv(65536)
            if not chunk:
                raise SystemExit("the daemon closed a connection")
            buffer += chunk
            if len(buffer) < 2 or len(buffer) < 2 + int.from_bytes(buffer[:2]):
                continue
            now = time.perf_counter()
            latencies.append((now - link.sent_s) * 1000)
            code = bytes(buffer[6:10])
            codes[code] = codes.get(code, 0) + 1
            if keep_replies:
                replies.append(bytes(buffer))
            reply_bytes = len(buffer) - 2
            buffer.clear()
            following = next(queue, None)
            if following is None:
                poll.unregister(fd)
                active -= 1
            else:
                link.sent_s = time.perf_counter()
                link.socket.sendall(following)
    return Result(time.perf_counter() - started, latencies, codes, replies, reply_bytes)
