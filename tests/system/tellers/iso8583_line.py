"""A bank's connection that speaks ISO 8583:1987: frames by plain pyiso8583, MACs by the bare ciphers. ISO 8583 连接"""

import os
import socket
import struct
import time
from dataclasses import dataclass

import iso8583

from tests.support.raw_bank import AK, DEADLINE_S, KEK, SESSION_KEYS, Closed, kcv, mac, new_serial, now, today, unwrap
from tests.system.tellers.iso8583_specs import Spec

SUITE = "3des"
SIGN_ON, ECHO = "001", "301"
ECHOED = ("3", "4", "11", "12", "13", "32", "37", "41", "42", "49", "70")
"""What a reply has as its request had it, or neither of them has."""
Elements = dict[str, str]


@dataclass(frozen=True)
class Form:
    """How messages are written: what pyiso8583 is told, and whether the length is digits or a number of two bytes."""

    spec: Spec
    has_digits: bool


class Line:
    """A connection that has signed on; ``version`` is that of its session keys."""

    def __init__(self, port: int, node: str, form: Form) -> None:
        self._node, self._form, self._mak, self.version = node, form, b"", 0
        self._buffer, self._unmatched = bytearray(), list[Elements]()
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._sign_on()
        except BaseException:
            self.socket.close()
            raise

    def elements(self, mti: str, serial: int, **others: str) -> Elements:
        """Return what every request has; the others are named ``de3`` and so on."""
        moment = now()
        common = {"7": f"{moment:%m%d%H%M%S}", "11": f"{serial % 1_000_000:06d}", "12": f"{moment:%H%M%S}"}
        bank = {"13": f"{today():%m%d}", "32": self._node, "37": f"{serial:012d}"}
        return {"t": mti, **common, **bank, **{name.removeprefix("de"): value for name, value in others.items()}}

    # -- the link

    def _sign_on(self) -> None:
        random = os.urandom(16).hex().upper()
        reply = self.exchange(self.elements("0800", new_serial(), de48=random, de70=SIGN_ON))
        assert reply["39"] == "00", reply
        layout = struct.Struct("32s10s10s14s32s8s")
        echoed, version, _, _, wrapped, check = (word.decode() for word in layout.unpack(reply["48"].encode("latin-1")))
        mak = unwrap(SUITE, KEK, bytes.fromhex(wrapped))
        assert (echoed.upper(), bytes.fromhex(check)) == (random, kcv(SUITE, mak))
        SESSION_KEYS.add(mak)
        self._mak, self.version = mak, int(version)
        assert self.exchange(self.elements("0800", new_serial(), de70=ECHO))["39"] == "00"

    # -- frames

    def exchange(self, request: Elements) -> Elements:
        """Send a request and return its reply."""
        self.send(self.frame(request))
        return self.reply(request)

    def frame(self, request: Elements) -> bytes:
        """Return the frame of a request: keys' version and MAC are this connection's."""
        place = "128" if any(key.isdigit() and int(key) > 64 for key in request) else "64"
        versioned = {"53": f"{self.version:016d}"} if self.version else {}
        content, _ = iso8583.encode({**request, **versioned, place: "0" * 16}, self._form.spec)
        signed = bytes(content[: -self._mac_bytes])
        message = signed + self._seal(signed)
        prefix = b"%04d" % len(message) if self._form.has_digits else struct.pack(">H", len(message))
        return prefix + message

    @property
    def _mac_bytes(self) -> int:
        return 16 if self._form.spec["64"]["data_enc"] == "ascii" else 8

    def _seal(self, signed: bytes) -> bytes:
        seal = mac(SUITE, self._mak or AK, signed)
        return seal if self._mac_bytes == 8 else seal.hex().upper().encode()

    def send(self, frame: bytes) -> None:
        """Send a frame."""
        self.socket.settimeout(DEADLINE_S)
        self.socket.sendall(frame)

    def reply(self, request: Elements) -> Elements:
        """Return the reply to a request, matched by its trace number and serial; Closed when the connection ends."""
        wanted = (request["11"], request["37"])
        for number, message in enumerate(self._unmatched):
            if (message["11"], message["37"]) == wanted:
                return self._unmatched.pop(number)
        deadline = time.monotonic() + DEADLINE_S
        while True:
            message = self._read(deadline)
            if message["t"][2] in "02":  # a request: the FEP tests an idle line
                continue
            if (message["11"], message["37"]) == wanted:
                assert message["t"] == f"{int(request['t']) // 10 * 10 + 10:04d}"
                assert [message.get(key) for key in ECHOED] == [request.get(key) for key in ECHOED]
                return message
            self._unmatched.append(message)

    def _read(self, deadline: float) -> Elements:
        width = 4 if self._form.has_digits else 2
        head = self._take(width, deadline)
        content = self._take(int(head) if self._form.has_digits else int.from_bytes(head), deadline)
        decoded, _ = iso8583.decode(content, self._form.spec)
        assert content[-self._mac_bytes :] == self._seal(content[: -self._mac_bytes]), "the MAC is wrong"
        return dict(decoded)

    def _take(self, size: int, deadline: float) -> bytes:
        while len(self._buffer) < size:
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                received = self.socket.recv(65536)
            except ConnectionError:
                received = b""
            if not received:
                raise Closed(f"closed after {len(self._buffer)} bytes where a reply was due")
            self._buffer += received
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken
