"""A bank's end of the standard link, written from the wire specification alone. 银行端（独立实现）

The system tests speak to the daemon with this and nothing else, so that an error of the product's own encoder cannot
hide in the tests. Frames are put together with ``struct``, keys and MACs are computed with the bare ciphers; nothing of
the product is imported. Every wait has a deadline.
"""

import itertools
import os
import re
import socket
import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any, Self

from Crypto.Cipher import AES, DES, DES3
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

DEADLINE_S = 15.0
SHANGHAI = timezone(timedelta(hours=8))
AK = bytes.fromhex("404142434445464748494A4B4C4D4E4F")
KEK = bytes.fromhex("505152535455565758595A5B5C5D5E5F")
SUITES = {"0102": "3des", "0103": "aes", "0104": "sm4", "0105": "cups", "0403": "des"}

RESPONSE, ENCRYPTED, REPEAT = 1, 2, 4
SIGN_IN, SIGN_OUT, KEY_EXCHANGE, ECHO = 1001, 1002, 1003, 1004
HEADER = struct.Struct(">BBH4s4s12s8s8s6s2s12s8s12s8sI4s")
assert HEADER.size == 96
ZERO_MAC = bytes(8)

# Every session key ever unwrapped in this process: none of them may appear in a daemon's output.
SESSION_KEYS: set[bytes] = set()
_serials = itertools.count(1)


def new_serial() -> int:
    """Return a bank_serial that no other request of this test run has."""
    return next(_serials)


def now() -> datetime:
    """Return the wall clock of a bank in China."""
    return datetime.now(SHANGHAI)


def today() -> date:
    """Return the calendar date in Asia/Shanghai."""
    return now().date()


# --- MACs and ciphers -------------------------------------------------------------------------------------------------


def blocks(suite: str, key: bytes) -> tuple[Callable[[bytes], bytes], Callable[[bytes], bytes], int]:
    """Return encryption and decryption of single blocks under ``key`` and the block's size in bytes."""
    if suite == "aes":
        aes = AES.new(key, AES.MODE_ECB)
        return aes.encrypt, aes.decrypt, 16
    if suite == "sm4":
        sm4 = Cipher(SM4(key), modes.ECB())
        return (lambda data: sm4.encryptor().update(data)), (lambda data: sm4.decryptor().update(data)), 16
    des = DES.new(key, DES.MODE_ECB) if len(key) == 8 else DES3.new(key, DES3.MODE_ECB)
    return des.encrypt, des.decrypt, 8


def split(data: bytes, size: int) -> list[bytes]:
    """Return ``data`` in blocks of ``size`` bytes, the last one padded with zeros."""
    return [data[at : at + size].ljust(size, b"\0") for at in range(0, len(data), size)]


def xor(left: bytes, right: bytes) -> bytes:
    """Return the exclusive or of two strings of the same length."""
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def x9_9(key: bytes, data: bytes) -> bytes:
    """Return the DES CBC-MAC of ``data``, zero IV."""
    encrypt, state = DES.new(key[:8], DES.MODE_ECB).encrypt, bytes(8)
    for block in split(data, 8):
        state = encrypt(xor(state, block))
    return state


def x9_19(key: bytes, data: bytes) -> bytes:
    """Return the retail MAC: DES CBC-MAC under the left half, the last block made a triple DES."""
    left, right = DES.new(key[:8], DES.MODE_ECB), DES.new(key[8:], DES.MODE_ECB)
    return left.encrypt(right.decrypt(x9_9(key[:8], data)))


def cups(key: bytes, data: bytes) -> bytes:
    """Return the CUPS ECB MAC: 8 characters of upper-case hex."""
    encrypt, _, _ = blocks("3des", key)
    state = bytes(8)
    for block in split(data, 8):
        state = xor(state, block)
    letters = state.hex().upper().encode()
    return encrypt(xor(encrypt(letters[:8]), letters[8:])).hex().upper().encode()[:8]


def cmac(suite: str, key: bytes, data: bytes) -> bytes:
    """Return the left 8 bytes of the CMAC (NIST SP 800-38B) of whole or broken blocks of 16 bytes."""
    encrypt, _, _ = blocks(suite, key)

    def double(value: bytes) -> bytes:
        number = int.from_bytes(value) << 1
        return ((number & (1 << 128) - 1) ^ (0x87 if number >> 128 else 0)).to_bytes(16)

    subkey = double(encrypt(bytes(16)))
    if not data or len(data) % 16:
        subkey, data = double(subkey), data + b"\x80"
    parts, state = split(data, 16), bytes(16)
    for block in parts[:-1]:
        state = encrypt(xor(state, block))
    return encrypt(xor(xor(state, parts[-1]), subkey))[:8]


def mac(suite: str, key: bytes, data: bytes) -> bytes:
    """Return the 8-byte MAC of the suite; ``des`` uses X9.19 under its 16-byte AK, X9.9 under its 8-byte MAK."""
    if suite in ("aes", "sm4"):
        return cmac(suite, key, data)
    if suite == "cups":
        return cups(key, data)
    return x9_9(key, data) if len(key) == 8 else x9_19(key, data)


def _iv(suite: str, tek: bytes, nonce: bytes) -> bytes:
    encrypt, _, size = blocks(suite, tek)
    return encrypt(nonce.ljust(size, b"\0"))


def encrypt_body(suite: str, tek: bytes, nonce: bytes, body: bytes) -> bytes:
    """Return ``body`` under CBC with the IV that the nonce makes."""
    encrypt, _, size = blocks(suite, tek)
    state, out = _iv(suite, tek, nonce), []
    for block in split(body, size):
        state = encrypt(xor(state, block))
        out.append(state)
    return b"".join(out)


def decrypt_body(suite: str, tek: bytes, nonce: bytes, body: bytes) -> bytes:
    """Return the plain text of a CBC body."""
    _, decrypt, size = blocks(suite, tek)
    state, out = _iv(suite, tek, nonce), []
    for block in split(body, size):
        out.append(xor(decrypt(block), state))
        state = block
    return b"".join(out)


def kcv(suite: str, key: bytes) -> bytes:
    """Return the left 4 bytes of the zero block under ``key``."""
    encrypt, _, size = blocks(suite, key)
    return encrypt(bytes(size))[:4]


def unwrap(suite: str, kek: bytes, wrapped: bytes) -> bytes:
    """Return the session key inside 16 wrapped bytes (``des``: an 8-byte key in the left half)."""
    _, decrypt, size = blocks("3des" if suite in ("des", "cups") else suite, kek)
    if suite == "des":
        assert wrapped[8:] == bytes(8), "the right half of a wrapped 8-byte key is not zeros"
        wrapped = wrapped[:8]
    return b"".join(decrypt(block) for block in split(wrapped, size))


# --- bodies -----------------------------------------------------------------------------------------------------------

_FIELD = re.compile(r"(\w+):(u8|u16|u32|i64|fen|kwh|date|month|time|an|n|text|rsv|bytes)(\d*)")
_INTEGERS = {"u8": ">B", "u16": ">H", "u32": ">I", "i64": ">q", "fen": ">q", "kwh": ">q"}
_DIGITS = {"date": 8, "month": 6, "time": 6}


class Layout:
    """The fields of a body as the specification lists them: ``Layout(32, "account_no:an16 amount:fen rsv:rsv8")``."""

    def __init__(self, size: int, fields: str) -> None:
        self.size = size
        self.fields = [self._field(word) for word in fields.split()]
        assert sum(width for _, _, width in self.fields) == size, (fields, size)

    @staticmethod
    def _field(word: str) -> tuple[str, str, int]:
        name, kind, width = re.fullmatch(_FIELD, word).groups()  # type: ignore[union-attr]
        if kind in _INTEGERS:
            return name, kind, struct.calcsize(_INTEGERS[kind])
        return name, kind, int(width) if width else _DIGITS[kind]

    def pack(self, **values: Any) -> bytes:
        """Return the body; a field that is not given is zeros (text: spaces), bytes are taken as they are."""
        unknown = values.keys() - {name for name, _, _ in self.fields}
        assert not unknown, unknown
        return b"".join(self._pack(kind, width, values.get(name)) for name, kind, width in self.fields)

    @staticmethod
    def _pack(kind: str, width: int, value: Any) -> bytes:
        if isinstance(value, bytes):
            assert len(value) == width, value
            return value
        if kind in _INTEGERS:
            return struct.pack(_INTEGERS[kind], value or 0)
        if kind in ("an", "text"):
            return (value or "").encode("gb18030").ljust(width)
        if kind in ("rsv", "bytes"):
            return bytes(width)
        return digits(kind, width, value)

    def unpack(self, body: bytes) -> dict[str, Any]:
        """Return the fields by name; each must be well formed and reserved bytes zeros."""
        assert len(body) == self.size, f"a body of {len(body)} bytes, not {self.size}"
        values, at = {}, 0
        for name, kind, width in self.fields:
            values[name] = self._unpack(name, kind, body[at : at + width])
            at += width
        return values

    @staticmethod
    def _unpack(name: str, kind: str, raw: bytes) -> Any:
        if kind in _INTEGERS:
            return struct.unpack(_INTEGERS[kind], raw)[0]
        if kind == "bytes":
            return raw
        if kind == "rsv":
            assert not any(raw), f"{name} is not zeros: {raw.hex()}"
            return None
        if kind in ("an", "text"):
            value = raw.decode("ascii" if kind == "an" else "gb18030")
            assert not value.startswith(" ") or not value.strip(), f"{name} is not left-justified: {value!r}"
            assert "\0" not in value, f"{name} is padded with zero bytes: {value!r}"
            return value.rstrip(" ")
        assert raw.isdigit(), f"{name} is not digits: {raw!r}"
        return raw.decode()


def digits(kind: str, width: int, value: Any) -> bytes:
    """Return a field of ASCII digits from an int, a date, a datetime (the time), digits or None; bytes as they are."""
    if isinstance(value, bytes):
        assert len(value) == width, value
        return value
    if value is None:
        return b"0" * width
    if isinstance(value, datetime) and kind == "time":
        return value.strftime("%H%M%S").encode()
    if isinstance(value, date):
        return value.strftime("%Y%m%d").encode()[:width]
    text = str(value).encode()
    assert len(text) <= width, value
    return text.rjust(width, b"0")


SIGN_IN_REQUEST = Layout(32, "client_random:bytes16 rsv:rsv16")
SIGN_IN_REPLY = Layout(
    80,
    "client_random:bytes16 key_version:u32 key_lifetime:u32 server_time:n14 rsv:rsv2 "
    "wrapped_mak:bytes16 mak_kcv:bytes4 wrapped_tek:bytes16 tek_kcv:bytes4",
)
ERROR = Layout(64, "message:text64")


# --- frames -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Keys:
    """The session keys of one version."""

    version: int
    mak: bytes
    tek: bytes


@dataclass(frozen=True)
class Frame:
    """A frame as it came, with its plain body and what its MAC turned out to be: right, zero or wrong."""

    raw: bytes
    body: bytes
    mac_state: str

    @property
    def header(self) -> bytes:
        return self.raw[2:98]

    @property
    def flags(self) -> int:
        return self.header[1]

    @property
    def txn_code(self) -> int:
        return int(struct.unpack_from(">H", self.header, 2)[0])

    @property
    def code(self) -> str:
        return self.header[4:8].decode("latin-1")

    @property
    def echo(self) -> bytes:
        """bank_code to bank_serial: what a reply repeats of its request."""
        return self.header[8:60]

    @property
    def match(self) -> bytes:
        """bank_date and bank_serial: what a reply is matched by."""
        return self.header[32:40] + self.header[48:60]

    @property
    def serial(self) -> int:
        return int(self.header[48:60])

    @property
    def clearing_date(self) -> str:
        return self.header[60:68].decode("latin-1")

    @property
    def fep_serial(self) -> str:
        return self.header[68:80].decode("latin-1")

    @property
    def nonce(self) -> bytes:
        return self.header[80:88]

    @property
    def key_version(self) -> int:
        return int(struct.unpack_from(">I", self.header, 88)[0])

    @property
    def repeat(self) -> bool:
        return bool(self.flags & REPEAT)

    def __repr__(self) -> str:
        return (
            f"<{self.txn_code} {self.code!r} flags={self.flags:#x} serial={self.header[48:60]!r} mac {self.mac_state}>"
        )


class Closed(AssertionError):
    """The daemon closed the connection where a reply was due."""


class RawBank:
    """One connection of one bank. Whatever the specification forbids can be sent with it too."""

    ak, kek = AK, KEK

    def __init__(
        self,
        port: int,
        bank_code: str = "0102",
        *,
        encrypted: bool = False,
        source: str = "127.0.0.1",
        deadline_s: float = DEADLINE_S,
        begin: Callable[[socket.socket], socket.socket] | None = None,  # what comes before the first frame
    ) -> None:
        self.bank_code, self.suite, self.encrypted = bank_code, SUITES[bank_code], encrypted
        self.deadline_s = deadline_s
        self.keys: dict[int, Keys] = {}
        self.version = 0
        self.unmatched: list[Frame] = []
        self.fep_requests: list[Frame] = []
        self.sent: list[bytes] = []
        self._buffer = bytearray()
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=deadline_s, source_address=(source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if begin is not None:
            connected = self.socket
            try:
                self.socket = begin(connected)
            except OSError:
                connected.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; what has not been read is lost."""
        self.socket.close()

    def reset(self) -> None:
        """Cut the connection hard, as a broken line does (RST)."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    # -- building

    def build(self, txn_code: int, body: bytes = b"", **fields: Any) -> bytes:
        """Return a request frame; every header field, ``encrypt``, ``mac`` and ``mac_key`` can be overridden."""
        signing = txn_code in (SIGN_IN, KEY_EXCHANGE)
        clock = fields.pop("clock", None) or now()
        encrypt = fields.pop("encrypt", self.encrypted and bool(body) and not signing)
        given_mac, mac_key = fields.pop("mac", None), fields.pop("mac_key", None)
        version = fields.get("key_version", 0 if signing else self.version)
        keys = self.keys.get(version) or self.keys.get(self.version) or Keys(0, bytes(16), bytes(16))
        nonce = fields.pop("nonce", os.urandom(8) if encrypt else bytes(8))
        if encrypt and len(body) % 8 == 0 and keys.version:
            body = encrypt_body(self.suite, keys.tek, nonce, body)
        header = HEADER.pack(
            fields.pop("version", 1),
            fields.pop("flags", ENCRYPTED if encrypt else 0),
            txn_code,
            fields.pop("response_code", b"    "),
            fields.pop("bank_code", self.bank_code.encode()),
            fields.pop("branch_code", b"BR0001      "),
            fields.pop("teller_id", b"T0001   "),
            digits("date", 8, fields.pop("bank_date", clock.date())),
            digits("time", 6, fields.pop("bank_time", clock)),
            digits("n", 2, fields.pop("channel", 1)),
            digits("n", 12, fields.pop("serial") if "serial" in fields else new_serial()),
            digits("date", 8, fields.pop("clearing_date", None)),
            digits("n", 12, fields.pop("fep_serial", None)),
            nonce,
            fields.pop("key_version", version),
            fields.pop("reserved", bytes(4)),
        )
        assert not fields, fields
        key = mac_key or (self.ak if signing else keys.mak)
        seal = given_mac if given_mac is not None else mac(self.suite, key, header + body)
        return struct.pack(">H", len(header) + len(body) + len(seal)) + header + body + seal

    def answer(self, request: Frame, body: bytes = b"") -> bytes:
        """Return a reply to a request of the FEP, encrypted as the request was."""
        keys = self.keys[request.key_version]
        encrypted = request.flags & ENCRYPTED if body else 0
        nonce = os.urandom(8) if encrypted else bytes(8)
        if encrypted:
            body = encrypt_body(self.suite, keys.tek, nonce, body)
        header = bytes([1, RESPONSE | encrypted]) + request.header[2:4] + b"0000" + request.header[8:80] + nonce
        header += request.header[88:]
        seal = mac(self.suite, keys.mak, header + body)
        return struct.pack(">H", len(header) + len(body) + 8) + header + body + seal

    # -- sending and reading

    def send(self, *frames: bytes) -> None:
        """Send frames in one write."""
        self.sent.extend(frames)
        self.socket.settimeout(self.deadline_s)
        self.socket.sendall(b"".join(frames))

    def _receive(self, deadline: float) -> bool:
        """Read what there is; False when the peer has closed."""
        self.socket.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            return False
        self._buffer += data
        return bool(data)

    def read_frame(self, timeout_s: float = DEADLINE_S) -> Frame | None:
        """Return the next frame, None when the peer has closed; raise TimeoutError when neither comes."""
        deadline = time.monotonic() + timeout_s
        while len(self._buffer) < 2 or len(self._buffer) < 2 + struct.unpack_from(">H", self._buffer)[0]:
            if not self._receive(deadline):
                if self._buffer:
                    raise Closed(f"closed in the middle of a frame: {bytes(self._buffer).hex()}")
                return None
        size = 2 + struct.unpack_from(">H", self._buffer)[0]
        raw = bytes(self._buffer[:size])
        del self._buffer[:size]
        return self._open(raw)

    def _open(self, raw: bytes) -> Frame:
        assert len(raw) >= 106, f"a frame of {len(raw)} bytes"
        bare = Frame(raw, raw[98:-8], "wrong")
        seal, key = raw[-8:], None
        if bare.txn_code in (SIGN_IN, KEY_EXCHANGE):
            key = self.ak
        elif bare.key_version in self.keys:
            key = self.keys[bare.key_version].mak
        if key is not None and seal == mac(self.suite, key, raw[2:-8]):
            body = bare.body
            if bare.flags & ENCRYPTED:
                body = decrypt_body(self.suite, self.keys[bare.key_version].tek, bare.nonce, body)
            return Frame(raw, body, "right")
        return Frame(raw, bare.body, "zero" if seal == ZERO_MAC else "wrong")

    def reply(self, request: bytes, timeout_s: float | None = None) -> Frame:
        """Return the reply to ``request``; other replies are kept in ``unmatched``, the FEP's requests apart."""
        wanted = Frame(request, b"", "").match
        for frame in self.unmatched:
            if frame.match == wanted:
                self.unmatched.remove(frame)
                return frame
        deadline = time.monotonic() + (self.deadline_s if timeout_s is None else timeout_s)
        while (frame := self.read_frame(deadline - time.monotonic())) is not None:
            if not frame.flags & RESPONSE:
                self.fep_requests.append(frame)
            elif frame.match == wanted:
                return frame
            else:
                self.unmatched.append(frame)
        raise Closed(f"closed instead of a reply to {Frame(request, b'', '')!r}")

    def exchange(self, request: bytes) -> Frame:
        """Send a frame and return its reply."""
        self.send(request)
        return self.reply(request)

    def request(self, txn_code: int, body: bytes = b"", **fields: Any) -> Frame:
        """Build a request, send it and return its reply."""
        return self.exchange(self.build(txn_code, body, **fields))

    def replies(self, requests: Iterable[bytes]) -> list[Frame]:
        """Send requests in one write and return one reply for each, in the requests' order."""
        requests = list(requests)
        self.send(*requests)
        return [self.reply(request) for request in requests]

    def until_closed(self, timeout_s: float = DEADLINE_S) -> list[Frame]:
        """Return every frame up to the end of the connection; raise TimeoutError when it stays open."""
        deadline, frames = time.monotonic() + timeout_s, []
        while (frame := self.read_frame(deadline - time.monotonic())) is not None:
            frames.append(frame)
        return frames

    def next_fep_request(self, timeout_s: float = DEADLINE_S) -> Frame:
        """Return the next request that the FEP sends of its own."""
        deadline = time.monotonic() + timeout_s
        while not self.fep_requests:
            frame = self.read_frame(deadline - time.monotonic())
            if frame is None:
                raise Closed("closed instead of a request of the FEP")
            (self.unmatched if frame.flags & RESPONSE else self.fep_requests).append(frame)
        return self.fep_requests.pop(0)

    # -- the link

    def exchange_keys(self, txn_code: int, **fields: Any) -> Frame:
        """Sign in or exchange keys, and take the new keys up when the reply is 0000 and authentic."""
        random = fields.pop("client_random", None) or os.urandom(16)
        reply = self.request(txn_code, SIGN_IN_REQUEST.pack(client_random=random), **fields)
        if reply.code == "0000" and reply.mac_state == "right":
            self.take_keys(reply)
        return reply

    def take_keys(self, reply: Frame) -> Keys:
        """Unwrap the keys of a sign-in or key exchange and use them from now on."""
        fields = SIGN_IN_REPLY.unpack(reply.body)
        mak, tek = (unwrap(self.suite, self.kek, fields[name]) for name in ("wrapped_mak", "wrapped_tek"))
        assert (kcv(self.suite, mak), kcv(self.suite, tek)) == (fields["mak_kcv"], fields["tek_kcv"])
        SESSION_KEYS.update((mak, tek))
        self.version = fields["key_version"]
        self.keys[self.version] = Keys(self.version, mak, tek)
        return self.keys[self.version]

    def sign_in(self, **fields: Any) -> Self:
        """Sign in, check that it was approved, and prove the key with an ECHO, as a bank does."""
        reply = self.exchange_keys(SIGN_IN, **fields)
        assert (reply.code, reply.mac_state) == ("0000", "right"), reply
        self.check_alive()
        return self

    def check_alive(self) -> None:
        """Fail unless the daemon answers an ECHO."""
        echo = self.request(ECHO)
        assert (echo.code, echo.mac_state) == ("0000", "right"), echo

    def check_dropped(self, frame: bytes) -> None:
        """Send a frame that must be dropped: two ECHOs after it are answered, it never is."""
        before = len(self.unmatched)
        self.send(frame)
        self.check_alive()
        self.check_alive()
        assert self.unmatched[before:] == []
