"""A bank that the FEP asks 被叫银行: a listening program that answers 90, 91, 20, 22 and 24 of ELEC02, by plain struct.

Nothing of the product is imported. Each connection carries one request; ``manner`` says how it is answered.
"""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from tests.protocol.dialects.elec02.frames import REPLY_HEAD, REQUEST_HEAD, framed, packed, unpacked

DAY = struct.Struct("12s8s8s128s")
DAY_REPLY = struct.Struct("128s")
PUSH = struct.Struct("12s8s16s8s3s32s12s32s1s3s12s1s64s1s12s12s32s8s32s6s2s5s16s16s")
PUSH_REPLY = struct.Struct("12s16s8s12s12s16s32s12s32s8s64s1s12s12s12s32s8s32s8s6s2s5s16s16s30s")
LIST_READY = struct.Struct("12s8s1s8s")
LIST_CANCEL = struct.Struct("12s32s8s8s8s64s")
LIST_CANCEL_REPLY = struct.Struct("16s12s32s1s8s64s")
BODIES = {"90": DAY, "91": DAY, "20": PUSH, "22": LIST_READY, "24": LIST_CANCEL}

BANK_SERIAL = "2026112200000555"
DEADLINE_S = 20.0


@dataclass(frozen=True)
class Asked:
    """One request as it came: the fields of header and body, without the spaces around them."""

    head: list[str]
    body: list[str]

    @property
    def code(self) -> str:
        return self.head[0]

    @property
    def message_id(self) -> str:
        return self.head[3]

    @property
    def work_date(self) -> str:
        """The work date of the body."""
        return self.body[3 if self.code == "20" else 1]


Manner = Callable[["PartnerBank", socket.socket, Asked], None]


def reply(asked: Asked, code: str = "00", text: str = "", message_id: str | None = None) -> bytes:
    """Return the frame that answers; also refused, it has its normal body."""
    head = asked.head
    echo = asked.message_id if message_id is None else message_id
    sent = packed(REPLY_HEAD, head[0], code, text, "301", head[1], echo, head[4], head[5], head[6], "0", "", "0")
    return framed(sent + _reply_body(asked))


def _reply_body(asked: Asked) -> bytes:
    if asked.code == "22":
        return b""
    if asked.code == "24":
        return packed(LIST_CANCEL_REPLY, BANK_SERIAL, "301", asked.body[1], "1", asked.body[2], "")
    if asked.code != "20":
        return packed(DAY_REPLY, "签到成功" if asked.code == "90" else "签退成功")
    (ecd, _, serial, day, _, customer, debit_bank, account, _, _, amount, _, name, part, late, principal) = asked.body[
        :16
    ]
    (owner, energy, utility_account, month, seq, point, bill, operator) = asked.body[16:]
    first = ("301", BANK_SERIAL, day, ecd, debit_bank, serial, account, amount, customer, "00000000", name, part)
    rest = (late, principal, amount, owner, energy, utility_account, "T0000042", month, seq, point, bill, operator, "")
    return packed(PUSH_REPLY, *first, *rest)


# --- manners


def approve(_bank: "PartnerBank", connection: socket.socket, asked: Asked) -> None:
    """Answer 00."""
    connection.sendall(reply(asked))


def refuse(code: str, text: str = "拒绝") -> Manner:
    """Answer another code."""
    return lambda _bank, connection, asked: connection.sendall(reply(asked, code, text))


def hold(bank: "PartnerBank", connection: socket.socket, asked: Asked) -> None:
    """Answer when the test says so; the other side may be gone by then."""
    assert bank.release.wait(DEADLINE_S)
    with suppress(OSError):
        connection.sendall(reply(asked))


def say(data: bytes) -> Manner:
    """Send these bytes, whatever was asked."""
    return lambda _bank, connection, _asked: connection.sendall(data)


def hang_up(_bank: "PartnerBank", _connection: socket.socket, _asked: Asked) -> None:
    """End without a word."""


def cut(_bank: "PartnerBank", connection: socket.socket, asked: Asked) -> None:
    """End in the middle of the reply."""
    frame = reply(asked)
    connection.sendall(frame[: len(frame) // 2])


def trickle(_bank: "PartnerBank", connection: socket.socket, asked: Asked) -> None:
    """Send one byte at a time, each in a packet of its own."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    frame = reply(asked)
    for at in range(len(frame)):
        connection.sendall(frame[at : at + 1])


def another(_bank: "PartnerBank", connection: socket.socket, asked: Asked) -> None:
    """Answer under the message id of another request."""
    connection.sendall(reply(asked, message_id="99999999999999999999"))


def chatter(_bank: "PartnerBank", connection: socket.socket, asked: Asked) -> None:
    """Answer, and go on talking."""
    connection.sendall(reply(asked) + reply(asked, "13") + b"whatever else")


class PartnerBank:
    """A bank's program on a port of the loopback.

    Attributes:
        manner: how the next connections are answered.
        asked: all requests, in order of arrival.
        release: lets those that are held go on.
        ended: how many connections the other side has closed after its answer.
    """

    def __init__(self, manner: Manner = approve, port: int = 0) -> None:
        self.manner = manner
        self.asked: list[Asked] = []
        self.release = threading.Event()
        self.ended = 0
        self._changed = threading.Condition()
        self._connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = int(self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def codes(self) -> list[str]:
        """The transaction codes asked so far."""
        with self._changed:
            return [asked.code for asked in self.asked]

    def wait_for(self, condition: Callable[[], bool], deadline_s: float = DEADLINE_S) -> Self:
        """Wait until something is so of what was asked."""
        with self._changed:
            assert self._changed.wait_for(condition, deadline_s), self.asked
        return self

    def close(self) -> None:
        """End as a program does: the port is free, nobody listens on it."""
        self.release.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            with suppress(OSError):  # over already
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(DEADLINE_S)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection, self.manner), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, manner: Manner) -> None:
        with connection:
            connection.settimeout(DEADLINE_S)
            with suppress(OSError):  # the other side gave up first
                asked = _read(connection)
                if asked is None:
                    return
                with self._changed:
                    self.asked.append(asked)
                    self._changed.notify_all()
                manner(self, connection, asked)
                if manner in (hang_up, cut):
                    return
                while connection.recv(65536):
                    raise AssertionError("one request on each connection")
            with self._changed:
                self.ended += 1
                self._changed.notify_all()


def _read(connection: socket.socket) -> Asked | None:
    """Return the one request; None when the other side went away before."""
    head = _exactly(connection, 10)
    if head is None:
        return None
    content = _exactly(connection, int(head))
    assert content is not None
    fields = unpacked(REQUEST_HEAD, content[:113])
    return Asked(fields, unpacked(BODIES[fields[0]], content[113:]))


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            return None
        data += part
    return data
